"""The second reader of docs/payload-format.md, in Python and with the bounds of the first one (the engine's)."""

import hashlib
import re
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, cast

import zstandard

from ..errors import InstallerFileError
from ..payload import MAGIC, VERSION
from .entries import Entry, malformed, read_entries

HEAD_SIZE = 64
_HEAD = struct.Struct("<8sIIQ32s8s")
_MAX_INDEX = 16 * 2**20
_MAX_FRAMES = 65_536
_MAX_LINE = 4096
_MAX_WINDOW = 2**25
_NUMBER_END = 2**53
_CHUNK = 2**18
# No base is larger; a payload that announces more only wants to keep its reader busy.
_MAX_RAW = 2**40
# What one reading may keep in memory: names of a base with millions of files, and the files that were asked for.
_MAX_NAMES, _MAX_CONTENT = 2**29, 2**28
_CUT = "it is cut off"
_AGAIN = "copy or download it again"
_KEYS = ("name", "version", "python", "platform", "files", "bytes", "longest", "marker")
_FRAME = re.compile(
    r"frame ([0-9a-f]{64}) (0|[1-9]\d*) ([1-9]\d*) ([1-9]\d*) ([01]) ([A-Za-z0-9._+-]{1,200})", re.ASCII
)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


def damaged(what: str) -> InstallerFileError:
    return InstallerFileError(f"the installer is damaged: {what}", hint=_AGAIN)


@dataclass(frozen=True, kw_only=True, slots=True)
class FrameLine:
    """A frame as the index announces it.  offset: from the payload's first byte.  raw: bytes of the tar in it."""

    sha256: str
    offset: int
    size: int
    raw: int
    stage: int
    unit: str


@dataclass(frozen=True, kw_only=True)
class Index:
    """What a payload says of itself: see docs/payload-format.md, "Index".  size: of the whole payload in bytes."""

    name: str
    version: str
    python: str
    platform: str
    files: int
    bytes: int
    longest: int
    marker: str
    frames: tuple[FrameLine, ...]
    size: int

    @property
    def windows(self) -> bool:
        """Whether the payload must keep to the names that Windows can hold."""
        return self.platform.startswith("windows-")


@dataclass(frozen=True, kw_only=True)
class FrameContent:
    """A frame that has been read: what is in it, in order, and the content of the files that were wanted."""

    line: FrameLine
    entries: tuple[Entry, ...]
    files: dict[str, bytes]


def read_index(stream: IO[bytes], available: int | None) -> Index:
    """The head and the index that begin where `stream` stands.

    available: bytes from there to the end of what can belong to the payload; None where that is not known.
    Raises InstallerFileError for anything that is not exactly as specified.
    """
    head = _exactly(stream, HEAD_SIZE)
    magic, version, index_size, frames_size, sha256, rest = _HEAD.unpack(head)
    if magic != MAGIC:
        raise damaged("no payload begins where it should")
    if version != VERSION:
        raise InstallerFileError(
            f"the payload has version {version}, this keel-builder reads version {VERSION}",
            hint="take a newer keel-builder",
        )
    if not 0 < index_size <= _MAX_INDEX or frames_size >= _NUMBER_END or rest.strip(b"\0"):
        raise damaged("its head is impossible")
    size = HEAD_SIZE + index_size + frames_size
    if available is not None and size > available:
        raise damaged(f"{_CUT}: {size - available} bytes are missing")
    text = _exactly(stream, index_size)
    if hashlib.sha256(text).digest() != sha256:
        raise damaged("its index does not have the SHA-256 that its head names")
    return _parse_index(text, size)


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    while len(data) < size:
        more = stream.read(size - len(data))
        if not more:
            raise damaged(_CUT)
        data += more
    return data


def _parse_index(data: bytes, size: int) -> Index:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise malformed("its index is not UTF-8") from None
    lines = text.split("\n")
    if lines[-2:] != ["end", ""] or any(_CONTROL.search(line) or len(line) > _MAX_LINE for line in lines):
        raise malformed("its index does not end as it should, or holds what is not text")
    facts, frames = lines[: len(_KEYS)], lines[len(_KEYS) : -2]
    values = [_value(key, line) for key, line in zip(_KEYS, facts, strict=False)]
    if len(values) != len(_KEYS) or len(frames) > _MAX_FRAMES:
        raise malformed("its index lacks lines, or has too many")
    name, version, python, platform, files, total, longest, marker = values
    return Index(
        name=name,
        version=version,
        python=python,
        platform=platform,
        files=_number(files),
        bytes=_number(total),
        longest=_number(longest),
        marker=marker,
        frames=_frames(frames, HEAD_SIZE + len(data), size),
        size=size,
    )


def _value(key: str, line: str) -> str:
    found, _, value = line.partition(" ")
    if found != key or not value:
        raise malformed(f"its index has no {key} where it should be")
    return value


def _number(text: str) -> int:
    if not re.fullmatch(r"0|[1-9]\d{0,15}", text, re.ASCII) or int(text) >= _NUMBER_END:
        raise malformed(f"its index has {text[:40]!r} instead of a number")
    return int(text)


def _frames(lines: list[str], start: int, end: int) -> tuple[FrameLine, ...]:
    frames = []
    place = start
    for line in lines:
        match = _FRAME.fullmatch(line)
        if match is None:
            raise malformed("a frame's line in its index is not as it should be")
        offset, size, raw = (_number(match[group]) for group in (2, 3, 4))
        if offset != place or raw % 512:
            raise malformed("the frames in its index are not contiguous, or not tars")
        place += size
        frames.append(FrameLine(sha256=match[1], offset=offset, size=size, raw=raw, stage=int(match[5]), unit=match[6]))
    if place != end or sum(frame.raw for frame in frames) > _MAX_RAW:
        raise malformed("the frames in its index do not fill the payload, or are larger than any base")
    return tuple(frames)


class Budget:
    """What all frames of one reading may keep in memory together."""

    def __init__(self) -> None:
        self._names = self._content = 0  # bytes
        self._lock = threading.Lock()

    def spend(self, entry: Entry, content: bytes | None) -> None:
        with self._lock:
            # An entry costs about so much besides its texts.
            self._names += len(entry.path) + len(entry.link) + 150
            self._content += len(content or b"")
        if self._names > _MAX_NAMES:
            raise malformed("it holds more, or longer, names than any base")

    def allows(self, entry: Entry) -> bool:
        """Whether a file can be kept; asked before it is read."""
        if self._content + entry.size > _MAX_CONTENT:
            raise InstallerFileError(f"{entry.path} is too large to be read: {entry.size} bytes")
        return True


def read_frame(
    stream: IO[bytes],
    line: FrameLine,
    *,
    windows: bool,
    wanted: Callable[[str], bool],
    budget: Budget,
    advance: Callable[[int], None],
) -> FrameContent:
    """Read and check one frame, which begins where `stream` stands: its hash, its size, every entry in it.

    wanted: whether the content of the file at a path is to be kept.  advance: told how many bytes have been read.
    Memory: a window of at most 32 MiB, and what `budget` allows. Raises InstallerFileError.
    """
    source = _Hashing(stream, line.size, advance)
    try:
        tar = _Decompressed(source, line)
        entries, files = [], {}
        for entry, content in read_entries(
            tar, windows=windows, wanted=lambda entry: wanted(entry.path) and budget.allows(entry)
        ):
            budget.spend(entry, content)
            entries.append(entry)
            if content is not None:
                files[entry.path] = content
        tar.check_end()
    except (zstandard.ZstdError, InstallerFileError) as error:
        # Damage looks like anything; a hash that fits means that it was made so.
        source.drain()
        if source.hexdigest() != line.sha256:
            raise damaged(f"a frame of {line.unit} does not have the SHA-256 that its index names") from error
        if isinstance(error, InstallerFileError):
            raise
        raise malformed(f"a frame of {line.unit} cannot be decompressed") from error
    if source.hexdigest() != line.sha256:
        raise damaged(f"a frame of {line.unit} does not have the SHA-256 that its index names")
    return FrameContent(line=line, entries=tuple(entries), files=files)


class _Hashing:
    """The next `size` bytes of a stream, hashed on their way."""

    def __init__(self, stream: IO[bytes], size: int, advance: Callable[[int], None]) -> None:
        self._stream, self.left, self._advance = stream, size, advance
        self._sha256 = hashlib.sha256()
        self.ahead = b""

    def peek(self, size: int) -> bytes:
        """The first bytes, which will be read again."""
        self.ahead = self._take(min(size, self.left))
        return self.ahead

    def read(self, size: int = -1) -> bytes:
        if self.ahead:
            data, self.ahead = self.ahead, b""
            return data
        return self._take(min(self.left, _CHUNK if size < 0 else size))

    def _take(self, size: int) -> bytes:
        data = self._stream.read(size) if size else b""
        if size and not data:
            raise damaged(_CUT)
        self.left -= len(data)
        self._sha256.update(data)
        self._advance(len(data))
        return data

    def drain(self) -> None:
        while self.left:
            self._take(min(self.left, _CHUNK))

    def hexdigest(self) -> str:
        return self._sha256.hexdigest()


class _Decompressed:
    """The tar in a frame: exactly as long as the index says, from a window of at most 32 MiB."""

    def __init__(self, source: _Hashing, line: FrameLine) -> None:
        parameters = zstandard.get_frame_parameters(source.peek(_CHUNK))
        if parameters.content_size != line.raw or parameters.window_size > _MAX_WINDOW or parameters.dict_id:
            raise malformed(f"a frame of {line.unit} is not made as its index says")
        self._source, self._left, self._unit = source, line.raw, line.unit
        decompressor = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW)
        self._stream = decompressor.stream_reader(
            cast("IO[bytes]", source), read_size=_CHUNK, read_across_frames=True, closefd=False
        )

    def read(self, size: int, /) -> bytes:
        data: bytes = self._stream.read(min(size, self._left)) if self._left else b""
        self._left -= len(data)
        return data

    def check_end(self) -> None:
        """Nothing is missing, and nothing follows."""
        if self._left or self._stream.read(1) or self._source.left:
            raise malformed(f"a frame of {self._unit} has another size than its index says")
