"""Which names Windows can hold, by the engine's rules (installer_templates/engine/path.c), before anything is packed.

https://learn.microsoft.com/windows/win32/fileio/naming-a-file
"""

from collections.abc import Iterable, Sequence

from .errors import BuilderError
from .units import WheelUnit

_FORBIDDEN = frozenset('<>:"|?*\\')
# Devices of MS-DOS, which Windows finds in every folder and with every suffix.
_NUMBERS = "0123456789\u00b9\u00b2\u00b3"
_DEVICES = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$", *(f"{port}{n}" for port in ("com", "lpt") for n in _NUMBERS)]
)
_LONGEST = 255  # bytes


def name_problem(path: str) -> str | None:
    """What keeps Windows from holding a path with `/` between its components, in words."""
    for name in path.split("/"):
        if any(letter in _FORBIDDEN or ord(letter) < 32 for letter in name):
            return "it holds a character that Windows does not allow in names"
        if name.endswith((".", " ")):
            return "it ends in a dot or a space, which Windows drops"
        if name.partition(".")[0].rstrip(" ").lower() in _DEVICES:
            return "it is the name of a device on Windows"
        if len(name.encode()) > _LONGEST:
            return f"a component of it is longer than {_LONGEST} bytes"
    return None


def check_names(units: Iterable[WheelUnit]) -> None:
    """Refuse wheels with files that Windows cannot hold, each named with its package. Raises BuilderError."""
    problems = [f"{unit.locked.name} {unit.locked.version}: {problem}" for unit in units for problem in _problems(unit)]
    if problems:
        more = f"\n... and {len(problems) - 10} more" if len(problems) > 10 else ""
        raise BuilderError(
            "packages hold files that Windows cannot have:\n" + "\n".join(problems[:10]) + more,
            hint='leave them out there, in the recipe: NAME ; sys_platform != "win32"',
        )


def _problems(unit: WheelUnit) -> list[str]:
    paths = [*unit.files.names, *(f"{name}.exe" for name in unit.scripts())]
    found = [f"{path}: {problem}" for path in paths if (problem := name_problem(path))]
    return found + [f"{one} and {other} are one file there" for one, other in _collisions(unit.files.names)]


def _collisions(paths: Sequence[str]) -> list[tuple[str, str]]:
    """Paths that differ by upper and lower case only."""
    first: dict[str, str] = {}
    pairs = []
    for path in paths:
        before = first.setdefault(path.lower(), path)
        if before != path:
            pairs.append((before, path))
    return pairs
