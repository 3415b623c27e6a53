"""What of keel goes into a base."""

import pytest

from builder.manager import manager_files
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
    (windows, one), (posix, other) = manager_slice(windows=True), manager_slice(windows=False)
    assert windows.key != posix.key
    assert one != other


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
