"""Formats of installers: one module each, with `filename(target)` and `write(payload, target, facts, stream)`."""

from typing import IO, Protocol

from ..errors import BuilderError
from ..payload import Payload
from ..target import Target
from . import exe, pkg, sevenzip, sh
from .facts import InstallerFacts

__all__ = ["FORMATS", "Format", "InstallerFacts", "default_format", "find_format", "fitting_formats"]


class Format(Protocol):
    """A module of this package."""

    def filename(self, target: Target) -> str:
        """Name of the target's installer; raises BuilderError for a target that the format is not made for."""

    def check(self, download_bytes: int) -> None:
        """Refuse, before anything is compressed, what the format cannot hold: so many bytes of archives and wheels."""

    def write(self, payload: Payload, target: Target, facts: InstallerFacts, stream: IO[bytes]) -> None:
        """Write the whole installer to `stream`; raises BuilderError."""


FORMATS: dict[str, Format] = {"sh": sh, "pkg": pkg, "exe": exe, "7z": sevenzip}


def default_format(target: Target) -> str:
    """The format that is made where none is asked for."""
    return "exe" if target.platform.is_windows else "sh"


def fitting_formats(target: Target) -> tuple[str, ...]:
    """All formats that can be made for a target."""
    return tuple(name for name, module in FORMATS.items() if _fits(module, target))


def _fits(module: Format, target: Target) -> bool:
    try:
        module.filename(target)
    except BuilderError:
        return False
    return True


def find_format(name: str, target: Target) -> Format:
    """The format called `name`, if it can be made for `target`; raises BuilderError."""
    if name not in FORMATS:
        raise BuilderError(f'there is no installer format "{name}"', hint=f"there is: {', '.join(FORMATS)}")
    FORMATS[name].filename(target)
    return FORMATS[name]
