"""The payload, version 1: `docs/payload-format.md` in code. The only writer of these bytes."""

import hashlib
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import IO

from .errors import BuilderError, OutputError
from .frames import Frame, copy_frame, forget

MAGIC = b"\x89KEEL\r\n\x1a"
VERSION = 1
_HEAD = struct.Struct("<8sIIQ32s8x")
_MAX_INDEX = 16 * 2**20
_MAX_FRAMES = 65_536
_MAX_LINE = 4096


@dataclass(frozen=True, kw_only=True)
class Payload:
    """name, version, python (full), platform: of the target.  marker: the file that comes into being last.
    frames: in the order in which an engine takes them (`order_frames`)."""

    name: str
    version: str
    python: str
    platform: str
    marker: str
    frames: Sequence[Frame]

    @property
    def files(self) -> int:
        """Number of files and links."""
        return sum(len(frame.paths) for frame in self.frames)

    @property
    def installed_bytes(self) -> int:
        """Disk space that the regular files take."""
        return sum(frame.bytes for frame in self.frames)

    @cached_property
    def longest(self) -> int:
        """The longest path, relative to the prefix, in UTF-16 code units."""
        return max(_utf16_length(path) for frame in self.frames for path in frame.paths)

    @property
    def first_frame(self) -> int:
        """Offset of the first frame from the payload's first byte."""
        return _HEAD.size + len(self.index)

    @property
    def size(self) -> int:
        """Bytes of the whole payload."""
        return self.first_frame + sum(frame.size for frame in self.frames)

    @cached_property
    def index(self) -> bytes:
        """The index; raises BuilderError where a bound of the format is exceeded or a path appears twice."""
        _refuse_duplicates(self.frames)
        # Offsets depend on the index's own length; the number of digits settles after a round or two.
        index = self._index_for(0)
        while len(again := self._index_for(len(index))) != len(index):
            index = again
        if len(again) > _MAX_INDEX or len(self.frames) > _MAX_FRAMES:
            raise BuilderError(f"a payload of {len(self.frames)} frames is more than the format can hold")
        return again

    def _index_for(self, index_size: int) -> bytes:
        lines = [
            f"name {self.name}",
            f"version {self.version}",
            f"python {self.python}",
            f"platform {self.platform}",
            f"files {self.files}",
            f"bytes {self.installed_bytes}",
            f"longest {self.longest}",
            f"marker {self.marker}",
        ]
        offset = _HEAD.size + index_size
        for frame in self.frames:
            lines.append(f"frame {frame.sha256} {offset} {frame.size} {frame.raw} {frame.stage} {frame.unit}")
            offset += frame.size
        lines.append("end")
        for line in lines:
            if len(line.encode()) > _MAX_LINE or not line.isprintable():
                raise BuilderError(f"cannot be written into a payload: {line[:80]!r}")
        return "".join(f"{line}\n" for line in lines).encode()

    def write_to(self, stream: IO[bytes]) -> None:
        """The whole payload; every frame is checked on its way. Raises OutputError for a damaged cache."""
        frames_size = self.size - self.first_frame
        stream.write(_HEAD.pack(MAGIC, VERSION, len(self.index), frames_size, hashlib.sha256(self.index).digest()))
        stream.write(self.index)
        for frame in self.frames:
            if not copy_frame(frame, stream):
                forget(frame)
                raise OutputError(
                    f"the cached frame {frame.file} of {frame.unit} was damaged, and has been dropped",
                    hint="run the same command again: the frame is made anew",
                )


def _utf16_length(path: str) -> int:
    return len(path) if path.isascii() else len(path.encode("utf-16-le")) // 2


def order_frames(frames: Iterable[Frame]) -> list[Frame]:
    """Large frames first within a stage, so that no thread is left with one at the end."""
    return sorted(frames, key=lambda frame: (frame.stage, -frame.raw, frame.unit, frame.paths[0]))


def _refuse_duplicates(frames: Iterable[Frame]) -> None:
    owners: dict[str, str] = {}
    for frame in frames:
        for path in frame.paths:
            if path in owners:
                raise BuilderError(f"{path} comes from both {owners[path]} and {frame.unit}")
            owners[path] = frame.unit
