"""Runs that are stopped, killed or doubled: the machine is as before, or the new base is complete."""

import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import need

from .conftest import ODD, Engine, listing, many_files
from .payload_maker import MARKER

FILES = 3000


@pytest.fixture
def slow(engine_for: Callable[..., Engine]) -> Engine:
    """An installer that takes long enough to be stopped."""
    return engine_for(many_files(FILES))


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def staging(tmp_path: Path) -> Path:
    return tmp_path / "deep/.base.keel-staging"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stopped_run_cleans_up_and_says_by_what(slow: Engine, tmp_path: Path, number: signal.Signals) -> None:
    process = slow.start(tmp_path / "deep/base", "--threads", 1)
    wait_for((staging(tmp_path) / "tree/pkgs").exists)
    process.send_signal(number)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert "stopped by signal" in said
    assert listing(tmp_path) == [f"{ODD}.sh"]


def test_an_ignored_hangup_stays_ignored(slow: Engine, tmp_path: Path) -> None:
    command = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", *slow.command("install", "--prefix", tmp_path / "deep/base")]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    wait_for((staging(tmp_path) / "tree").exists)
    process.send_signal(signal.SIGHUP)
    assert process.wait(30) == 0
    assert (tmp_path / "deep/base" / MARKER).exists()


@pytest.mark.parametrize("seed", range(8))
def test_after_a_kill_the_next_run_starts_afresh(slow: Engine, tmp_path: Path, seed: int) -> None:
    prefix = tmp_path / "deep/base"
    process = slow.start(prefix)
    time.sleep(random.Random(seed).random() * 0.15)
    process.kill()
    process.communicate()
    if (prefix / MARKER).exists():  # the rename was faster
        assert len(listing(prefix / "pkgs")) == 10 + FILES
    else:
        assert not prefix.exists()
        assert slow.install(prefix).code == 0
    assert listing(tmp_path / "deep")[:1] == ["base"] or not staging(tmp_path).exists()
    assert len(listing(prefix / "pkgs")) == 10 + FILES


def test_a_second_run_on_the_same_prefix_is_told_to_wait(slow: Engine, tmp_path: Path) -> None:
    first = slow.start(tmp_path / "deep/base", "--threads", 1)
    wait_for((staging(tmp_path) / "tree").exists)
    first.send_signal(signal.SIGSTOP)
    second = slow.install(tmp_path / "deep/base")
    first.send_signal(signal.SIGCONT)
    first.communicate(timeout=30)
    assert second.code == 7
    assert "another run is installing" in second.err
    assert first.returncode == 0
    assert len(listing(tmp_path / "deep/base/pkgs")) == 10 + FILES


def test_of_many_runs_at_once_one_succeeds(demo: Engine, tmp_path: Path) -> None:
    runs = [demo.start(tmp_path / "deep/base") for _ in range(8)]
    codes = []
    for run in runs:
        run.communicate(timeout=30)
        codes.append(run.returncode)
    assert codes.count(0) == 1, codes
    assert set(codes) <= {0, 4, 7}
    assert not staging(tmp_path).exists()


def test_a_staging_folder_that_is_a_link_is_not_entered(demo: Engine, tmp_path: Path) -> None:
    (tmp_path / "mine/tree").mkdir(parents=True)
    (tmp_path / "deep").mkdir()
    staging(tmp_path).symlink_to(tmp_path / "mine")
    done = demo.install(tmp_path / "deep/base")
    assert done.code == 4
    assert "is in the way" in done.err
    assert (tmp_path / "mine/tree").is_dir()


def filled_prefix(tmp_path: Path) -> Path:
    prefix = tmp_path / "base"
    (prefix / "lib").mkdir(parents=True)
    (prefix / "lib/mine.txt").write_text("mine")
    (prefix / "bin").mkdir()
    return prefix


@pytest.mark.parametrize("when", range(1, 10))
@pytest.mark.parametrize("call", ["rename", "unlink"])
def test_a_merge_killed_at_any_move_is_rolled_back_or_complete(
    demo: Engine, tmp_path: Path, call: str, when: int
) -> None:
    strace = need("strace")
    prefix = filled_prefix(tmp_path)
    before = listing(prefix)
    inject = f"inject={call},{call}at:signal=KILL:when={when}"
    tracer = [strace, "-f", "-o", "/dev/null", "-e", f"trace={call},{call}at", "-e", inject]
    command = demo.command("install", "--prefix", prefix, "--force", "--threads", "1")
    killed = subprocess.run([*tracer, *command], capture_output=True, check=False)
    was_killed = killed.returncode != 0
    again = demo.install(prefix)  # without force: it must see the folder as it was before, or as complete
    assert again.code == 4, again
    assert not (prefix / ".keel-staging").exists()
    if (prefix / MARKER).exists():
        assert "holds an installed base already" in again.err
        assert (prefix / "lib/tool.py").exists()
        assert (prefix / "bin/python3.11").exists()
    else:
        assert was_killed
        assert "is not empty" in again.err
        assert listing(prefix) == before
        assert demo.install(prefix, "--force").code == 0
    assert (prefix / "lib/mine.txt").read_text() == "mine"


def test_what_is_put_there_after_a_kill_is_not_rolled_back(demo: Engine, tmp_path: Path) -> None:
    """A journal lists moves that were not made; what the user has put at such a place since then is the user's."""
    prefix = filled_prefix(tmp_path)
    stage = prefix / ".keel-staging"
    (stage / "tree/pkgs").mkdir(parents=True)
    (stage / "marker").write_text("{}")
    (stage / "journal").write_text("keel-journal 1\nmove empty\nmove pkgs\nmarker keel-meta/manifest.json\nend\n")
    (prefix / "pkgs").mkdir()
    (prefix / "empty").write_text("moved")
    assert demo.install(prefix).code == 4
    assert listing(prefix) == ["bin", "lib", "lib/mine.txt", "pkgs"]


def test_a_torn_journal_undoes_nothing(demo: Engine, tmp_path: Path) -> None:
    prefix = filled_prefix(tmp_path)
    stage = prefix / ".keel-staging"
    (stage / "tree").mkdir(parents=True)
    (stage / "marker").write_text("{}")
    (stage / "journal").write_text("keel-journal 1\nmove lib\nmove bi")
    assert demo.install(prefix).code == 4
    assert listing(prefix) == ["bin", "lib", "lib/mine.txt"]


def test_a_run_that_was_killed_after_the_rename_leaves_nothing_for_long(demo: Engine, tmp_path: Path) -> None:
    assert demo.install(tmp_path / "deep/base").code == 0
    staging(tmp_path).mkdir()
    (staging(tmp_path) / "lock").write_text("")
    assert demo.install(tmp_path / "deep/base").code == 4
    assert not staging(tmp_path).exists()


def test_a_run_that_was_killed_in_an_empty_prefix_is_not_in_the_way(demo: Engine, tmp_path: Path) -> None:
    prefix = tmp_path / "base"
    shutil.copytree(filled_prefix(tmp_path / "other"), prefix / ".keel-staging/tree")
    assert demo.install(prefix).code == 0
    assert not (prefix / ".keel-staging").exists()
