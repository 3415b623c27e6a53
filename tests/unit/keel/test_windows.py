"""keel on Windows, from recorded facts: what does not need Windows to be seen."""

from pathlib import Path

import pytest

from keel.base import Base
from keel.errors import KeelError
from keel.launchers import Launchers
from keel.layout import layout
from keel.places import Places
from keel.relocate import relocate_launcher
from keel.shells import check_shells, start_up_files
from keel.store import base_scheme, environment_scheme
from keel.venv import is_written_here, lay_out
from tests.unit.keel.bases import FakeBase

WINDOWS = layout("3.11", windows=True)
OURS = Launchers(b"MZ console", b"MZ gui", "")
OLD, NEW = "C:\\base\\envs\\old one", "D:\\né 中"
PROGRAMS = {f"{name}.exe": f"MZ {name}".encode() for name in ("console", "gui", "python", "pythonw")}


def as_windows(fake: FakeBase) -> Base:
    """The base, taken for one of Windows."""
    base = fake.base
    base.layout = WINDOWS
    (fake.prefix / "keel-meta/launchers").mkdir()
    for name, data in PROGRAMS.items():
        (fake.prefix / "keel-meta/launchers" / name).write_bytes(data)
    (fake.prefix / "python.exe").write_bytes(b"MZ")
    return base


def test_the_two_families_have_their_own_places() -> None:
    posix = layout("3.11", windows=False)
    assert (posix.python, posix.home, posix.scripts) == ("bin/python3.11", "bin", "bin")
    assert (WINDOWS.python, WINDOWS.home, WINDOWS.scripts) == ("python.exe", "", "Scripts")
    assert (posix.library, WINDOWS.library) == ("lib/python3.11/site-packages", "Lib/site-packages")
    assert (posix.own_python, WINDOWS.own_python) == ("bin/python", "Scripts/python.exe")


def test_an_environment_on_windows_has_the_layout_of_a_venv(fake: FakeBase, tmp_path: Path) -> None:
    base = as_windows(fake)
    lay_out(base, str(tmp_path / "env"), "X:\\envs\\work", name="work")
    files = {path.relative_to(tmp_path / "env").as_posix() for path in (tmp_path / "env").rglob("*") if path.is_file()}
    assert {"pyvenv.cfg", "Scripts/python.exe", "Scripts/pythonw.exe", "Scripts/Activate.ps1"} <= files
    assert (tmp_path / "env/Lib/site-packages").is_dir()
    assert (tmp_path / "env/Scripts/python.exe").read_bytes() == b"MZ python"
    assert not [path for path in (tmp_path / "env").rglob("*") if path.is_symlink()]
    assert f"home = {fake.prefix}\n" in (tmp_path / "env/pyvenv.cfg").read_text()
    assert all(is_written_here(file, WINDOWS) for file in files)
    assert not is_written_here("Scripts/pip.exe", WINDOWS)


def test_scripts_find_python_above_them_in_a_base_and_beside_them_in_an_environment(fake: FakeBase) -> None:
    base = as_windows(fake)
    assert base_scheme(base).launchers == Launchers(b"MZ console", b"MZ gui", "..\\")
    assert environment_scheme(base).launchers == Launchers(b"MZ console", b"MZ gui", "")
    assert environment_scheme(base).scripts == "Scripts"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"#!C:\\base\\envs\\old one\\Scripts\\python.exe", "#!D:\\né 中\\Scripts\\python.exe"),
        (b'#!"c:\\BASE\\envs\\old one\\scripts\\pythonw.exe" -x', '#!"D:\\né 中\\Scripts\\pythonw.exe" -x'),
        (b"#!C:\\base\\envs\\old one\\python.exe", "#!D:\\né 中\\Scripts\\python.exe"),
        (b"#!<launcher_dir>\\..\\python.exe", "#!<launcher_dir>\\python.exe"),
        (b"#!<launcher_dir>\\python.exe", "#!<launcher_dir>\\python.exe"),
        (b"#!C:\\other\\Scripts\\python.exe", "#!C:\\other\\Scripts\\python.exe"),
    ],
)
def test_a_program_of_a_script_follows_its_environment(before: bytes, after: str) -> None:
    script = Launchers(b"MZ#!not this\n", b"", "").script(b"print('#!neither')\n", gui=False)
    start = script.index(b"#!<launcher_dir>")
    head, behind = script[:start], script[script.index(b"\n", start) :]
    assert relocate_launcher(head + before + behind, (OLD,), NEW, OURS) == head + after.encode() + behind


def test_other_programs_stay_as_they_are() -> None:
    for program in (
        b"MZ no zip #!x\n",
        b"PK\x05\x06",
        b"#!C:\\base\\envs\\old one\\Scripts\\python.exe\nprint()\n",
        b"",
    ):
        assert relocate_launcher(program, (OLD,), NEW, OURS) == program


@pytest.mark.parametrize("gui", [False, True])
def test_a_program_of_uv_becomes_one_that_finds_its_python_anywhere(gui: bool) -> None:
    script = OURS.script(b"print()", gui=gui)
    start = script.index(b"PK")
    python = f"{OLD}\\Scripts\\python{'w' if gui else ''}.exe".encode()
    theirs = b"MZ uv " + "UV_PYTHON_PATH".encode("utf-16-le") + script[start:] + python
    assert relocate_launcher(theirs, (OLD,), NEW, OURS) == script
    foreign = theirs.replace(b"old one", b"another")
    assert relocate_launcher(foreign, (OLD,), NEW, OURS) == foreign


def test_powershell_has_a_profile_for_each_of_its_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keel.shells.WINDOWS", True)
    monkeypatch.setattr("keel.layout.WINDOWS", True)
    monkeypatch.setattr("keel.shells.documents_folder", lambda home: f"{home}/Documents")
    found = start_up_files("powershell", {"USERPROFILE": "/users/è", "HOME": "/elsewhere"})
    assert found == [f"/users/è/Documents/{name}/profile.ps1" for name in ("WindowsPowerShell", "PowerShell")]
    assert check_shells([], {}) == ["powershell"]
    with pytest.raises(KeelError, match="HOME is not set"):
        start_up_files("powershell", {"HOME": "/elsewhere"})


def test_links_are_told_by_place_size_and_time() -> None:
    places = Places(WINDOWS)
    places.learn("C:\\pkgs", "", ["d", "f1:1"], ["a-1", "stray"])
    places.learn("C:\\pkgs", "a-1", ["f6:10", "d"], ["a.py", "sub"])
    places.learn("C:\\pkgs", "a-1/sub", ["f6:10"], ["a.py"])
    places.learn("C:\\pkgs", "a-1/a-1.data/scripts", ["f2:10"], ["tool.exe"])
    assert places.find("Lib/site-packages/a.py", "f6:10") == ("C:\\pkgs/a-1", "a.py")
    assert places.find("Lib/site-packages/sub/a.py", "f6:10") == ("C:\\pkgs/a-1/sub", "a.py")
    assert places.find("Scripts/tool.exe", "f2:10") == ("C:\\pkgs/a-1/a-1.data/scripts", "tool.exe")
    for path, key in (("Lib/site-packages/a.py", "f6:12"), ("Lib/site-packages/b.py", "f6:10"), ("stray", "f1:1")):
        assert places.find(path, key) == ("", "")
