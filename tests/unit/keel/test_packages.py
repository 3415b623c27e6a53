"""keel install, remove, update and search: what is in an environment afterwards, and that nothing else has changed."""

import csv
import importlib.metadata
import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from keel import packages
from keel.environments import Environment, find_environment
from keel.errors import KeelError
from keel.wanted import Wanted, wanted
from tests.unit.keel.bases import LIBRARY, FakeBase


def state(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Path -> mode, inode (of files), and content or target of everything below `folder`."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        content = os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else b""
        inode = status.st_ino if path.is_file() and not path.is_symlink() else 0
        found[str(path.relative_to(folder))] = (status.st_mode, inode, content)
    return found


def versions(env: Path) -> dict[str, str]:
    found = importlib.metadata.distributions(path=[str(env / LIBRARY)])
    return {one.metadata["Name"]: one.version for one in found}


def requested(env: Path) -> set[str]:
    return {path.parent.name.split("-")[0] for path in (env / LIBRARY).glob("*/REQUESTED")}


def check_records(env: Path) -> None:
    """Everything recorded is there, and everything that is there is recorded or bytecode."""
    recorded = set()
    for record in (env / LIBRARY).glob("*/RECORD"):
        recorded |= {(env / LIBRARY / row[0]).resolve().parent / Path(row[0]).name for row in csv.reader(record.open())}
    assert all(path.exists() for path in recorded)
    library = {path for path in (env / LIBRARY).rglob("*") if path.is_file()}
    assert {path.parent.resolve() / path.name for path in library if "__pycache__" not in path.parts} <= recorded
    assert all(any(path.iterdir()) for path in (env / LIBRARY).rglob("*") if path.is_dir())


def install(fake: FakeBase, name: str, *words: str, newest: frozenset[str] = frozenset()) -> packages.Changed:
    environment = find_environment(fake.base, name)
    return packages.install(fake.base, environment, wanted(fake.base, words, []), newest=newest)


def environment(fake: FakeBase, name: str) -> Environment:
    return find_environment(fake.base, name)


@pytest.fixture
def store(fake: FakeBase) -> FakeBase:
    """top needs middle<2 needs low; low has two versions; wide has an extra; other needs low<2."""
    fake.add("low", "1.0", {"low/__init__.py": "V = 1\n", "low/old.py": ""}, base=False)
    fake.add("low", "2.0", {"low/__init__.py": "V = 2\n", "low/new/__init__.py": ""}, base=False)
    fake.add("middle", "1.5", requires=["low"], base=False, scripts={"middle": "middle:main"})
    fake.add("top", requires=["middle<2", "nothing; os_name == 'nt'"], base=False)
    fake.add("wide", requires=["low; extra == 'x'"], base=False)
    fake.add("other", "1.0", requires=["low<2"], base=False)
    fake.add("other", "2.0", requires=["low>=2"], base=False)
    return fake


def test_install_links_packages_and_what_they_need(store: FakeBase) -> None:
    env = store.create("work", with_pip=True)
    said = json.loads(store.keel("install", "-n", "work", "Top", "--json").stdout)
    assert [(one["name"], one["before"], one["source"]) for one in said["changes"]] == [
        ("low", None, "store"), ("middle", None, "store"), ("top", None, "store")
    ]
    assert versions(env) == {"low": "2.0", "middle": "1.5", "top": "1.0", "pip": "99.0"}
    assert requested(env) == {"top"}
    assert (env / LIBRARY / "low/__init__.py").stat().st_nlink > 1
    assert os.access(env / "bin/middle", os.X_OK)
    check_records(env)
    assert "nothing to do" in store.keel("install", "-n", "work", "top").stdout
    assert not (env / ".keel-transaction").exists()


def test_what_is_installed_and_fits_stays(store: FakeBase) -> None:
    env = store.create("work", "low==1.0")
    before = (env / LIBRARY / "low/__init__.py").stat().st_ino
    install(store, "work", "top")
    assert versions(env)["low"] == "1.0"
    assert (env / LIBRARY / "low/__init__.py").stat().st_ino == before


def test_extras_of_what_is_installed_are_added(store: FakeBase) -> None:
    env = store.create("work", "wide")
    install(store, "work", "wide[x]")
    assert versions(env) == {"wide": "1.0", "low": "2.0"}


def test_another_version_replaces_the_old_one_with_all_its_files(store: FakeBase) -> None:
    env = store.create("work", "low==1.0", "wide")
    (env / LIBRARY / "low/__pycache__").mkdir()
    (env / LIBRARY / "low/__pycache__/old.cpython-39.pyc").touch()
    install(store, "work", "low>1")
    assert versions(env)["low"] == "2.0"
    assert sorted(path.name for path in (env / LIBRARY / "low").iterdir()) == ["__init__.py", "new"]
    assert requested(env) == {"low", "wide"}
    check_records(env)


def test_an_installed_package_that_would_break_is_upgraded_along(store: FakeBase) -> None:
    env = store.create("work", "other==1.0")
    assert versions(env) == {"other": "1.0", "low": "1.0"}
    install(store, "work", "low==2.0")
    assert versions(env) == {"other": "2.0", "low": "2.0"}


def test_a_conflict_names_who_needs_what_and_changes_nothing(store: FakeBase) -> None:
    store.add("strict", requires=["low==1.0"], base=False)
    env = store.create("work", "strict")
    before = state(env)
    with pytest.raises(KeelError, match=r"strict 1.0 \(installed\): ==1.0; you: ==2.0"):
        install(store, "work", "low==2.0")
    assert state(env) == before


def test_what_is_broken_already_is_in_nobodys_way(store: FakeBase) -> None:
    store.add("strict", requires=["low==1.0"], base=False)
    env = store.create("work", "strict")
    store.keel("remove", "-n", "work", "--force", "-y", "low")
    packages.install(store.base, environment(store, "work"), Wanted(("low==2.0",)), dependencies=False)
    assert versions(env)["low"] == "2.0"
    install(store, "work", "wide")
    assert versions(env)["wide"] == "1.0"


def test_no_deps_brings_what_is_named_and_nothing_else(store: FakeBase) -> None:
    env = store.create("work")
    store.keel("install", "-n", "work", "--no-deps", "top")
    assert versions(env) == {"top": "1.0"}


def test_a_dry_run_says_what_would_be_and_does_nothing(store: FakeBase) -> None:
    env = store.create("work", "low==1.0")
    before = state(env)
    said = store.keel("install", "-n", "work", "--dry-run", "other>=2").stdout.splitlines()
    assert [line.split() for line in said[1:3]] == [
        ["low", "1.0", "->", "2.0", "link", "store"], ["other", "2.0", "link", "store"]
    ]
    assert state(env) == before


def test_what_is_not_bundled_fails_at_once_with_the_nearest_names(store: FakeBase) -> None:
    store.create("work")
    assert "nearest bundled names: middle" in store.keel("install", "-n", "work", "midle", code=1).stderr
    assert "such file" in store.keel("install", "-n", "work", "./no.whl", code=1).stderr


def test_the_active_environment_is_meant_and_the_base_only_by_name(store: FakeBase) -> None:
    env = store.create("work")
    assert "keel install -n" in store.keel("install", "low", code=1).stderr
    store.keel("install", "low", env=store.environment(KEEL_PREFIX=str(env)))
    assert "low" in versions(env)
    base = state(store.prefix / "pkgs")
    store.keel("install", "-n", "base", "low")
    assert versions(store.prefix)["low"] == "2.0"
    store.keel("remove", "-n", "base", "-y", "low")
    assert "low" not in versions(store.prefix)
    assert state(store.prefix / "pkgs") == base


def test_update_takes_the_newest_that_all_others_bear(store: FakeBase) -> None:
    env = store.create("work", "low==1.0", "other==1.0", "wide")
    assert "say which" in store.keel("update", "-n", "work", code=2).stderr
    assert "did you mean low?" in store.keel("update", "-n", "work", "lov", code=1).stderr
    store.keel("update", "-n", "work", "wide")
    assert versions(env)["low"] == "1.0"
    store.keel("update", "-n", "work", "--all")
    assert versions(env) == {"low": "2.0", "other": "2.0", "wide": "1.0"}
    assert "nothing to do" in store.keel("update", "-n", "work", "--all").stdout


def test_update_never_goes_back_behind_what_a_user_installed(store: FakeBase) -> None:
    env = store.create("work", "low==1.0")
    info = env / LIBRARY / "low-1.0.dist-info"
    info.rename(info.parent / "low-3.0.dist-info")
    store.keel("update", "-n", "work", "low")
    assert not list((env / LIBRARY).glob("low-2*"))


def test_remove_refuses_what_others_need_unless_forced(store: FakeBase) -> None:
    env = store.create("work", "top", with_pip=True)
    said = store.keel("remove", "-n", "work", "-y", "low", code=1).stderr
    assert "low is needed by middle" in said
    assert "keel remove low middle" in said
    assert "nothing was removed" in store.keel("remove", "-n", "work", "top", text="\n", code=1).stderr
    store.keel("remove", "-n", "work", "top", "MIDDLE", "low", text="y\n")
    assert versions(env) == {"pip": "99.0"}
    assert not (env / "bin/middle").exists()
    assert not list((env / LIBRARY).glob("low*"))
    assert (env / "bin/pip").exists()


def test_remove_takes_scripts_bytecode_and_empty_folders_and_leaves_what_was_added(store: FakeBase) -> None:
    store.add("data", files={"data/__init__.py": "", "data-1.0.data/data/share/data/x": "x"}, base=False)
    env = store.create("work", "data")
    (env / LIBRARY / "data/mine.txt").write_text("keep")
    subprocess.run([env / "bin/python", "-c", "import data"], check=True, env=store.environment())
    store.keel("remove", "-n", "work", "-y", "data")
    assert [path.name for path in (env / LIBRARY / "data").iterdir()] == ["mine.txt"]
    assert not (env / "share").exists()


def test_a_file_that_two_packages_have_stays_with_the_one_that_stays(fake: FakeBase) -> None:
    fake.add("aa", files={"shared.py": "A\n", "aa.py": ""}, base=False)
    fake.add("bb", files={"shared.py": "B\n", "bb.py": ""}, base=False)
    env = fake.create("work", "aa")
    install(fake, "work", "bb")
    assert (env / LIBRARY / "shared.py").read_text() == "A\n"
    fake.keel("remove", "-n", "work", "-y", "bb")
    assert (env / LIBRARY / "shared.py").read_text() == "A\n"
    fake.keel("remove", "-n", "work", "-y", "aa")
    assert not (env / LIBRARY / "shared.py").exists()


def test_a_record_that_lies_removes_nothing_elsewhere(fake: FakeBase, tmp_path: Path) -> None:
    unit = fake.add("evil", base=False)
    env = fake.create("work", "evil")
    outside = tmp_path / "precious"
    outside.mkdir()
    (outside / "file").write_text("precious")
    (env / LIBRARY / "link").symlink_to(outside)
    up = os.path.relpath(outside / "file", env / LIBRARY)
    hostile = [
        up, str(outside / "file"), "link/file", "../../../pyvenv.cfg", "../../../bin/python", "../../../bin/activate",
        "../../../pip.conf", "../../../../../pkgs/" + unit.path.split("/")[1] + "/evil.py", "../../..", "", "a\0b",
        str(fake.prefix / unit.path / "evil.py"), "../os.py",
    ]
    (env / LIBRARY / "../os.py").write_text("not a package's place")
    with (env / LIBRARY / "evil-1.0.dist-info/RECORD").open("a") as record:
        csv.writer(record).writerows([path, "", ""] for path in hostile)
    before = {path: value for path, value in state(fake.prefix).items() if f"work/{LIBRARY}/evil" not in path}
    fake.keel("remove", "-n", "work", "-y", "evil")
    assert state(fake.prefix) == before
    assert (outside / "file").read_text() == "precious"


def test_files_of_nobody_in_the_way_are_named_and_kept(store: FakeBase) -> None:
    env = store.create("work")
    (env / LIBRARY / "wide.py").write_text("mine")
    before = state(env)
    with pytest.raises(KeelError, match=r"belong to no package: .*wide\.py"):
        install(store, "work", "top", "wide")
    assert state(env) == before


def test_a_folder_that_is_a_link_is_not_written_through(store: FakeBase, tmp_path: Path) -> None:
    env = store.create("work")
    (tmp_path / "other").mkdir()
    (env / LIBRARY / "low").symlink_to(tmp_path / "other")
    with pytest.raises(KeelError, match="in the way"):
        install(store, "work", "low")
    assert not list((tmp_path / "other").iterdir())


@pytest.mark.parametrize("fails_at", [1, 3, 5, 6])
def test_a_failure_in_the_middle_leaves_all_as_it_was(
    store: FakeBase, monkeypatch: pytest.MonkeyPatch, fails_at: int
) -> None:
    env = store.create("work", "low==1.0", "other==1.0", "middle")
    before = state(env)
    rename, count = os.rename, 0

    def failing(source: str, dest: str) -> None:
        nonlocal count
        count += 1
        if count == fails_at:
            raise OSError(28, "No space left on device", dest)
        rename(source, dest)

    monkeypatch.setattr("os.rename", failing)
    with pytest.raises(OSError, match="No space"):
        install(store, "work", "low==2.0", "other==2.0")
    assert state(env) == before


def test_a_unit_that_is_gone_from_the_store_changes_nothing(store: FakeBase) -> None:
    unit = store.add("lost", base=False)
    env = store.create("work", "low==1.0")
    before = state(env)
    (store.prefix / unit.path).rename(store.prefix / "gone")
    with pytest.raises(KeelError, match="missing from the store"):
        install(store, "work", "lost", "low>1")
    assert state(env) == before


def test_a_killed_run_is_undone_or_complete_for_the_next_command(store: FakeBase) -> None:
    env = store.create("work", "low==1.0", "other==1.0")
    keel = store.prefix / "cmd/keel"
    started = time.monotonic()
    store.keel("install", "-n", "work", "low==2.0", "top")
    takes = time.monotonic() - started
    after = {path: value[2] for path, value in state(env).items()}
    store.keel("install", "-n", "work", "low==1.0", "other==1.0")
    store.keel("remove", "-n", "work", "-y", "top", "middle")
    before = {path: value[2] for path, value in state(env).items()}
    chance = random.Random(3)
    for _ in range(6):
        run = subprocess.Popen([keel, "install", "-n", "work", "low==2.0", "top"], env=store.environment())
        time.sleep(chance.uniform(0.3, 1.1) * takes)
        run.send_signal(signal.SIGKILL)
        run.wait()
        store.keel("list", "-n", "work")
        now = {path: value[2] for path, value in state(env).items()}
        assert now in (before, after)
        if now == after:
            store.keel("install", "-n", "work", "low==1.0", "other==1.0")
            store.keel("remove", "-n", "work", "-y", "top", "middle")


def test_two_runs_in_one_environment_do_not_meet(store: FakeBase) -> None:
    env = store.create("work")
    keel = store.prefix / "cmd/keel"
    runs = [
        subprocess.Popen([keel, "install", "-n", "work", name], env=store.environment(), stderr=subprocess.PIPE)
        for name in ("top", "other", "wide", "low")
    ]
    for run in runs:
        _, said = run.communicate(timeout=60)
        assert run.returncode == 0, said
    assert set(versions(env)) == {"top", "middle", "low", "other", "wide"}
    check_records(env)


def test_search_shows_names_versions_and_summaries(store: FakeBase) -> None:
    said = store.keel("search").stdout.splitlines()
    assert [line.split()[:2] for line in said[1:3]] == [["low", "1.0"], ["low", "2.0"]]
    found = json.loads(store.keel("search", "[lm]*", "--json").stdout)
    assert [(one["name"], one["base"]) for one in found] == [("low", False), ("low", False), ("middle", False)]
    assert json.loads(store.keel("search", "iddl", "--json").stdout)[0]["name"] == "middle"
    assert "nearest bundled names: wide" in store.keel("search", "wyde", code=1).stderr


