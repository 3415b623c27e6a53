"""Pythons in a root file system of another machine: nothing of them is run."""

import sys
from pathlib import Path, PurePosixPath

import pytest

from builder.elf import read_elf
from builder.errors import InterpreterError
from builder.interpreters import libraries
from builder.interpreters.layout import find_layout
from builder.interpreters.libraries import Linker
from builder.interpreters.model import Interpreter
from builder.interpreters.path import PathSource
from builder.interpreters.rooted import find_root, find_tcl_in, read_facts, resolve_in

from .elves import write_elf
from .trees import Listener, make_prefix, pack_tar, wanted

LOADER = "/lib/ld-linux-aarch64.so.1"
LIBRARIES = "usr/lib/aarch64-linux-gnu"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An arm64 Debian with a Python in /usr/local, whose zlib and sqlite3 need libraries of the system."""
    monkeypatch.setattr(libraries, "set_runpath", lambda files, runpath: None)
    top = tmp_path / "arm è"
    (top / LIBRARIES).mkdir(parents=True)
    (top / "lib").symlink_to("usr/lib")
    write_elf(top / "usr/lib/ld-linux-aarch64.so.1", machine="aarch64")
    write_elf(top / LIBRARIES / "libz.so.1.2", machine="aarch64")
    # As seen from inside: an absolute link.
    (top / LIBRARIES / "libz.so.1").symlink_to(f"/{LIBRARIES}/libz.so.1.2")
    prefix = make_prefix(top / "usr/local", machine="aarch64", loader=LOADER)
    dynload = prefix / "lib/python3.11/lib-dynload"
    write_elf(dynload / "zlib.so", machine="aarch64", needed=["libz.so.1", "libc.so.6"])
    write_elf(dynload / "_sqlite3.so", machine="aarch64", needed=["libsqlite3.so.0"])
    return top


def find(tmp_path: Path, path: Path) -> tuple[Interpreter, list[str]]:
    wish = wanted(tmp_path, platform="linux-aarch64", chosen=str(path))
    found = PathSource(wanted=wish, path=path).find()
    reporter = wish.settings.reporter
    assert isinstance(reporter, Listener)
    return found, reporter.notes


def test_its_libraries_come_from_its_own_root(tmp_path: Path, root: Path) -> None:
    interpreter, notes = find(tmp_path, root / "usr/local")
    assert interpreter.version == "3.11.7"
    bundled = read_elf(interpreter.tree / "lib/libz.so.1")
    assert bundled is not None
    assert bundled.machine == "aarch64"
    assert not (interpreter.tree / "lib/python3.11/lib-dynload/_sqlite3.so").exists()
    (note,) = notes
    assert note == f"path: _sqlite3.so is left out: it needs libsqlite3.so.0, which {root} does not have"


def test_a_changed_library_is_noticed(tmp_path: Path, root: Path) -> None:
    before, _ = find(tmp_path, root / "usr/local")
    write_elf(root / LIBRARIES / "libz.so.1.2", machine="aarch64", needed=["libm.so.6"])
    after, _ = find(tmp_path, root / "usr/local")
    assert before.sha256 != after.sha256


def test_its_facts_are_read_from_its_files(root: Path) -> None:
    layout = find_layout(root / "usr/local", "x")
    facts = read_facts(layout, root)
    assert (facts.version, facts.final, facts.ensurepip, facts.debug) == ("3.11.7", True, True, False)
    (layout.stdlib / "_sysconfigdata_d_linux_.py").write_text("build_time_vars = {'Py_DEBUG': 1}\n")
    (layout.prefix / "include/python3.11/patchlevel.h").write_text('#define PY_VERSION "3.11.0rc1"\n')
    facts = read_facts(find_layout(root / "usr/local", "x"), root)
    assert (facts.final, facts.debug) == (False, True)


def test_the_root_is_where_the_loader_lies(tmp_path: Path, root: Path) -> None:
    assert find_root(root / "usr/local/bin/python3.11") == root
    alone = write_elf(tmp_path / "alone/bin/python3", machine="aarch64", loader="/lib/of-no-machine.so.1")
    assert find_root(alone) is None
    assert find_root(write_elf(tmp_path / "static", loader=None)) is None
    assert find_root(Path(sys.executable).resolve()) is None
    assert find_root(Path("/usr/bin/env")) is None


def test_links_lead_no_further_than_the_root(tmp_path: Path) -> None:
    top = tmp_path / "top"
    (top / "a").mkdir(parents=True)
    (top / "out").symlink_to("../../../etc")
    (top / "a/absolute").symlink_to("/b/c")
    (top / "circle").symlink_to("circle")
    for path, wish in (("/out/x", "etc/x"), ("/a/absolute", "b/c"), ("/../../x", "x"), ("/a/../y", "y")):
        assert resolve_in(top, PurePosixPath(path)) == top / wish
    with pytest.raises(OSError, match="too many symbolic links"):
        resolve_in(top, PurePosixPath("/circle"))


def test_origin_is_understood_within_the_root(root: Path) -> None:
    own = write_elf(root / "opt/lib/libown.so", machine="aarch64")
    module = write_elf(root / "opt/dyn/own.so", machine="aarch64", needed=["libown.so"], runpath="$ORIGIN/../lib")
    elf = read_elf(module)
    assert elf is not None
    assert Linker.of_root(root).find("libown.so", module, elf) == own


def test_tcls_scripts_are_those_of_the_library(root: Path) -> None:
    module = write_elf(root / "_tkinter.so", machine="aarch64", needed=["libtcl8.6.so", "libtk8.6.so"])
    assert find_tcl_in(root, module) is None
    for version in ("8.5", "8.6"):
        (root / f"usr/share/tcltk/tcl{version}").mkdir(parents=True)
        (root / f"usr/share/tcltk/tcl{version}/init.tcl").touch()
    assert find_tcl_in(root, module) == root / "usr/share/tcltk/tcl8.6"


def test_a_python_that_debian_has_patched_is_refused(tmp_path: Path) -> None:
    prefix = make_prefix(tmp_path / "usr", machine="aarch64", loader=LOADER)
    (prefix / "lib/python3.11/sysconfig.py").write_text("_INSTALL_SCHEMES = {'deb_system': {}}\n")
    for path in (prefix, pack_tar(prefix, tmp_path / "python.tar.gz")):
        with pytest.raises(InterpreterError, match="Debian or Ubuntu has patched"):
            find(tmp_path, path)


def test_the_systems_own_python_in_a_root_is_refused(tmp_path: Path, root: Path) -> None:
    (root / "usr/local").rename(root / "usr/elsewhere")
    make_prefix(root / "usr", machine="aarch64", loader=LOADER)
    write_elf(root / "usr/lib/python3.11/lib-dynload/zlib.so", machine="aarch64", needed=["libz.so.1"])
    with pytest.raises(InterpreterError, match="belongs to the system"):
        find(tmp_path, root / "usr")
