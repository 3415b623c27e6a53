"""Changes to a folder that come to all or nothing, wherever they are cut off."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from keel.environments import TRANSACTION
from keel.errors import KeelError
from keel.transaction import Transaction, new_paths, repair
from tests.conftest import ROOT, need_root
from tests.unit.keel.bases import ODD


def change(prefix: Path, *, snapshot: bool, fail: bool = False, step: int = 0) -> int:
    """Change `a` (replaced), `b/` (gone), `c/` (new), and as pip would, `d/` and `g`, in a process of its own.

    step: the one at which it is killed.  Gives what waitpid says.
    """
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    try:
        for name in ("rename", "replace", "mkdir", "link", "unlink", "rmdir"):
            setattr(os, name, Dying(getattr(os, name), step))
        _change(str(prefix), snapshot=snapshot, fail=fail)
        os._exit(0)
    finally:
        os._exit(1)


class Dying:
    """A function of `os`; all of them together are called `step` times, and then the process dies."""

    left = 0

    def __init__(self, function: Callable[..., object], step: int) -> None:
        self.function = function
        Dying.left = step

    def __call__(self, *arguments: object, **options: object) -> object:
        Dying.left -= 1
        if not Dying.left:
            os.kill(os.getpid(), signal.SIGKILL)
        return self.function(*arguments, **options)


def _change(prefix: str, *, snapshot: bool, fail: bool) -> None:
    with Transaction(prefix, waiting=lambda: os.write(1, b"waiting")) as change:
        if snapshot:
            change.snapshot()
        for path in ("a", "c/x/y", "c/z"):
            Path(change.new, path).parent.mkdir(parents=True, exist_ok=True)
            Path(change.new, path).write_text("new")
        change.apply(["a", "b"], ["a", "c"])
        if snapshot:
            Path(prefix, "d/e").unlink()
            Path(prefix, "d/f").touch()
            Path(prefix, "g").mkdir()
        if fail:
            raise KeyboardInterrupt
        change.done()


def make(folder: Path) -> Path:
    prefix = folder / ODD
    for path in ("a", "b/one", "b/two", "d/e", "d/s/f"):
        (prefix / path).parent.mkdir(parents=True, exist_ok=True)
        (prefix / path).write_text("old")
    (prefix / "d/link").symlink_to("e")
    return prefix


def files(prefix: Path) -> dict[str, object]:
    return {
        str(path.relative_to(prefix)): path.readlink() if path.is_symlink() else path.is_file() and path.read_text()
        for path in prefix.rglob("*")
    }


@pytest.mark.parametrize("snapshot", [False, True], ids=["moves", "snapshot"])
def test_a_run_that_dies_at_any_step_is_undone_or_complete(tmp_path: Path, snapshot: bool) -> None:
    before = files(make(tmp_path / "before"))
    complete = make(tmp_path / "complete")
    assert change(complete, snapshot=snapshot) == 0
    after = files(complete)
    assert (after["a"], after["c/z"], "b" in after) == ("new", "new", False)
    for step in range(1, 100):
        prefix = make(tmp_path / str(step))
        if change(prefix, snapshot=snapshot, step=step) != signal.SIGKILL:
            break
        repair(str(prefix))
        assert files(prefix) in (before, after)
        assert not repair(str(prefix))
    assert 15 < step < 99


@pytest.mark.parametrize("snapshot", [False, True], ids=["moves", "snapshot"])
def test_undoing_may_itself_be_cut_off_at_any_step(tmp_path: Path, snapshot: bool) -> None:
    before = files(make(tmp_path / "before"))
    for step in range(8, 100):
        prefix = make(tmp_path / str(step))
        killed = change(prefix, snapshot=snapshot, fail=True, step=step) == signal.SIGKILL
        repair(str(prefix))
        assert files(prefix) == before
        if not killed:
            break
    assert 15 < step < 99


def test_what_is_undone_is_the_same_files_and_not_copies(tmp_path: Path) -> None:
    prefix = make(tmp_path)
    inode = (prefix / "d/s/f").stat().st_ino
    change(prefix, snapshot=True, fail=True)
    assert (prefix / "d/s/f").stat().st_ino == inode


def test_a_run_at_work_is_left_alone_and_waited_for(tmp_path: Path) -> None:
    prefix = make(tmp_path)
    code = (
        "import sys; from keel.transaction import Transaction\n"
        "with Transaction(sys.argv[1], waiting=lambda: print('waiting', flush=True)) as change:\n"
        "    change.apply(['a'], []); change.done()"
    )
    with Transaction(str(prefix), waiting=lambda: pytest.fail("nobody else is there")):
        assert not repair(str(prefix))
        assert (prefix / TRANSACTION / "new").is_dir()
        other = subprocess.Popen([sys.executable, "-c", code, prefix], cwd=ROOT, stdout=subprocess.PIPE)
        assert other.stdout is not None
        assert other.stdout.readline() == b"waiting\n"
        assert (prefix / "a").exists()
    other.communicate(timeout=60)
    assert not (prefix / "a").exists()


def test_a_link_in_place_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    prefix = make(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/journal.json").write_text(json.dumps({"old": [], "new": ["a"]}))
    (prefix / TRANSACTION).symlink_to(tmp_path / "elsewhere")
    repair(str(prefix))
    assert (prefix / "a").exists()
    assert (tmp_path / "elsewhere/journal.json").exists()
    assert not os.path.lexists(prefix / TRANSACTION)


def test_folders_are_moved_whole_where_there_is_none_yet(tmp_path: Path) -> None:
    prefix, staged = make(tmp_path), tmp_path / "staged"
    for path in ("a", "b/one", "b/three", "c/x/y", "d/link/f"):
        (staged / path).parent.mkdir(parents=True, exist_ok=True)
        (staged / path).touch()
    assert new_paths(str(staged), str(prefix), ["a"]) == (["a", "b/three", "c"], ["b/one", "d/link"])
    assert new_paths(str(staged), str(prefix), ["a", "b"]) == (["a", "b", "c"], ["d/link"])


@pytest.mark.parametrize(
    "journal", ['{"old": ["../victim"], "new": []}', '{"old": ["/victim"], "new": []}', "{", "[]", '{"old": [1]}']
)
def test_a_journal_that_makes_no_sense_is_an_error(journal: str, tmp_path: Path) -> None:
    folder = tmp_path / ".keel-transaction"
    folder.mkdir()
    (folder / "journal.json").write_text(journal)
    with pytest.raises(KeelError, match=r"journal\.json is damaged"):
        repair(str(tmp_path))
    assert (folder / "journal.json").exists()


def test_what_another_user_left_is_not_acted_on(tmp_path: Path) -> None:
    need_root()
    (tmp_path / ".keel-transaction/old").mkdir(parents=True)
    (tmp_path / ".keel-transaction/old/a").write_text("evil")
    (tmp_path / ".keel-transaction/journal.json").write_text('{"old": ["a"], "new": []}')
    os.chown(tmp_path / ".keel-transaction", 65534, 65534)
    assert not repair(str(tmp_path))
    with pytest.raises(KeelError, match="another user's change"), Transaction(str(tmp_path), waiting=lambda: None):
        pass
    assert not (tmp_path / "a").exists()
