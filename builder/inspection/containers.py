"""Where the payload lies in each format, and how what stands around it is checked."""

from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol


class Container(Protocol):
    """A file that holds a payload."""

    @property
    def format(self) -> str:
        """Its name in `builder.installers.FORMATS`."""

    @property
    def available(self) -> int | None:
        """Bytes from the payload's first one on that can belong to it; None where nobody knows beforehand."""

    @property
    def seekable(self) -> bool:
        """Whether `open(offset)` costs nothing, so that frames can be read in any order and in parallel."""

    def open(self, offset: int = 0) -> IO[bytes]:
        """The payload from byte `offset` on."""

    def check(self, payload_size: int) -> list[str]:
        """Check everything but the payload; returns what is worth knowing ("signed"). Raises InstallerFileError."""


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """A payload that lies in one piece in a file, from byte `start` on; `end`: of what can belong to it."""

    path: Path
    start: int
    end: int

    @property
    def available(self) -> int:
        return self.end - self.start

    @property
    def seekable(self) -> bool:
        return True

    def open(self, offset: int = 0) -> IO[bytes]:
        stream = self.path.open("rb")
        stream.seek(self.start + offset)
        return stream
