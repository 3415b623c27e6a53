"""Portable archives of Windows bases: unpacked anywhere, linked by their first `keel` (or `install.bat`).

A .7z cannot hold hard links, so it holds the store once, and `keel-meta/unlinked.json` in place of the manifest
(`keel/portable.py`). Everything else is what an installer would lay down before its links, below one folder.

py7zr compresses in one thread, in the order given, and takes all times from here: the same payload is the same bytes.
"""

import io
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import IO, Any, cast

import py7zr
import zstandard
from py7zr.helpers import ArchiveTimestamp

from keel.manifest import MANIFEST
from keel.portable import UNLINKED

from ..errors import BuilderError
from ..frames import Frame
from ..payload import Payload
from ..resources import TEMPLATES
from ..target import Target
from .facts import InstallerFacts

_INSTALL = TEMPLATES / "windows" / "portable" / "install.bat"
# Dictionaries of 16 MiB ("fast": 4 MiB); whoever unpacks needs as much memory.
_FILTERS = {
    "best": [{"id": py7zr.FILTER_X86}, {"id": py7zr.FILTER_LZMA2, "preset": 9, "dict_size": 16 << 20}],
    "fast": [{"id": py7zr.FILTER_X86}, {"id": py7zr.FILTER_LZMA2, "preset": 1, "dict_size": 4 << 20}],
}
_TIMES = ("creationtime", "lastwritetime", "lastaccesstime")


def filename(target: Target) -> str:
    """`Starter-2026.11-py311-Windows-x86_64.7z`; raises BuilderError for a target that is not Windows."""
    if not target.platform.is_windows:
        raise BuilderError(
            f"{target.platform.name} has no 7z archives: they are for Windows", hint="take the format sh"
        )
    return f"{target.stem}.7z"


def check(download_bytes: int) -> None:
    """An archive may be as large as a file can be."""


def write(payload: Payload, target: Target, facts: InstallerFacts, stream: IO[bytes]) -> None:
    """Write the archive of `target`."""
    del facts
    top = target.stem
    with py7zr.SevenZipFile(cast(Any, stream), "w", filters=_FILTERS[target.recipe.compression]) as archive:
        newest = 0
        for name, data, mtime in _files(payload):
            newest = max(newest, mtime)
            _add(archive, f"{top}/{name}", data, mtime)
        _add(archive, f"{top}/install.bat", _INSTALL.read_bytes(), newest)


def _files(payload: Payload) -> Iterator[tuple[str, bytes, int]]:
    """(path, content, time in seconds since 1970) of all but the base's links and what is generated with them."""
    for frame in payload.frames:
        if frame.stage == 0 or MANIFEST in frame.paths:
            yield from _members(frame)


def _members(frame: Frame) -> Iterator[tuple[str, bytes, int]]:
    with (
        frame.file.open("rb") as packed,
        zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(packed) as stream,
        tarfile.open(fileobj=cast(IO[bytes], stream), mode="r|") as tar,
    ):
        for member in tar:
            content = tar.extractfile(member) if member.isfile() else None
            if content is not None:
                name = UNLINKED if member.name == MANIFEST else member.name
                yield name, content.read(), int(member.mtime)


def _add(archive: py7zr.SevenZipFile, name: str, data: bytes, mtime: int) -> None:
    archive.writef(io.BytesIO(data), name)
    entry = archive.header.files_info.files[-1]
    for key in _TIMES:
        entry[key] = ArchiveTimestamp.from_datetime(datetime.fromtimestamp(mtime, UTC).timestamp())
