"""From what is wanted to a plan: out of the store where that has it, else with pip or uv, and with one resolution."""

from typing import FrozenSet, Iterable, List, Mapping, Optional, Sequence, Tuple

from .base import Base
from .closure import ClosureError
from .distributions import Distribution
from .errors import KeelError
from .fetching import Fetcher, Place, can_fetch
from .locks import same_version
from .manifest import Unit
from .planning import Solver, against, marker_environment
from .resolving import resolve
from .wanted import Pin, Plan, Wanted, check_addresses, names_of


def make_plan(
    base: Base,
    wanted: Wanted,
    *,
    installed: Mapping[str, Distribution],
    place: Place,
    newest: FrozenSet[str] = frozenset(),
    dependencies: bool = True,
    quiet: bool = False,
) -> Plan:
    """What has to happen so that `wanted` is in an environment where `installed` is.

    newest: names that are to be upgraded.  dependencies: follow those.  place: for pip and uv.  Raises KeelError;
    nothing is changed, and nothing asks the network unless an index is configured or an address is named.
    """
    if wanted.pins is not None:
        return _exact(base, wanted, wanted.pins, installed)
    check_addresses(wanted.addresses)
    online = can_fetch(base, wanted)
    hint: Optional[str] = None
    if not wanted.addresses and not (newest and online):
        try:
            solver = Solver(base, installed)
            return solver.plan(
                wanted.requirements, constraints=wanted.constraints, newest=newest, dependencies=dependencies
            )
        except ClosureError as error:
            if not online:
                raise
            hint = error.hint
    if not dependencies:
        return _without_dependencies(base, wanted, installed, newest)
    fetcher = Fetcher(base, wanted, quiet=quiet)
    try:
        pins = resolve(base, fetcher, place, wanted, installed, newest)
    except KeelError as error:
        raise KeelError(error.message, hint=hint or error.hint) from error
    return _resolved(base, wanted, pins, installed)


def _resolved(base: Base, wanted: Wanted, pins: Iterable[Pin], installed: Mapping[str, Distribution]) -> Plan:
    """The plan that pip's or uv's resolution comes to. KeelError where an installed package would not bear it."""
    asked = frozenset(names_of(wanted.requirements))
    link, fetch, keep = [], [], []
    for pin in pins:
        requested = pin.name in asked or bool(pin.words)
        unit = None if pin.words else _unit(base, pin)
        one = installed.get(pin.name)
        if one is not None and not pin.words and same_version(one.version, pin.version):
            keep.append((pin.name, one.version))
        elif unit is not None:
            link.append((unit, requested))
        else:
            fetch.append(pin._replace(requested=requested))
    plan = Plan(tuple(link), tuple(fetch), tuple(keep), asked)
    _check_fit(plan, installed)
    return plan


def _check_fit(plan: Plan, installed: Mapping[str, Distribution]) -> None:
    versions = {unit.name: unit.version for unit, _ in plan.link}
    versions.update((pin.name, pin.version) for pin in plan.fetch if pin.version)
    staying = {name: one.requires() for name, one in installed.items() if name not in versions}
    environment = marker_environment()
    before = {name: one.version for name, one in installed.items()}
    broken = against(staying, versions, environment)
    already = against(staying, before, environment)
    new = [name for name in sorted(broken) if name not in already]
    problems = [f"{installed[name].label} (installed) needs {broken[name]}" for name in new]
    if problems:
        raise KeelError(
            "what is installed would break:\n" + "\n".join(problems),
            hint="name those packages, too, so that they are upgraded along: keel install --upgrade PACKAGE…",
        )


def _without_dependencies(
    base: Base, wanted: Wanted, installed: Mapping[str, Distribution], newest: FrozenSet[str]
) -> Plan:
    """Each as it is named: what the store has from there, the others by pip or uv, which choose the version."""
    link: List[Tuple[Unit, bool]] = []
    keep: List[Tuple[str, str]] = []
    fetch = []
    for text in wanted.requirements:
        name = names_of([text])[0] if names_of([text]) else ""
        try:
            part = Solver(base, installed).plan([text], newest=newest, dependencies=False)
            link += part.link
            keep += part.keep
        except ClosureError:
            fetch.append(Pin(name, "", (text,), requested=True))
    fetch += [Pin("", "", words, requested=True) for words in wanted.addresses]
    return Plan(tuple(link), tuple(fetch), tuple(keep), frozenset(names_of(wanted.requirements)))


def _exact(base: Base, wanted: Wanted, pins: Sequence[Pin], installed: Mapping[str, Distribution]) -> Plan:
    """A complete list: taken as it is. KeelError, naming all, where something can be had nowhere."""
    link, fetch, keep = [], [], []
    missing: List[str] = []
    online = can_fetch(base, wanted)
    for pin in pins:
        one = installed.get(pin.name)
        unit = None if pin.words and pin.direct else _unit(base, pin)
        if one is not None and not (pin.words and pin.direct) and same_version(one.version, pin.version):
            keep.append((pin.name, one.version))
        elif unit is not None:
            link.append((unit, pin.requested))
        elif pin.words or online:
            fetch.append(pin)
        else:
            missing.append(_missing(base, pin))
    if missing:
        raise KeelError(
            "\n".join(missing), hint="they can be fetched where an index is configured: keel config set index ADDRESS"
        )
    asked = frozenset(pin.name for pin in pins if pin.requested)
    return Plan(tuple(link), tuple(fetch), tuple(keep), asked)


def _missing(base: Base, pin: Pin) -> str:
    have = [unit for unit in base.manifest.units if unit.name == pin.name]
    if any(same_version(unit.version, pin.version) for unit in have):
        return f"{pin.name} {pin.version} is bundled, but its wheel has none of the hashes that are asked for"
    versions = ", ".join(unit.version for unit in have)
    return f"{pin.name} {pin.version} is not bundled" + (f" ({versions} is)" if versions else "")


def _unit(base: Base, pin: Pin) -> Optional[Unit]:
    """The unit of the store that is `pin`, with a wheel that it allows."""
    for unit in base.manifest.units:
        allowed = not pin.hashes or f"sha256:{unit.sha256}" in pin.hashes
        if unit.name == pin.name and allowed and same_version(unit.version, pin.version):
            return unit
    return None
