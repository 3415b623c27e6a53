import json
import subprocess
import sys
from pathlib import Path

import pytest

from builder.errors import InterpreterError
from builder.interpreters.normalise import normalise, tree_digest

from .elves import write_elf
from .trees import PREFIX, listing, make_prefix

STDLIB = "lib/python3.11"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    prefix = make_prefix(tmp_path / 'it\'s "odd" è')
    normalise(prefix)
    return prefix


def variables(tree: Path, moved: Path | None = None) -> dict[str, object]:
    """`build_time_vars`, as the file computes them."""
    file = next((moved or tree).glob(f"{STDLIB}/_sysconfigdata*.py"))
    code = "import runpy, json, sys; print(json.dumps(runpy.run_path(sys.argv[1])['build_time_vars']))"
    return json.loads(subprocess.check_output([sys.executable, "-c", code, file], text=True))  # type: ignore[no-any-return]


def test_bin_holds_the_program_its_names_and_relocatable_scripts(tree: Path) -> None:
    names = {path.name for path in (tree / "bin").iterdir()}
    assert names == {"python", "python3", "python3.11", "pydoc3", "pydoc3.11", "python3-config", "python3.11-config"}
    assert (tree / "bin/python").readlink() == (tree / "bin/python3").readlink() == Path("python3.11")
    assert (tree / "bin/pydoc3").read_bytes().startswith(b"#!/bin/sh\n''':'")
    assert all(path.stat().st_mode & 0o777 == 0o755 for path in (tree / "bin").iterdir())


def test_packages_tests_and_caches_go_and_ensurepip_stays(tree: Path) -> None:
    names = listing(tree)
    assert f"{STDLIB}/ensurepip/_bundled/pip-1-py3-none-any.whl" in names
    assert [name for name in names if "site-packages" in name] == [f"{STDLIB}/site-packages/README.txt"]
    assert not [name for name in names if "/test" in name or "__pycache__" in name or "jupyter" in name]
    assert (tree / STDLIB / "unittest/__init__.py").is_file()


def test_lib_dynload_never_disappears(tree: Path) -> None:
    assert any((tree / STDLIB / "lib-dynload").iterdir())


def test_sysconfig_follows_the_tree(tree: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved ' here"
    tree.rename(moved)
    found = variables(moved)
    assert found["prefix"] == str(moved)
    assert found["BINDIR"] == f"{moved}/bin"
    assert found["HAVE_FORK"] == 1
    assert (found["CC"], found["AR"], found["LDSHARED"]) == ("cc -pthread", "ar", "cc -shared")
    assert found["CFLAGS"] == "-O3 -Wall"


def test_the_build_machine_is_nowhere_in_the_tree(tree: Path) -> None:
    texts = [path for path in tree.rglob("*") if path.is_file() and path.suffix in (".py", ".pc", "")]
    for path in texts:
        assert PREFIX.encode() not in path.read_bytes(), path
        assert b"/tools" not in path.read_bytes(), path


def test_pkg_config_files_count_from_themselves(tree: Path) -> None:
    text = (tree / "lib/pkgconfig/python3.pc").read_text()
    assert "prefix=${pcfiledir}/../..\nlibdir=${prefix}/lib\n" in text
    assert "Libs: -L${libdir} -lpython3" in text


def test_a_second_pass_changes_nothing(tree: Path) -> None:
    before = tree_digest(tree)
    normalise(tree)
    assert tree_digest(tree) == before


def test_lost_modes_and_links_are_restored(tmp_path: Path) -> None:
    """npm drops executable bits and copies what links point to."""
    prefix = make_prefix(tmp_path / "python")
    for name in ("libpython3.11.so", "libpython3.11.so.1.0"):
        write_elf(prefix / "lib" / name, soname="libpython3.11.so.1.0")
    write_elf(prefix / "lib/libpython3.so", soname="libpython3.so")
    for path in prefix.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    normalise(prefix)
    assert (prefix / "lib/libpython3.11.so").readlink() == Path("libpython3.11.so.1.0")
    assert not (prefix / "lib/libpython3.so").is_symlink()
    assert (prefix / "lib/libpython3.so").stat().st_mode & 0o777 == 0o755
    assert (prefix / STDLIB / "os.py").stat().st_mode & 0o777 == 0o644


def test_ssl_and_tkinter_are_extended(tmp_path: Path) -> None:
    prefix = make_prefix(tmp_path / "python")
    for name, text in (
        (f"{STDLIB}/tkinter/__init__.py", "import enum\nimport _tkinter # If this fails\n"),
        ("lib/tcl8.6/init.tcl", ""),
    ):
        (prefix / name).parent.mkdir(parents=True, exist_ok=True)
        (prefix / name).write_text(text)
    normalise(prefix)
    assert "_keel_certificates.extend" in (prefix / STDLIB / "ssl.py").read_text()
    assert (prefix / STDLIB / "_keel_certificates.py").is_file()
    lines = (prefix / STDLIB / "tkinter/__init__.py").read_text().splitlines()
    assert lines[1].startswith("from tkinter import _keel_tcl")
    assert lines[2] == "import _tkinter # If this fails"


def test_build_details_become_relative(tmp_path: Path) -> None:
    """PEP 739."""
    prefix = make_prefix(tmp_path / "python")
    details = prefix / STDLIB / "build-details.json"
    content = {
        "base_prefix": PREFIX,
        "base_interpreter": f"{PREFIX}/bin/python3.11",
        "c_api": {"headers": f"{PREFIX}/include"},
        "platform": "linux-x86_64",
    }
    details.write_text(json.dumps(content))
    normalise(prefix)
    assert json.loads(details.read_text()) == {
        "base_prefix": "../..",
        "base_interpreter": "bin/python3.11",
        "c_api": {"headers": "include"},
        "platform": "linux-x86_64",
    }


def test_a_link_that_leads_out_is_refused(tmp_path: Path) -> None:
    prefix = make_prefix(tmp_path / "python")
    (prefix / STDLIB / "zoneinfo").symlink_to("/usr/share")
    with pytest.raises(InterpreterError, match=r"zoneinfo is a link to /usr/share"):
        normalise(prefix)


def test_the_digest_sees_content_mode_and_links_but_no_times(tree: Path) -> None:
    before = tree_digest(tree)
    module = tree / STDLIB / "os.py"
    module.touch()
    assert tree_digest(tree) == before
    module.chmod(0o755)
    assert tree_digest(tree) != before
    module.chmod(0o644)
    (tree / "bin/python").unlink()
    (tree / "bin/python").symlink_to("python3")
    assert tree_digest(tree) != before
