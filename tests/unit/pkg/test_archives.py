"""xar, cpio and gzip without compression: read back by programs and libraries of others."""

import gzip
import hashlib
import io
import os
import random
import struct
import subprocess
import xml.etree.ElementTree as ET
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.errors import OutputError
from builder.installers.pkg.cpio import (
    LARGEST_FILE,
    Member,
    archive_size,
    file_member,
    folder_members,
    write_archive,
)
from builder.installers.pkg.stored import GzipWriter, gzip_size, zlib_stream
from builder.installers.pkg.xar import ROOM_FOR_SIGNATURES, XarFile, data_file, write_xar
from tests.conftest import need

TIME = 946_684_800
SIZES = (0, 1, 65_534, 65_535, 65_536, 131_070, 200_000)


def gzipped(pieces: list[bytes]) -> bytes:
    stream = io.BytesIO()
    writer = GzipWriter(stream)
    for piece in pieces:
        writer.write(piece)
    writer.close()
    return stream.getvalue()


@pytest.mark.parametrize("size", SIZES)
def test_gzip_and_zlib_give_back_what_was_stored(size: int) -> None:
    data = random.Random(size).randbytes(size)
    packed = gzipped([data])
    assert gzip.decompress(packed) == data
    assert len(packed) == gzip_size(size)
    assert zlib.decompress(zlib_stream(data)) == data


@given(st.lists(st.binary(max_size=300).map(lambda piece: piece * 300), max_size=5))
@settings(max_examples=30, deadline=None)
def test_gzip_does_not_depend_on_how_the_bytes_arrive(pieces: list[bytes]) -> None:
    assert gzipped(pieces) == gzipped([b"".join(pieces)])


MEMBERS = [
    *folder_members("./Library/Application Support/x", TIME),
    file_member("./Library/Application Support/x/ü\n'", b"data" * 1000, mtime=TIME, executable=True),
    file_member("./Library/Application Support/x/empty", b"", mtime=TIME),
]


def archive(members: list[Member]) -> bytes:
    stream = io.BytesIO()
    write_archive(members, stream)
    assert len(stream.getvalue()) == archive_size(members)
    return stream.getvalue()


@pytest.mark.parametrize("tool", [["cpio", "-idm", "--quiet"], ["bsdtar", "-xpf", "-"]], ids=["cpio", "bsdtar"])
def test_cpio_archives_are_unpacked_by_others(tool: list[str], tmp_path: Path) -> None:
    subprocess.run([need(tool[0]), *tool[1:]], cwd=tmp_path, input=archive(MEMBERS), check=True)
    found = {f"./{path.relative_to(tmp_path)}": path for path in tmp_path.rglob("*")}
    assert set(found) == {member.path for member in MEMBERS} - {"."}
    for member in MEMBERS[1:]:
        status = found[member.path].stat()
        assert status.st_mode == member.mode
        assert found[member.path].is_dir() or int(status.st_mtime) == TIME  # GNU's cpio forgets those of folders
    assert found[MEMBERS[-2].path].read_bytes() == b"data" * 1000


def test_inode_numbers_wrap_and_are_never_zero() -> None:
    members = [Member(path=".", mode=0o040755, mtime=TIME)] * (8**6 + 5)
    data = archive(members)
    numbers = {int(data[place + 12 : place + 18], 8) for place in range(0, len(data) - 88, 78)}
    assert numbers == set(range(1, 8**6))


def test_a_file_of_8_gib_is_refused_and_one_byte_less_is_not() -> None:
    for size in (LARGEST_FILE, LARGEST_FILE + 1):
        member = Member(path="./a", mode=0o100644, mtime=TIME, size=size)
        assert archive_size([member]) > 8**11 - 1
        stream = io.BytesIO()
        if size > LARGEST_FILE:
            with pytest.raises(OutputError, match="8 GiB"):
                write_archive([member], stream)
        else:
            write_archive([member], stream)
            assert stream.getvalue()[65:76] == b"7" * 11


FILES = {"Distribution": b"<x/>", "base.pkg/Payload": os.urandom(70_000), "base.pkg/Bom": b"", "R/a & <ü>": b"page"}


def xar(files: dict[str, bytes], front: bytes = b"") -> bytes:
    stream = io.BytesIO(front)
    stream.seek(len(front))
    write_xar([data_file(path, data) for path, data in files.items()], stream)
    assert stream.tell() == len(stream.getvalue())
    return stream.getvalue()


def test_the_header_is_that_of_xar() -> None:
    data = xar(FILES)
    magic, size, version, packed, plain, kind = struct.unpack(">4sHHQQI", data[:28])
    assert (magic, size, version, kind) == (b"xar!", 28, 1, 1)
    table = zlib.decompress(data[28 : 28 + packed])
    assert len(table) == plain
    assert data[28 + packed : 48 + packed] == hashlib.sha1(data[28 : 28 + packed]).digest()


def entries(data: bytes) -> dict[str, ET.Element]:
    """Path -> element of the table."""
    packed = struct.unpack(">Q", data[8:16])[0]
    root = ET.fromstring(zlib.decompress(data[28 : 28 + packed]))

    def below(element: ET.Element, folder: str) -> dict[str, ET.Element]:
        found = {}
        for file in element.findall("file"):
            path = f"{folder}{file.findtext('name')}"
            found |= below(file, f"{path}/") if file.findtext("type") == "directory" else {path: file}
        return found

    toc = root.find("toc")
    assert toc is not None
    assert [toc.findtext("checksum/size"), toc.findtext("checksum/offset")] == ["20", "0"]
    return below(toc, "")


def test_every_file_lies_where_the_table_says_with_the_hashes_that_it_says() -> None:
    data = xar(FILES)
    heap = 28 + struct.unpack(">Q", data[8:16])[0]
    ends = []
    assert list(entries(data)) == list(FILES)
    for path, file in entries(data).items():
        offset, length = int(file.findtext("data/offset", "")), int(file.findtext("data/length", ""))
        content = data[heap + offset : heap + offset + length]
        assert content == FILES[path]
        assert length == int(file.findtext("data/size", ""))
        for kind in ("archived-checksum", "extracted-checksum"):
            assert file.findtext(f"data/{kind}") == hashlib.sha1(content).hexdigest()
        ends.append(heap + offset + length)
    assert ends[-1] == len(data)


def test_there_is_room_for_signatures_before_the_first_file() -> None:
    data = xar(FILES)
    assert min(int(file.findtext("data/offset", "")) for file in entries(data).values()) == 16 * 1024
    heap = 28 + struct.unpack(">Q", data[8:16])[0]
    assert data[heap + 20 : heap + 20 + ROOM_FOR_SIGNATURES] == bytes(ROOM_FOR_SIGNATURES)


def signed(data: bytes) -> bytes:
    """What a signing tool makes of an archive, with signatures of the usual sizes that mean nothing."""
    packed = struct.unpack(">Q", data[8:16])[0]
    heap = data[28 + packed :]
    root = ET.fromstring(zlib.decompress(data[28 : 28 + packed]))
    toc = root.find("toc")
    assert toc is not None
    sizes = {"signature": ("RSA", 20, 512), "x-signature": ("CMS", 532, 12_000)}
    for number, (tag, (style, offset, size)) in enumerate(sizes.items(), 2):
        element = ET.Element(tag, style=style)
        ET.SubElement(element, "offset").text = str(offset)
        ET.SubElement(element, "size").text = str(size)
        ET.SubElement(element, "KeyInfo").text = "certificates" * 1000
        toc.insert(number, element)
    table = ET.tostring(root, encoding="UTF-8", xml_declaration=True)
    again = zlib.compress(table)
    head = struct.pack(">4sHHQQI", b"xar!", 28, 1, len(again), len(table), 1)
    signatures = b"s" * (512 + 12_000)
    return head + again + hashlib.sha1(again).digest() + signatures + heap[20 + len(signatures) :]


def test_a_signature_fits_in_without_a_new_place_for_any_file(tmp_path: Path) -> None:
    before, after = xar(FILES), signed(xar(FILES))

    def offsets(data: bytes) -> list[str | None]:
        return [file.findtext("data/offset") for file in entries(data).values()]

    assert offsets(before) == offsets(after)
    (tmp_path / "x.pkg").write_bytes(after)
    subprocess.run([need("7zz"), "t", tmp_path / "x.pkg"], check=True, stdout=subprocess.DEVNULL)
    for path, content in FILES.items():
        read = subprocess.run([need("bsdtar"), "-xOf", tmp_path / "x.pkg", path], capture_output=True, check=True)
        assert read.stdout == content


def test_an_archive_can_follow_something_else_in_its_file() -> None:
    assert xar(FILES, b"front") == b"front" + xar(FILES)


@pytest.mark.parametrize("tool", ["bsdtar", "7zz"])
def test_xar_archives_are_unpacked_by_others(tool: str, tmp_path: Path) -> None:
    (tmp_path / "x.pkg").write_bytes(xar(FILES))
    out = tmp_path / "out"
    out.mkdir()
    command = ["-xf", "../x.pkg"] if tool == "bsdtar" else ["x", "-bso0", "../x.pkg"]
    subprocess.run([need(tool), *command], cwd=out, check=True)
    found = {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    found.pop("[TOC].xml", None)  # 7-Zip's view of the table
    assert found == FILES


def test_a_file_that_is_not_as_large_as_announced_is_an_error() -> None:
    with pytest.raises(OutputError, match="announced"):
        write_xar([XarFile(path="x", size=3, write=lambda sink: sink.write(b"12"))], io.BytesIO())


def test_sizes_over_4_gib_are_plain_numbers_of_the_table() -> None:
    class Nowhere(io.RawIOBase):
        """Counts, and keeps what is written at the front."""

        def __init__(self) -> None:
            self.place, self.front = 0, bytearray(40_000)

        def write(self, data: bytes) -> int:  # type: ignore[override]
            if self.place < len(self.front):
                self.front[self.place : self.place + len(data)] = data[: len(self.front) - self.place]
            self.place += len(data)
            return len(data)

        def tell(self) -> int:
            return self.place

        def seek(self, place: int, whence: int = 0) -> int:
            self.place = place
            return place

    class Huge(bytes):
        """Pretends to be larger than any memory."""

        def __len__(self) -> int:
            return 5 * 2**30

    stream = Nowhere()
    large = XarFile(path="large", size=5 * 2**30, write=lambda sink: sink.write(Huge()))
    write_xar([large, data_file("behind", b"x")], stream)  # type: ignore[arg-type]
    found = entries(bytes(stream.front))
    assert found["large"].findtext("data/size") == str(5 * 2**30)
    assert found["behind"].findtext("data/offset") == str(16 * 1024 + 5 * 2**30)
