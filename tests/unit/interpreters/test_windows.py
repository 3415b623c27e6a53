"""Pythons for Windows: whatever they come in, one layout comes out."""

from pathlib import Path

import pytest

from builder.errors import InterpreterError
from builder.interpreters import Interpreter, find_interpreter
from builder.interpreters.layout import check_platform, find_layout
from builder.interpreters.normalise import tree_digest
from builder.pe import python_version, read_pe
from builder.platforms import PLATFORMS
from tests.unit.interpreters.trees import listing, wanted
from tests.unit.interpreters.windows_trees import make_complete, make_embeddable, write_pe, zip_of

PROGRAMS = {"python.exe", "pythonw.exe", "python3.dll", "python311.dll", "vcruntime140.dll"}


def find(root: Path, archive: Path, platform: str = "windows-x86_64") -> Interpreter:
    wish = wanted(root, platform=platform, chosen=str(archive))
    return find_interpreter(wish.target, wish.settings)


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("place", ["tools/", "python/", "python/install/", ""])
def test_complete_pythons_give_one_layout_wherever_they_lie(tmp_path: Path, place: str) -> None:
    archive = written(tmp_path / "python.zip", zip_of(make_complete(tmp_path / "source"), place))
    found = find(tmp_path, archive)
    assert (found.version, found.lacks, found.glibc) == ("3.11.9", (), None)
    assert listing(found.tree) == PROGRAMS | {
        "DLLs/_ssl.pyd",
        "LICENSE.txt",
        "Lib/ensurepip/__init__.py",
        "Lib/os.py",
        "Lib/site-packages/README.txt",
        "Lib/tkinter/__init__.py",
        "Lib/venv/__init__.py",
        "Lib/venv/scripts/nt/python.exe",
        "include/Python.h",
        "libs/python311.lib",
        "tcl/tcl8.6/init.tcl",
    }


def test_the_library_of_an_embeddable_comes_out_of_its_zip(tmp_path: Path) -> None:
    name = "python-3.11.9-embed-amd64.zip"
    found = find(tmp_path, written(tmp_path / name, zip_of(make_embeddable(tmp_path / "source"))))
    assert (found.build, found.lacks) == ("embeddable", ("venv", "tkinter", "headers", "sources"))
    assert listing(found.tree) == PROGRAMS | {
        "DLLs/_ssl.pyd",
        "DLLs/libssl-3.dll",
        "LICENSE.txt",
        "Lib/json/__init__.pyc",
        "Lib/os.pyc",
        "Lib/site-packages/README.txt",
        "Lib/venv.py",
    }
    assert "keel create" in (found.tree / "Lib/venv.py").read_text()


def test_a_folder_gives_the_same_tree_as_its_archive(tmp_path: Path) -> None:
    source = make_embeddable(tmp_path / "source")
    from_archive = find(tmp_path, written(tmp_path / "a.zip", zip_of(source)))
    assert tree_digest(find(tmp_path, source).tree) == tree_digest(from_archive.tree)


@pytest.mark.parametrize(
    ("machine", "platform", "says"),
    [
        ("arm64", "windows-x86_64", "for windows-arm64, not for windows-x86_64"),
        ("x86", "windows-x86_64", "for windows-x86, not"),
        ("x86_64", "linux-x86_64", "for windows-x86_64, not for linux-x86_64"),
    ],
)
def test_another_machine_is_refused(tmp_path: Path, machine: str, platform: str, says: str) -> None:
    layout = find_layout(make_complete(tmp_path, machine=machine), "a.zip")
    with pytest.raises(InterpreterError, match=says):
        check_platform(layout, PLATFORMS[platform], "a.zip")


@pytest.mark.parametrize(
    ("library", "says"), [("python313t.dll", "free-threaded"), ("python311_d.dll", "a debug Python")]
)
def test_odd_builds_are_refused(tmp_path: Path, library: str, says: str) -> None:
    write_pe(tmp_path / "python.exe")
    write_pe(tmp_path / library, version=(3, 13, 2150, 0))
    with pytest.raises(InterpreterError, match=says):
        find_layout(tmp_path, "a.zip")


def test_what_is_no_python_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "source"
    write_pe(source / "python.exe")
    with pytest.raises(InterpreterError, match=r"no python3X\.dll"):
        find_layout(source, "a.zip")
    write_pe(source / "python311.dll")
    with pytest.raises(InterpreterError, match="does not tell its version"):
        find_layout(source, "a.zip")
    write_pe(source / "python311.dll", version=(3, 11, 9150, 0))
    with pytest.raises(InterpreterError, match="standard library is missing"):
        find(tmp_path / "work", source)


def test_versions_are_read_from_the_library(tmp_path: Path) -> None:
    library = tmp_path / "python314.dll"
    for third, text in ((2150, "3.14.2"), (122, "3.14.0rc2"), (101, "3.14.0a1"), (0, "3.14.0")):
        write_pe(library, version=(3, 14, third, 1013))
        assert python_version(library) == text
    assert read_pe(written(tmp_path / "text", b"#!/bin/sh")) is None
    assert read_pe(written(tmp_path / "dos", b"MZ" + bytes(100))) is None
