"""Finding, listing and removing environments; folders that appear in one step; the command line around it."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from keel.base import Base
from keel.building import build, destination
from keel.environments import check_removable, find_environment, list_environments
from keel.errors import KeelError
from keel.installed import installed
from keel.linker import Linker
from keel.private import unlink_packages
from keel.rename import rename
from keel.staging import Staging, remove_stale, remove_tree
from tests.conftest import need_root
from tests.unit.keel.bases import LIBRARY, FakeBase


def names(fake: FakeBase) -> list[str | None]:
    return [environment.name for environment in list_environments(fake.base)]


def test_the_base_comes_first_and_work_in_progress_is_not_shown(fake: FakeBase) -> None:
    fake.create("zeta")
    fake.create("alpha")
    fake.env(".alpha.keel-0123456789ab").mkdir()
    fake.env(".alpha.keel-0123456789ab").joinpath("pyvenv.cfg").touch()
    fake.env("just-a-folder").mkdir()
    assert names(fake) == ["base", "alpha", "zeta"]


def test_the_listing_for_programs_has_condas_shape(fake: FakeBase) -> None:
    env = fake.create("work")
    told = json.loads(fake.keel("env", "list", "--json", env=fake.environment(KEEL_PREFIX=str(env))).stdout)
    assert told["envs"] == [str(fake.prefix), str(env)]
    assert told["active"] == str(env)
    assert [(one["name"], one["active"], one["base"]) for one in told["environments"]] == [
        ("base", False, True),
        ("work", True, False),
    ]


def test_the_listing_for_people_stars_the_active_one_and_has_no_colours_in_a_pipe(fake: FakeBase) -> None:
    env = fake.create("work")
    lines = fake.keel("env", "list", env=fake.environment(KEEL_PREFIX=str(env))).stdout.splitlines()
    assert lines[2].split(maxsplit=2) == ["work", "*", str(env)]
    assert "*" not in lines[1]
    assert "\033" not in "".join(lines)


def test_environments_of_a_user_who_may_not_write_to_the_base_go_to_their_home(
    fake: FakeBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.create("shared")
    monkeypatch.setattr(Base, "writable", lambda self: False)
    place = destination(fake.base, name="mine", path=None)
    assert place.prefix == str(fake.prefix.parent / ".keel/envs/mine")
    build(fake.base, place, lambda folder, linker: [], copy=False)
    Path(place.prefix, "pyvenv.cfg").write_text(f"home = {fake.prefix}/bin\n")
    other = fake.prefix.parent / ".keel/envs/of-another-base"
    other.mkdir()
    (other / "pyvenv.cfg").write_text("home = /opt/other/bin\n")
    assert names(fake) == ["base", "mine", "shared"]
    with pytest.raises(KeelError, match="exists already"):
        destination(fake.base, name="of-another-base", path=None)
    with pytest.raises(KeelError, match="writable for you"):
        destination(Base(str(fake.prefix), None), name="x", path=None)


def test_an_environment_is_found_by_name_and_by_path(fake: FakeBase, monkeypatch: pytest.MonkeyPatch) -> None:
    env = fake.create("work")
    monkeypatch.chdir(env.parent)
    assert find_environment(fake.base, "work").prefix == str(env)
    assert find_environment(fake.base, "./work").name == "work"
    assert find_environment(fake.base, path=str(env / ".." / "work")).name == "work"
    assert find_environment(fake.base, "base").is_base(fake.base)
    assert find_environment(fake.base, path=str(fake.prefix)).name == "base"
    with pytest.raises(KeelError, match="not an environment"):
        find_environment(fake.base, path=str(env.parent))


def test_an_unknown_name_is_answered_with_the_nearest_ones(fake: FakeBase) -> None:
    fake.create("analysis")
    with pytest.raises(KeelError) as caught:
        find_environment(fake.base, "analisys")
    assert caught.value.hint == "did you mean analysis?"
    with pytest.raises(KeelError) as caught:
        find_environment(fake.base, "zzz")
    assert caught.value.hint == "there is: base, analysis"


def test_removing_asks_and_takes_silence_for_a_no(fake: FakeBase) -> None:
    env = fake.create("work")
    for answer in ("", "\n", "n\n", "what\n"):
        assert "nothing was removed" in fake.keel("env", "remove", "-n", "work", text=answer, code=1).stderr
    assert env.is_dir()
    fake.keel("env", "remove", "-n", "work", text="y\n")
    assert not list(env.parent.iterdir())


def test_removing_leaves_the_store_as_it_was(fake: FakeBase) -> None:
    unit = fake.add("tool")
    fake.create("work", "tool")
    fake.keel("env", "remove", "-n", "work", "-y")
    assert (fake.prefix / unit.path / "tool.py").stat().st_mode & 0o777 == 0o444
    assert (fake.prefix / unit.path / "tool.py").stat().st_nlink == 2


def test_the_base_the_active_environment_and_other_folders_are_not_removed(
    fake: FakeBase, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    env = fake.create("work")
    with pytest.raises(KeelError, match="base cannot be removed"):
        check_removable(fake.base, find_environment(fake.base, "base"))
    monkeypatch.setenv("VIRTUAL_ENV", str(env))
    with pytest.raises(KeelError, match="is active"):
        check_removable(fake.base, find_environment(fake.base, "work"))
    (tmp_path / "precious").mkdir()
    assert "not an environment" in fake.keel("env", "remove", "-y", "-p", tmp_path / "precious", code=1).stderr
    (tmp_path / "link").symlink_to(env)
    assert "symbolic link" in fake.keel("env", "remove", "-y", "-p", tmp_path / "link", code=1).stderr
    assert env.is_dir()


def test_packages_are_listed_with_where_they_came_from(fake: FakeBase) -> None:
    fake.add("tool")
    library = fake.create("work", "tool") / LIBRARY
    for name, files in {
        "by_pip-1": {"INSTALLER": "pip\n"},
        "from_url-2": {"INSTALLER": "pip", "direct_url.json": '{"url": "file:///x.whl", "archive_info": {}}'},
        "in.place-3": {"direct_url.json": '{"url": "file:///my%20src", "dir_info": {"editable": true}}'},
        "broken-4": {"direct_url.json": "{"},
        "silent-5": {},
    }.items():
        (library / f"{name}.dist-info").mkdir()
        for file, text in files.items():
            (library / f"{name}.dist-info" / file).write_text(text)
    assert [tuple(package) for package in installed(str(fake.env("work")), fake.base)] == [
        ("broken", "4", "unknown"),
        ("by-pip", "1", "pip"),
        ("from-url", "2", "file:///x.whl"),
        ("in-place", "3", "editable: /my src"),
        ("silent", "5", "unknown"),
        ("tool", "1.0", "bundled"),
    ]


def test_list_shows_the_active_environment_else_the_base(fake: FakeBase) -> None:
    fake.add("tool")
    env = fake.create("work")
    assert [one["name"] for one in json.loads(fake.keel("list", "--json").stdout)] == ["pip", "tool"]
    assert json.loads(fake.keel("list", "--json", env=fake.environment(KEEL_PREFIX=str(env))).stdout) == []
    assert "tool" in fake.keel("list", "--bundled").stdout


def test_info_names_the_base_its_python_and_its_folders(fake: FakeBase) -> None:
    told = json.loads(fake.keel("info", "--json").stdout)
    assert told["base"] == str(fake.prefix)
    assert told["python"] == ".".join(map(str, sys.version_info[:3]))
    assert told["envs_dirs"][0] == str(fake.prefix / "envs")
    assert str(fake.prefix) in fake.keel("info").stdout


def test_wrong_usage_is_told_apart_from_failure(fake: FakeBase) -> None:
    assert fake.keel("creat", code=2).stderr.startswith("error: ")
    assert "keel create --help" in fake.keel("create", code=2).stderr
    assert "keel create -n work" in fake.keel("create", "--help").stdout
    assert fake.keel("--version").stdout.startswith("keel ")
    assert "examples:" in fake.keel("--help").stdout


def test_activate_without_the_shell_function_says_what_to_run(fake: FakeBase) -> None:
    fake.create("work")
    error = fake.keel("activate", "work", code=1).stderr
    line = error.splitlines()[1].removeprefix("hint: run: ").removesuffix("; keel activate work")
    script = f'{line} && keel activate work && printf %s "$KEEL_PREFIX"'
    out = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, env=fake.environment(), check=True
    ).stdout
    assert out == str(fake.env("work"))


def test_keel_is_found_through_links_and_from_any_folder(fake: FakeBase, tmp_path: Path) -> None:
    (tmp_path / "bin dir").mkdir()
    (tmp_path / "bin dir/keel").symlink_to(f"../{fake.prefix.name}/cmd/keel")
    (tmp_path / "keel2").symlink_to("bin dir/keel")
    for command, folder in (
        ([tmp_path / "keel2"], "/"),
        (["sh", "keel"], fake.prefix / "cmd"),
        (["cmd/keel"], fake.prefix),
        (["./keel2"], tmp_path),
    ):
        out = subprocess.run(
            [*command, "info"], cwd=folder, capture_output=True, text=True, env=fake.environment(), check=True
        )
        assert f"base:         {fake.prefix}" in out.stdout


def test_hostile_surroundings_do_not_reach_keel(fake: FakeBase, tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('leaked')")
    (fake.prefix / LIBRARY / "evil.pth").write_text("import os; os._exit(9)\n")
    (fake.prefix / LIBRARY / "sitecustomize.py").write_text("raise SystemExit('leaked')\n")
    env = fake.environment(
        PYTHONPATH=str(tmp_path), PYTHONHOME=str(tmp_path), LC_ALL="C", CDPATH="/", PYTHONIOENCODING="ascii"
    )
    assert str(fake.prefix) in fake.keel("info", env=env).stdout


def test_a_reader_that_leaves_early_gets_no_traceback(fake: FakeBase) -> None:
    script = '"$1" list | true; "$1" --help | head -1'
    done = subprocess.run(
        ["sh", "-c", script, "sh", fake.prefix / "cmd/keel"], capture_output=True, text=True, env=fake.environment()
    )
    assert "Traceback" not in done.stderr


def test_without_a_manifest_there_is_no_base(fake: FakeBase) -> None:
    (fake.prefix / "keel-meta/manifest.json").unlink()
    error = fake.keel("env", "list", code=1).stderr
    assert "not a complete base" in error
    assert str(fake.prefix) in error


def test_what_a_killed_process_left_is_cleared_and_what_a_living_one_holds_is_not(tmp_path: Path) -> None:
    dead = tmp_path / ".work.keel-0123456789ab"
    alive = tmp_path / ".work.keel-ba9876543210"
    unrelated = tmp_path / ".work.keel-notes"
    for folder in (dead, alive, unrelated):
        (folder / "deep").mkdir(parents=True)
    descriptor = os.open(alive, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    remove_stale(str(tmp_path))
    os.close(descriptor)
    assert sorted(tmp_path.iterdir()) == [unrelated, alive] or sorted(tmp_path.iterdir()) == [alive, unrelated]


def test_a_failure_leaves_nothing_not_even_the_parents_that_were_made(tmp_path: Path) -> None:
    def fail() -> None:
        with Staging(str(tmp_path / "a/b/c")) as staging:
            Path(staging.folder, "half").mkdir()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not list(tmp_path.iterdir())


def test_of_two_that_make_the_same_environment_one_is_told(tmp_path: Path) -> None:
    with Staging(str(tmp_path / "same")) as staging:
        Path(staging.folder, "new").mkdir()
        (tmp_path / "same").mkdir()
        (tmp_path / "same/file").touch()
        with pytest.raises(KeelError, match="in the meantime"):
            staging.publish(str(Path(staging.folder, "new")))


def test_read_only_folders_are_removed_as_well(tmp_path: Path) -> None:
    (tmp_path / "top/locked").mkdir(parents=True)
    (tmp_path / "top/locked/file").touch()
    (tmp_path / "top/locked").chmod(0o500)
    remove_tree(str(tmp_path / "top"))
    remove_tree(str(tmp_path / "top"))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_create_that_is_stopped_cleans_up(fake: FakeBase, number: signal.Signals) -> None:
    fake.add("big", files={f"big/{folder}/{number}.py": "" for folder in range(40) for number in range(50)}, base=False)
    process = subprocess.Popen(
        [fake.prefix / "cmd/keel", "create", "-n", "work", "big"],
        env=fake.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    envs = fake.prefix / "envs"
    while process.poll() is None and not list(envs.iterdir()):
        time.sleep(0.001)
    process.send_signal(number)
    _, error = process.communicate(timeout=30)
    assert process.returncode == 128 + number or (process.returncode == 0 and fake.env("work").is_dir())
    assert "Traceback" not in error
    assert [path.name for path in envs.iterdir()] in ([], ["work"])


def test_a_killed_create_is_invisible_and_cleared_by_the_next(fake: FakeBase) -> None:
    fake.add("big", files={f"big/{folder}/{number}.py": "" for folder in range(40) for number in range(50)}, base=False)
    process = subprocess.Popen(
        [fake.prefix / "cmd/keel", "create", "-n", "work", "big"], env=fake.environment(), stdout=subprocess.DEVNULL
    )
    while process.poll() is None and not list((fake.prefix / "envs").iterdir()):
        time.sleep(0.001)
    process.kill()
    process.wait()
    left = [path.name for path in (fake.prefix / "envs").iterdir()]
    assert names(fake) == (["base", "work"] if left == ["work"] else ["base"])
    fake.create("next")
    assert all(not path.name.startswith(".") for path in (fake.prefix / "envs").iterdir())


@pytest.fixture
def store(tmp_path: Path) -> Path:
    (tmp_path / "pkgs").mkdir()
    file = tmp_path / "pkgs/file"
    file.write_text("text")
    file.chmod(0o444)
    return tmp_path


def test_links_are_made_in_the_cheapest_way_that_works(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = str(store / "pkgs/file")
    linker = Linker(str(store), str(store), str(store))
    linker.place(source, str(store / "one"))

    def refuse(code: int) -> None:
        def fail(*args: object, **options: object) -> None:
            raise OSError(code, os.strerror(code))

        monkeypatch.setattr(os, "link", fail)

    refuse(1)  # EPERM, as protected_hardlinks says it
    forbidden = Linker(str(store), str(store), str(store / "envs/x"))
    forbidden.place(source, str(store / "two"))
    assert (store / "two").is_symlink() or (store / "two").stat().st_ino != (store / "pkgs/file").stat().st_ino
    copier = Linker(str(store), str(store), str(store), mode="copy")
    copier.place(source, str(store / "three"))
    assert not (store / "three").is_symlink()
    assert (linker.linked, linker.copied, forbidden.linked, copier.linked, copier.copied, copier.copied_bytes) == (
        1,
        0,
        1,
        0,
        1,
        4,
    )


def test_symbolic_links_are_relative_inside_the_base_and_absolute_elsewhere(store: Path) -> None:
    (store / "staging/sub").mkdir(parents=True)
    for final, expected in ((store / "envs/x", "../../../pkgs/file"), (Path("/home/else"), str(store / "pkgs/file"))):
        Linker(str(store), str(store / "staging"), str(final), mode="symlink").place(
            str(store / "pkgs/file"), str(store / "staging/sub/file")
        )
        assert str((store / "staging/sub/file").readlink()) == expected
        (store / "staging/sub/file").unlink()


def test_a_full_disk_is_not_taken_for_a_reason_to_try_the_next_way(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: str, dest: str) -> None:
        raise OSError(28, "No space left on device", dest)

    monkeypatch.setattr(os, "link", full)
    with pytest.raises(OSError, match="No space left"):
        Linker(str(store), str(store), str(store)).place(str(store / "pkgs/file"), str(store / "new"))


def test_a_full_disk_gives_one_clear_message(fake: FakeBase, tmp_path: Path) -> None:
    need_root()
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", small], check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        fake.add("big", files={f"big/{number}.bin": "x" * 4096 for number in range(50)}, base=False)
        error = fake.keel("create", "-p", small / "env", "big", code=1).stderr
        assert "No space left on device" in error
        assert error.count("error:") == 1
        assert not list(small.iterdir())
    finally:
        subprocess.run(["umount", small], check=True)


def test_the_nearest_names_are_names(fake: FakeBase, tmp_path: Path) -> None:
    fake.keel("create", "-p", tmp_path / "elsewhere")
    said = fake.keel("list", "-n", "nope", code=1).stderr
    assert said == "error: no environment is called nope\nhint: create it: keel create -n nope\n"


@pytest.mark.parametrize("words", [["create"], ["env", "remove", "-y"]])
def test_an_empty_path_does_not_mean_the_folder_where_one_is(words: list[str], fake: FakeBase) -> None:
    env = fake.create("work")
    script = 'cd "$1" && shift && "$@"'
    command = ["sh", "-c", script, "sh", str(env), str(fake.prefix / "cmd/keel"), *words, "-p", ""]
    done = subprocess.run(command, env=fake.environment(), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "an empty path names no folder" in done.stderr
    assert (env / "pyvenv.cfg").is_file()


@pytest.mark.parametrize("name", ["con", "AUX.x", "com1", "work."])
def test_a_name_that_windows_cannot_have_is_refused_everywhere(name: str, fake: FakeBase) -> None:
    with pytest.raises(KeelError, match=r"reserved|cannot be an environment's name"):
        destination(fake.base, name=name, path=None)


def test_nonsense_in_the_list_of_environments_is_passed_over(fake: FakeBase, tmp_path: Path) -> None:
    notes = fake.prefix.parent / ".keel/environments.txt"
    notes.parent.mkdir(exist_ok=True)
    notes.write_bytes(b"/nonexistent\nrelative\n/a\0b\n\xff\xfe\n/dev/zero\n" + bytes(range(256)))
    assert fake.keel("env", "list").stdout.splitlines()[1].startswith("base ")
    fake.keel("create", "-p", tmp_path / "one")
    assert notes.read_text() == f"{tmp_path / 'one'}\n"


def test_a_pipe_in_the_place_of_pyvenv_cfg_makes_nobody_wait(fake: FakeBase) -> None:
    fake.env("trap").mkdir()
    os.mkfifo(fake.env("trap") / "pyvenv.cfg")
    assert "trap" not in fake.keel("env", "list").stdout


def test_an_environment_of_somebody_else_is_said_to_be_theirs(
    fake: FakeBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.create("work")
    work = find_environment(fake.base, "work")
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # tests may run as root, who may do everything
    changes: list[Callable[[], object]] = [
        lambda: check_removable(fake.base, work),
        lambda: rename(fake.base, work, "mine"),
        lambda: unlink_packages(fake.base, work, ["pip"]),
    ]
    for change in changes:
        with pytest.raises(KeelError, match=r"work is not yours: .* is not writable for you"):
            change()
