"""The payload of a package for macOS: xar, in it a gzipped cpio (`…/Payload`), in it the payload file.

xar: https://github.com/mackyle/xar/wiki/xarformat; cpio's "odc" format: POSIX.1-1988, `pax`, "cpio Interchange Format".
Nothing in it can be reached without unpacking what lies before it: such a file is read from its beginning, once.
"""

import hashlib
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast
from xml.etree import ElementTree

from ..errors import InstallerFileError
from ..payload import MAGIC
from .payload import damaged

MARK = b"xar!"
_HEAD = struct.Struct(">4sHHQQI")
_LARGEST_TOC = 2**24
_CHUNK = 2**18
_CPIO_HEADER, _CPIO_MAGIC, _CPIO_END = 76, b"070707", b"TRAILER!!!\0"
_LONGEST_NAME = 4096
_CHECKSUMS = {"sha1", "sha256", "sha512"}
NO_INSTALLER = "it is a package, and no installer that Keel made"


@dataclass(frozen=True, kw_only=True)
class Member:
    """A file in a xar.  place, size: of its bytes in the archive.  style, checksum: of those bytes."""

    name: str
    place: int
    size: int
    style: str
    checksum: str


@dataclass(frozen=True, kw_only=True)
class PackageInstaller:
    """members: all files of the package.  payload: the one that holds the payload.  signed: whether it says so."""

    path: Path
    members: tuple[Member, ...]
    payload: Member
    signed: bool

    @property
    def format(self) -> str:
        return "pkg"

    @property
    def available(self) -> None:
        return None

    @property
    def seekable(self) -> bool:
        return False

    def open(self, offset: int = 0) -> IO[bytes]:
        stream = self._open()
        while offset:
            skipped = len(stream.read(min(offset, _CHUNK)))
            if not skipped:
                raise damaged("it is cut off")
            offset -= skipped
        return cast("IO[bytes]", stream)

    def _open(self) -> "_Payload":
        stream = _payload_in(self.path, self.payload)
        if stream is None:  # it was there a moment ago
            raise damaged("it is being changed")
        return stream

    def check(self, payload_size: int) -> list[str]:
        for member in self.members:
            hasher = hashlib.new(member.style)
            with self.path.open("rb") as stream:
                stream.seek(member.place)
                for piece in _pieces(stream, member.size):
                    hasher.update(piece)
            if hasher.hexdigest() != member.checksum:
                raise damaged(f"{member.name} in it does not have the checksum that its table of contents names")
        with self._open() as payload:
            if payload.size != payload_size:
                raise damaged("its payload has another size than it says")
        return ["signed (the signature itself was not checked)"] if self.signed else []


def find_in_package(path: Path, head: bytes, size: int) -> PackageInstaller:
    """head: the file's first bytes.  size: of the file. Raises InstallerFileError."""
    try:
        _, head_size, version, packed, unpacked, _ = _HEAD.unpack_from(head)
    except struct.error:
        raise damaged("it is cut off") from None
    if version != 1 or head_size < _HEAD.size or max(packed, unpacked) > _LARGEST_TOC or head_size + packed > size:
        raise damaged("its head is impossible")
    with path.open("rb") as stream:
        stream.seek(head_size)
        toc = stream.read(packed)
    tree = _parse_toc(toc, unpacked)
    heap = head_size + packed
    _check_toc(tree, path, toc, heap)
    members = tuple(_members(tree, "", heap, size))
    signed = tree.find("signature") is not None or tree.find("x-signature") is not None
    return PackageInstaller(path=path, members=members, payload=_find_payload(path, members), signed=signed)


def _find_payload(path: Path, members: Iterable[Member]) -> Member:
    """Of the components' archives the one with the payload; other components are small."""
    archives = [member for member in members if member.name.rpartition("/")[2] == "Payload"]
    for archive in sorted(archives, key=lambda member: -member.size):
        payload = _payload_in(path, archive)
        if payload is not None:
            payload.close()
            return archive
    raise InstallerFileError(f"{path}: {NO_INSTALLER}")


def _parse_toc(packed: bytes, unpacked: int) -> ElementTree.Element:
    """The element `toc`."""
    inflater = zlib.decompressobj()
    try:
        text = inflater.decompress(packed, unpacked + 1)
    except zlib.error:
        raise damaged("its table of contents cannot be decompressed") from None
    # No table of contents declares entities, through which a small one could become endless.
    if len(text) != unpacked or not inflater.eof or b"<!" in text:
        raise damaged("its table of contents is not what its head announces")
    try:
        toc = ElementTree.fromstring(text).find("toc")  # noqa: S314  # bounded, and without declarations
    except ElementTree.ParseError:
        toc = None
    if toc is None:
        raise damaged("its table of contents cannot be read")
    return toc


def _check_toc(tree: ElementTree.Element, path: Path, toc: bytes, heap: int) -> None:
    """The checksum of the compressed table of contents lies in the heap, where the table says."""
    checksum = tree.find("checksum")
    style = "" if checksum is None else checksum.get("style", "")
    place, size = (_number(tree.findtext(f"checksum/{key}")) for key in ("offset", "size"))
    if style not in _CHECKSUMS or size > 64:
        raise damaged("its table of contents has no checksum")
    with path.open("rb") as stream:
        stream.seek(heap + place)
        if stream.read(size) != hashlib.new(style, toc).digest():
            raise damaged("its table of contents does not have the checksum that lies beside it")


def _number(text: str | None) -> int:
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 15:
        raise damaged("its table of contents has something else where a number should be")
    return int(text)


def _members(element: ElementTree.Element, folder: str, heap: int, size: int) -> Iterator[Member]:
    for file in element.findall("file"):
        name = f"{folder}{file.findtext('name', '')}"
        if file.findtext("type") == "directory":
            if name.count("/") > 16:
                raise damaged("its table of contents is nested too deeply")
            yield from _members(file, f"{name}/", heap, size)
            continue
        checksum = file.find("data/archived-checksum")
        member = Member(
            name=name,
            place=heap + _number(file.findtext("data/offset")),
            size=_number(file.findtext("data/length")),
            style="" if checksum is None else checksum.get("style", ""),
            checksum="" if checksum is None else (checksum.text or "").strip().lower(),
        )
        if member.place + member.size > size:
            raise damaged(f"it is cut off within {name}")
        if member.style not in _CHECKSUMS:
            raise damaged(f"{name} in it has no checksum")
        yield member


def _pieces(stream: IO[bytes], size: int) -> Iterator[bytes]:
    while size:
        piece = stream.read(min(size, _CHUNK))
        if not piece:
            raise damaged("it is cut off")
        size -= len(piece)
        yield piece


class _Inflated:
    """The gunzipped bytes of a stretch of a file, read in order and never more at once than asked for."""

    def __init__(self, path: Path, member: Member) -> None:
        self._file = path.open("rb")
        self._file.seek(member.place)
        self._source = _pieces(self._file, member.size)
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


class _Payload:
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

    def __enter__(self) -> "_Payload":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._inflated.close()


def _payload_in(path: Path, member: Member) -> _Payload | None:
    """The file in the cpio that begins like a payload, opened; None without one. Raises InstallerFileError."""
    inflated = _Inflated(path, member)
    try:
        while True:
            header = inflated.exactly(_CPIO_HEADER)
            if header[:6] != _CPIO_MAGIC or header.strip(b"01234567"):
                raise damaged("its Payload is not a cpio archive")
            name_size, size = int(header[59:65], 8), int(header[65:76], 8)
            if name_size > _LONGEST_NAME:
                raise damaged("its Payload has an endless name")
            name = inflated.exactly(name_size)
            start = inflated.exactly(min(size, len(MAGIC)))
            if start == MAGIC:
                return _Payload(inflated, start, size)
            if name == _CPIO_END:
                inflated.close()
                return None
            left = size - len(start)
            while left:
                left -= len(inflated.exactly(min(left, _CHUNK)))
    except BaseException:
        inflated.close()
        raise
