"""What the builder makes of the setup program: resources, checksum, and where the payload begins."""

import io
import struct
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import lief
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.cache import Cache
from builder.errors import BuilderError, OutputError
from builder.installers import exe, find_format
from builder.installers.facts import InstallerFacts
from builder.installers.portable_executable import Checksum, CheckSummed
from builder.installers.resource_data import icon_resources
from builder.resources import TEMPLATES
from tests.acceptance.windows_setup import make_setup, make_target

MAGIC = b"\x89KEEL\r\n\x1a"
FACTS = InstallerFacts(
    name="starter",
    title="Starter",
    version="2026.11",
    company="Acme & Söhne",
    python="3.11.7",
    label="Windows-x86_64",
    system="windows",
    machine="x86_64",
    glibc=None,
    default_prefix="~/starter",
    license=None,
    installed_bytes=1,
    installed_files=1,
)


def reference_checksum(data: bytes, place: int) -> int:
    """The checksum as CheckSumMappedFile computes it, word by word."""
    data = data[:place] + bytes(4) + data[place + 4 :]
    total = 0
    for (word,) in struct.iter_unpack("<H", data + bytes(len(data) % 2)):
        total += word
        total = (total & 0xFFFF) + (total >> 16)
    return total + len(data)


@given(st.lists(st.binary(max_size=70)))
@settings(max_examples=60, deadline=None)
def test_the_checksum_is_that_of_windows_however_the_bytes_arrive(pieces: list[bytes]) -> None:
    data = bytes(4) + b"".join(pieces)
    summed = CheckSummed(io.BytesIO(), Checksum())
    for piece in (bytes(4), *pieces):
        summed.write(piece)
    assert summed.checksum.value(len(data)) == reference_checksum(data, 0)


@pytest.fixture(scope="module")
def setup(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("setup")
    (folder / "terms.txt").write_bytes(b"Be nice.\r\nPlease.\r\n")
    recipe = "license: terms.txt\nwindows: {shortcuts: [{name: Tool, target: scripts\\TOOL.exe, arguments: -x}]}\n"
    return make_setup(folder / "setup.exe", Cache(folder / "cache"), recipe=recipe).read_bytes()


def parsed(data: bytes) -> lief.PE.Binary:
    binary = lief.PE.parse(list(data))
    assert isinstance(binary, lief.PE.Binary)
    return binary


def resource(binary: lief.PE.Binary, kind: int, name: int) -> bytes:
    for kinds in binary.resources.childs:
        for names in kinds.childs:
            if (kinds.id, names.id) == (kind, name):
                return bytes(next(iter(names.childs)).content)
    raise AssertionError(f"there is no resource {kind}/{name}")


def test_the_payload_begins_behind_the_last_section(setup: bytes) -> None:
    binary = parsed(setup)  # lief's sections do not keep it alive
    end = max(section.pointerto_raw_data + section.sizeof_raw_data for section in binary.sections)
    assert setup[(end + 7) // 8 * 8 :][:8] == MAGIC


def test_the_file_has_its_checksum(setup: bytes) -> None:
    binary = parsed(setup)
    place = struct.unpack_from("<I", setup, 0x3C)[0] + 88
    assert binary.optional_header.checksum == reference_checksum(setup, place)


def test_the_same_input_gives_the_same_bytes(setup: bytes, tmp_path: Path) -> None:
    (tmp_path / "terms.txt").write_bytes(b"Be nice.\r\nPlease.\r\n")
    recipe = "license: terms.txt\nwindows: {shortcuts: [{name: Tool, target: scripts\\TOOL.exe, arguments: -x}]}\n"
    again = make_setup(tmp_path / "setup.exe", Cache(tmp_path / "cache"), recipe=recipe)
    assert again.read_bytes() == setup


def test_the_program_is_hardened(setup: bytes) -> None:
    binary = parsed(setup)
    flags = lief.PE.OptionalHeader.DLL_CHARACTERISTICS
    for flag in (flags.DYNAMIC_BASE, flags.HIGH_ENTROPY_VA, flags.NX_COMPAT):
        assert binary.optional_header.has(flag)
    assert binary.load_configuration is not None
    assert binary.load_configuration.dependent_load_flags == 0x800  # LOAD_LIBRARY_SEARCH_SYSTEM32
    assert binary.optional_header.subsystem == lief.PE.OptionalHeader.SUBSYSTEM.WINDOWS_GUI


def test_its_resources_say_what_it_is(setup: bytes) -> None:
    binary = parsed(setup)
    facts = resource(binary, 10, 1).decode()
    assert facts.startswith("id=Starter\ntitle=Starter\nversion=2026.11\ncompany=Acme Corp\n")
    assert "\nprefix_me=~/starter\nprefix_all=%ProgramFiles%/Starter\n" in facts
    assert "\nshortcut=Tool\tscripts/TOOL.exe\t-x\t\n" in facts
    assert resource(binary, 10, 2) == b"Be nice.\nPlease."
    manifest = resource(binary, 24, 1).decode()
    for word in ("asInvoker", "PerMonitorV2", "longPathAware", "UTF-8", "8e0f7a12-bfb3-4fe8-b9a5-48fd50a15a9a"):
        assert word in manifest
    version = resource(binary, 16, 1)
    assert len(version) == struct.unpack_from("<H", version)[0]
    for text in ("Starter 2026.11 Setup", "Acme Corp", "Starter-2026.11-py311-Windows-x86_64.exe"):
        assert text.encode("utf-16-le") in version


def test_the_format_is_for_windows_only() -> None:
    from builder.platforms import PLATFORMS

    windows: Any = SimpleNamespace(platform=PLATFORMS["windows-arm64"], stem="X-1-py311-Windows-arm64")
    linux: Any = SimpleNamespace(platform=PLATFORMS["linux-x86_64"], stem="X")
    assert find_format("exe", windows).filename(windows) == "X-1-py311-Windows-arm64.exe"
    with pytest.raises(BuilderError, match="they are for Windows"):
        find_format("exe", linux)


@pytest.mark.parametrize(
    ("prefix", "wanted"),
    [("~/x", "~/x"), ("$HOME/x", "~/x"), ("/opt/x", "~/starter"), ("D:/x", "D:/x")],
)
def test_the_proposed_folder_is_one_that_windows_can_have(tmp_path: Path, prefix: str, wanted: str) -> None:
    target = make_target(tmp_path, f"default_prefix: {prefix}\n")
    facts = exe.facts_resource(target.recipe, exe.WindowsInstaller(), FACTS, False).decode()
    assert f"\nprefix_me={wanted}\n" in facts


class Huge:
    """A payload that is too large to be written."""

    size = 5 * 2**30
    frames = ()

    def write_to(self, stream: object) -> None:
        raise AssertionError("nothing must be written")


def test_more_than_four_gibibytes_are_refused_before_and_after_compressing(tmp_path: Path) -> None:
    payload: Any = Huge()
    with pytest.raises(OutputError, match=r"5\.00 GiB") as caught:
        exe.write(payload, make_target(tmp_path), FACTS, io.BytesIO())
    assert "7z" in str(caught.value.hint)
    exe.check(6 * 2**30)  # may well become smaller
    with pytest.raises(BuilderError, match="4 GiB") as caught_early:
        exe.check(8 * 2**30)
    assert "7z" in str(caught_early.value.hint)


def test_a_shortcut_to_nowhere_is_refused(tmp_path: Path) -> None:
    recipe = "windows: {shortcuts: [{name: Tool, target: Scripts/absent.exe}]}\n"
    with pytest.raises(BuilderError, match=r"Scripts/absent\.exe, which is not in the base"):
        make_setup(tmp_path / "setup.exe", Cache(tmp_path / "cache"), recipe=recipe)


@pytest.mark.parametrize("size", [0, 5, 20, 60, 200])
def test_a_broken_icon_is_refused(size: int) -> None:
    icon = (TEMPLATES / "windows" / "setup.ico").read_bytes()
    assert len(icon_resources(icon)) == 6
    with pytest.raises(BuilderError, match="icon"):
        icon_resources(icon[:size])
