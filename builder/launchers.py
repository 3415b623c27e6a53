"""The programs that Windows bases bring along: launchers of scripts, and the `python.exe` of environments."""

from functools import cache
from typing import TYPE_CHECKING

from installer.scripts import Script

from keel.launchers import LAUNCHERS, Launchers

from .errors import BuilderError
from .resources import TEMPLATES

if TYPE_CHECKING:
    from installer.scripts import LauncherKind, ScriptSection

_KINDS: dict[str, "LauncherKind"] = {"x86_64": "win-amd64", "arm64": "win-arm64"}
_MARK = "keel-mark"
_REDIRECTORS = TEMPLATES / "windows" / "redirector" / "prebuilt"


@cache
def base_launchers(machine: str) -> Launchers:
    """What scripts of a base are made of. machine: "x86_64" or "arm64"."""
    return Launchers(console=_program(machine, "console"), gui=_program(machine, "gui"), python="..\\")


def windows_programs(machine: str) -> dict[str, bytes]:
    """path in the prefix -> program: what environments are made of. Raises BuilderError where one was not built."""
    launchers = base_launchers(machine)
    found = {"console.exe": launchers.console, "gui.exe": launchers.gui}
    for name in ("python.exe", "pythonw.exe"):
        path = _REDIRECTORS / f"windows-{machine}" / name
        try:
            found[name] = path.read_bytes()
        except OSError as error:
            raise BuilderError(
                f"{path} cannot be read: {error.strerror}", hint="build it: python tools/build_redirector.py"
            ) from error
    return {f"{LAUNCHERS}/{name}": data for name, data in found.items()}


def _program(machine: str, section: "ScriptSection") -> bytes:
    """The library gives whole scripts: a program, a `#!` line, a zip."""
    _, script = Script("x", "x", "x", section).generate(_MARK, _KINDS[machine])
    return script[: script.rindex(f"#!{_MARK}".encode())]
