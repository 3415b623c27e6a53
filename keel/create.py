"""New environments out of the store, and with pip or uv out of what else was named."""

import contextlib
import os
from typing import Iterator, List, Optional, Sequence, Tuple

from .base import Base
from .building import Created, build
from .environments import Environment
from .errors import KeelError
from .indexing import default_variables, write_pip_config
from .layout import in_prefix
from .linker import Linker
from .manifest import Unit
from .placing import Placer
from .store import environment_scheme
from .variables import write_variables
from .venv import lay_out
from .wanted import Plan, Wanted


def create(base: Base, environment: Environment, requirements: Sequence[str], *, with_pip: bool, copy: bool) -> Created:
    """A new environment with what `requirements` (PEP 508) lead to. Raises KeelError."""
    wanted = Wanted(tuple(requirements))
    return create_planned(base, environment, wanted, plan_new(base, wanted, with_pip=with_pip), copy=copy)


def plan_new(base: Base, wanted: Wanted, *, with_pip: bool, quiet: bool = False) -> Plan:
    """What a new environment gets. Raises KeelError."""
    plan = Plan()
    if wanted.requirements or wanted.addresses or wanted.pins is not None:  # else there is nothing slow to import
        from .fetching import Place
        from .selecting import make_plan

        plan = make_plan(base, wanted, installed={}, place=Place(base.python, True, False), quiet=quiet)
    if with_pip and "pip" not in plan.names() and not wanted.whole:
        plan = plan._replace(link=(*plan.link, (_pip(base), False)))
    return plan


def create_planned(
    base: Base, environment: Environment, wanted: Wanted, plan: Plan, *, copy: bool, quiet: bool = False
) -> Created:
    """A new environment with exactly what `plan`, made of `wanted`, has. Raises KeelError, and leaves nothing then."""

    def fill(folder: str, linker: Linker) -> List[Tuple[str, str]]:
        lay_out(base, folder, environment.prefix, name=environment.name)
        write_pip_config(base, folder)
        write_variables(folder, {**default_variables(base), **wanted.variables})
        placer = Placer(base, linker, environment_scheme(base))
        for unit, requested in plan.link:
            placer.add(unit, requested=requested)
        placer.place()
        if not plan.fetch:
            return [(unit.name, unit.version) for unit, _ in plan.link]
        return _fetch(base, wanted, plan, folder, environment.prefix, quiet=quiet)

    return build(base, environment, fill, copy=copy)


def _fetch(base: Base, wanted: Wanted, plan: Plan, folder: str, final: str, *, quiet: bool) -> List[Tuple[str, str]]:
    """The part that pip or uv installs; gives all that there is then."""
    from .distributions import distributions
    from .fetched import settle
    from .fetching import Fetcher, Place

    python = in_prefix(folder, base.layout.own_python)
    with _working(base, python):
        Fetcher(base, wanted, quiet=quiet).install(Place(python, False, False), plan.fetch)
    settle(base, plan, folder, final)
    return [(one.name, one.version) for one in distributions(base, folder)]


@contextlib.contextmanager
def _working(base: Base, link: str) -> Iterator[None]:
    """The link `link` leads to the base's Python meanwhile: as it is, it may do so only from where it will be later."""
    if base.layout.windows:  # where it is no link
        yield
        return
    target = os.readlink(link)
    os.unlink(link)
    os.symlink(base.python, link)
    yield
    os.unlink(link)
    os.symlink(target, link)


def _pip(base: Base) -> Unit:
    pip: Optional[Unit] = next((unit for unit in base.manifest.units if unit.name == "pip"), None)
    if pip is None:
        raise KeelError("this base has no pip in its store", hint="create the environment without it: --no-pip")
    return pip
