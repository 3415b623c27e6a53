"""Damaged, foreign and hostile files: a clear error, never a traceback, never endless memory."""

import contextlib
import gzip
import io
import random
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.errors import BuilderError
from builder.inspection import InstallerFileError, open_installer
from builder.installers.portable_executable import Checksum, checksum_place
from tests.unit.engine.payload_maker import FramePlan, Item, Plan, file, hard_link, pax_record, symbolic_link

from .making import FORMATS, Making, package_files, xar

MANIFEST = "keel-meta/manifest.json"


def examine(path: Path) -> None:
    """All that inspection can do with a file."""
    with open_installer(path) as installer:
        installer.verify()
        assert installer.packages is not None
        installer.paths()


def program_around(payload: bytes, making: Making) -> bytes:
    """A whole installer for Windows with these bytes as its payload; its checksum is not mended."""
    whole = making.write("exe", "around.exe").read_bytes()
    return whole[: whole.rindex(b"\x89KEEL\r\n\x1a")] + payload


def refused(path: Path, data: bytes, match: str) -> None:
    path.write_bytes(data)
    with pytest.raises(InstallerFileError, match=match) as caught:
        examine(path)
    assert caught.value.exit_code == 10


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"", "empty"),
        (b"\x7fELF" + bytes(5000), "no installer"),
        (b"\n<!DOCTYPE html><html>404", "web page"),
        (b"#!/bin/sh\necho hello\n", "no installer"),
        (b"MZ" + bytes(5000), "no installer"),
        (b"MZ" + bytes(58) + b"\xff\xff\xff\xff", "no installer"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(100), "damaged"),
        (b"xar!" + bytes(100), "damaged"),
        (b"xar!", "damaged"),
    ],
)
def test_what_is_no_installer_is_said_to_be_none(tmp_path: Path, data: bytes, match: str) -> None:
    refused(tmp_path / "it's è.sh", data, match)


def test_a_folder_and_a_missing_file_are_no_installers(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(InstallerFileError, match="cannot be read"):
            open_installer(path)


@pytest.mark.parametrize("format", FORMATS)
def test_a_cut_off_installer_is_damaged(format: str, installers: dict[str, Path], tmp_path: Path) -> None:
    data = installers[format].read_bytes()
    for size in (len(data) - 1, len(data) // 2, len(data) // 3, 40, 7):
        path = tmp_path / f"cut.{format}"
        path.write_bytes(data[:size])
        with pytest.raises(InstallerFileError):
            examine(path)


@pytest.mark.parametrize("format", FORMATS)
def test_every_changed_byte_is_found(format: str, installers: dict[str, Path], tmp_path: Path) -> None:
    """Random places; the seed is fixed, so that a failure comes again."""
    data = installers[format].read_bytes()
    path = tmp_path / f"changed.{format}"
    chance = random.Random(5)
    for _ in range(60):
        place = chance.randrange(len(data))
        changed = bytearray(data)
        changed[place] ^= 1 << chance.randrange(8)
        path.write_bytes(changed)
        try:
            examine(path)
        except BuilderError:
            continue
        # Nothing checks the words of a script's first block, and LZMA's last bytes mean nothing.
        assert format in ("sh", "7z")
        assert format == "7z" or place < 4096


def test_converted_line_ends_are_named(installers: dict[str, Path], tmp_path: Path) -> None:
    refused(tmp_path / "x.sh", installers["sh"].read_bytes().replace(b"\n", b"\r\n"), "line ends")


def test_bytes_behind_the_payload_are_refused(installers: dict[str, Path], tmp_path: Path) -> None:
    refused(tmp_path / "x.exe", installers["exe"].read_bytes() + bytes(8), "not a signature")
    refused(tmp_path / "x.sh", installers["sh"].read_bytes() + b"\n", "it has .* bytes, and should have")


def plan(*items: Item, **more: object) -> Plan:
    return Plan(frames=[FramePlan(items=[*items, file(MANIFEST, b"{}")], **more)], platform="windows-x86_64")  # type: ignore[arg-type]


HOSTILE = {
    "parent": (plan(file("../x")), "'..'"),
    "absolute": (plan(file("/etc/x")), "absolute"),
    "backslash": (plan(file("a\\b")), "backslash"),
    "control": (plan(file("a\nb")), "control"),
    "device": (plan(file("lib/AUX.txt")), "Windows"),
    "long name": (plan(file("a" * 256)), "255"),
    "deep": (plan(file("a/" * 128 + "b")), "too long"),
    "not utf-8": (plan(Item(path=b"\xff\xfe")), "UTF-8"),
    "device file": (plan(Item(path=b"dev", kind=b"3")), "neither"),
    "mode": (plan(file("a", mode=0o4755)), "mode"),
    "link out": (plan(symbolic_link("a/b", "../../x")), "leaves the tree"),
    "hard link out": (plan(hard_link("a", "../x")), "leaves the tree"),
    "dangling hard link": (plan(hard_link("a", "missing")), "no file in it"),
    "twice": (plan(file("a"), file("a")), "twice"),
    "checksum": (plan(Item(path=b"a", checksum=1)), "ustar"),
    "size beyond": (plan(Item(path=b"a", size=10**9)), "ends within"),
    "long pax": (plan(Item(path=b"a", pax=pax_record(b"path", b"b" * 20_000))), "too long"),
    "other pax": (plan(Item(path=b"a", pax=pax_record(b"size", b"99999999"))), "other than a path"),
    "content of a link": (plan(Item(path=b"a", kind=b"2", link=b"b", content=b"x")), "content"),
    "raw": (plan(file("a"), claimed_raw=2**40), "not made as its index says|larger than"),
    "behind": (plan(file("a"), behind=b"junk"), "decompressed"),
    "window": (plan(file("a"), window_log=27, raw=bytes(2**27)), "not made as its index says"),
    "no size": (plan(file("a"), content_size=False), "not made as its index says"),
    "no marker": (Plan(frames=[FramePlan(items=[file("a")])]), "manifest"),
    "totals": (Plan(frames=[FramePlan(items=[file(MANIFEST)])], overrides={"files": "7"}), "announces"),
    "number": (Plan(frames=[FramePlan(items=[file(MANIFEST)])], overrides={"files": "007"}), "number"),
    "huge number": (Plan(frames=[FramePlan(items=[file(MANIFEST)])], overrides={"bytes": "9" * 400}), "number"),
    "lines": (Plan(frames=[FramePlan(items=[file(MANIFEST)])], lines=["name x", "end"]), "index"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_payload_is_refused(case: str, making: Making, tmp_path: Path) -> None:
    hostile, match = HOSTILE[case]
    path = tmp_path / "hostile.exe"
    data = bytearray(program_around(hostile.to_bytes(), making))
    mend_checksum(data)
    refused(path, bytes(data), match)


def mend_checksum(program: bytearray) -> None:
    """So that it is not the checksum that is complained about."""
    place = checksum_place(bytes(program))
    program[place : place + 4] = bytes(4)
    checksum = Checksum()
    checksum.add(bytes(program))
    program[place : place + 4] = checksum.value(len(program)).to_bytes(4, "little")


@pytest.mark.parametrize(
    "manifest", [b"{}", b"[]", b"null", b'{"schema": 99}', b'{"schema": 1, "units": 5}', b"[" * 100_000, b"\xff"]
)
def test_a_hostile_manifest_is_refused(manifest: bytes, making: Making, tmp_path: Path) -> None:
    hostile = Plan(frames=[FramePlan(items=[file(MANIFEST, manifest)], unit="meta")], platform="windows-x86_64")
    data = bytearray(program_around(hostile.to_bytes(), making))
    mend_checksum(data)
    refused(tmp_path / "x.exe", bytes(data), "manifest cannot be read")


@pytest.mark.parametrize(
    ("edit", "match"),
    [
        (lambda toc: toc.replace(b"<xar>", b'<!DOCTYPE x [<!ENTITY a "aaaa">]><xar>'), "announces"),
        (lambda toc: toc.replace(b"<length>", b"<length>9"), "cut off"),
        (lambda toc: toc.replace(b"<length>", b"<length>-"), "number"),
        (lambda toc: toc.replace(b"<offset>", b"<offset>99999999999999999999"), "number"),
        (lambda toc: toc.replace(b'style="sha1"', b'style="md5"'), "checksum"),
        (lambda toc: toc.replace(b"</toc>", b""), "cannot be read"),
        (lambda toc: toc.replace(b">Payload<", b">Other<"), "no installer"),
    ],
)
def test_a_hostile_table_of_contents_is_refused(edit: object, match: str, tmp_path: Path) -> None:
    refused(tmp_path / "x.pkg", xar(package_files(b"\x89KEEL\r\n\x1a"), edit), match)  # type: ignore[arg-type]


def test_a_package_of_somebody_else_is_no_installer(tmp_path: Path) -> None:
    refused(tmp_path / "x.pkg", xar(package_files(b"something else")), "no installer")


def test_a_damaged_part_of_a_package_is_named(installers: dict[str, Path], tmp_path: Path) -> None:
    data = installers["pkg"].read_bytes().replace(b"<pkg-info", b"<pkg-inf0")
    refused(tmp_path / "x.pkg", data, "shell.pkg/PackageInfo in it does not have the checksum")


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_no_mutation_leads_to_a_traceback(
    installers: dict[str, Path], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    format = data.draw(st.sampled_from(sorted(FORMATS)))
    content = bytearray(installers[format].read_bytes())
    payload = content.rfind(b"\x89KEEL\r\n\x1a") if format in ("sh", "exe") else len(content) // 2
    for _ in range(data.draw(st.integers(1, 8))):
        start = data.draw(st.sampled_from([0, max(0, payload), max(0, len(content) - 600)]))
        place = min(len(content) - 1, start + data.draw(st.integers(0, 600)))
        content[place : place + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=8))
    path = tmp_path_factory.getbasetemp() / f"mutated.{format}"
    path.write_bytes(content)
    with contextlib.suppress(BuilderError):
        examine(path)


def test_a_bomb_in_a_package_is_not_kept_in_memory(tmp_path: Path) -> None:
    """A payload file of a gigabyte of zeros: read piece by piece, refused by its index."""
    head = struct.pack("<8sIIQ32s8x", b"\x89KEEL\r\n\x1a", 1, 16 * 2**20, 0, bytes(32))
    stream = io.BytesIO()
    with gzip.GzipFile(fileobj=stream, mode="wb", mtime=0, compresslevel=1) as packed:
        name = b"./payload\0"
        packed.write(b"070707" + b"000000" * 7 + b"00000000000" + b"%06o%011o" % (len(name), 2**28 + 64) + name + head)
        for _ in range(2**8):
            packed.write(bytes(2**20))
    refused(tmp_path / "x.pkg", xar({"base.pkg/Payload": stream.getvalue()}), "its index does not have")
