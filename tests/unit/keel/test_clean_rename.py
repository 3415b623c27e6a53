"""What `keel clean` removes and what it must not; environments that get another name or place."""

import fcntl
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from keel.building import destination
from keel.environments import list_environments
from keel.errors import KeelError
from keel.registry import register
from keel.rename import rename
from keel.variables import read_variables, write_variables
from tests.conftest import need_root
from tests.unit.keel.bases import LIBRARY, FakeBase

HEX = "0123456789ab"


@pytest.fixture
def base(fake: FakeBase) -> FakeBase:
    fake.keel("--settle")
    return fake


def removed(base: FakeBase, *options: object) -> list[str]:
    told = json.loads(base.keel("clean", "--json", *options).stdout)
    assert told["success"]
    return [Path(one["path"]).name for one in told["removed"]]


def test_leftovers_go_and_work_in_progress_stays(base: FakeBase, tmp_path: Path) -> None:
    env = base.create("work")
    dead, alive = base.env(f".a.keel-{HEX}"), base.env(f".b.keel-{HEX}")
    (tmp_path / "far").mkdir()
    base.keel("create", "-p", tmp_path / "far/env")
    far = tmp_path / f"far/.c.keel-{HEX}"
    for folder in (dead, alive, far):
        (folder / "new").mkdir(parents=True)
    old, new = env / f"bin/.mine.keel-{HEX}", env / f".pyvenv.cfg.keel-{HEX}"
    for file in (old, new):
        file.write_text("half")
    os.utime(old, (0, 0))
    descriptor = os.open(alive, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    wanted = sorted([dead.name, far.name, old.name])
    assert sorted(removed(base, "--dry-run", "--stale")) == wanted
    assert "left by a keel that was killed" in base.keel("check", code=1).stdout
    assert sorted(removed(base, "--stale", "-y")) == wanted
    os.close(descriptor)
    assert [path for path in (dead, alive, far, old, new) if path.exists()] == [alive, new]


def test_cleaning_asks(base: FakeBase) -> None:
    base.env(f".a.keel-{HEX}").mkdir()
    assert "nothing was removed" in base.keel("clean", code=1).stderr
    assert base.env(f".a.keel-{HEX}").exists()
    assert "freed 0 bytes" in base.keel("clean", text="y\n").stdout
    assert base.keel("clean").stdout == "there is nothing to remove\n"


def test_environments_that_are_gone_are_forgotten(base: FakeBase, tmp_path: Path) -> None:
    base.keel("create", "-p", tmp_path / "gone")
    shutil.rmtree(tmp_path / "gone")
    assert removed(base, "--stale", "-y") == ["gone"]
    assert (tmp_path / ".keel/environments.txt").read_text() == ""


def test_caches_are_removed_only_where_they_lie_in_the_base(base: FakeBase, tmp_path: Path) -> None:
    for folder in (base.prefix / ".cache/pip", tmp_path / ".cache/pip", base.prefix / "of uv"):
        folder.mkdir(parents=True)
    env = base.environment(UV_CACHE_DIR=str(base.prefix / "of uv"), PIP_CACHE_DIR=str(base.prefix / "lib"))
    base.keel("clean", "--cache", "-y", env=env)
    assert (tmp_path / ".cache/pip").is_dir()
    assert (base.prefix / LIBRARY).is_dir()
    assert not (base.prefix / ".cache/pip").exists()
    assert not (base.prefix / "of uv").exists()


def test_a_unit_goes_only_when_nothing_names_it_and_nothing_is_linked_to_it(base: FakeBase) -> None:
    units = {name: base.add(name, base=False) for name in ("listed", "locked", "linked", "forgotten")}
    base.create("work", "linked")
    base.units[:] = [unit for unit in base.units if unit.name in ("pip", "listed")]
    base.write_manifest()
    (base.prefix / "keel-meta/history").mkdir()
    (base.prefix / "keel-meta/history/pylock.old.toml").write_text(f'sha256 = "{units["locked"].sha256}"\n')
    assert removed(base, "-y") == [Path(units["forgotten"].path).name]
    names = [Path(units[name].path).name for name in ("linked", "locked")]
    assert sorted(removed(base, "--store", "--force", "--dry-run")) == names
    for name in ("listed", "locked", "linked"):
        assert (base.prefix / units[name].path).is_dir()


def test_an_environment_is_renamed_with_all_that_names_it(base: FakeBase) -> None:
    base.add("tool", scripts={"tool": "tool:main"})
    env = base.create("old", "tool")
    inode = (env / LIBRARY / "tool.py").stat().st_ino
    (env / "bin/mine").write_text(f"#!{env}/bin/python\n")
    write_variables(str(env), {"DATA": f"{env}/data"})
    assert "keel activate new" in base.keel("rename", "-n", "old", "new").stdout
    new = base.env("new")
    assert [one.label for one in list_environments(base.base)] == ["base", "new"]
    assert (new / LIBRARY / "tool.py").stat().st_ino == inode
    done = subprocess.run([new / "bin/python", "-c", "import sys; print(sys.prefix)"], capture_output=True, text=True)
    assert done.stdout == f"{new}\n"
    assert str(env) not in (new / "bin/activate").read_text()
    assert "prompt = new\n" in (new / "pyvenv.cfg").read_text()
    assert read_variables(str(new)) == {"DATA": f"{new}/data"}
    assert not base.keel("check", "-n", "new").stderr


def test_an_environment_is_moved_to_a_folder_and_back(base: FakeBase, tmp_path: Path) -> None:
    base.create("work")
    base.keel("rename", "-n", "work", f"{tmp_path}/my env")
    assert [one.label for one in list_environments(base.base)] == ["base", f"{tmp_path}/my env"]
    base.keel("rename", "-p", tmp_path / "my env", "back")
    assert [one.label for one in list_environments(base.base)] == ["base", "back"]
    assert (tmp_path / ".keel/environments.txt").read_text() == ""


def test_what_must_not_be_renamed_is_refused(base: FakeBase, tmp_path: Path) -> None:
    env = base.create("work")
    base.create("taken")
    for words, said in (
        (["-n", "base", "x"], "base cannot be renamed"),
        (["-n", "work", "taken"], "exists already"),
        (["-n", "work", "base"], "is reserved"),
        (["-n", "work", f"{tmp_path}/no/where"], "mkdir -p"),
        (["-p", tmp_path / "link", "x"], "symbolic link"),
        (["-n", "nothing", "x"], "no environment is called nothing"),
    ):
        (tmp_path / "link").unlink(missing_ok=True)
        (tmp_path / "link").symlink_to(env)
        assert said in base.keel("rename", *words, code=1).stderr
    active = base.environment(KEEL_PREFIX="/else", KEEL_PREFIX_1=str(env))
    assert "is active" in base.keel("rename", "-n", "work", "x", env=active, code=1).stderr
    assert "is active" in base.keel("env", "remove", "-y", "-n", "work", env=active, code=1).stderr
    assert env.is_dir()


def test_renaming_to_another_file_system_is_refused_with_the_way_to_do_it(base: FakeBase, tmp_path: Path) -> None:
    need_root()
    (tmp_path / "other").mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", tmp_path / "other"], check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        env = base.create("work")
        error = base.keel("rename", "-n", "work", tmp_path / "other/env", code=1).stderr
        assert "another file system" in error
        assert "--clone work" in error
        assert env.is_dir()
        assert not list((tmp_path / "other").iterdir())
    finally:
        subprocess.run(["umount", tmp_path / "other"], check=True)


def test_of_two_renames_to_the_same_name_one_is_told(base: FakeBase, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = base.create("one"), base.create("two")
    place = destination(base.base, name="new", path=None)
    monkeypatch.setattr("keel.rename.destination", lambda *args, **options: place)
    environments = {env.label: env for env in list_environments(base.base)}
    rename(base.base, environments["one"], "new")
    with pytest.raises(KeelError, match="in the meantime"):
        rename(base.base, environments["two"], "new")
    assert (one.exists(), two.exists()) == (False, True)


def test_noting_an_environment_by_many_at_once_loses_none(base: FakeBase, tmp_path: Path) -> None:
    for number in range(8):
        (tmp_path / f"e{number}").mkdir()
        (tmp_path / f"e{number}/pyvenv.cfg").touch()
    children = []
    for number in range(8):
        child = os.fork()
        if child == 0:
            register(base.base, str(tmp_path / f"e{number}"))
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    noted = (tmp_path / ".keel/environments.txt").read_text().split()
    assert len(noted) == 8


def test_an_environment_that_is_being_changed_is_neither_moved_nor_removed(base: FakeBase) -> None:
    env = base.create("work")
    descriptor = os.open(env, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    for words in ["rename", "-n", "work", "new"], ["env", "remove", "-y", "-n", "work"]:
        assert "another keel is changing" in base.keel(*words, code=1).stderr
    os.close(descriptor)
    assert sorted(path.name for path in env.parent.iterdir()) == ["work"]
    base.keel("rename", "-n", "work", "new")


def test_a_rename_on_a_full_disk_says_where_the_environment_is(
    base: FakeBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    base.create("work")
    environment = list_environments(base.base)[1]
    monkeypatch.setattr("keel.rename.mend_environment", full)
    with pytest.raises(KeelError, match=r"envs/new now, .*No space left"):
        rename(base.base, environment, "new")
    assert "mended: new" in base.keel("env", "list").stderr
    assert base.keel("check", "-n", "new").stdout == "all is well: new\n"


def test_a_change_of_packages_that_was_cut_off_is_undone(base: FakeBase) -> None:
    env = base.create("work")
    (env / ".keel-transaction/old/bin").mkdir(parents=True)
    (env / ".keel-transaction/old/bin/tool").write_text("before")
    (env / ".keel-transaction/journal.json").write_text('{"old": ["bin/tool"], "new": []}')
    assert ".keel-transaction was left" in base.keel("check", code=1).stdout
    base.keel("clean", "--stale", "-y")
    assert (env / "bin/tool").read_text() == "before"
    assert not (env / ".keel-transaction").exists()
