"""Tar entries that an installer has no use for are refused, and nothing outside the prefix is touched."""

from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import ODD, Engine, listing
from .payload_maker import (
    FramePlan,
    Item,
    Plan,
    file,
    folder,
    hard_link,
    marker_frame,
    pax_record,
    payload_of,
    symbolic_link,
)

NUL = b"\0"
HOSTILE: dict[str, list[Item]] = {
    "traversal": [file("../evil")],
    "traversal inside": [file("a/../../evil")],
    "absolute": [file("/tmp/evil")],
    "a dot": [file("a/./b")],
    "an empty component": [file("a//b")],
    "a slash at the end": [file("a/")],
    "an empty path": [file("")],
    "a backslash": [file("a\\b")],
    "a line break": [file("a\nb")],
    "not UTF-8": [Item(path=b"\xff\xfe")],
    "an overlong encoding": [Item(path=b"a\xc0\xafb")],
    "a long component": [file("x" * 256)],
    "a long path": [file("/".join(["x" * 200] * 21))],
    "a deep path": [file("/".join(["x"] * 129))],
    "a traversal in a pax header": [Item(path=b"ok", pax=pax_record(b"path", b"../evil"))],
    "a zero in a pax header": [Item(path=b"ok", pax=pax_record(b"path", b"a" + NUL + b"b"))],
    "a size in a pax header": [Item(path=b"ok", pax=pax_record(b"size", b"5"))],
    "a pax record that is too long": [Item(path=b"ok", pax=b"99 path=a\n")],
    "a pax record without a length": [Item(path=b"ok", pax=b" path=a\n")],
    "a pax record of length zero": [Item(path=b"ok", pax=b"0 path=a\n")],
    "a pax header of 20 KB": [Item(path=b"ok", pax=pax_record(b"path", b"a" * 20_000))],
    "a pax header behind a pax header": [Item(path=b"ok", kind=b"x", pax=pax_record(b"path", b"a"))],
    "a global pax header": [Item(path=b"ok", kind=b"g", content=pax_record(b"path", b"a"))],
    "a GNU long name": [Item(path=b"././@LongLink", kind=b"L", content=b"name")],
    "a link that is absolute": [symbolic_link("a", "/etc/passwd")],
    "a link that leaves": [symbolic_link("a/b", "../../etc")],
    "a link that leaves and returns": [symbolic_link("a", "../base/b")],
    "a link to nothing": [symbolic_link("a", "")],
    "a hard link that leaves": [Item(path=b"a", kind=b"1", link=b"../evil")],
    "a hard link that is absolute": [Item(path=b"a", kind=b"1", link=b"/etc/passwd")],
    "a hard link in stage 0": [file("a"), hard_link("b", "a")],
    "a character device": [Item(path=b"a", kind=b"3")],
    "a block device": [Item(path=b"a", kind=b"4")],
    "a fifo": [Item(path=b"a", kind=b"6")],
    "a contiguous file": [Item(path=b"a", kind=b"7")],
    "set-user-id": [Item(path=b"a", mode=0o4755)],
    "set-group-id": [Item(path=b"a", mode=0o2755)],
    "world-writable": [Item(path=b"a", mode=0o666)],
    "a sticky folder": [Item(path=b"a/", kind=b"5", mode=0o1777)],
    "a folder with content": [Item(path=b"a/", kind=b"5", mode=0o755, content=b"x")],
    "the same path twice": [file("a", b"1"), file("a", b"2")],
    "a file and a link of one name": [file("a", b"1"), symbolic_link("a", "b")],
    "a file longer than the frame": [Item(path=b"a", content=b"x", size=10_000)],
    "a file of 8 GB": [Item(path=b"a", content=b"x", size=0o77777777777)],
    "a wrong checksum": [Item(path=b"a", checksum=1)],
}


def assert_refused(engine: Engine, tmp_path: Path) -> None:
    before = listing(tmp_path)
    verified = engine.run("verify")
    assert verified.code == 5, verified
    installed = engine.install(tmp_path / "base")
    assert installed.code == 5, installed
    for done in (verified, installed):  # because of the entry, not because the books do not balance
        assert "error: the payload is malformed" in done.err
        assert "announces" not in done.err
    assert listing(tmp_path) == before


@pytest.mark.parametrize("items", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_entry_is_refused(engine_for: Callable[..., Engine], tmp_path: Path, items: list[Item]) -> None:
    size = sum(len(item.content) if item.size is None else item.size for item in (*items, *marker_frame().items))
    # A path is checked before it is compared with the longest one that was announced.
    plan = Plan(frames=[FramePlan(items=items), marker_frame()], overrides={"bytes": str(size), "longest": "300"})
    assert_refused(engine_for(plan.to_bytes()), tmp_path)


STAGE_1: dict[str, list[Item]] = {
    "a hard link to a hard link": [hard_link("b", "a"), hard_link("c", "b")],
    "a hard link to a file of stage 1": [file("x"), hard_link("c", "x")],
    "a hard link to nothing": [hard_link("c", "nothing")],
    "a hard link to a symbolic link": [hard_link("c", "link")],
    "a hard link to a folder": [hard_link("c", "folder")],
    "a path of stage 0": [file("a")],
}


@pytest.mark.parametrize("items", STAGE_1.values(), ids=STAGE_1.keys())
def test_a_hostile_entry_of_stage_1_is_refused(
    engine_for: Callable[..., Engine], tmp_path: Path, items: list[Item]
) -> None:
    first = FramePlan(items=[file("a", b"a"), symbolic_link("link", "a"), folder("folder")])
    assert_refused(engine_for(Plan(frames=[first, marker_frame(*items)]).to_bytes()), tmp_path)


@pytest.mark.parametrize(
    "items",
    [
        [symbolic_link("a", "elsewhere"), file("a/evil", b"x")],
        [file("a/evil", b"x"), symbolic_link("a", "elsewhere")],
        [symbolic_link("a", "elsewhere"), symbolic_link("a/evil", "b")],
        [file("a", b"x"), file("a/b", b"x")],
        [file("a/b", b"x"), file("a", b"x")],
        [file("a", b"x"), folder("a")],
    ],
)
def test_no_path_leads_through_a_link_or_a_file(
    engine_for: Callable[..., Engine], tmp_path: Path, items: list[Item]
) -> None:
    engine = engine_for(payload_of(folder("elsewhere"), *items))
    done = engine.install(tmp_path / "base")
    assert done.code == 5, done
    assert listing(tmp_path) == [f"{ODD}.sh"]


def test_anything_behind_the_last_entry_is_refused(engine_for: Callable[..., Engine], tmp_path: Path) -> None:
    entry = file("a", b"a").to_bytes()
    for behind in (bytes(1024), b"x" * 512):  # end blocks, rubbish
        plan = Plan(frames=[FramePlan(raw=entry + behind), marker_frame()], overrides={"files": "2", "bytes": "4"})
        assert_refused(engine_for(plan.to_bytes()), tmp_path)


def test_padding_may_hold_anything(engine_for: Callable[..., Engine], tmp_path: Path) -> None:
    engine = engine_for(payload_of(Item(path=b"a", content=b"a", padding=b"p")))
    assert engine.install(tmp_path / "base").code == 0
    assert (tmp_path / "base/a").read_bytes() == b"a"


def test_links_within_the_tree_are_fine(engine_for: Callable[..., Engine], tmp_path: Path) -> None:
    links = [symbolic_link("a/b/up", "../../lib/x"), symbolic_link("here", "./lib/../lib/x")]
    assert engine_for(payload_of(file("lib/x", b"x"), *links)).install(tmp_path / "base").code == 0
    assert (tmp_path / "base/a/b/up").read_bytes() == b"x"
    assert (tmp_path / "base/here").read_bytes() == b"x"


WINDOWS = ["a:b", "a?", "con", "Lib/NUL.txt", "com1.py", "LPT\u00b2", "ends.", "ends /x", "aux .c", 'quo"te', "conin$"]


@pytest.mark.parametrize("name", WINDOWS)
def test_names_that_windows_cannot_hold_are_refused_for_windows_only(
    engine_for: Callable[..., Engine], name: str
) -> None:
    assert engine_for(payload_of(file(name))).run("verify").code == 0
    assert engine_for(payload_of(file(name), platform="windows-x86_64")).run("verify").code == 5


@pytest.mark.parametrize("name", ["console", "com", "com10", "nul_", "a.con", ".hidden", "lpt"])
def test_names_that_only_look_like_devices_are_fine(engine_for: Callable[..., Engine], name: str) -> None:
    assert engine_for(payload_of(file(name), platform="windows-arm64")).run("verify").code == 0
