"""Where the engine is started, and what is left behind: nothing."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import need, need_root

from .conftest import Box


@pytest.mark.parametrize("code", [1, 4, 5, 6, 7])
def test_the_engines_exit_code_is_passed_on_and_the_log_kept(box: Box, code: int) -> None:
    done = box.run("-b", env={"STUB_CODE": str(code)})
    assert done.code == code
    (log,) = box.tmp.iterdir()
    assert done.err.endswith(f"log: {log}\n")
    assert "the stub was told to fail" in log.read_text()


def test_the_log_moves_into_the_base(box: Box) -> None:
    done = box.run("-b", "-t")
    (log,) = (box.home / "starter/keel-meta/logs").iterdir()
    text = log.read_text()
    assert log.name.startswith("install-")
    assert set(done.out.splitlines()) <= set(text.splitlines())
    assert box.leftovers() == []


def allow_programs_only_in(box: Box, folder: Path | None) -> None:
    """Let the box's shell run where /tmp and the whole box are mounted noexec, but for `folder`."""
    need_root()
    script = """
        for place in /tmp "$1"; do mount --bind "$place" "$place"; mount -o remount,bind,noexec "$place"; done
        if [ -n "$2" ]; then mount --bind "$2" "$2"; mount -o remount,bind,exec "$2"; fi
        shift 2
        cd .
        exec "$@"
    """
    if folder:
        folder.mkdir(exist_ok=True)
    box.shell = [need("unshare"), "-m", "sh", "-ec", script, "sh", str(box.root), str(folder or ""), *box.shell]


def test_where_tmp_is_noexec_the_engine_starts_beside_the_prefix(box: Box) -> None:
    allow_programs_only_in(box, box.root / "disk")
    assert box.run("-b", "-p", box.root / "disk/a new/base").code == 0
    assert [path.name for path in (box.root / "disk").iterdir()] == ["a new"]
    assert [path.name for path in (box.root / "disk/a new").iterdir()] == ["base"]


def test_where_only_the_prefix_allows_programs_the_engine_starts_in_it(box: Box) -> None:
    prefix = box.root / "disk"
    allow_programs_only_in(box, prefix)
    assert box.run("-b", "-p", prefix).code == 0
    # Our own folder makes the prefix a filled one, but is nobody's file to keep.
    assert box.calls()[-3:] == ["--prefix", str(prefix), "--force"]
    assert not list(prefix.glob(".keel-installer*"))


def test_where_only_the_home_folder_allows_programs_the_engine_starts_there(box: Box) -> None:
    allow_programs_only_in(box, box.home)
    assert box.run("-b", "-p", box.root / "base").code == 0
    assert list(box.home.iterdir()) == []


def test_where_no_folder_allows_programs_all_that_were_tried_are_named(box: Box) -> None:
    allow_programs_only_in(box, None)
    done = box.run("-b", "-p", box.root / "base")
    assert done.code == 6
    assert str(box.home) in done.err
    assert "TMPDIR=" in done.err
    assert [name for name in box.leftovers() if not name.endswith(".log")] == []


@contextmanager
def waiting(box: Box, *options: str) -> Iterator["subprocess.Popen[bytes]"]:
    """An installer whose engine waits for a signal."""
    mark = box.root / "started"
    process = subprocess.Popen(
        [*box.shell, str(box.installer), "-b", *options], env={**box.environment, "STUB_WAIT": str(mark)},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 20
        while not mark.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_the_engine_and_cleans_up(box: Box, number: signal.Signals) -> None:
    with waiting(box) as process:
        process.send_signal(number)
        _, err = process.communicate(timeout=20)
        assert process.returncode in (-number, 128 + number)
    assert (box.root / "started.cleaned").exists()
    assert b"nothing was installed" in err
    assert [name for name in box.leftovers() if not name.endswith(".log")] == []


def test_folders_of_dead_runs_are_removed_and_those_of_living_ones_kept(box: Box) -> None:
    done = box.run("-b", env={"STUB_CODE": "1"})
    log = Path(done.err.splitlines()[-1].removeprefix("log: "))
    engine = next(line for line in log.read_text().splitlines() if line.startswith("engine: "))
    stem = engine.removeprefix("engine: ").removesuffix("/keel-engine").rpartition("-")[0]
    dead, living = Path(f"{stem}-{dead_pid()}"), Path(f"{stem}-{os.getpid()}")
    dead.mkdir()
    (dead / "keel-engine").touch()
    living.mkdir()
    odd = Path(f"{stem}-12x")
    odd.mkdir()
    link = Path(f"{stem}-{dead_pid()}0")
    link.symlink_to(box.home)
    assert box.run("-b").code == 0
    assert not dead.exists()
    assert living.exists()
    assert odd.exists()
    assert box.home.exists()


def dead_pid() -> int:
    """The id of a process that has ended."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_a_log_is_never_written_through_somebody_elses_link(sh_box: Box) -> None:
    target = sh_box.root / "victim"
    sh_box.tool("date", "echo now")
    # Every process id that the run could have.
    script = 'for n in $(seq $$ $(($$ + 3))); do ln -s "$1" "$TMPDIR/keel-install-now-$n.log"; done; exec sh "$2" -b'
    subprocess.run(["sh", "-c", script, "sh", str(target), str(sh_box.installer)], env=sh_box.environment, check=True)
    assert not target.exists()


def test_an_unusable_folder_for_temporary_files_is_no_obstacle(box: Box) -> None:
    for folder in ("/does/not/exist", "relative", ""):
        shutil.rmtree(box.home / "starter", ignore_errors=True)
        assert box.run("-b", env={"TMPDIR": folder}).code == 0
