"""Several keels at once, and keels that are killed anywhere: what is listed is whole, and nothing else stays behind."""

import contextlib
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from keel.check import check
from keel.cli import main
from keel.environments import list_environments
from keel.hashes import file_digest
from keel.moves import mend_moved
from keel.staging import is_temporary, remove_stale
from tests.conftest import need_root
from tests.unit.keel.bases import FakeBase

FILES = 300


@pytest.fixture
def base(fake: FakeBase) -> Iterator[FakeBase]:
    """With a package of some files; fails the test if the store is not as it was."""
    fake.keel("--settle")
    fake.add("big", files={f"big/{number % 7}/{number}.py": f"N = {number}\n" for number in range(FILES)})
    fake.create("first", "big")
    before = hashes(fake.prefix / "pkgs")
    yield fake
    assert hashes(fake.prefix / "pkgs") == before


def hashes(folder: Path) -> dict[str, str]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): file_digest(str(path)) for path in files}


def run_apart(work: Callable[[], int]) -> int:
    """The process that does `work` and ends with the code that it gives, 99 for an exception."""
    child = os.fork()
    if child:
        return child
    code = 99
    try:
        silence = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(silence, stream)
        code = work()
    finally:
        os._exit(code)


def assert_whole(base: FakeBase) -> None:
    """Every listed environment is complete."""
    places = list_environments(base.base)
    assert [str(problem) for problem in check(base.base, places, store=False, tell=lambda text: None)] == []


def hidden(base: FakeBase) -> list[str]:
    return [path.name for path in (base.prefix / "envs").iterdir() if is_temporary(path.name)]


def test_many_at_once_do_each_other_no_harm(base: FakeBase) -> None:
    names = ["a", "b", "c", "d"]

    def work(seed: int) -> int:
        choose = random.Random(seed)
        codes = set()
        for _ in range(12):
            one, other = choose.sample(names, 2)
            words = choose.choice(
                [
                    ["create", "-n", one, "big"],
                    ["create", "-n", one, "--clone", "first"],
                    ["create", "-n", one, "--clone", other],
                    ["env", "remove", "-y", "-n", one],
                    ["rename", "-n", one, other],
                    ["clean", "--stale", "-y"],
                    ["env", "list"],
                    ["check", "-n", "first"],
                ]
            )
            codes.add(main(words, prefix=str(base.prefix)))
        return 0 if codes <= {0, 1} else 98

    children = [run_apart(lambda seed=seed: work(seed)) for seed in range(4)]  # type: ignore[misc]
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0, 0, 0]
    assert_whole(base)
    remove_stale(str(base.prefix / "envs"))
    assert hidden(base) == []


def test_whatever_is_killed_anywhere_leaves_nothing_half_made(base: FakeBase) -> None:
    choose = random.Random(3)
    steps = [
        ["create", "-n", "x", "big"],
        ["create", "-n", "x", "--clone", "first"],
        ["rename", "-n", "x", "y"],
        ["env", "remove", "-y", "-n", "x"],
        ["env", "remove", "-y", "-n", "y"],
    ]
    for words in steps * 6:
        child = run_apart(lambda words=words: main(words, prefix=str(base.prefix)))  # type: ignore[misc]
        time.sleep(choose.random() * 0.08)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        mend_moved(str(base.prefix), [])
        assert_whole(base)
    base.create("last")
    assert hidden(base) == []


def test_a_mend_that_is_killed_anywhere_is_finished_by_the_next_command(base: FakeBase) -> None:
    choose = random.Random(5)
    base.prefix = base.prefix.rename(base.prefix.parent / "plain")  # a #! line can hold it
    mend_moved(str(base.prefix), [])
    for number in range(3):
        base.create(f"e{number}", "big")
        script = base.env(f"e{number}") / "bin/mine"
        script.write_text(f"#!{base.env(f'e{number}')}/bin/python\nprint('mine')\n")
    for number in range(8):
        base.prefix = base.prefix.rename(base.prefix.parent / f"moved {number}")
        child = run_apart(lambda: len(mend_moved(str(base.prefix), [])))
        time.sleep(choose.random() * 0.05)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        mend_moved(str(base.prefix), [])
        assert mend_moved(str(base.prefix), []) == []
        for name in ("e0", "e1", "e2"):
            assert str(base.env(name)) in (base.env(name) / "bin/mine").read_text()
            assert str(base.env(name)) in (base.env(name) / "bin/activate").read_text()
        assert_whole(base)


def test_several_that_find_the_base_moved_mend_it_together(base: FakeBase) -> None:
    base.prefix = base.prefix.rename(base.prefix.parent / "moved")
    children = [run_apart(lambda: main(["env", "list"], prefix=str(base.prefix))) for _ in range(4)]
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0, 0, 0]
    assert mend_moved(str(base.prefix), []) == []
    assert_whole(base)


def test_an_interrupted_removal_is_finished_by_the_next(base: FakeBase) -> None:
    for _ in range(4):
        base.create("gone", "big")
        child = run_apart(lambda: main(["env", "remove", "-y", "-n", "gone"], prefix=str(base.prefix)))
        while base.env("gone").exists():
            time.sleep(0.0005)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert [one.label for one in list_environments(base.base)] == ["base", "first"]
    base.keel("clean", "--stale", "-y")
    assert hidden(base) == []


def test_a_clone_that_fills_the_disk_gives_one_message_and_leaves_nothing(base: FakeBase, tmp_path: Path) -> None:
    need_root()
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", small], check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        error = base.keel("create", "-p", small / "env", "--clone", "first", "--copy", code=1).stderr
        assert error.count("error:") == 1
        assert "No space left on device" in error
        assert not list(small.iterdir())
    finally:
        subprocess.run(["umount", small], check=True)
    assert "small" not in base.keel("env", "list").stdout
