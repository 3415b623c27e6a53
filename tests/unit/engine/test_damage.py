"""A damaged installer is told with code 5, and leaves nothing behind."""

import hashlib
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import ODD, Engine, demo_plan, listing
from .payload_maker import MAGIC, FramePlan, Plan, file, marker_frame

FRAMES = len(demo_plan().frames)


def places(payload: bytes) -> dict[str, int]:
    """Where each section of a payload begins."""
    index_size = struct.unpack_from("<I", payload, 12)[0]
    index = payload[64 : 64 + index_size].decode()
    found = {"magic": 0, "version": 8, "index size": 12, "frames size": 16, "index digest": 24, "zero": 56, "index": 64}
    for number, line in enumerate(line for line in index.splitlines() if line.startswith("frame ")):
        found[f"frame {number}"] = int(line.split()[2])
    found["end"] = len(payload)
    return found


def assert_refused(engine: Engine, tmp_path: Path, said: str = "damaged") -> None:
    for word, *options in (("verify",), ("install", "--prefix", tmp_path / "new/base")):
        done = engine.run(str(word), *options)
        assert done.code == 5, done
        assert said in done.err
        assert "hint: " in done.err
    assert listing(tmp_path) == [f"{ODD}.sh"]


@pytest.mark.parametrize("bit", [0, 7])
@pytest.mark.parametrize("where", ["first", "middle", "last"])
@pytest.mark.parametrize("section", [key for key in places(demo_plan().to_bytes()) if key != "end"])
def test_a_flipped_bit_is_found(
    engine_for: Callable[..., Engine], tmp_path: Path, section: str, where: str, bit: int
) -> None:
    payload = bytearray(demo_plan().to_bytes())
    found = places(bytes(payload))
    names = list(found)
    begin, end = found[section], found[names[names.index(section) + 1]]
    payload[{"first": begin, "middle": (begin + end) // 2, "last": end - 1}[where]] ^= 1 << bit
    engine = engine_for(bytes(payload))
    assert_refused(engine, tmp_path, "version" if section == "version" else "damaged")


@pytest.mark.parametrize("section", list(places(demo_plan().to_bytes())))
@pytest.mark.parametrize("distance", [-1, 0, 1])
def test_a_truncated_installer_is_found(
    engine_for: Callable[..., Engine], tmp_path: Path, section: str, distance: int
) -> None:
    payload = demo_plan().to_bytes()
    keep = places(payload)[section] + distance
    if not 0 <= keep < len(payload):
        keep = len(payload) - 1
    assert_refused(engine_for(payload[:keep]), tmp_path)


@pytest.mark.parametrize(("old", "new"), [(b"\r\n", b"\n"), (b"\n", b"\r\n")], ids=["to-unix", "to-dos"])
def test_converted_line_ends_are_recognised(
    engine_for: Callable[..., Engine], tmp_path: Path, old: bytes, new: bytes
) -> None:
    front = b"#!/bin/sh\nexit\n" * 50
    engine = engine_for(demo_plan().to_bytes(), front=front)
    engine.installer.write_bytes(engine.installer.read_bytes().replace(old, new))
    done = engine.run("verify")
    assert done.code == 5
    assert "line ends were converted" in done.err
    assert "binary mode" in done.err


def test_the_damaged_unit_is_named(engine_for: Callable[..., Engine]) -> None:
    payload = bytearray(demo_plan().to_bytes())
    payload[places(bytes(payload))["frame 1"] + 300] ^= 1
    assert "a frame of python" in engine_for(bytes(payload)).run("verify").err


BAD_FRAMES = {
    "another digest": FramePlan(items=[file("a", b"a")], digest="0" * 64),
    "bytes behind": FramePlan(items=[file("a", b"a")], behind=b"x"),
    "an empty frame behind": FramePlan(items=[file("a", b"a")], behind=bytes.fromhex("28b52ffd2000010000")),
    "a skippable frame behind": FramePlan(items=[file("a", b"a")], behind=bytes.fromhex("502a4d1800000000")),
    "raw too large": FramePlan(items=[file("a", b"a")], claimed_raw=4096),
    "raw too small": FramePlan(items=[file("a", b"a" * 600)], claimed_raw=512),
    "no content size": FramePlan(items=[file("a", b"a" * 600)], content_size=False),
    "window too large": FramePlan(items=[file("a", bytes(1 << 20) * 70)], window_log=26),
}


@pytest.mark.parametrize("frame", BAD_FRAMES.values(), ids=BAD_FRAMES.keys())
def test_a_frame_must_be_what_the_index_says(
    engine_for: Callable[..., Engine], tmp_path: Path, frame: FramePlan
) -> None:
    assert_refused(engine_for(Plan(frames=[frame, marker_frame()]).to_bytes()), tmp_path)


def with_index(*lines: str) -> Plan:
    return Plan(frames=[], lines=lines)


FACTS = ["name N", "version 1", "python 3.11.7", "platform linux-x86_64", "files 0", "bytes 0", "longest 0", "marker m"]
BAD_INDEXES = {
    "no end": FACTS,
    "two ends": [*FACTS, "end", "end"],
    "no marker": [*FACTS[:-1], "end"],
    "a hostile marker": [*FACTS[:-1], "marker ../m", "end"],
    "another order": [FACTS[1], FACTS[0], *FACTS[2:], "end"],
    "an unknown key": [*FACTS, "more 1", "end"],
    "an empty value": ["name ", *FACTS[1:], "end"],
    "an empty line": ["", *FACTS, "end"],
    "a control character": ["name a\tb", *FACTS[1:], "end"],
    "a C1 control character": ["name a\x85b", *FACTS[1:], "end"],
    "a long line": ["name " + "n" * 4092, *FACTS[1:], "end"],
    "a leading zero": [*FACTS[:4], "files 00", *FACTS[5:], "end"],
    "a sign": [*FACTS[:4], "files +1", *FACTS[5:], "end"],
    "a number of 2^53": [*FACTS[:4], f"files {2**53}", *FACTS[5:], "end"],
    "a number of 2^64": [*FACTS[:4], f"files {2**64}", *FACTS[5:], "end"],
    "a frame without bytes": [*FACTS, f"frame {'0' * 64} 300 0 512 0 u", "end"],
    "a frame of stage 2": [*FACTS, f"frame {'0' * 64} 300 1 512 2 u", "end"],
    "a frame with capital digits": [*FACTS, f"frame {'A' * 64} 300 1 512 0 u", "end"],
    "a frame with two spaces": [*FACTS, f"frame {'0' * 64}  300 1 512 0 u", "end"],
    "a frame with a seventh field": [*FACTS, f"frame {'0' * 64} 300 1 512 0 u v", "end"],
    "a frame of a bad unit": [*FACTS, f"frame {'0' * 64} 300 1 512 0 u/v", "end"],
    "a frame that is nowhere": [*FACTS, f"frame {'0' * 64} 300 1 512 0 u", "end"],
}


@pytest.mark.parametrize("lines", BAD_INDEXES.values(), ids=BAD_INDEXES.keys())
def test_an_index_must_follow_the_grammar(engine_for: Callable[..., Engine], tmp_path: Path, lines: list[str]) -> None:
    assert_refused(engine_for(with_index(*lines).to_bytes()), tmp_path)


def test_an_index_that_is_not_utf8_is_refused(engine_for: Callable[..., Engine], tmp_path: Path) -> None:
    index = b"name \xff\n" + "\n".join([*FACTS[1:], "end", ""]).encode()
    head = struct.pack("<8sIIQ32s8x", MAGIC, 1, len(index), 0, hashlib.sha256(index).digest())
    assert_refused(engine_for(head + index), tmp_path)


@pytest.mark.parametrize(
    ("key", "value"), [("files", 99), ("files", 1), ("bytes", 10**6), ("bytes", 1), ("longest", 3)]
)
def test_the_totals_of_the_index_must_be_met(
    engine_for: Callable[..., Engine], tmp_path: Path, key: str, value: int
) -> None:
    plan = Plan(frames=demo_plan().frames, overrides={key: str(value)})
    engine = engine_for(plan.to_bytes())
    assert engine.run("verify").code == 5
    assert engine.install(tmp_path / "base").code == 5
    assert listing(tmp_path) == [f"{ODD}.sh"]


def test_a_payload_without_its_marker_is_refused(engine_for: Callable[..., Engine], tmp_path: Path) -> None:
    engine = engine_for(Plan(frames=[FramePlan(items=[file("a")])]).to_bytes())
    done = engine.install(tmp_path / "base")
    assert done.code == 5
    assert "marker" in done.err
