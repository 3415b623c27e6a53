"""A Python for macOS becomes one that finds itself wherever it lies."""

import ast
import subprocess
import sys
from pathlib import Path

import lief
import pytest

from builder.errors import InterpreterError
from builder.interpreters import Interpreter
from builder.interpreters.normalise import tree_digest
from builder.interpreters.path import PathSource
from builder.macho import macho_files, read_macho

from .mac_trees import VERSION, make_mac_prefix
from .machos import bad_pages, compiled
from .trees import Listener, listing, pack_tar, wanted

MACHINES = ["arm64", "x86_64"]


def mend(tree: Path, root: Path, machine: str, **recipe: object) -> Interpreter:
    wish = wanted(root, platform=f"macos-{machine}", **recipe)
    archive = pack_tar(tree, root / f"cpython-{VERSION}+20240107-aarch64-apple-darwin-install_only.tar.gz")
    return PathSource(wanted=wish, path=archive).find()


@pytest.mark.parametrize("machine", MACHINES)
def test_libraries_are_found_from_where_they_are_used(tmp_path: Path, machine: str) -> None:
    tree = mend(make_mac_prefix(tmp_path / "python", machine), tmp_path, machine).tree
    found = {path.relative_to(tree).as_posix(): read_macho(path)[0] for path in macho_files(tree)}
    system = "/usr/lib/libSystem.B.dylib"
    assert found["bin/python3.11"].libraries == ("@loader_path/../lib/libpython3.11.dylib", system)
    assert found["lib/libpython3.11.dylib"].identity == "@rpath/libpython3.11.dylib"
    assert found["lib/libtcl8.6.dylib"].identity == "@rpath/libtcl8.6.dylib"
    module = "lib/python3.11/lib-dynload/_tkinter.cpython-311-darwin.so"
    assert found[module].libraries == ("@loader_path/../../libtcl8.6.dylib", system)
    assert set(found) == {"bin/python3.11", "lib/libpython3.11.dylib", "lib/libtcl8.6.dylib", module}


@pytest.mark.parametrize("machine", MACHINES)
def test_every_file_is_still_a_program_with_a_signature_that_fits(tmp_path: Path, machine: str) -> None:
    original = make_mac_prefix(tmp_path / "python", machine)
    tree = mend(original, tmp_path, machine).tree
    for path in macho_files(tree):
        data = path.read_bytes()
        assert bad_pages(data) == ([] if machine == "arm64" else None)
        binaries = lief.MachO.parse(str(path))
        assert binaries is not None
        assert binaries.at(0) is not None
        assert path.stat().st_mode & 0o777 == 0o755
        # Nothing but the first page and its hash has changed.
        before = (original / path.relative_to(tree)).read_bytes()
        assert len(before) == len(data)
        assert path.name == "python3.11" or before != data


def test_sysconfig_knows_neither_the_build_nor_its_tools(tmp_path: Path) -> None:
    tree = mend(make_mac_prefix(tmp_path / "python"), tmp_path, "arm64").tree
    text = (tree / "lib/python3.11/_sysconfigdata__darwin_darwin.py").read_text()
    assert "/install" not in text
    assert "/Users/runner" not in text
    assert "Xcode" not in text
    ast.parse(text)
    names = ("CC", "LIBDIR", "CFLAGS")
    code = f"import runpy, sys; print(*map(runpy.run_path(sys.argv[1])['build_time_vars'].get, {names}))"
    path = tree / "lib/python3.11/_sysconfigdata__darwin_darwin.py"
    said = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True).stdout
    flags = "-arch arm64 -mmacosx-version-min=11.0 -Wno-nullability-completeness -fPIC -O3"
    assert said == f"cc -pthread {tree}/lib {flags}\n"
    makefile = (tree / "lib/python3.11/config-3.11-darwin/Makefile").read_text()
    assert "/install" not in makefile
    assert "MACOSX_DEPLOYMENT_TARGET=11.0" in makefile
    assert "prefix=${pcfiledir}/../.." in (tree / "lib/pkgconfig/python3.pc").read_text()


def test_what_a_base_does_not_need_is_gone(tmp_path: Path) -> None:
    names = listing(mend(make_mac_prefix(tmp_path / "python"), tmp_path, "arm64").tree)
    assert "bin/python3.11" in names
    assert {"bin/python", "bin/python3"} <= names
    assert not [name for name in names if "test" in name or "2to3" in name or "site-packages/pip" in name]


def test_the_oldest_macos_is_read_from_the_programs(tmp_path: Path) -> None:
    tree = make_mac_prefix(tmp_path / "python")
    (tmp_path / "one").mkdir()
    assert mend(tree, tmp_path / "one", "arm64").macos == "11.0"
    with pytest.raises(InterpreterError, match=r"needs macOS 11\.0, and the recipe allows 10\.15"):
        mend(tree, tmp_path, "arm64", macos="10.15")


def test_libraries_of_the_building_machine_are_told(tmp_path: Path) -> None:
    tree = make_mac_prefix(tmp_path / "python")
    module = tree / "lib/python3.11/lib-dynload/_ssl.cpython-311-darwin.so"
    module.write_bytes(compiled("module", "arm64", loads=("/opt/homebrew/lib/libssl.3.dylib",)))
    wish = wanted(tmp_path, platform="macos-arm64")
    PathSource(wanted=wish, path=tree).find()
    reporter = wish.settings.reporter
    assert isinstance(reporter, Listener)
    assert any("/opt/homebrew/lib/libssl.3.dylib, which _ssl" in note for note in reporter.notes)


def test_the_same_archive_gives_the_same_tree(tmp_path: Path) -> None:
    digests = []
    tree = make_mac_prefix(tmp_path / "python")
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        digests.append(tree_digest(mend(tree, tmp_path / name, "arm64").tree))
    assert digests[0] == digests[1]


def test_a_mended_tree_can_be_mended_again(tmp_path: Path) -> None:
    first = mend(make_mac_prefix(tmp_path / "python"), tmp_path, "arm64").tree
    (tmp_path / "again").mkdir()
    second = mend(first, tmp_path / "again", "arm64").tree
    assert tree_digest(first) == tree_digest(second)


def test_a_python_for_the_other_cpu_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InterpreterError, match="for macos-x86_64, not for macos-arm64"):
        mend(make_mac_prefix(tmp_path / "python", "x86_64"), tmp_path, "arm64")
