"""The same packages everywhere: one version of each package for all targets of a recipe.

Targets are resolved one by one; where they differ, all are limited to the lowest of the versions that were found, and
those above it are resolved again, until nothing differs. A common version that is higher than the lowest one found
cannot exist, so that the newest one that all can have is found, if there is one. A package that a target does not have
at all (by markers) is no difference. Local version labels (`2.3.0+cpu`) are builds of one version.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from packaging.version import Version

from .errors import BuilderError, ResolveError
from .lock import Elsewhere, Lock
from .report import Reporter

# Each round lowers at least one package; a recipe that needs more is pulled in two directions.
_ROUNDS = 25
_AT_ONCE = 4

Bounds = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Party:
    """A target that has been resolved. label: "py311-linux-x86_64".

    again: resolves it anew, near `lock`, with no package above the version in the bounds; None for one that is not
    being locked now, but whose lock lies beside the recipe.  at_hand: the oldest and the newest version of a package
    that have wheels for it.
    """

    label: str
    lock: Lock
    again: Callable[[Lock, Bounds], Lock] | None = None
    at_hand: Callable[[str], tuple[str, str] | None] | None = None

    @property
    def versions(self) -> dict[str, Version]:
        """Without local labels."""
        return {wheel.name: Version(Version(wheel.version).public) for wheel in self.lock.wheels}


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A package, and who has which version, oldest first."""

    name: str
    versions: tuple[tuple[str, tuple[str, ...]], ...]


def differences(parties: Iterable[Party]) -> list[Difference]:
    """Every package that comes in more than one version, by name."""
    found: dict[str, dict[Version, list[str]]] = {}
    for party in parties:
        for name, version in party.versions.items():
            found.setdefault(name, {}).setdefault(version, []).append(party.label)
    return [
        Difference(
            name=name, versions=tuple((str(version), tuple(found[name][version])) for version in sorted(versions))
        )
        for name, versions in sorted(found.items())
        if len(versions) > 1
    ]


def agree(parties: Sequence[Party], reporter: Reporter) -> list[Party]:
    """The same parties with one version of each package. Raises ResolveError, naming the packages that stand in the
    way, with the versions at hand."""
    bounds: dict[str, str] = {}
    now = list(parties)
    for turn in range(_ROUNDS):
        found = differences(now)
        if not found:
            if bounds:
                reporter.step(f"one version for all targets: {_settled(now, bounds)}")
            return now
        if turn == 0:
            show_differences(found, now, reporter)
        bounds |= {one.name: one.versions[0][0] for one in found}
        now = _lowered(now, bounds, found)
    raise _disagreement([one.name for one in differences(now)], now)


def show_differences(found: Sequence[Difference], parties: Sequence[Party], reporter: Reporter) -> None:
    """One table of all differences."""
    labels = [party.label for party in parties]
    rows = [
        (one.name if number == 0 else "", version, short_names(having, labels))
        for one in found
        for number, (version, having) in enumerate(one.versions)
    ]
    reporter.table("versions that differ between targets", ("package", "version", "targets"), rows)


def elsewhere(party: Party, found: Sequence[Difference]) -> tuple[Elsewhere, ...]:
    """What a lock records under `consistency: per-target`."""
    own = party.versions
    return tuple(
        Elsewhere(name=one.name, version=version, targets=having)
        for one in found
        if one.name in own
        for version, having in one.versions
        if party.label not in having
    )


def short_names(labels: Sequence[str], everybody: Sequence[str]) -> str:
    """ "py39, py311-linux-x86_64", or "all but py39": a Python version stands for all of its platforms."""
    others = [label for label in everybody if label not in labels]
    if len(everybody) > 5 and 0 < len(others) * 4 <= len(everybody):
        return f"all but {short_names(others, everybody)}"
    words = []
    for python in dict.fromkeys(label.partition("-")[0] for label in labels):
        mine = [label for label in labels if label.startswith(f"{python}-")]
        whole = len(mine) > 1 and mine == [label for label in everybody if label.startswith(f"{python}-")]
        words += [python] if whole else mine
    return ", ".join(words)


def _lowered(parties: Sequence[Party], bounds: Bounds, found: Sequence[Difference]) -> list[Party]:
    """Those above the bounds, resolved anew."""
    above = [party for party in parties if _exceeds(party, bounds)]
    for party in above:
        if party.again is None:
            names = [
                name for name, bound in bounds.items() if party.versions.get(name, Version(bound)) > Version(bound)
            ]
            raise _fixed(party, [one for one in found if one.name in names], parties)
    lowered: dict[str, Party] = {}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for party, lock in zip(above, pool.map(lambda party: _again(party, bounds), above), strict=True):
            if isinstance(lock, ResolveError):
                blamed = [name for name in bounds if name in lock.message] or [one.name for one in found]
                raise _disagreement(blamed, parties) from lock
            if isinstance(lock, BuilderError):
                raise lock
            lowered[party.label] = replace(party, lock=lock)
    return [lowered.get(party.label, party) for party in parties]


def _again(party: Party, bounds: Bounds) -> Lock | BuilderError:
    assert party.again is not None
    try:
        return party.again(party.lock, bounds)
    except BuilderError as error:
        return error


def _exceeds(party: Party, bounds: Bounds) -> bool:
    own = party.versions
    return any(name in own and own[name] > Version(bound) for name, bound in bounds.items())


def _settled(parties: Sequence[Party], bounds: Bounds) -> str:
    versions = {name: version for party in parties for name, version in party.versions.items()}
    return ", ".join(f"{name} {versions[name]}" for name in sorted(bounds) if name in versions)


def _disagreement(names: Sequence[str], parties: Sequence[Party]) -> ResolveError:
    lines = []
    for name in sorted(set(names)):
        lines.append(f"\n{name}:")
        for party in parties:
            if name in party.versions:
                lines.append(f"\n  {party.label:24} {_range(party, name)}")
    what = " and ".join(sorted(set(names)))
    return ResolveError(
        f"no version of {what} is at hand for all targets (consistency: strict){''.join(lines)}",
        hint="leave out the target that differs, or let every target have its own: `consistency: per-target`",
    )


def _range(party: Party, name: str) -> str:
    found = party.at_hand(name) if party.at_hand else None
    if found is None:
        return f"{party.versions[name]}"
    oldest, newest = found
    return oldest if oldest == newest else f"{oldest} to {newest}"


def _fixed(party: Party, found: Sequence[Difference], parties: Sequence[Party]) -> ResolveError:
    labels = [one.label for one in parties]
    lines = "".join(
        f"\n  {one.name}: "
        + "; ".join(f"{version} for {short_names(having, labels)}" for version, having in one.versions)
        for one in found
    )
    return ResolveError(
        f"the lock of {party.label}, which is not being built now, has newer versions than are at hand here "
        f"(consistency: strict):{lines}",
        hint="lock all targets together: keel-builder lock RECIPE; or say `consistency: per-target`",
    )
