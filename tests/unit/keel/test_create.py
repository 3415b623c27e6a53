"""Environments out of the store."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from keel.building import destination
from keel.environments import check_name
from keel.errors import KeelError
from tests.conftest import need
from tests.unit.keel.bases import LIBRARY, MINOR, FakeBase


def inode(path: Path) -> int:
    return path.lstat().st_ino


def test_files_are_links_to_the_store_and_folders_are_real(fake: FakeBase) -> None:
    unit = fake.add("tool", files={"tool/__init__.py": "A = 1\n", "tool/data.txt": "x"}, base=False)
    env = fake.create("work", "tool")
    assert inode(env / LIBRARY / "tool/data.txt") == inode(fake.prefix / unit.path / "tool/data.txt")
    assert not (env / LIBRARY / "tool").is_symlink()
    assert inode(env / LIBRARY / "tool-1.0.dist-info/RECORD") != inode(
        fake.prefix / unit.path / "tool-1.0.dist-info/RECORD"
    )
    assert (env / LIBRARY / "tool-1.0.dist-info/INSTALLER").read_text() == "keel\n"


def test_the_layout_is_that_of_a_standard_venv(fake: FakeBase) -> None:
    env = fake.create("work", with_pip=True)
    config = dict(line.split(" = ", 1) for line in (env / "pyvenv.cfg").read_text().splitlines())
    assert config["home"] == str(fake.prefix / "bin")
    assert config["include-system-site-packages"] == "false"
    assert config["prompt"] == "work"
    assert str((env / "bin/python").readlink()) == f"../../../bin/python{MINOR}"
    assert str((env / "bin/python3").readlink()) == "python"
    assert str((env / "lib64").readlink()) == "lib"
    assert {"activate", "activate.fish", "activate.csh", "pip"} <= {path.name for path in (env / "bin").iterdir()}


def test_its_python_finds_its_packages_and_its_scripts_find_its_python(fake: FakeBase) -> None:
    fake.add(
        "tool",
        files={"tool.py": "import sys\ndef main(): print(sys.prefix)\n"},
        scripts={"tool": "tool:main"},
        base=False,
    )
    env = fake.create("work", "tool")
    out = subprocess.run([env / "bin/tool"], capture_output=True, text=True, check=True, env=fake.environment()).stdout
    assert out == f"{env}\n"


def test_an_environment_elsewhere_links_to_the_base_by_its_path(fake: FakeBase, tmp_path: Path) -> None:
    place = destination(fake.base, name=None, path=str(tmp_path / "else where" / "é"))
    assert place.name is None
    fake.keel("create", "-p", place.prefix)
    assert str((Path(place.prefix) / "bin/python").readlink()) == str(fake.prefix / f"bin/python{MINOR}")
    assert sorted(path.name for path in Path(place.prefix).parent.iterdir()) == ["é"]


def test_requested_marks_what_was_asked_for_and_nothing_else(fake: FakeBase) -> None:
    fake.add("Big.Tool", requires=["small"], base=False)
    fake.add("small", base=False)
    env = fake.create("work", "big_tool", with_pip=True)
    marked = {path.parent.name for path in (env / LIBRARY).glob("*/REQUESTED")}
    assert marked == {"Big.Tool-1.0.dist-info"}


def test_every_record_names_files_that_are_there(fake: FakeBase) -> None:
    env = fake.create("work", with_pip=True)
    for record in (env / LIBRARY).glob("*/RECORD"):
        rows = list(csv.reader(record.read_text().splitlines()))
        assert len(rows) > 5
        assert all((env / LIBRARY / row[0]).exists() for row in rows)


def test_of_two_packages_with_the_same_file_the_first_keeps_it(fake: FakeBase) -> None:
    fake.add("aa", files={"shared.py": "A\n", "aa.py": ""}, base=False)
    fake.add("bb", files={"shared.py": "B\n", "bb.py": ""}, base=False)
    assert (fake.create("work", "bb", "aa") / LIBRARY / "shared.py").read_text() == "A\n"


def test_copies_are_private_and_writable_and_the_store_is_not_touched(fake: FakeBase) -> None:
    unit = fake.add("tool", base=False)
    env = fake.create("work", "tool", copy=True)
    copy, stored = env / LIBRARY / "tool.py", fake.prefix / unit.path / "tool.py"
    assert inode(copy) != inode(stored)
    assert copy.stat().st_mode & 0o777 == 0o644
    assert copy.stat().st_mtime == stored.stat().st_mtime
    copy.write_text("changed")
    assert stored.read_text() != "changed"


def test_pip_stays_out_on_request_and_an_empty_environment_is_fine(fake: FakeBase) -> None:
    assert not list((fake.create("bare") / LIBRARY).iterdir())


def test_an_unknown_package_leaves_nothing_behind(fake: FakeBase) -> None:
    fake.add("numpy")
    done = fake.keel("create", "-n", "work", "nmpy", code=1)
    assert done.stderr == "error: no bundled package is called nmpy\nhint: nearest bundled names: numpy\n"
    assert not list((fake.prefix / "envs").iterdir())


def test_a_unit_that_is_gone_from_the_store_is_named_and_nothing_stays(fake: FakeBase) -> None:
    unit = fake.add("tool", base=False)
    (fake.prefix / unit.path).rename(fake.prefix / "gone")
    with pytest.raises(KeelError, match="missing from the store"):
        fake.create("work", "tool")
    assert not list((fake.prefix / "envs").iterdir())


@pytest.mark.parametrize(
    "name",
    ["", "a/b", "..", ".hidden", "-x", "base", "BASE", "root", "x" * 101, "a b", "a\nb", "a:b", "$x", "a\\b", "_x"],
)
def test_names_that_cannot_be_are_refused(name: str) -> None:
    with pytest.raises(KeelError):
        check_name(name)


@pytest.mark.parametrize("name", ["a", "Work-2", "py3.11", "c++", "données", "中", "0", "x" * 100])
def test_names_that_can_be_are_taken(name: str) -> None:
    assert check_name(name) == name


def test_what_is_there_already_is_not_overwritten(fake: FakeBase, tmp_path: Path) -> None:
    fake.create("work")
    with pytest.raises(KeelError, match="the environment work exists already"):
        destination(fake.base, name="work", path=None)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/file").touch()
    with pytest.raises(KeelError, match="in the way"):
        destination(fake.base, name=None, path=str(tmp_path / "mine"))
    (tmp_path / "empty").mkdir()
    assert destination(fake.base, name=None, path=str(tmp_path / "empty")).prefix == str(tmp_path / "empty")


@pytest.mark.parametrize("path", ["lib/env", "pkgs/x", "", "envs/deep/er"])
def test_the_bases_own_folders_are_no_place_for_environments(fake: FakeBase, path: str) -> None:
    with pytest.raises(KeelError, match="inside the base"):
        destination(fake.base, name=None, path=str(fake.prefix / path))


@pytest.mark.parametrize("path", ["a:b", "a\nb"])
def test_paths_that_shells_cannot_hold_are_refused(fake: FakeBase, tmp_path: Path, path: str) -> None:
    with pytest.raises(KeelError):
        destination(fake.base, name=None, path=str(tmp_path / path))


def test_json_tells_what_was_made(fake: FakeBase) -> None:
    told = json.loads(fake.keel("create", "-n", "work", "--json").stdout)
    assert told["success"] is True
    assert told["prefix"] == str(fake.env("work"))
    assert told["packages"] == [{"name": "pip", "version": "99.0"}]
    assert told["linked"] > 0
    assert told["copied"] == 0
    failed = json.loads(fake.keel("create", "-n", "other", "nothing", "--json", code=1).stdout)
    assert failed["success"] is False
    assert "nothing" in failed["error"]


def test_the_activate_file_works_as_in_any_venv(fake: FakeBase) -> None:
    env = fake.create("work")
    script = (
        'set -eu; PS1="> "; before=$PATH; . "$1/bin/activate"; echo "$VIRTUAL_ENV|$PS1"; command -v python; '
        "deactivate; "
        '[ "$PATH" = "$before" ] && echo "$PS1${VIRTUAL_ENV-none}"'
    )
    out = subprocess.run(
        ["sh", "-c", script, "sh", env], capture_output=True, text=True, env=fake.environment(), check=True
    )
    assert out.stdout.splitlines() == [f"{env}|(work) > ", f"{env}/bin/python", "> none"]


def test_the_standard_library_agrees_that_it_is_an_environment(fake: FakeBase) -> None:
    env = fake.create("work")
    code = "import sys, site; print(sys.prefix != sys.base_prefix, sys.prefix, site.ENABLE_USER_SITE)"
    out = subprocess.run(
        [env / "bin/python", "-c", code], capture_output=True, text=True, check=True, env=fake.environment()
    )
    assert out.stdout == f"True {env} False\n"
    assert sys.version_info[:2] == tuple(map(int, MINOR.split(".")))


@pytest.mark.parametrize(
    ("shell", "script"),
    [
        (
            ["fish", "--no-config"],
            "set before $PATH\nsource $E/bin/activate.fish\necho $VIRTUAL_ENV\ncommand -v python\n"
            'deactivate\ntest "$before" = (string join " " $PATH); and echo same\nset -q VIRTUAL_ENV; or echo left\n',
        ),
        (
            ["tcsh", "-f"],
            'set prompt="> "\nset before="$PATH:q"\nsource "$E:q/bin/activate.csh"\n'
            'echo "$VIRTUAL_ENV:q"\nwhich python\n'
            'deactivate\nif ("$before:q" == "$PATH:q" && "$prompt:q" == "> ") echo same\n'
            "if (! $?VIRTUAL_ENV) echo left\n",
        ),
    ],
    ids=["fish", "tcsh"],
)
def test_other_shells_have_activate_files_of_their_own(fake: FakeBase, shell: list[str], script: str) -> None:
    need(shell[0])
    env = fake.create("work")
    file = fake.prefix.parent / "script"
    file.write_text(script)
    done = subprocess.run([*shell, file], capture_output=True, text=True, env=fake.environment(E=str(env)), check=False)
    assert done.stdout.splitlines() == [str(env), f"{env}/bin/python", "same", "left"], done
