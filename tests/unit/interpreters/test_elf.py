from pathlib import Path

import pytest

from builder.elf import elf_files, is_elf, oldest_glibc, read_elf

from .elves import write_elf


def test_the_facts_of_a_program(tmp_path: Path) -> None:
    path = write_elf(
        tmp_path / "è/python",
        machine="aarch64",
        loader="/lib/ld-linux-aarch64.so.1",
        needed=["libz.so.1", "libc.so.6"],
        runpath="$ORIGIN/../lib:/usr/local/lib",
        soname="libme.so.1",
        versions=["GLIBC_2.17", "GLIBC_2.4"],
    )
    elf = read_elf(path)
    assert elf is not None
    assert (elf.machine, elf.bits) == ("aarch64", 64)
    assert elf.loader == "/lib/ld-linux-aarch64.so.1"
    assert elf.needed == ("libz.so.1", "libc.so.6")
    assert elf.runpath == ("$ORIGIN/../lib", "/usr/local/lib")
    assert elf.glibc == (2, 17)


def test_rpath_counts_only_without_runpath(tmp_path: Path) -> None:
    old = read_elf(write_elf(tmp_path / "old", rpath="/old"))
    new = read_elf(write_elf(tmp_path / "new", rpath="/old", runpath="/new"))
    assert old is not None
    assert old.runpath == ("/old",)
    assert new is not None
    assert new.runpath == ("/new",)


@pytest.mark.parametrize(
    ("versions", "oldest"),
    [
        (["GLIBC_2.9", "GLIBC_2.17"], "2.17"),  # numbers, not texts
        (["GLIBC_2.2.5"], "2.2"),
        (["GLIBC_PRIVATE", "GCC_3.0", "GLIBCXX_3.4.30"], None),
        (["GLIBC_2.34", "GLIBC_ABI_DT_RELR"], "2.36"),
    ],
)
def test_the_oldest_glibc_is_the_newest_asked_for(tmp_path: Path, versions: list[str], oldest: str | None) -> None:
    files = [write_elf(tmp_path / "plain"), write_elf(tmp_path / "lib.so", versions=versions)]
    assert oldest_glibc(files) == oldest


def test_what_is_no_elf_file_has_no_facts(tmp_path: Path) -> None:
    (tmp_path / "script").write_bytes(b"#!/bin/sh\n")
    (tmp_path / "damaged").write_bytes(b"\x7fELF\x02\x01\x01" + b"\xff" * 40)
    assert read_elf(tmp_path / "script") is None
    assert read_elf(tmp_path / "damaged") is None


def test_elf_files_are_told_by_content_and_links_are_not_followed(tmp_path: Path) -> None:
    program = write_elf(tmp_path / "bin/python")
    library = write_elf(tmp_path / "lib/libx.so.1")
    (tmp_path / "lib/libx.so").symlink_to("libx.so.1")
    (tmp_path / "lib/text.so").write_text("GROUP ( libx.so.1 )")
    assert elf_files(tmp_path) == [program, library]
    assert not is_elf(tmp_path / "lib/libx.so")
