"""Frames and the payload: the same bytes every time, and what `docs/payload-format.md` says."""

import hashlib
import io
import random
import struct
import tarfile
from pathlib import Path

import pytest
import zstandard

from builder import frames as frames_module
from builder.cache import Cache
from builder.errors import BuilderError, OutputError
from builder.frames import COMPRESSIONS, Frame, pack
from builder.payload import Payload, order_frames
from builder.units import Entry, Slice, content_entry, digest

FAST, BEST = COMPRESSIONS["fast"], COMPRESSIONS["best"]
LONG = "pkgs/" + "/".join(["très-long-片" * 4] * 6)


def demo_entries() -> list[Entry]:
    return [
        content_entry("bin/tool", b"#!/bin/sh\n", mode=0o755, mtime=1_000_000_000),
        content_entry(LONG, b"x" * 1000, mode=0o444, mtime=1_000_000_002),
        Entry(path="bin/python", mode=0o777, mtime=0, symlink="python3.11"),
        Entry(path="lib/tool.py", mode=0o444, mtime=0, link=LONG),
    ]


def demo_slice(stage: int = 0, unit: str = "demo-1.0-abc") -> Slice:
    return Slice(unit=unit, stage=stage, key=digest("demo"), entries=demo_entries)


def untar(*compressed: bytes) -> dict[str, tarfile.TarInfo]:
    raw = b"".join(zstandard.ZstdDecompressor(max_window_size=2**25).decompress(one) for one in compressed)
    with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
        return {member.name: member for member in archive}


def test_a_frame_holds_its_entries_as_an_ordinary_tar(tmp_path: Path) -> None:
    (frame,) = pack(demo_slice(), Cache(tmp_path), FAST)
    data = frame.file.read_bytes()
    assert (frame.sha256, frame.size) == (hashlib.sha256(data).hexdigest(), len(data))
    assert frame.raw == len(zstandard.ZstdDecompressor().decompress(data))
    assert (frame.bytes, frame.paths) == (1010, tuple(entry.path for entry in demo_entries()))
    members = untar(data)
    assert members["bin/tool"].mode == 0o755
    assert members[LONG].mtime == 1_000_000_002
    assert members["bin/python"].linkname == "python3.11"
    assert members["lib/tool.py"].islnk()
    assert members["lib/tool.py"].linkname == LONG
    assert {(member.uid, member.gid, member.uname, member.gname) for member in members.values()} == {(0, 0, "", "")}


@pytest.mark.parametrize("compression", [FAST, BEST])
def test_two_caches_get_the_same_bytes(tmp_path: Path, compression: frames_module.Compression) -> None:
    one, two = (pack(demo_slice(), Cache(tmp_path / name), compression)[0] for name in "ab")
    assert one.file.read_bytes() == two.file.read_bytes()
    assert one.file != two.file


def test_a_frame_is_made_once(tmp_path: Path) -> None:
    first = pack(demo_slice(), Cache(tmp_path), FAST)

    def never() -> list[Entry]:
        raise AssertionError("the entries were read again")

    again = pack(Slice(unit="demo-1.0-abc", stage=0, key=digest("demo"), entries=never), Cache(tmp_path), FAST)
    assert again == first


def test_a_large_unit_becomes_several_frames_that_are_one_tar_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames_module, "RAW_SIZE", 100_000)
    noise = random.Random(0)
    contents = {f"pkgs/big/{n}": noise.randbytes(60_000) for n in range(5)}
    entries = [content_entry(path, data, mode=0o444, mtime=0) for path, data in contents.items()]
    made = pack(Slice(unit="big", stage=0, key=digest("big"), entries=lambda: entries), Cache(tmp_path), FAST)
    assert len(made) == 5
    assert set(untar(*(frame.file.read_bytes() for frame in made))) == set(contents)


def test_a_source_that_is_shorter_than_announced_leaves_no_frame(tmp_path: Path) -> None:
    entry = Entry(path="x", mode=0o444, mtime=0, size=5, open=lambda: io.BytesIO(b"abc"))
    piece = Slice(unit="x", stage=0, key=digest("short"), entries=lambda: [entry])
    with pytest.raises(OSError, match="3 bytes where 5"):
        pack(piece, Cache(tmp_path), FAST)
    assert not list((tmp_path / "frames").iterdir())


def payload(cache: Cache) -> Payload:
    pieces = [
        demo_slice(),
        Slice(
            unit="other",
            stage=1,
            key=digest("other"),
            entries=lambda: [content_entry("keel-meta/manifest.json", b"{}", mode=0o644, mtime=0)],
        ),
    ]
    made = [frame for piece in pieces for frame in pack(piece, cache, FAST)]
    return Payload(
        name="My Starter",
        version="1",
        python="3.11.7",
        platform="linux-x86_64",
        marker="keel-meta/manifest.json",
        frames=order_frames(made),
    )


def test_a_payload_is_what_its_specification_says(tmp_path: Path) -> None:
    made = payload(Cache(tmp_path))
    stream = io.BytesIO()
    made.write_to(stream)
    data = stream.getvalue()
    magic, version, index_size, frames_size, index_hash = struct.unpack("<8sIIQ32s8x", data[:64])
    index = data[64 : 64 + index_size]
    assert (magic, version) == (b"\x89KEEL\r\n\x1a", 1)
    assert len(data) == 64 + index_size + frames_size == made.size
    assert hashlib.sha256(index).digest() == index_hash
    lines = index.decode().split("\n")
    assert lines[:8] == [
        "name My Starter",
        "version 1",
        "python 3.11.7",
        "platform linux-x86_64",
        "files 5",
        "bytes 1012",
        f"longest {len(LONG)}",
        "marker keel-meta/manifest.json",
    ]
    assert lines[-2:] == ["end", ""]
    position = 64 + index_size
    for line in lines[8:-2]:
        word, sha256, offset, size, raw, _stage, _unit = line.split(" ")
        frame = data[int(offset) : int(offset) + int(size)]
        assert word == "frame"
        assert int(offset) == position
        assert hashlib.sha256(frame).hexdigest() == sha256
        assert len(zstandard.ZstdDecompressor().decompress(frame)) == int(raw)
        position += int(size)
    assert position == len(data)
    assert set(untar(data[made.first_frame :][: made.frames[0].size])) == {entry.path for entry in demo_entries()}


def test_a_damaged_frame_in_the_cache_stops_the_build_and_is_made_again_by_the_next(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    made = payload(cache)
    file = made.frames[0].file
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:-1] + b"\0")
    with pytest.raises(OutputError, match="damaged"):
        made.write_to(io.BytesIO())
    payload(cache).write_to(io.BytesIO())


def frame(path: str, unit: str = "unit", **changes: object) -> Frame:
    values = {
        "unit": unit,
        "stage": 0,
        "sha256": "0" * 64,
        "size": 1,
        "raw": 1,
        "bytes": 0,
        "paths": (path,),
        "file": Path("x"),
        **changes,
    }
    return Frame(**values)  # type: ignore[arg-type]


def test_a_path_that_two_units_claim_is_refused() -> None:
    both = Payload(
        name="x",
        version="1",
        python="3.11.7",
        platform="p",
        marker="m",
        frames=[frame("a/b", "one"), frame("a/b", "two")],
    )
    with pytest.raises(BuilderError, match="a/b comes from both one and two"):
        _ = both.index


@pytest.mark.parametrize("name", ["new\nline", "x" * 5000])
def test_a_name_that_the_index_cannot_hold_is_refused(name: str) -> None:
    with pytest.raises(BuilderError, match="cannot be written"):
        _ = Payload(name=name, version="1", python="3.11.7", platform="p", marker="m", frames=[frame("a")]).index


def test_offsets_are_right_whatever_the_number_of_their_digits() -> None:
    for count in (1, 9, 10, 11, 99, 100, 101):
        many = [frame(f"a{n}", size=97) for n in range(count)]
        index = Payload(name="x", version="1", python="3.11.7", platform="p", marker="m", frames=many).index
        first = next(line for line in index.decode().splitlines() if line.startswith("frame"))
        assert int(first.split(" ")[2]) == 64 + len(index)
