"""Bytecode that an installer does not hold is made by its last step, as if it had been shipped."""

import importlib.util
import os
import py_compile
import subprocess
import sys
from pathlib import Path

import pytest

from keel.manifest import AT_INSTALLATION
from tests.unit.keel.bases import LIBRARY, FakeBase

TAG = sys.implementation.cache_tag
FILES = {
    "tool/__init__.py": "TOOL = 1\n",
    "tool/sub dir/è.py": "X = 2\n",
    "tool/py2.py": "print 'x'\n",
    "tool/tests/test_it.py": "",
    "tool-1.0.data/purelib/extra.py": "EXTRA = 3\n",
    "tool-1.0.data/scripts/run.py": "#!python\n",
}


@pytest.fixture
def late(fake: FakeBase) -> FakeBase:
    """A base of an installer without bytecode."""
    fake.add("tool", "1.0", FILES)
    fake.add("offered", "1.0", {"offered.py": "", "tool/other.py": ""}, base=False)
    for path in fake.prefix.rglob("*.py"):
        if "pkgs" in path.parts or LIBRARY in str(path):
            os.utime(path, (1_000_000_000, 1_000_000_000))
    for pyc in fake.prefix.rglob("*.pyc"):
        pyc.unlink()
    fake.bytecode = AT_INSTALLATION
    fake.write_manifest()
    return fake


def pycs(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.pyc")}


def test_store_base_and_keel_are_compiled_as_if_it_had_been_shipped(late: FakeBase) -> None:
    late.keel("--settle")
    [unit] = late.prefix.glob("pkgs/tool-*")
    assert pycs(unit) == {
        f"tool/__pycache__/__init__.{TAG}.pyc",
        f"tool/sub dir/__pycache__/è.{TAG}.pyc",
        f"tool-1.0.data/purelib/__pycache__/extra.{TAG}.pyc",
    }
    library = late.prefix / LIBRARY
    linked = library / f"tool/__pycache__/__init__.{TAG}.pyc"
    assert linked.samefile(unit / f"tool/__pycache__/__init__.{TAG}.pyc")
    assert (library / f"__pycache__/extra.{TAG}.pyc").exists()
    assert not (library / f"__pycache__/offered.{TAG}.pyc").exists()
    assert pycs(late.prefix / "keel-meta/keel")
    status = linked.stat()
    assert (status.st_mode & 0o777, status.st_mtime) == (0o444, 1_000_000_000)


def test_the_bytecode_is_valid_and_used(late: FakeBase) -> None:
    late.keel("--settle")
    module = late.prefix / LIBRARY / "tool/__init__.py"
    data = Path(importlib.util.cache_from_source(str(module))).read_bytes()
    assert data[4:8] == bytes(4)
    assert int.from_bytes(data[8:12], "little") == 1_000_000_000
    command = [late.prefix / "bin/python", "-v", "-B", "-c", "import tool; assert tool.TOOL == 1"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert f"matches {module}" in done.stderr


def test_environments_get_it_from_the_store_and_check_is_content(late: FakeBase) -> None:
    late.keel("--settle")
    late.keel("create", "-y", "-n", "one", "tool")
    late.keel("create", "-y", "-n", "two", "--clone", "base")
    for name in ("one", "two"):
        pyc = late.env(name) / LIBRARY / f"tool/__pycache__/__init__.{TAG}.pyc"
        assert pyc.samefile(late.prefix / LIBRARY / f"tool/__pycache__/__init__.{TAG}.pyc")
    late.keel("check")


def test_it_can_be_repeated_and_finishes_what_was_interrupted(late: FakeBase) -> None:
    late.keel("--settle")
    complete = pycs(late.prefix)
    gone = [late.prefix / LIBRARY / f"tool/__pycache__/__init__.{TAG}.pyc", *late.prefix.glob("pkgs/pip-*/**/*.pyc")]
    for path in gone:
        path.unlink()
    late.keel("--settle")
    assert pycs(late.prefix) == complete


def test_bytecode_that_cannot_be_made_is_a_warning(late: FakeBase) -> None:
    program = late.prefix / "bin" / "python-that-works"
    python = late.prefix / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    program.symlink_to(python.readlink())
    python.unlink()
    python.write_text("#!/bin/sh\necho no such luck >&2\nexit 3\n")
    python.chmod(0o755)
    keel = late.prefix / "keel-meta/keel/__main__.py"
    done = subprocess.run([program, "-I", "-S", "-B", keel, "--settle"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "are not compiled" in done.stderr
    assert "no such luck" in done.stderr
    assert (late.prefix / "pip.conf").exists()


def test_a_base_whose_bytecode_was_shipped_is_left_alone(fake: FakeBase) -> None:
    fake.add("tool", "1.0", FILES)
    before = pycs(fake.prefix)
    fake.keel("--settle")
    assert pycs(fake.prefix) == before


def test_the_pycs_are_those_of_py_compile(late: FakeBase) -> None:
    late.keel("--settle")
    [unit] = late.prefix.glob("pkgs/tool-*")
    source = unit / "tool/__init__.py"
    made = (unit / f"tool/__pycache__/__init__.{TAG}.pyc").read_bytes()
    again = py_compile.compile(str(source), cfile=str(late.prefix / "x.pyc"), doraise=True)
    assert again is not None
    assert made[:16] == Path(again).read_bytes()[:16]
