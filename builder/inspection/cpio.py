"""A payload file inside of a gzipped cpio, which is what a package of macOS holds it in.

cpio's "odc" format: https://pubs.opengroup.org/onlinepubs/007908799/xcu/pax.html ("cpio Interchange Format").
"""

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from ..payload import MAGIC
from .payload import damaged

_CHUNK = 2**18
_CPIO_HEADER, _CPIO_MAGIC, _CPIO_END = 76, b"070707", b"TRAILER!!!\0"
_LONGEST_NAME = 4096


def pieces(stream: IO[bytes], size: int) -> Iterator[bytes]:
    """The next `size` bytes of a file. Raises InstallerFileError where there are fewer."""
    while size:
        piece = stream.read(min(size, _CHUNK))
        if not piece:
            raise damaged("it is cut off")
        size -= len(piece)
        yield piece


class _Inflated:
    """The gunzipped bytes of a stretch of a file, read in order and never more at once than asked for."""

    def __init__(self, path: Path, place: int, size: int) -> None:
        self._file = path.open("rb")
        self._file.seek(place)
        self._source = pieces(self._file, size)
        self._inflater = zlib.decompressobj(wbits=31)

    def read(self, size: int) -> bytes:
        try:
            while size and not self._inflater.eof:
                packed = self._inflater.unconsumed_tail or next(self._source, b"")
                data = self._inflater.decompress(packed, size)
                if data:
                    return data
                if not packed:
                    raise damaged("its Payload is cut off")
        except zlib.error:
            raise damaged("its Payload cannot be decompressed") from None
        return b""

    def exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = self.read(size - len(data))
            if not piece:
                raise damaged("its Payload is cut off")
            data += piece
        return data

    def close(self) -> None:
        self._file.close()


class PayloadFile:
    """The payload file within a cpio, from its first byte on.  size: of the whole file in bytes."""

    def __init__(self, inflated: _Inflated, start: bytes, size: int) -> None:
        self._inflated, self._start, self._left, self.size = inflated, start, size - len(start), size

    def read(self, size: int = -1) -> bytes:
        wanted = self._left + len(self._start) if size < 0 else size
        if self._start:
            data, self._start = self._start[:wanted], self._start[wanted:]
            return data
        data = self._inflated.read(min(wanted, self._left))
        self._left -= len(data)
        return data

    def __enter__(self) -> "PayloadFile":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._inflated.close()


def payload_in(path: Path, place: int, size: int) -> PayloadFile | None:
    """The file that begins like a payload, in the gzipped cpio of `size` bytes at `place` in a file; None without one.

    Raises InstallerFileError.
    """
    inflated = _Inflated(path, place, size)
    try:
        while True:
            header = inflated.exactly(_CPIO_HEADER)
            if header[:6] != _CPIO_MAGIC or header.strip(b"01234567"):
                raise damaged("its Payload is not a cpio archive")
            name_size, content = int(header[59:65], 8), int(header[65:76], 8)
            if name_size > _LONGEST_NAME:
                raise damaged("its Payload has an endless name")
            name = inflated.exactly(name_size)
            start = inflated.exactly(min(content, len(MAGIC)))
            if start == MAGIC:
                return PayloadFile(inflated, start, content)
            if name == _CPIO_END:
                inflated.close()
                return None
            left = content - len(start)
            while left:
                left -= len(inflated.exactly(min(left, _CHUNK)))
    except BaseException:
        inflated.close()
        raise
