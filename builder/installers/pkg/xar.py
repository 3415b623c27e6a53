"""xar, the archive that a package is: a header, a table of contents in XML, and a heap with the files.

Format: docs/pkg-format.md, and https://github.com/apple-oss-distributions/xar. The table holds each file's SHA-1 and
comes first. It is written last: its size is known before its hashes are, since it is not compressed.
"""

import hashlib
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO
from xml.sax.saxutils import escape

from ...errors import OutputError
from .stored import Sink, zlib_stream

_HEADER = struct.Struct(">4sHHQQI")
_SHA1 = 1
_DIGEST_SIZE = 20
# What lies between the table's hash and the first file: an RSA signature of up to 4096 bits and one in CMS (about 10 kB
# with its chain and a time stamp) fit in, without a new place for any file.
ROOM_FOR_SIGNATURES = 16 * 1024 - _DIGEST_SIZE
_CREATED = "2000-01-01T00:00:00"


@dataclass(frozen=True, kw_only=True)
class XarFile:
    """A file of the archive. path: with `/`.  size: in bytes.  write: puts exactly so many into a sink."""

    path: str
    size: int
    write: Callable[[Sink], object]


def data_file(path: str, data: bytes) -> XarFile:
    """A file whose content is at hand."""
    return XarFile(path=path, size=len(data), write=lambda sink: sink.write(data))


def write_xar(files: Sequence[XarFile], stream: IO[bytes]) -> None:
    """Write an archive of `files`, in their order, to a stream that can seek; each file is written once."""
    start = stream.tell()
    size = len(_packed_table(files, ["0" * 2 * _DIGEST_SIZE] * len(files)))
    stream.write(bytes(_HEADER.size + size + _DIGEST_SIZE + ROOM_FOR_SIGNATURES))
    digests = [_write_file(file, stream) for file in files]
    end = stream.tell()
    stream.seek(start)
    table = _table(files, digests)
    packed = zlib_stream(table)
    stream.write(_HEADER.pack(b"xar!", _HEADER.size, 1, len(packed), len(table), _SHA1))
    stream.write(packed)
    stream.write(hashlib.sha1(packed, usedforsecurity=False).digest())
    stream.seek(end)


class _Hashed:
    """Passes everything on to `stream`, and counts and hashes it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.digest = hashlib.sha1(usedforsecurity=False)
        self.size = 0

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        self.size += len(data)
        return self._stream.write(data)


def _write_file(file: XarFile, stream: IO[bytes]) -> str:
    hashed = _Hashed(stream)
    file.write(hashed)
    if hashed.size != file.size:
        raise OutputError(f"{file.path} has {hashed.size} bytes where {file.size} were announced")
    return hashed.digest.hexdigest()


def _packed_table(files: Sequence[XarFile], digests: Sequence[str]) -> bytes:
    return zlib_stream(_table(files, digests))


def _table(files: Sequence[XarFile], digests: Sequence[str]) -> bytes:
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        "<xar>",
        " <toc>",
        '  <checksum style="sha1">',
        f"   <size>{_DIGEST_SIZE}</size>",
        "   <offset>0</offset>",
        "  </checksum>",
        f"  <creation-time>{_CREATED}</creation-time>",
        *_Table(files, digests).lines(),
        " </toc>",
        "</xar>",
    ]
    return "".join(f"{line}\n" for line in lines).encode()


class _Table:
    """The elements of files and folders; a folder is where the first file in it is, and holds all of them."""

    def __init__(self, files: Sequence[XarFile], digests: Sequence[str]) -> None:
        self._data: dict[str, list[str]] = {}
        offset = _DIGEST_SIZE + ROOM_FOR_SIGNATURES
        for file, digest in zip(files, digests, strict=True):
            self._data[file.path] = [
                "<data>",
                f' <archived-checksum style="sha1">{digest}</archived-checksum>',
                f' <extracted-checksum style="sha1">{digest}</extracted-checksum>',
                ' <encoding style="application/octet-stream"/>',
                f" <size>{file.size}</size>",
                f" <offset>{offset}</offset>",
                f" <length>{file.size}</length>",
                "</data>",
            ]
            offset += file.size
        self._number = 0

    def lines(self) -> Iterator[str]:
        return self._folder("", 2)

    def _folder(self, folder: str, depth: int) -> Iterator[str]:
        names = (path.removeprefix(folder).partition("/") for path in self._data if path.startswith(folder))
        for name, slash in dict.fromkeys((name, slash) for name, slash, _ in names):
            self._number += 1
            indent = " " * depth
            yield f'{indent}<file id="{self._number}">'
            yield f"{indent} <name>{escape(name)}</name>"
            yield f"{indent} <type>{'directory' if slash else 'file'}</type>"
            for line in ("<mode>0755</mode>" if slash else "<mode>0644</mode>", *_OWNER):
                yield f"{indent} {line}"
            if slash:
                yield from self._folder(f"{folder}{name}/", depth + 1)
            else:
                yield from (f"{indent} {line}" for line in self._data[folder + name])
            yield f"{indent}</file>"


_OWNER = ("<uid>0</uid>", "<user>root</user>", "<gid>0</gid>", "<group>wheel</group>", f"<mtime>{_CREATED}Z</mtime>")
