"""New environments out of the store."""

import os
from typing import List, Sequence, Set, Tuple

from .base import Base
from .building import Created, build
from .environments import Environment
from .errors import KeelError
from .indexing import default_variables, write_pip_config
from .linker import Linker
from .linking import Links
from .manifest import Unit
from .store import environment_scheme, unit_files, unit_folder, unit_requires
from .variables import write_variables
from .venv import lay_out
from .wheel import Placement, plan


def create(
    base: Base, environment: Environment, requirements: Sequence[str], *, with_pip: bool, copy: bool
) -> Created:
    """A new environment with what `requirements` (PEP 508) lead to, out of the store. Raises KeelError."""
    units = select(base, requirements, with_pip=with_pip)

    def fill(folder: str, linker: Linker) -> List[Tuple[str, str]]:
        lay_out(base, folder, environment.prefix, name=environment.name)
        write_pip_config(base, folder)
        write_variables(folder, default_variables(base))
        with Links(linker) as links:
            installer = _Installer(base, folder, links)
            for unit, requested in units:
                installer.install(unit, requested=requested)
            links.finish()
        return [(unit.name, unit.version) for unit, _ in units]

    return build(base, environment, fill, copy=copy)


def select(base: Base, requirements: Sequence[str], *, with_pip: bool) -> List[Tuple[Unit, bool]]:
    """The units that `requirements` lead to, each with whether it was asked for by name."""
    if not requirements:  # nothing to evaluate, so nothing slow to import
        return [(_pip(base), False)] if with_pip else []
    from ._vendor.packaging.markers import default_environment
    from ._vendor.packaging.requirements import Requirement
    from ._vendor.packaging.utils import canonicalize_name
    from .closure import Candidate, closure

    units = {(unit.name, unit.version): unit for unit in base.manifest.units}
    candidates = [Candidate(unit.name, unit.version, unit_requires(base, unit)) for unit in units.values()]
    wanted = [*requirements, *(["pip"] if with_pip else [])]
    environment = {key: str(value) for key, value in default_environment().items()}
    found = closure(wanted, candidates, environment)
    named = {str(canonicalize_name(Requirement(text).name)) for text in requirements}
    return [(units[one.name, one.version], one.name in named) for one in found]


def _pip(base: Base) -> Unit:
    for unit in base.manifest.units:
        if unit.name == "pip":
            return unit
    raise KeelError("this base has no pip in its store", hint="create the environment without it: --no-pip")


class _Installer:
    """Puts store units into the folder of an environment. Of two that bring the same file, the first keeps it."""

    def __init__(self, base: Base, folder: str, links: Links) -> None:
        self._base = base
        self._folder = folder
        self._links = links
        self._placed: Set[str] = set()
        self._folders: Set[str] = set()

    def install(self, unit: Unit, *, requested: bool) -> None:
        source = unit_folder(self._base, unit)
        for place in plan(unit_files(self._base, unit), environment_scheme(self._base), requested=requested):
            if place.dest not in self._placed:
                self._placed.add(place.dest)
                self._place(place, source)

    def _place(self, place: Placement, source: str) -> None:
        if place.source is not None:
            self._links.file(os.path.join(source, place.source), place.dest)
            return
        dest = os.path.join(self._folder, place.dest)
        folder = os.path.dirname(dest)
        if folder not in self._folders:
            os.makedirs(folder, exist_ok=True)
            self._folders.add(folder)
        mode = 0o755 if place.executable else 0o644
        with open(os.open(dest, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(place.content)
