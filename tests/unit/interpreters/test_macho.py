"""Mach-O files: what is read from real ones, other paths in them, and signatures that still fit. lief reads it back."""

import struct
from pathlib import Path

import lief
import pytest

from builder.engine import read_engine
from builder.errors import BuilderError
from builder.macho import change_paths, is_macho, macho_files, oldest_macos, read_macho
from builder.platforms import PLATFORMS

from .machos import bad_pages, compiled, fat

PYTHON = "/install/lib/libpython3.11.dylib"
MACHINES = ["arm64", "x86_64"]
# A signed program of somebody is told from one with an ad-hoc signature by its CMS blob.
CMS = 0x10000


def parse(path: Path, number: int = 0) -> lief.MachO.Binary:
    binaries = lief.MachO.parse(str(path))
    assert binaries is not None
    binary = binaries.at(number)
    assert binary is not None
    return binary


def paths(binary: lief.MachO.Binary) -> list[str]:
    return [str(library.name) for library in binary.libraries]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "a file"


@pytest.mark.parametrize("machine", MACHINES)
def test_facts_of_a_program(machine: str, file: Path) -> None:
    file.write_bytes(compiled("program", machine, loads=(PYTHON,), rpath="/install/lib"))
    [program] = read_macho(file)
    assert program.machine == machine
    assert program.macos == {"arm64": (11, 0), "x86_64": (10, 15)}[machine]
    assert program.identity is None
    assert program.libraries == (PYTHON, "/usr/lib/libSystem.B.dylib")
    assert program.rpaths == ("/install/lib",)
    assert program.signature == {"arm64": "ad hoc", "x86_64": "none"}[machine]


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("new", ["@rpath/x", "@rpath/" + "long" * 40 + ".dylib"], ids=["shorter", "longer"])
def test_a_librarys_own_name_is_changed(machine: str, new: str, file: Path) -> None:
    old = compiled("library", machine, identity=PYTHON)
    file.write_bytes(old)
    assert change_paths(file, lambda path: path, identity=new)
    binary = parse(file)
    assert paths(binary) == [new, "/usr/lib/libSystem.B.dylib"]
    assert len(file.read_bytes()) == len(old)
    assert bad_pages(file.read_bytes()) == ([] if machine == "arm64" else None)
    before = lief.MachO.parse(list(old)).at(0)  # type: ignore[union-attr]
    assert before is not None
    assert [section.content.tobytes() for section in binary.sections] == [s.content.tobytes() for s in before.sections]
    assert [command.command for command in binary.commands] == [command.command for command in before.commands]


@pytest.mark.parametrize("machine", MACHINES)
def test_paths_of_libraries_and_rpaths_are_changed(machine: str, file: Path) -> None:
    file.write_bytes(compiled("program", machine, loads=(PYTHON, "/install/lib/b.dylib"), rpath="/install/lib"))
    assert change_paths(file, lambda path: path.replace("/install/", "@loader_path/../../../"), identity=None)
    [program] = read_macho(file)
    assert program.libraries == (
        "@loader_path/../../../lib/libpython3.11.dylib", "@loader_path/../../../lib/b.dylib",
        "/usr/lib/libSystem.B.dylib",
    )  # fmt: skip
    assert program.rpaths == ("@loader_path/../../../lib",)
    assert paths(parse(file)) == list(program.libraries)
    assert bad_pages(file.read_bytes()) == ([] if machine == "arm64" else None)


def test_both_programs_of_a_universal_file_are_changed(file: Path) -> None:
    programs = [compiled("library", machine, identity=PYTHON) for machine in MACHINES]
    file.write_bytes(fat(*programs))
    assert [program.machine for program in read_macho(file)] == MACHINES
    assert change_paths(file, lambda path: path, identity="@rpath/x")
    assert [program.identity for program in read_macho(file)] == ["@rpath/x"] * 2
    assert bad_pages(file.read_bytes(), 2**14) == []
    assert paths(parse(file, 1))[0] == "@rpath/x"


def test_without_a_change_a_file_stays_byte_for_byte(file: Path) -> None:
    data = compiled("library", "arm64", identity=PYTHON)
    file.write_bytes(data)
    assert change_paths(file, lambda path: path, identity=None)
    assert file.read_bytes() == data


def test_a_path_without_room_is_refused(file: Path) -> None:
    data = compiled("library", "arm64", identity=PYTHON)
    file.write_bytes(data)
    with pytest.raises(BuilderError, match="no room"):
        change_paths(file, lambda path: path, identity="@rpath/" + "x" * 40_000)
    assert file.read_bytes() == data


def test_a_file_that_somebody_has_signed_stays_as_it_is(file: Path) -> None:
    data = bytearray(compiled("library", "arm64", identity=PYTHON))
    place = data.index(b"\xfa\xde\x0c\xc0")
    # Instead of what the linker left: one more part, with something in it.
    count = int.from_bytes(data[place + 8 : place + 12], "big")
    parts = [struct.unpack_from(">II", data, place + 12 + 8 * number) for number in range(count)]
    room = len(data)
    parts.append((CMS, room - place))
    head = struct.pack(">II", len(parts), 0)[:4] + b"".join(struct.pack(">II", *part) for part in parts)
    if place + 8 + len(head) <= place + min(where for _, where in parts):
        data[place + 8 : place + 8 + len(head)] = head
    else:  # the directory follows at once: take its place in the list
        data[place + 12 : place + 20] = struct.pack(">II", CMS, room - place)
    data += struct.pack(">II", 0xFADE0B01, 100) + bytes(92)
    file.write_bytes(data)
    assert read_macho(file)[0].signature == "identity"
    assert not change_paths(file, lambda path: path, identity="@rpath/x")
    assert file.read_bytes() == data


JAVA = b"\xca\xfe\xba\xbe\0\0\0\x34"
THIN = b"\xcf\xfa\xed\xfe"


@pytest.mark.parametrize("data", [b"", THIN, JAVA + bytes(50), b"\x7fELF", THIN + b"\xff" * 60])
def test_what_is_no_program_or_damaged_has_no_facts(data: bytes, file: Path) -> None:
    file.write_bytes(data)
    assert read_macho(file) == ()


def test_files_are_found_and_the_oldest_macos_is_the_newest_asked_for(tmp_path: Path) -> None:
    for name, machine in (("b", "arm64"), ("a", "x86_64")):
        (tmp_path / name).write_bytes(compiled("library", machine, identity=PYTHON))
    (tmp_path / "c").symlink_to("b")
    (tmp_path / "A.class").write_bytes(JAVA)
    (tmp_path / "d.txt").write_text("text")
    assert macho_files(tmp_path) == [tmp_path / "a", tmp_path / "b"]
    assert not is_macho(tmp_path / "c")
    assert oldest_macos(macho_files(tmp_path)) == "11.0"
    assert oldest_macos([tmp_path / "d.txt"]) is None
    (tmp_path / "both").write_bytes(fat((tmp_path / "a").read_bytes(), (tmp_path / "b").read_bytes()))
    assert oldest_macos([tmp_path / "both"]) == "10.15"


@pytest.mark.parametrize("machine", MACHINES)
def test_the_engine_for_macos_is_a_program_that_macs_start(machine: str, file: Path) -> None:
    data = read_engine(PLATFORMS[f"macos-{machine}"])
    file.write_bytes(data)
    binary = parse(file)
    assert binary.header.cpu_type == {
        "arm64": lief.MachO.Header.CPU_TYPE.ARM64, "x86_64": lief.MachO.Header.CPU_TYPE.X86_64,
    }[machine]  # fmt: skip
    assert binary.header.file_type == lief.MachO.Header.FILE_TYPE.EXECUTE
    assert binary.is_pie
    assert binary.build_version is not None
    assert binary.build_version.minos[:2] == {"arm64": [11, 0], "x86_64": [10, 15]}[machine]
    # It is not to need anything but what every Mac has.
    assert paths(binary) == ["/usr/lib/libSystem.B.dylib"]
    # Apple silicon starts nothing without a signature, Intel's anything.
    assert bad_pages(data) == ([] if machine == "arm64" else None)
    assert read_macho(file)[0].signature == {"arm64": "ad hoc", "x86_64": "none"}[machine]


def test_the_test_would_see_a_wrong_signature() -> None:
    data = bytearray(compiled("library", "arm64", identity=PYTHON))
    data[100] ^= 1
    assert bad_pages(bytes(data)) == [0]
