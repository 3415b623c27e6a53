"""The payload of a package for macOS: xar, in it a gzipped cpio (`…/Payload`), in it the payload file.

xar: https://github.com/apple-oss-distributions/xar, as far as builder/installers/pkg/xar.py describes it.
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
from .cpio import PayloadFile, payload_in, pieces
from .payload import damaged

MARK = b"xar!"
_HEAD = struct.Struct(">4sHHQQI")
_LARGEST_TOC = 2**24
_CHUNK = 2**18
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
    """members: all files of the package.  payload: the one that holds the payload.  heap: where its parts begin,
    behind the checksum of its table of contents.  signed: whether it says so."""

    path: Path
    members: tuple[Member, ...]
    payload: Member
    heap: int
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

    def _open(self) -> PayloadFile:
        stream = payload_in(self.path, self.payload.place, self.payload.size)
        if stream is None:  # it was there a moment ago
            raise damaged("it is being changed")
        return stream

    def check(self, payload_size: int) -> list[str]:
        for member in self.members:
            hasher = hashlib.new(member.style)
            with self.path.open("rb") as stream:
                stream.seek(member.place)
                for piece in pieces(stream, member.size):
                    hasher.update(piece)
            if hasher.hexdigest() != member.checksum:
                raise damaged(f"{member.name} in it does not have the checksum that its table of contents names")
        if not self.signed:
            self._check_gaps()
        with self._open() as payload:
            if payload.size != payload_size:
                raise damaged("its payload has another size than it says")
        return ["signed (the signature itself was not checked)"] if self.signed else []

    def _check_gaps(self) -> None:
        """The room that was left for a signature holds nothing, nor does any other."""
        place = self.heap
        with self.path.open("rb") as stream:
            for member in sorted(self.members, key=lambda member: member.place):
                stream.seek(place)
                if any(piece.strip(b"\0") for piece in pieces(stream, max(0, member.place - place))):
                    raise damaged(f"the bytes before {member.name} in it belong to nothing")
                place = max(place, member.place + member.size)
            stream.seek(place)
            if stream.read(1):
                raise damaged("something follows its last part")


def _toc_end(heap: int, toc: ElementTree.Element) -> int:
    """Behind the checksum of the table of contents."""
    return heap + _number(toc.findtext("checksum/offset")) + _number(toc.findtext("checksum/size"))


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
    return PackageInstaller(
        path=path, members=members, payload=_find_payload(path, members), heap=_toc_end(heap, tree), signed=signed
    )


def _find_payload(path: Path, members: Iterable[Member]) -> Member:
    """Of the components' archives the one with the payload; other components are small."""
    archives = [member for member in members if member.name.rpartition("/")[2] == "Payload"]
    for archive in sorted(archives, key=lambda member: -member.size):
        payload = payload_in(path, archive.place, archive.size)
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
