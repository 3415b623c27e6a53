"""Frames: a deterministic tar, compressed by zstd, made once and then taken from the cache.

The bytes of a frame depend on its slice's key, the version of libzstd and the compression's parameters, and on
nothing else: not on the clock, the user, the number of threads or the order in which frames are made.
"""

import hashlib
import json
import shutil
import tarfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, wait
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Protocol, TypeVar

import zstandard

from .cache import Cache
from .units import Entry, Slice, digest

_Result = TypeVar("_Result")

RAW_SIZE = 32 * 2**20
_BLOCK = tarfile.BLOCKSIZE
_CHUNK = 2**20


@dataclass(frozen=True, kw_only=True)
class Compression:
    """Parameters of zstd; they decide its memory, too. `window_log`: at most 25 (docs/payload-format.md)."""

    level: int
    window_log: int
    hash_log: int


COMPRESSIONS = {
    "fast": Compression(level=6, window_log=22, hash_log=20),
    # Above level 20 memory grows out of all proportion. About 200 MB for each thread.
    "best": Compression(level=20, window_log=25, hash_log=22),
}


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One frame and what the index says of it.

    sha256, size: of the compressed bytes.  raw: bytes of tar.  bytes: of the regular files in it.  paths: of everything
    in it but folders.  file: where the compressed bytes lie.
    """

    unit: str
    stage: int
    sha256: str
    size: int
    raw: int
    bytes: int
    paths: tuple[str, ...]
    file: Path


class Sink(Protocol):
    def write(self, data: bytes, /) -> object: ...


def frame_key(piece: Slice, compression: Compression) -> str:
    """What decides the bytes of a slice's frames: their name in the cache."""
    return digest("frames", piece.unit, piece.stage, piece.key, zstandard.ZSTD_VERSION, compression, RAW_SIZE)


def pack(piece: Slice, cache: Cache, compression: Compression, pool: Executor | None = None) -> list[Frame]:
    """The frames of one slice, from the cache or made now: in `pool`, one thread for a frame, else one by one."""
    folder = cache.folder(
        "frames", frame_key(piece, compression), lambda made: _make(piece, made, compression, pool or _Inline())
    )
    described = json.loads((folder / "frames.json").read_text(encoding="utf-8"))
    return [Frame(**{**one, "paths": tuple(one["paths"]), "file": folder / one["file"]}) for one in described]


class _Inline(Executor):
    """Runs everything at once, in the caller's thread."""

    def submit(self, work: Callable[..., _Result], /, *arguments: Any, **more: Any) -> Future[_Result]:
        future: Future[_Result] = Future()
        future.set_result(work(*arguments, **more))
        return future


def _make(piece: Slice, folder: Path, compression: Compression, pool: Executor) -> None:
    groups = list(_split(piece.entries()))
    futures = [
        pool.submit(_write_frame, piece, entries, folder / f"{number}.tar.zst", compression)
        for number, entries in enumerate(groups)
    ]
    try:
        frames = [future.result() for future in futures]
    except BaseException:
        for future in futures:
            future.cancel()
        wait(futures)  # the folder is about to be removed
        raise
    described = [{**asdict(frame), "file": frame.file.name} for frame in frames]
    (folder / "frames.json").write_text(json.dumps(described), encoding="utf-8")


def _split(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Consecutive groups of about RAW_SIZE; a file is never divided."""
    group: list[Entry] = []
    size = 0
    for entry in entries:
        if group and size + entry.size > RAW_SIZE:
            yield group
            group, size = [], 0
        group.append(entry)
        size += entry.size + 2 * _BLOCK
    if group:
        yield group


def _write_frame(piece: Slice, entries: list[Entry], file: Path, compression: Compression) -> Frame:
    headers = [_header(entry) for entry in entries]
    raw = sum(len(header) + _padded(entry.size) for header, entry in zip(headers, entries, strict=True))
    compressor = zstandard.ZstdCompressor(compression_params=_parameters(compression, raw))
    with file.open("wb") as stream:
        # Not a context of its own: it would complain about the size when an entry's own error is on its way.
        sink = compressor.stream_writer(stream, size=raw, closefd=False)
        for header, entry in zip(headers, entries, strict=True):
            sink.write(header)
            _copy_content(entry, sink)
        sink.flush(zstandard.FLUSH_FRAME)
    with file.open("rb") as packed:
        sha256 = hashlib.file_digest(packed, "sha256").hexdigest()
    return Frame(
        unit=piece.unit,
        stage=piece.stage,
        sha256=sha256,
        size=file.stat().st_size,
        raw=raw,
        bytes=sum(entry.size for entry in entries),
        paths=tuple(entry.path for entry in entries if not entry.path.endswith("/")),
        file=file,
    )


def _parameters(compression: Compression, raw: int) -> zstandard.ZstdCompressionParameters:
    # A window larger than the frame would only cost memory on both sides.
    window_log = max(10, min(compression.window_log, (raw - 1).bit_length()))
    return zstandard.ZstdCompressionParameters.from_level(
        compression.level,
        source_size=raw,
        window_log=window_log,
        hash_log=min(compression.hash_log, window_log),
        write_content_size=True,
        write_checksum=False,
    )


def _header(entry: Entry) -> bytes:
    """The tar header (ustar, with a pax header where a path needs one) of an entry."""
    info = tarfile.TarInfo(entry.path)
    info.mode, info.mtime, info.size = entry.mode, entry.mtime, entry.size
    if entry.link is not None:
        info.type, info.linkname = tarfile.LNKTYPE, entry.link
    elif entry.symlink is not None:
        info.type, info.linkname = tarfile.SYMTYPE, entry.symlink
    elif entry.path.endswith("/"):
        info.type = tarfile.DIRTYPE
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "strict")


def _padded(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


def _copy_content(entry: Entry, sink: Sink) -> None:
    """Exactly `entry.size` bytes and padding; whatever the source, in equal chunks."""
    if entry.open is None:
        return
    copied = 0
    with entry.open() as source:
        while chunk := source.read(_CHUNK):
            copied += len(chunk)
            sink.write(chunk)
    if copied != entry.size:
        raise OSError(f"{entry.path} has {copied} bytes where {entry.size} were announced")
    sink.write(b"\0" * (_padded(copied) - copied))


def copy_frame(frame: Frame, stream: IO[bytes]) -> bool:
    """Append the frame to `stream`; False if the bytes in the cache are not those that were packed."""
    hasher = hashlib.sha256()
    with frame.file.open("rb") as source:
        while chunk := source.read(_CHUNK):
            hasher.update(chunk)
            stream.write(chunk)
    return hasher.hexdigest() == frame.sha256


def forget(frame: Frame) -> None:
    """Remove a frame's folder from the cache, so that the next build makes it again."""
    folder = frame.file.parent
    # Its name promises completeness, so it goes first.
    doomed = folder.rename(folder.with_name(f".{folder.name}.tmp"))
    shutil.rmtree(doomed)
