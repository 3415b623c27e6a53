"""What of keel goes into a base."""

import pytest

from builder.launchers import windows_programs
from builder.manager import manager_files
from builder.platforms import PLATFORMS
from builder.units import manager_slice


def test_keel_comes_with_what_it_needs_and_with_nothing_else() -> None:
    files = {dest: mode for dest, _, mode in manager_files(windows=False)}
    assert files["cmd/keel"] == 0o755
    assert files["etc/profile.d/keel.sh"] == 0o644
    assert files["keel-meta/shell/activate.fish"] == 0o644
    assert "keel-meta/keel/__main__.py" in files
    assert "keel-meta/keel/_vendor/packaging/requirements.py" in files
    assert {"keel-meta/keel/_vendor/packaging/LICENSE.BSD", "keel-meta/keel/_vendor/tomli/LICENSE"} <= set(files)
    assert not [dest for dest in files if "__pycache__" in dest or dest.endswith((".pyc", "py.typed", ".toml"))]


def test_batch_files_are_in_windows_bases_only_and_the_posix_starter_in_the_others() -> None:
    windows = {dest for dest, _, _ in manager_files(windows=True)}
    posix = {dest for dest, _, _ in manager_files(windows=False)}
    assert {dest for dest in posix if dest.startswith("cmd/")} == {"cmd/keel"}
    assert "cmd/keel.bat" in windows
    assert "cmd/keel" not in windows
    assert {dest for dest in windows ^ posix if not dest.endswith(".bat")} == {"cmd/keel"}
    assert not [dest for dest in posix if dest.endswith(".bat")]


def test_the_two_families_share_no_frame_by_mistake() -> None:
    slices = [manager_slice(PLATFORMS[name]) for name in ("windows-x86_64", "windows-arm64", "linux-x86_64")]
    assert len({piece.key for piece, _ in slices}) == len({digest for _, digest in slices}) == 3
    assert manager_slice(PLATFORMS["macos-arm64"])[1] == slices[2][1]


def test_windows_bases_bring_the_programs_that_scripts_and_environments_are_made_of() -> None:
    for name, machine in (("windows-x86_64", "x86_64"), ("windows-arm64", "arm64")):
        (piece, _), programs = manager_slice(PLATFORMS[name]), windows_programs(machine)
        there = {entry.path: entry for entry in piece.entries()}
        assert set(programs) == {
            f"keel-meta/launchers/{name}" for name in ("console.exe", "gui.exe", "python.exe", "pythonw.exe")
        }
        for dest, data in programs.items():
            assert there[dest].open().read() == data
            machine_bytes = {"x86_64": b"PE\0\0\x64\x86", "arm64": b"PE\0\0\x64\xaa"}[machine]
            assert machine_bytes in data[:1024]
        assert all(len(programs[f"keel-meta/launchers/{name}"]) <= 60 * 1024 for name in ("python.exe", "pythonw.exe"))


@pytest.mark.parametrize("windows", [True, False])
def test_every_file_is_there_and_listed_once_in_order(windows: bool) -> None:
    listed = manager_files(windows=windows)
    dests = [dest for dest, _, _ in listed]
    assert dests == sorted(set(dests))
    assert all(source.is_file() for _, source, _ in listed)


def test_cmd_gets_lines_as_it_wants_them() -> None:
    """cmd.exe loses labels in files without carriage returns, and reads bytes in the code page of the day."""
    for dest, source, _ in manager_files(windows=True):
        if dest.endswith(".bat"):
            content = source.read_bytes()
            assert content.count(b"\n") == content.count(b"\r\n"), dest
            assert content.isascii(), dest
