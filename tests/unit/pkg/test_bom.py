"""Boms: what a reader that knows nothing of the writer finds in them."""

import stat
import subprocess
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.installers.pkg.bom import BomEntry, make_bom
from tests.conftest import need

from .bom_reader import Bom

TIME = 946_684_800


def folder(path: str) -> BomEntry:
    return BomEntry(path=path, mode=stat.S_IFDIR | 0o755, mtime=TIME)


def file(path: str, size: int = 1, checksum: int = 2) -> BomEntry:
    return BomEntry(path=path, mode=stat.S_IFREG | 0o644, mtime=TIME, size=size, checksum=checksum, uid=501, gid=20)


def paths(entries: list[BomEntry]) -> list[str]:
    return list(Bom(make_bom(entries)).paths())


def test_every_fact_comes_back() -> None:
    link = BomEntry(path="./a/l", mode=stat.S_IFLNK | 0o755, mtime=TIME, link="b/ü", checksum=7)
    found = Bom(make_bom([folder("."), folder("./a"), file("./a/b", 123, 0xFFFFFFFF), link])).paths()
    assert list(found) == [".", "./a", "./a/b", "./a/l"]
    line = found["./a/b"]
    assert (line.mode, line.uid, line.gid, line.mtime) == (0o100644, 501, 20, TIME)
    assert (line.size, line.checksum, line.link) == (123, 0xFFFFFFFF, None)
    assert (found["./a/l"].link, found["./a/l"].size, found["./a/l"].checksum) == ("b/ü", 4, 7)
    assert found["."].mode == 0o040755


def test_paths_are_in_order_of_their_folders_whatever_order_they_come_in() -> None:
    entries = [file("./b/z"), file("./a"), folder("."), folder("./b"), file("./b/a b"), file("./b/A"), file("./c")]
    assert paths(entries) == [".", "./a", "./b", "./c", "./b/A", "./b/a b", "./b/z"]


def test_trees_of_any_depth() -> None:
    chain = ["."]
    for number in range(700):
        chain.append(f"{chain[-1]}/{number}")
    assert paths([folder(path) for path in reversed(chain)]) == chain


@pytest.mark.parametrize(
    ("count", "levels"), [(0, 1), (509, 1), (510, 2), (511, 2), (510 * 510 - 1, 2), (510 * 510, 3)]
)
def test_trees_of_any_size_have_as_many_levels_as_they_need(count: int, levels: int) -> None:
    # "." is one of them; a node of 4096 bytes holds 510 pairs.
    bom = Bom(make_bom([folder("."), *(file(f"./{number}") for number in range(count))]))
    assert len(bom.tree(bom.names["Paths"])) == count + 1
    assert bom.levels == levels


def test_all_of_many_paths_are_found() -> None:
    folders = [folder("."), *(folder(f"./{n:02}") for n in range(40))]
    entries = [*folders, *(file(f"./{n % 40:02}/{n}", n) for n in range(30_000))]
    found = Bom(make_bom(entries)).paths()
    assert {entry.path: entry.size for entry in entries} == {path: line.size for path, line in found.items()}


def test_sizes_of_4_gib_and_more_are_told_in_64_bits() -> None:
    sizes = {f"./{n}": size for n, size in enumerate([2**32 - 1, 2**32, 2**32 + 5, 2**40, *([2**33] * 40)])}
    found = Bom(make_bom([folder("."), *(file(path, size) for path, size in sizes.items())])).paths()
    assert {path: line.size for path, line in found.items() if path != "."} == sizes


NAMES = st.text(st.characters(exclude_characters="\0/", exclude_categories=["Cs"]), min_size=1, max_size=20)


LEAVES = st.lists(NAMES.filter(lambda name: name not in (".", "..")), min_size=1, max_size=5).map(tuple)


@given(st.sets(LEAVES, max_size=30))
@settings(max_examples=60, deadline=None)
def test_any_tree_comes_back(leaves: set[tuple[str, ...]]) -> None:
    everything = {leaf[:count] for leaf in leaves for count in range(len(leaf) + 1)} | {()}
    expected = {"/".join((".", *parts)) for parts in everything}
    assert set(paths([folder(path) for path in expected])) == expected


def test_names_stay_as_they_are() -> None:
    names = [unicodedata.normalize(form, "./Übung é") for form in ("NFC", "NFD")]
    assert set(paths([folder("."), *map(file, names)])) == {".", *names}


@pytest.mark.parametrize(
    "entries",
    [[], [folder("./a")], [folder("."), file("./a/b")], [folder("."), file("./a"), file("./a")], [folder("a")]],
    ids=["nothing", "no root", "no folder", "twice", "not below the root"],
)
def test_what_is_no_tree_is_refused(entries: list[BomEntry]) -> None:
    with pytest.raises(ValueError, match=r"missing|twice"):
        make_bom(entries)


def test_the_same_entries_are_the_same_bytes() -> None:
    entries = [folder("."), file("./b"), file("./a")]
    assert make_bom(entries) == make_bom(entries[::-1])


def test_file_knows_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "Bom").write_bytes(make_bom([folder(".")]))
    said = subprocess.run([need("file"), tmp_path / "Bom"], capture_output=True, text=True, check=True).stdout
    assert "bill of materials" in said
