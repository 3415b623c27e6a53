"""What has to happen in an environment so that requirements hold in it: worked out before anything is changed."""

import re
from functools import cache
from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Set, Tuple

from ._vendor.packaging.markers import default_environment
from ._vendor.packaging.requirements import InvalidRequirement, Requirement
from ._vendor.packaging.version import InvalidVersion, Version
from .base import Base
from .closure import Candidate, ClosureError, closure
from .distributions import Distribution
from .errors import KeelError
from .installed import normalised
from .manifest import Unit
from .store import unit_requires
from .wanted import Plan

_NAME = re.compile(r"[A-Za-z0-9._-]+")
# Each round frees at least one installed package, or ends it.
_ROUNDS = 50


class Solver:
    """Chooses among what is installed and what the store offers.

    installed: what is in the environment, by name.  Reads METADATA of what it looks at only.
    """

    def __init__(self, base: Base, installed: Mapping[str, Distribution]) -> None:
        self._installed = installed
        self._units: Dict[Tuple[str, str], Unit] = {(unit.name, unit.version): unit for unit in base.manifest.units}
        self._environment = marker_environment()
        self._candidates = {
            key: Candidate(unit.name, unit.version, unit_requires(base, unit)) for key, unit in self._units.items()
        }
        self._requires = {name: one.requires() for name, one in installed.items()}
        for name, one in installed.items():
            if _is_version(one.version):
                self._candidates[name, one.version] = Candidate(name, one.version, self._requires[name])

    def plan(
        self,
        requirements: Sequence[str],
        *,
        constraints: Iterable[Tuple[str, str]] = (),
        newest: Iterable[str] = (),
        dependencies: bool = True,
    ) -> Plan:
        """What `requirements` (PEP 508, without addresses) need. What is installed and allowed stays.

        constraints: (requirement, who has it), for what comes up.  newest: names for which the newest is taken.
        Raises ClosureError where neither the store nor the environment has it, or where it does not fit together with
        what is installed.
        """
        candidates = list(self._candidates.values())
        if not dependencies:
            candidates = [Candidate(one.name, one.version) for one in candidates]
        held = list(constraints)
        fixed = set(self._installed) - set(newest)
        wanted = list(requirements)
        moved: Set[str] = set()
        relevant: Set[str] = set()
        for _ in range(_ROUNDS):
            limits = [*held, *(self._limits(moved, relevant) if dependencies else ())]
            preferred = {name: self._installed[name].version for name in fixed}
            try:
                chosen = closure(wanted, candidates, self._environment, preferred=preferred, limits=limits)
            except ClosureError:
                released = self._in_the_way(wanted, candidates, preferred, held) - moved
                if not released:
                    raise
                wanted += sorted(released)
                fixed -= released
                moved |= released
                continue
            names = {one.name for one in chosen}
            changed = {one.name for one in chosen if self._version(one.name) != one.version}
            if not changed or (names <= relevant and changed & set(self._installed) <= moved):
                return self._made(chosen, requirements)
            moved |= changed & set(self._installed)
            relevant |= names
        raise KeelError("what is installed does not fit together", hint="see which packages: pip check")

    def _made(self, chosen: Iterable[Candidate], requirements: Sequence[str]) -> Plan:
        named = frozenset(normalised(Requirement(text).name) for text in requirements)
        link, keep = [], []
        for one in chosen:
            name = normalised(one.name)
            if self._version(name) == one.version:
                keep.append((name, one.version))
            else:
                link.append((self._units[name, one.version], name in named))
        return Plan(tuple(link), (), tuple(keep), named)

    def _version(self, name: str) -> Optional[str]:
        return self._installed[name].version if name in self._installed else None

    def _limits(self, moved: Set[str], relevant: Set[str]) -> List[Tuple[str, str]]:
        """What installed packages, but for those that are `moved`, ask of the `relevant` ones, if it holds now."""
        return [
            (text, f"{self._installed[name].label} (installed)")
            for name, texts in self._requires.items()
            if name not in moved
            for text in texts
            if _name(text) in relevant and not self._broken(text)
        ]

    def _broken(self, text: str) -> bool:
        """Whether the requirement does not hold among what is installed; what is not installed breaks nothing."""
        one = self._installed.get(_name(text))
        return one is not None and unmet(text, one.version, self._environment)

    def _in_the_way(
        self,
        wanted: Sequence[str],
        candidates: Sequence[Candidate],
        preferred: Mapping[str, str],
        limits: Sequence[Tuple[str, str]],
    ) -> Set[str]:
        """Installed packages that would not bear what is wanted, and of which the store has another version."""
        free = closure(wanted, candidates, self._environment, preferred=preferred, limits=limits)
        versions = {one.name: one.version for one in free if self._version(one.name) != one.version}
        stand = against(self._requires, versions, self._environment)
        return {name for name in stand if any(key[0] == name and key[1] != self._version(name) for key in self._units)}


def against(
    requires: Mapping[str, Sequence[str]], versions: Mapping[str, str], environment: Mapping[str, str]
) -> Dict[str, str]:
    """Name -> requirement of each package that would break with `versions` (name -> version).

    requires: name -> `Requires-Dist` values.
    """
    return {
        name: text
        for name, texts in requires.items()
        for text in texts
        if _name(text) in versions and _name(text) != name and unmet(text, versions[_name(text)], environment)
    }


@cache
def _name(requirement: str) -> str:
    """The normalised name that it is about, without parsing all of it."""
    match = _NAME.match(requirement)
    return normalised(match[0]) if match else ""


def unmet(text: str, version: str, environment: Mapping[str, str]) -> bool:
    """Whether the requirement asks for another version (extras left out of account)."""
    try:
        requirement = Requirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate({**environment, "extra": ""}):
            return False
        return not requirement.specifier.contains(version, prereleases=True)
    except (InvalidRequirement, InvalidVersion):
        return False


def needed_by(installed: Mapping[str, Distribution], names: Iterable[str]) -> Dict[str, List[str]]:
    """Name -> the installed packages, not among `names`, that need it."""
    environment = marker_environment()
    going = set(names)
    found: Dict[str, List[str]] = {}
    for name, one in sorted(installed.items()):
        for text in one.requires() if name not in going else ():
            if _name(text) in going and not _only_elsewhere(text, environment):
                found.setdefault(_name(text), []).append(name)
    return {name: list(dict.fromkeys(others)) for name, others in found.items()}


def _only_elsewhere(text: str, environment: Mapping[str, str]) -> bool:
    """Whether the requirement is for another system, or for an extra."""
    try:
        marker = Requirement(text).marker
    except InvalidRequirement:
        return True
    return marker is not None and not marker.evaluate({**environment, "extra": ""})


def _is_version(text: str) -> bool:
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True


def marker_environment() -> Dict[str, str]:
    """Every marker variable of the running Python, which is the base's, but `extra`."""
    return {key: str(value) for key, value in default_environment().items()}
