"""Which packages a set of requirements leads to, out of the packages at hand. Reads no file and asks no host.

Follows the dependency specifiers (https://packaging.python.org/specifications/dependency-specifiers/). The candidates
come from one lock and fit together, so nothing is searched for: each name has one candidate, seldom several, and the
newest that all requirements allow is taken.
"""

import contextlib
import difflib
from dataclasses import dataclass
from types import MappingProxyType
from typing import Dict, Iterable, Iterator, List, Mapping, Sequence, Set, Tuple

from ._vendor.packaging.requirements import InvalidRequirement, Requirement
from ._vendor.packaging.utils import canonicalize_name
from ._vendor.packaging.version import InvalidVersion, Version
from .errors import KeelError


class ClosureError(KeelError):
    """The requirements lead to something that is not among the candidates; `message` names every such thing."""


@dataclass(frozen=True)
class Candidate:
    """A package at hand.  name: in any spelling.  requires: its `Requires-Dist` values."""

    name: str
    version: str
    requires: Tuple[str, ...] = ()


@dataclass(frozen=True)
class _Demand:
    """A requirement whose marker holds.  wanted_by: "numpy 2.1", or "" where the user wants it."""

    requirement: Requirement
    wanted_by: str

    @property
    def name(self) -> str:
        return str(canonicalize_name(self.requirement.name))


def closure(
    requirements: Iterable[str],
    candidates: Iterable[Candidate],
    environment: Mapping[str, str],
    *,
    preferred: Mapping[str, str] = MappingProxyType({}),
    limits: Iterable[Tuple[str, str]] = (),
) -> List[Candidate]:
    """The candidates that `requirements` need, directly and through dependencies, sorted by name.

    environment: every marker variable of the target but `extra`.  preferred: normalised name -> the version that is
    taken before the newest.  limits: (requirement, who has it): what has to be so for a package that comes up, but
    brings none.  Raises ClosureError with all problems together.
    """
    by_name: Dict[str, List[Candidate]] = {}
    for candidate in candidates:
        by_name.setdefault(str(canonicalize_name(candidate.name)), []).append(candidate)
    for name, versions in by_name.items():
        versions.sort(key=_version, reverse=True)
        first = [one for one in versions if one.version == preferred.get(name)]
        versions[:] = [*first, *(one for one in versions if one not in first)]
    held = list(_limits(limits, environment))
    demands, chosen = _follow(_parse(requirements, environment), by_name, environment, held)
    unmet = [name for name in sorted(demands) if not _choose([chosen[name]] if name in chosen else [], demands[name])]
    if unmet:
        problems = [problem for name in unmet for problem in _problems(name, demands[name], by_name)]
        raise ClosureError("\n".join(problems), hint=_hint(demands, by_name))
    return [chosen[name] for name in sorted(demands)]


def _limits(limits: Iterable[Tuple[str, str]], environment: Mapping[str, str]) -> Iterator[_Demand]:
    """Those that hold here; what others have installed may break the specification."""
    for text, who in limits:
        with contextlib.suppress(InvalidRequirement):
            requirement = Requirement(text)
            if not requirement.url and _holds(requirement, environment, ""):
                yield _Demand(requirement, who)


def _version(candidate: Candidate) -> Version:
    try:
        return Version(candidate.version)
    except InvalidVersion as error:
        raise ClosureError(f"{candidate.name} has the version {candidate.version!r}, which is none") from error


def _parse(requirements: Iterable[str], environment: Mapping[str, str]) -> List[_Demand]:
    demands, problems = [], []
    for text in requirements:
        try:
            requirement = Requirement(text)
        except InvalidRequirement as error:
            problems.append(f"{text!r} is not a requirement: {str(error).splitlines()[0]}")
            continue
        if requirement.url:
            problems.append(f"{text!r} names an address; only bundled packages can be taken")
        elif _holds(requirement, environment, ""):
            demands.append(_Demand(requirement, ""))
    if problems:
        raise ClosureError("\n".join(problems), hint="write it as a name, or like: numpy>=2, pandas[excel], 'rich<15'")
    return demands


def _holds(requirement: Requirement, environment: Mapping[str, str], extra: str) -> bool:
    return requirement.marker is None or bool(requirement.marker.evaluate({**environment, "extra": extra}))


def _follow(
    first: List[_Demand],
    by_name: Mapping[str, Sequence[Candidate]],
    environment: Mapping[str, str],
    limits: Sequence[_Demand],
) -> Tuple[Dict[str, List[_Demand]], Dict[str, Candidate]]:
    """Every demand that the first ones lead to, by the name of what is demanded, and what was chosen for each name.

    A later demand can rule out a version whose dependencies were followed already; then all is followed again from the
    version that remains, with what ruled the other one out kept. Each round rules out at least one version.
    """
    ruled_out: Set[Tuple[str, str]] = set()
    while True:
        demands, chosen = _follow_once(first, by_name, environment, ruled_out, limits)
        late = {
            (name, candidate.version)
            for name, candidate in chosen.items()
            if not _allows(demands[name], candidate) and _choose(by_name[name], demands[name])
        }
        if not late:
            return demands, chosen
        ruled_out |= late


def _follow_once(
    first: List[_Demand],
    by_name: Mapping[str, Sequence[Candidate]],
    environment: Mapping[str, str],
    ruled_out: Set[Tuple[str, str]],
    limits: Sequence[_Demand],
) -> Tuple[Dict[str, List[_Demand]], Dict[str, Candidate]]:
    demands: Dict[str, List[_Demand]] = {}
    chosen: Dict[str, Candidate] = {}
    expanded: Set[Tuple[str, str]] = set()
    waiting = list(first)
    while waiting:
        demand = waiting.pop(0)
        if demand.name not in demands:
            demands[demand.name] = [limit for limit in limits if limit.name == demand.name]
        demands[demand.name].append(demand)
        if demand.name not in chosen:
            versions = [one for one in by_name.get(demand.name, ()) if (demand.name, one.version) not in ruled_out]
            matching = _choose(versions, demands[demand.name])
            if not matching:
                continue
            chosen[demand.name] = matching[0]
        for extra in ("", *sorted(demand.requirement.extras)):
            if (demand.name, extra) not in expanded:
                expanded.add((demand.name, extra))
                waiting += _dependencies(chosen[demand.name], extra, environment)
    return demands, chosen


def _dependencies(candidate: Candidate, extra: str, environment: Mapping[str, str]) -> List[_Demand]:
    """What `candidate` needs for `extra` (""; for its own sake). What holds without an extra comes up once only."""
    label = f"{candidate.name} {candidate.version}"
    found = []
    for text in candidate.requires:
        try:
            requirement = Requirement(text)
        except InvalidRequirement as error:
            raise ClosureError(f"{label} has a requirement that is none: {text!r}") from error
        if _holds(requirement, environment, extra) and not (extra and _holds(requirement, environment, "")):
            found.append(_Demand(requirement, label))
    return found


def _allows(demands: Iterable[_Demand], candidate: Candidate) -> bool:
    # Pre-releases were chosen by whoever made the lock.
    return all(demand.requirement.specifier.contains(candidate.version, prereleases=True) for demand in demands)


def _choose(versions: Iterable[Candidate], demands: Sequence[_Demand]) -> List[Candidate]:
    """Those that all demands allow, newest first as they came."""
    return [candidate for candidate in versions if _allows(demands, candidate)]


def _problems(name: str, demands: Sequence[_Demand], by_name: Mapping[str, Sequence[Candidate]]) -> List[str]:
    versions = by_name.get(name, ())
    has = f"{', '.join(candidate.version for candidate in versions)} is bundled"
    problems = []
    for demand in demands:
        if versions and _choose(versions, [demand]):
            continue
        wanted = f"{demand.name}{demand.requirement.specifier}"
        if versions:
            problems.append(f"{has} of {name}, but {demand.wanted_by or 'you'} asked for {wanted}")
        elif demand.wanted_by:
            problems.append(f"{demand.wanted_by} needs {wanted}, which is not bundled")
        else:
            problems.append(f"no bundled package is called {name}")
    texts = [f"{demand.wanted_by or 'you'}: {demand.requirement.specifier or 'any'}" for demand in demands]
    return problems or [f"no bundled version of {name} ({has}) satisfies all of {'; '.join(texts)}"]


def _hint(demands: Mapping[str, Sequence[_Demand]], by_name: Mapping[str, Sequence[Candidate]]) -> str:
    near = [close for name in sorted(demands) if name not in by_name for close in nearest(name, by_name)]
    if near:
        return f"nearest bundled names: {', '.join(dict.fromkeys(near))}"
    return "what is bundled is shown by: keel list --bundled"


def nearest(name: str, names: Iterable[str]) -> List[str]:
    """Up to three of `names` that look like `name`, best first; containing it counts as well."""
    known = sorted(names)
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
    inside = [other for other in known if len(name) > 2 and name in other]
    return list(dict.fromkeys([*close, *inside]))[:3]
