from pathlib import Path

import pytest

from builder.elf import read_elf
from builder.interpreters import libraries
from builder.interpreters.libraries import Linker, bundle_libraries, complete_tree, is_complete
from builder.interpreters.licences import note_licences
from builder.interpreters.model import UnavailableError

from .elves import write_elf


class Machine:
    """A prefix with a program, and a folder of libraries. patched: what patchelf was asked for."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.prefix, self.system = root / "copy è", root / "system"
        self.program = write_elf(self.prefix / "bin/python3.11", needed=["libpython3.11.so.1.0", "libc.so.6"])
        write_elf(self.prefix / "lib/libpython3.11.so.1.0", needed=["libm.so.6"])
        self.patched: dict[str, str] = {}
        monkeypatch.setattr(libraries, "set_runpath", self._set_runpath)

    def _set_runpath(self, files: list[Path], runpath: str) -> None:
        self.patched |= {path.relative_to(self.prefix).as_posix(): runpath for path in files}

    def module(self, name: str, *needed: str) -> Path:
        return write_elf(self.prefix / "lib/python3.11/lib-dynload" / name, needed=needed)

    def library(self, name: str, *needed: str, machine: str = "x86_64") -> Path:
        return write_elf(self.system / name, needed=needed, machine=machine)

    def bundle(self) -> libraries.Bundle:
        linker = Linker(cache={}, folders=(self.system,))
        return bundle_libraries(self.prefix, self.program, self.prefix, linker)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def test_libraries_are_bundled_recursively_and_glibc_is_not(machine: Machine) -> None:
    machine.module("_ssl.so", "libssl.so.3", "libc.so.6")
    machine.library("libssl.so.3", "libcrypto.so.3", "libpthread.so.0")
    machine.library("libcrypto.so.3", "libdl.so.2", "libgcc_s.so.1")
    machine.library("libc.so.6")
    assert sorted(machine.bundle().libraries) == ["libcrypto.so.3", "libssl.so.3"]
    assert sorted(path.name for path in (machine.prefix / "lib").glob("*.so*")) == [
        "libcrypto.so.3",
        "libpython3.11.so.1.0",
        "libssl.so.3",
    ]


def test_everything_looks_into_the_lib_folder_relative_to_itself(machine: Machine) -> None:
    machine.module("zlib.so", "libz.so.1")
    machine.library("libz.so.1")
    machine.bundle()
    assert machine.patched == {
        "bin/python3.11": "$ORIGIN/../lib",
        "lib/libpython3.11.so.1.0": "$ORIGIN",
        "lib/libz.so.1": "$ORIGIN",
        "lib/python3.11/lib-dynload/zlib.so": "$ORIGIN/../..",
    }


def test_a_module_whose_libraries_are_missing_is_dropped_alone(machine: Machine) -> None:
    broken = machine.module("_gdbm.so", "libgdbm.so.6")
    machine.library("libgdbm.so.6", "libmissing.so.1")
    kept = machine.module("zlib.so", "libz.so.1")
    machine.library("libz.so.1")
    bundle = machine.bundle()
    assert bundle.dropped == {broken.relative_to(machine.prefix): "libmissing.so.1"}
    assert sorted(bundle.libraries) == ["libz.so.1"]
    assert kept.exists()
    assert not broken.exists()


def test_a_program_whose_libraries_are_missing_is_refused(machine: Machine) -> None:
    write_elf(machine.program, needed=["libintl.so.8"])
    with pytest.raises(UnavailableError, match=r"needs libintl\.so\.8"):
        machine.bundle()


def test_a_library_for_another_cpu_does_not_fit(machine: Machine) -> None:
    broken = machine.module("zlib.so", "libz.so.1")
    machine.library("libz.so.1", machine="aarch64")
    assert list(machine.bundle().dropped.values()) == ["libz.so.1"]
    assert not broken.exists()


def test_the_runpath_of_a_file_comes_first_and_origin_is_where_it_lies(tmp_path: Path) -> None:
    own = write_elf(tmp_path / "python/lib/libz.so.1")
    write_elf(tmp_path / "system/libz.so.1")
    module = write_elf(tmp_path / "python/dyn/zlib.so", needed=["libz.so.1"], runpath="${ORIGIN}/../lib")
    linker = Linker(cache={"libz.so.1": (tmp_path / "system/libz.so.1",)}, folders=())
    elf = read_elf(module)
    assert elf is not None
    found = linker.find("libz.so.1", module, elf)
    assert found is not None
    assert found.resolve() == own


def test_a_tree_that_brings_its_libraries_is_complete(tmp_path: Path) -> None:
    write_elf(tmp_path / "bin/python3", needed=["$ORIGIN/../lib/libpython3.so", "libc.so.6", "libcrypt.so.1"])
    write_elf(tmp_path / "lib/libpython3.so", runpath="$ORIGIN")
    assert is_complete(tmp_path)
    write_elf(tmp_path / "lib/a/zlib.so", needed=["libz.so.1"])
    assert not is_complete(tmp_path)


def test_absolute_runpaths_of_an_archive_become_relative(machine: Machine) -> None:
    write_elf(machine.prefix / "lib/python3.11/lib-dynload/zlib.so", needed=["libz.so.1"], runpath="/opt/build/lib")
    assert not is_complete(machine.prefix)
    notes = complete_tree(machine.prefix)
    assert machine.patched == {"lib/python3.11/lib-dynload/zlib.so": "$ORIGIN/../../../lib"}
    assert len(notes) == 1
    assert notes[0].startswith("libz.so.1, which zlib.so needs")


def test_bundled_libraries_are_listed(tmp_path: Path) -> None:
    note_licences({"libodd.so.1": tmp_path / "libodd.so.1"}, tmp_path / "licences")
    text = (tmp_path / "licences/bundled-libraries.txt").read_text()
    assert text.splitlines()[-1] == "libodd.so.1  package unknown"
