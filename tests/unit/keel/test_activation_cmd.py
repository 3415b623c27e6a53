"""Activation in Wine's cmd.exe, in the layout of a Windows base.

No Python for Windows can be had here: a program that only tells that it was started stands in for it. Wine's cmd.exe
knows less than Windows' own (no wildcard between quotes, no modifiers in delayed expansion, `call set` not with every
PATH), which keel.bat and the tests here avoid.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.manager import manager_files
from builder.resources import TEMPLATES
from keel.batch import batch_lines
from tests.conftest import skip_unless

pytestmark = pytest.mark.xdist_group("wine")

ODD = "it's (odd) è & x^y"
VARIABLES = {"ODD": 'it\'s "odd & odd" $HOME %PATH% ! ^ x', "PLAIN": "1", "SPACED": " two  words "}
WINE = next((path for path in ("/usr/lib/wine/wine64", "/usr/bin/wine64") if os.access(path, os.X_OK)), None)
PATH = r"C:\a b;C:\windows\system32;C:\windows"
HELPERS = r"""
:state
@echo "%PATH%" "%PROMPT%" "%VIRTUAL_ENV%" "%VIRTUAL_ENV_PROMPT%" "%PYTHONHOME%" "%PLAIN%"
@set KEEL
@set _KEEL
@exit /b 0
:inside
@echo "%PATH%" "%PROMPT%" "%VIRTUAL_ENV%" "%KEEL_DEFAULT_ENV%" "%KEEL_SHLVL%" "%KEEL_PREFIX_1%" "%KEEL_STACKED_2%"
@exit /b 0
"""


class Windows:
    """A base as a Windows installer lays it down, and a cmd.exe that runs scripts in it."""

    def __init__(self, folder: Path) -> None:
        self.prefix = folder / ODD
        self.home = folder / "home"
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "WINEPREFIX": str(folder / "wine"),
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "mscoree,mshtml=",
        }
        for dest, source, _ in manager_files(windows=True):
            (self.prefix / dest).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, self.prefix / dest)
        engine = TEMPLATES / "engine/prebuilt/windows-x86_64/keel-engine.exe"
        shutil.copyfile(engine, self.prefix / "python.exe")
        for path in ("envs/work", "envs/one", "envs/two", "envs/hooked", "../own envs/mine", "../home/.keel/envs/one"):
            env = self.prefix / path
            (env / "Scripts").mkdir(parents=True)
            (env / "pyvenv.cfg").touch()
            for name in ("activate.bat", "deactivate.bat"):
                shutil.copyfile(TEMPLATES / "base/keel-meta/shell" / name, env / "Scripts" / name)
        for kind in ("activate", "deactivate"):
            (self.prefix / f"envs/hooked/etc/keel/{kind}.d").mkdir(parents=True)
            for name in ("20-b", "10 a"):
                file = self.prefix / f"envs/hooked/etc/keel/{kind}.d/{name}.bat"
                file.write_bytes(f'@echo {kind} {name} in %KEEL_DEFAULT_ENV% at "%~dp0"\r\n@exit /b 1\r\n'.encode())
        (self.prefix / "envs/hooked/etc/keel/vars.bat").write_bytes(batch_lines(VARIABLES).encode())
        (self.prefix / "envs/two/etc/keel").mkdir(parents=True)
        (self.prefix / "envs/two/etc/keel/vars.bat").write_bytes(batch_lines({"PLAIN": "2", "MORE": "3"}).encode())
        (self.home / ".keel/envs_dirs").write_text(f"Z:\\nowhere at all\n{self.windows(folder / 'own envs')}\n")

    def run(self, script: str) -> list[str]:
        """The lines that a batch file in the prefix prints. A line that starts with `keel` calls keel.bat."""
        start = f'@echo off\n@set "PATH={PATH}"\n@set "USERPROFILE={self.windows(self.home)}"'
        text = f"{start}\n{script}\n@exit /b 0\n{HELPERS}"
        text = re.sub("^keel ", r'@call "%~dp0cmd\\keel.bat" ', text, flags=re.MULTILINE)
        (self.prefix / "script.bat").write_bytes(text.replace("\n", "\r\n").encode())
        done = subprocess.run(
            [str(WINE), "cmd", "/c", "script.bat"],
            cwd=self.prefix,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done
        return done.stdout.decode("cp1252").splitlines()

    def windows(self, path: Path) -> str:
        return f"Z:{path.resolve()}".replace("/", "\\")

    def server(self, option: str) -> None:
        """-p: start Wine's server, which stays, so that each cmd.exe starts at once; -k: end it."""
        subprocess.run(["/usr/lib/wine/wineserver64", option], env=self._environment, timeout=60, check=False)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windows]:
    skip_unless(WINE, "wine64 is not installed")
    windows = Windows(tmp_path_factory.mktemp("windows"))
    windows.server("-p")
    yield windows
    windows.server("-k")


def test_environments_are_entered_stacked_and_left_without_a_trace(base: Windows) -> None:
    lines = base.run(
        r"""
@set "VIRTUAL_ENV=C:\my own\venv"
@set "PYTHONHOME=C:\python home"
@call :state
keel activate one
@call :inside
keel activate two
@call :inside
keel activate two
@call :inside
keel activate --stack work
@call :inside
keel deactivate
@call :inside
keel deactivate
keel activate work --stack
@call :inside
keel deactivate
@call :inside
keel activate
@call :inside
keel deactivate
keel deactivate
@call :state
""".replace("\\\\", "\\")
    )
    root = base.windows(base.prefix)
    one, two, work = (f"{root}\\envs\\{name}" for name in ("one", "two", "work"))

    def inside(entries: list[str], prefix: str, name: str, level: int, below: str, stacked: str) -> str:
        venv = "" if name == "base" else prefix
        path = ";".join([*entries, PATH])
        return f'"{path}" "({name}) $P$G" "{venv}" "{name}" "{level}" "{below}" "{stacked}"'

    first = inside([rf"{one}\Scripts"], one, "one", 1, "", "")
    second = inside([rf"{two}\Scripts"], two, "two", 2, one, "")
    assert lines[1:-1] == [
        first,
        second,
        second,
        inside([rf"{work}\Scripts", rf"{two}\Scripts"], work, "work", 3, one, ""),
        second,
        inside([rf"{work}\Scripts", rf"{one}\Scripts"], work, "work", 2, one, "true"),
        first,
        inside([root, rf"{root}\Scripts"], root, "base", 2, one, ""),
    ]
    assert lines[0] == lines[-1] == f'"{PATH}" "$P$G" "C:\\my own\\venv" "" "C:\\python home" ""'


def test_variables_and_scripts_of_an_environment_come_and_go(base: Windows) -> None:
    lines = base.run(
        """
@set "PLAIN=mine"
@call :state
keel activate hooked
@set ODD
@echo "%PLAIN%" "%SPACED%" "%_KEEL_VARS_1%"
keel activate one
@echo "%PLAIN%" "%ODD%"
keel deactivate
keel deactivate
@call :state
"""
    )
    where = base.windows(base.prefix) + "\\envs\\hooked\\etc\\keel"
    entered = [f'activate {name} in hooked at "{where}\\activate.d\\"' for name in ("10 a", "20-b")]
    left = [f'deactivate {name} in hooked at "{where}\\deactivate.d\\"' for name in ("20-b", "10 a")]
    assert lines[1:-1] == [
        *entered,
        f"ODD={VARIABLES['ODD']}",
        '"1" " two  words " "ODD PLAIN SPACED"',
        *left,
        '"mine" ""',
        *entered,
        *left,
    ]
    assert lines[0] == lines[-1]


def test_what_is_below_a_stacked_environment_keeps_its_variables_and_is_not_left(base: Windows) -> None:
    lines = base.run(
        """
@set "PLAIN=mine"
@call :all
keel activate hooked
@call :all
keel activate --stack two
@call :all
keel activate two
@call :all
keel activate work
@call :all
keel deactivate
@call :all
keel deactivate
@call :all
keel deactivate
@call :all
@exit /b 0
:all
@echo state
@set ODD
@set PLAIN
@set MORE
@set SPACED
@set PATH
@set VIRTUAL
@set KEEL
@set _KEEL
@exit /b 0
"""
    )
    before, lower, upper, again, other, upper_2, lower_2, after = "\n".join(lines).split("state\n")[1:]
    told = [line for line in lines if "activate " in line]
    assert [line.partition(" in ")[0] for line in told] == [
        "activate 10 a", "activate 20-b", "deactivate 20-b", "deactivate 10 a",
    ]  # fmt: skip
    assert lower.startswith(f"ODD={VARIABLES['ODD']}\nPLAIN=1\n")
    assert upper == again == upper_2
    assert upper.startswith(f"ODD={VARIABLES['ODD']}\nPLAIN=2\nMORE=3\nSPACED= two  words \n")
    assert other.startswith(f"ODD={VARIABLES['ODD']}\nPLAIN=1\nSPACED= two  words \n")
    assert (lower_2.partition("\ndeactivate")[0], after.strip()) == (lower.strip(), before.partition("\nactiv")[0])


def test_environments_are_found_by_name_and_path_and_all_else_goes_to_keel(base: Windows) -> None:
    lines = base.run(
        r"""
keel activate mine
@echo "%KEEL_DEFAULT_ENV%" "%KEEL_PREFIX%"
keel activate "%~dp0..\own envs\.\mine\"
@echo "%KEEL_DEFAULT_ENV%" "%KEEL_SHLVL%"
@cd cmd
keel activate ../envs/work
@echo "%KEEL_DEFAULT_ENV%" "%KEEL_PREFIX%"
keel deactivate
keel deactivate
@set "VIRTUAL_ENV_DISABLE_PROMPT=1"
keel activate one
@echo "%PROMPT%" "%KEEL_PREFIX%"
keel deactivate
@call :state
keel activate oen
@echo %ERRORLEVEL%
@call :state
keel env list
@echo %ERRORLEVEL%
keel activate one two
@echo %ERRORLEVEL%
@set _keel
""".replace("\\\\", "\\")
    )
    mine = base.windows(base.prefix.parent / "own envs/mine")
    one, work = (base.windows(base.prefix / "envs" / name) for name in ("one", "work"))
    assert lines[:4] == [f'"mine" "{mine}"', '"mine" "1"', f'"work" "{work}"', f'"$P$G" "{one}"']
    before, unknown, after, listed, wrong = lines[4:9]
    assert (unknown, listed, wrong) == ("1", "1", "1")  # of all codes of `exit /b`, Wine hands on 1
    assert before == after == f'"{PATH}" "$P$G" "" "" "" ""'
    assert not [line for line in lines if line.startswith("_keel")]


def test_a_child_of_another_kind_can_leave_what_its_parent_entered(base: Windows) -> None:
    lines = base.run(
        """
@set "KEEL_PREFIX=%~dp0envs\\two"
@set "KEEL_SHLVL=1"
@set "KEEL_DEFAULT_ENV=two"
@set "_KEEL_PROMPT=(two) "
@set "_KEEL_OLD_1_PYTHONHOME=C:\\python"
@set "_KEEL_VARS_1=PLAIN ODD"
@set "_KEEL_OLD_1_PLAIN=mine"
@set "ODD=odd"
@set "PATH=C:\\in front;%KEEL_PREFIX%\\Scripts;%PATH%"
keel deactivate
@call :state
@set ODD
"""
    )
    assert lines[0] == f'"C:\\in front;{PATH}" "$P$G" "" "" "C:\\python" "mine"'
    assert "odd" not in "".join(lines)


def test_odd_paths_come_back_byte_for_byte(base: Windows) -> None:
    lines = base.run(
        r"""
@set "PATH=;C:\a b;;C:\windows;C:\a b;"
@set "VIRTUAL_ENV_DISABLE_PROMPT=1"
keel activate one
@set "PATH=C:\mine;%PATH%"
keel deactivate
@call :state
"""
    )
    assert lines == [r'"C:\mine;;C:\a b;;C:\windows;C:\a b;" "$P$G" "" "" "" ""']


def test_the_environments_own_file_works_as_in_any_venv(base: Windows) -> None:
    before, inside, after = base.run(
        r"""
@set "PLAIN=mine"
@set "PYTHONHOME=C:\python home"
@call :state
@call "%~dp0envs\work\Scripts\activate.bat"
@call "%~dp0envs\hooked\Scripts\activate.bat"
@echo "%VIRTUAL_ENV%" "%PATH%" "%PYTHONHOME%" "%PROMPT%" "%PLAIN%"
@call "%~dp0envs\hooked\Scripts\deactivate.bat"
@call :state
"""
    )
    hooked = base.windows(base.prefix / "envs/hooked")
    assert inside == rf'"{hooked}" "{hooked}\Scripts;{PATH}" "" "(hooked) $P$G" "1"'
    assert before == after
