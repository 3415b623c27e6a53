"""The programs that Windows bases bring along: launchers of scripts, and the `python.exe` of environments."""

from functools import cache
from typing import TYPE_CHECKING

from installer.scripts import Script

from keel.launchers import Launchers

if TYPE_CHECKING:
    from installer.scripts import LauncherKind, ScriptSection

_KINDS: dict[str, "LauncherKind"] = {"x86_64": "win-amd64", "arm64": "win-arm64"}
_MARK = "keel-mark"


@cache
def base_launchers(machine: str) -> Launchers:
    """What scripts of a base are made of. machine: "x86_64" or "arm64"."""
    return Launchers(console=_program(machine, "console"), gui=_program(machine, "gui"), python="..\\")


def _program(machine: str, section: "ScriptSection") -> bytes:
    """The library gives whole scripts: a program, a `#!` line, a zip."""
    _, script = Script("x", "x", "x", section).generate(_MARK, _KINDS[machine])
    return script[: script.rindex(f"#!{_MARK}".encode())]
