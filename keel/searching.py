"""What the store offers: packages by name, pattern or part of a name."""

from fnmatch import fnmatchcase
from typing import List, NamedTuple, Optional

from .base import Base
from .closure import nearest
from .errors import KeelError
from .installed import normalised
from .manifest import Unit
from .store import unit_metadata


class Offer(NamedTuple):
    unit: Unit
    summary: str


def search(base: Base, pattern: Optional[str]) -> List[Offer]:
    """Units whose name holds `pattern`, or matches it where it has `*`, `?` or `[`; all for None. By name and version.

    Raises KeelError, with the nearest names, where there is none.
    """
    units = [unit for unit in base.manifest.units if pattern is None or matches(unit.name, pattern)]
    if not units and pattern is not None:
        near = nearest(normalised(pattern.strip("*?")), {unit.name for unit in base.manifest.units})
        raise KeelError(
            f"no bundled package is called {pattern}",
            hint=f"nearest bundled names: {', '.join(near)}" if near else "all of them: keel search",
        )
    return [Offer(unit, _summary(base, unit)) for unit in units]


def matches(name: str, pattern: str) -> bool:
    """Whether the normalised `name` holds `pattern`, or matches it."""
    if any(sign in pattern for sign in "*?["):
        return fnmatchcase(name, pattern.lower().replace("_", "-"))
    return normalised(pattern) in name


def _summary(base: Base, unit: Unit) -> str:
    head = unit_metadata(base, unit).replace(b"\r\n", b"\n").split(b"\n\n", 1)[0].decode("utf-8", "replace")
    found = [line[len("summary:") :].strip() for line in head.split("\n") if line.lower().startswith("summary:")]
    return found[0] if found else ""
