"""gzip and zlib streams that hold their data as it is.

What goes into a package has been compressed already; and unlike the output of any compressor, these bytes depend on
no version of zlib, and their size is known before the data is. Formats: RFC 1950, 1951 (3.2.4) and 1952.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Protocol

_LARGEST_BLOCK = 65_535
_LAST_BLOCK = b"\x01\0\0\xff\xff"
# Deflate, no flags, no time, no level, an unknown system.
_GZIP_HEAD = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"


class Sink(Protocol):
    """What can be written to."""

    def write(self, data: bytes, /) -> object: ...


class GzipWriter:
    """Writes a gzip stream to `sink`; `close` ends it, and leaves the sink open."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._crc = 0
        self._size = 0
        self._waiting = b""
        sink.write(_GZIP_HEAD)

    def write(self, data: bytes) -> int:
        self._crc = zlib.crc32(data, self._crc)
        self._size += len(data)
        whole = self._waiting + data
        end = len(whole) // _LARGEST_BLOCK * _LARGEST_BLOCK
        for start in range(0, end, _LARGEST_BLOCK):
            self._write_block(whole[start : start + _LARGEST_BLOCK])
        self._waiting = whole[end:]
        return len(data)

    def close(self) -> None:
        if self._waiting:
            self._write_block(self._waiting)
        self._sink.write(_LAST_BLOCK + struct.pack("<II", self._crc, self._size % 2**32))

    def _write_block(self, data: bytes) -> None:
        self._sink.write(_block_head(len(data)) + data)


def gzip_size(size: int) -> int:
    """Bytes of a stream of GzipWriter that holds `size` bytes."""
    blocks = -(-size // _LARGEST_BLOCK)
    return len(_GZIP_HEAD) + size + blocks * len(_block_head(0)) + len(_LAST_BLOCK) + 8


def zlib_stream(data: bytes) -> bytes:
    """A zlib stream of `data`."""
    return b"".join([b"\x78\x01", *_blocks(data), _LAST_BLOCK, struct.pack(">I", zlib.adler32(data))])


def _blocks(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), _LARGEST_BLOCK):
        block = data[start : start + _LARGEST_BLOCK]
        yield _block_head(len(block)) + block


def _block_head(size: int) -> bytes:
    return struct.pack("<BHH", 0, size, size ^ 0xFFFF)
