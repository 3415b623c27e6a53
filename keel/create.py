"""New environments, out of the store, in one step: there is the whole environment in the end, or nothing."""

import os
from dataclasses import dataclass
from typing import Callable, List, Optional, Sequence, Set, Tuple

from .base import Base, requires
from .environments import Environment, check_name, check_prefix, is_environment
from .errors import KeelError
from .linker import Linker
from .manifest import Unit
from .staging import Staging, remove_stale
from .venv import lay_out, write_pip_config
from .wheel import Placement, plan


@dataclass(frozen=True)
class Created:
    """What came into being.  packages: (name, version), sorted.  linked, copied: files; copied_bytes: of the copies."""

    environment: Environment
    packages: Tuple[Tuple[str, str], ...]
    linked: int
    copied: int
    copied_bytes: int


def destination(base: Base, *, name: Optional[str], path: Optional[str]) -> Environment:
    """The place for a new environment, by its name or its path. Raises KeelError where there cannot be one."""
    if path is None:
        environment = Environment(check_name(name or ""), "")
        for folder in base.envs_dirs():
            _check_free(os.path.join(folder, str(name)), f"the environment {name} exists already")
        prefix = check_prefix(os.path.join(base.envs_dir_for_new(), str(name)))
        return Environment(environment.name, prefix)
    prefix = check_prefix(path)
    inside = prefix == base.prefix or prefix.startswith(base.prefix + os.sep)
    known = os.path.dirname(prefix) in base.envs_dirs()
    if inside and not known:
        raise KeelError(f"{prefix} lies inside the base", hint=f"environments of the base are in {base.own_envs_dir()}")
    _check_free(prefix, f"{prefix} exists already")
    return Environment(check_name(os.path.basename(prefix)) if known else None, prefix)


def _check_free(prefix: str, message: str) -> None:
    if not os.path.lexists(prefix):
        return
    if is_environment(prefix):
        raise KeelError(message, hint="choose another name, or remove it: keel env remove")
    if os.path.islink(prefix) or not os.path.isdir(prefix) or os.listdir(prefix):
        raise KeelError(f"{prefix} is in the way: it is neither an environment nor empty", hint="choose another name")


def build(
    base: Base, environment: Environment, fill: Callable[[str, Linker], Sequence[Tuple[str, str]]], *, copy: bool
) -> Created:
    """Make `environment`: `fill(folder, linker)` puts all of it into a hidden folder, which is then moved.

    fill: gives the packages that it installed.  copy: link nothing.
    """
    remove_stale(os.path.dirname(environment.prefix))
    with Staging(environment.prefix) as staging:
        folder = os.path.join(staging.folder, "new")
        os.mkdir(folder)
        linker = Linker(base.prefix, folder, environment.prefix, copy=copy)
        packages = fill(folder, linker)
        staging.publish(folder)
    return Created(environment, tuple(sorted(packages)), linker.linked, linker.copied, linker.copied_bytes)


def create(
    base: Base, environment: Environment, requirements: Sequence[str], *, with_pip: bool, copy: bool
) -> Created:
    """A new environment with what `requirements` (PEP 508) lead to, out of the store. Raises KeelError."""
    units = select(base, requirements, with_pip=with_pip)

    def fill(folder: str, linker: Linker) -> List[Tuple[str, str]]:
        lay_out(base, folder, environment.prefix, name=environment.name)
        write_pip_config(folder, base.manifest.index)
        installer = _Installer(base, folder, linker)
        for unit, requested in units:
            installer.install(unit, requested=requested)
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
    candidates = [Candidate(unit.name, unit.version, requires(base.unit_metadata(unit))) for unit in units.values()]
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

    def __init__(self, base: Base, folder: str, linker: Linker) -> None:
        self._base = base
        self._folder = folder
        self._linker = linker
        self._placed: Set[str] = set()
        self._folders: Set[str] = set()

    def install(self, unit: Unit, *, requested: bool) -> None:
        source = os.path.join(self._base.prefix, *unit.path.split("/"))
        for place in plan(self._base.unit_files(unit), self._base.scheme(), requested=requested):
            if place.dest not in self._placed:
                self._placed.add(place.dest)
                self._place(place, source)

    def _place(self, place: Placement, source: str) -> None:
        dest = os.path.join(self._folder, place.dest)
        folder = os.path.dirname(dest)
        if folder not in self._folders:
            os.makedirs(folder, exist_ok=True)
            self._folders.add(folder)
        if place.source is not None:
            self._linker.place(os.path.join(source, place.source), dest)
            return
        mode = 0o755 if place.executable else 0o644
        with open(os.open(dest, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(place.content)
