"""Changes to a folder that is there already, an environment or a base: all of them, or none.

New files are made in `<prefix>/.keel-transaction/new`. To put them in place, a journal is written first; then what
goes is moved to `old`, and what is new to its place, both by renames, whole folders at a time where that is possible.
How far a run came is told by where its paths are, so a killed one is undone by the next keel command (`repair`). Before
another program changes the folder (pip, uv), `snapshot` keeps all files by hard links; undoing then puts those back.

It is one process's turn meanwhile, and that of the programs which it starts.
"""

import contextlib
import json
import os
import signal
from types import TracebackType
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple, Type

from .environments import TRANSACTION as FOLDER
from .errors import KeelError
from .folder_lock import Turn
from .quoting import shell_word
from .staging import remove_tree, replace_file

_JOURNAL, _SNAPSHOT, _DONE = "journal.json", "snapshot.json", "done"
_KEYS = {_JOURNAL: ("old", "new"), _SNAPSHOT: ("present", "absent")}


class Transaction:
    """`with Transaction(prefix) as change:` … `change.done()`; without the last, all is undone at the end.

    new: the folder for new files; paths below it are those below the prefix.
    """

    def __init__(self, prefix: str, *, waiting: Callable[[], None]) -> None:
        """waiting: called before another run of keel is waited for."""
        self.prefix = prefix
        self.folder = os.path.join(prefix, FOLDER)
        self.new = os.path.join(self.folder, "new")
        self._turn: Optional[Turn] = None
        self._waiting = waiting

    @property
    def lock(self) -> int:
        """What programs inherit that keel starts, so that the folder stays theirs if keel is killed; -1: nothing."""
        return self._turn.descriptor if self._turn else -1

    def __enter__(self) -> "Transaction":
        self._turn = Turn(self.prefix)
        try:
            if not self._turn.take(wait=False):
                self._waiting()
                self._turn.take(wait=True)
            if os.path.lexists(self.folder) and not _is_trusted(self.folder):
                raise KeelError(
                    f"in {self.prefix}, another user's change of packages was cut off",
                    hint=f"let them run: keel list -p {shell_word(self.prefix)}",
                )
            _undo(self.prefix)
            os.makedirs(self.new)
        except BaseException:
            self._turn.release()
            raise
        return self

    def snapshot(self, paths: Optional[Sequence[str]] = None) -> None:
        """Keep what is at `paths` (all that is in the prefix, for None), so that undoing brings exactly that back."""
        present = [name for name in os.listdir(self.prefix) if name != FOLDER] if paths is None else list(paths)
        absent = [path for path in present if not os.path.lexists(os.path.join(self.prefix, path))]
        present = [path for path in present if path not in absent]
        for path in present:
            kept = os.path.join(self.folder, "snapshot", path)
            os.makedirs(os.path.dirname(kept), exist_ok=True)
            _keep(os.path.join(self.prefix, path), kept)
        record = {"present": present, "absent": None if paths is None else absent}
        replace_file(os.path.join(self.folder, _SNAPSHOT), json.dumps(record).encode())

    def apply(self, old: Sequence[str], new: Sequence[str]) -> None:
        """Move `old` (relative to the prefix) away and `new` (relative to it, and there in `self.new`) in."""
        journal = os.path.join(self.folder, _JOURNAL)
        replace_file(journal, json.dumps({"old": list(old), "new": list(new)}).encode())
        with open(journal, "r+b") as file:  # Windows syncs what may be written only
            os.fsync(file.fileno())
        with uninterrupted():
            for path in old:
                _move(os.path.join(self.prefix, path), os.path.join(self.folder, "old", path))
            for path in new:
                os.rename(os.path.join(self.new, path), os.path.join(self.prefix, path))

    def done(self) -> None:
        """From here on the change stays."""
        with open(os.path.join(self.folder, _DONE), "wb"):
            pass

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        try:
            with uninterrupted():
                _undo(self.prefix)
        finally:
            if self._turn is not None:
                self._turn.release()


def repair(prefix: str) -> bool:
    """Undo what a killed run left at `prefix`, or clear up after one that was done. Gives whether there was one.

    Nothing happens while a run is at work, where this user may not write, or where the run was another user's.
    """
    folder = os.path.join(prefix, FOLDER)
    if not os.path.lexists(folder) or not _is_trusted(folder):
        return False
    with contextlib.suppress(PermissionError):
        turn = Turn(prefix)
        try:
            if not os.access(prefix, os.W_OK) or not turn.take(wait=False):
                return False
            _undo(prefix)
            return True
        finally:
            turn.release()
    return False


def _is_trusted(folder: str) -> bool:
    """Whether the folder of a transaction is this user's own, or root's.

    Its journal says what is moved where. Whoever could write one for another user could have them move anything.
    """
    return os.name == "nt" or os.lstat(folder).st_uid in (os.geteuid(), 0)


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Signals that ask keel to end wait for the end of the block."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _undo(prefix: str) -> None:
    """Bring the prefix back to what it was before, unless the change is done; remove the folder of the transaction."""
    folder = os.path.join(prefix, FOLDER)
    if os.path.islink(folder) or not os.path.isdir(folder):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(folder)
        return
    if not os.path.exists(os.path.join(folder, _DONE)):
        snapshot, journal = _read(folder, _SNAPSHOT), _read(folder, _JOURNAL)
        if snapshot is not None:
            _restore(prefix, folder, snapshot)
        elif journal is not None:
            _reverse(prefix, folder, journal)
    # Clearing up may be cut off anywhere: without these two, in this order, nothing is undone (again).
    for name in (_JOURNAL, _SNAPSHOT):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(folder, name))
    remove_tree(folder)


def _read(folder: str, name: str) -> Optional[Dict[str, Any]]:
    try:
        with open(os.path.join(folder, name), "rb") as file:
            values: Dict[str, Any] = json.loads(file.read())
        lists = [values[key] for key in _KEYS[name] if values[key] is not None or key != "absent"]
        if not all(_is_below(path) for paths in lists for path in paths):
            raise ValueError("a path in it leads elsewhere")
        return values
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise KeelError(
            f"{os.path.join(folder, name)} is damaged: {error}",
            hint=f"what was cut off cannot be undone; move {FOLDER} away, and check: keel check --fix",
        ) from error


def _is_below(path: object) -> bool:
    return isinstance(path, str) and not os.path.isabs(path) and os.pardir not in path.replace(os.sep, "/").split("/")


def _reverse(prefix: str, folder: str, journal: Dict[str, Any]) -> None:
    for path in journal["new"]:
        staged, place = os.path.join(folder, "new", path), os.path.join(prefix, path)
        if not os.path.lexists(staged) and os.path.lexists(place):
            _move(place, staged)
    for path in journal["old"]:
        _put_back(os.path.join(folder, "old", path), os.path.join(prefix, path), folder)


def _restore(prefix: str, folder: str, snapshot: Dict[str, Any]) -> None:
    for path in snapshot["present"]:
        _put_back(os.path.join(folder, "snapshot", path), os.path.join(prefix, path), folder)
    absent = snapshot["absent"]
    if absent is None:
        absent = [name for name in os.listdir(prefix) if name != FOLDER and name not in snapshot["present"]]
    for path in absent:
        if os.path.lexists(os.path.join(prefix, path)):
            _aside(os.path.join(prefix, path), folder)


def _put_back(kept: str, place: str, folder: str) -> None:
    if not os.path.lexists(kept):
        return  # it was never moved, or is back already
    if os.path.lexists(place):
        _aside(place, folder)
    os.makedirs(os.path.dirname(place), exist_ok=True)
    os.rename(kept, place)


def _aside(path: str, folder: str) -> None:
    _move(path, os.path.join(folder, "bad", os.urandom(6).hex()))


def _move(source: str, dest: str) -> None:
    os.makedirs(os.path.dirname(dest), exist_ok=True)
    os.rename(source, dest)


def _keep(source: str, kept: str) -> None:
    """`kept` becomes the same as `source`: folders anew, files as hard links, or copies where that is not possible."""
    if os.path.islink(source):
        os.symlink(os.readlink(source), kept)
        return
    if not os.path.isdir(source):
        _keep_file(source, kept)
        return
    os.mkdir(kept)
    with os.scandir(source) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                _keep(entry.path, f"{kept}/{entry.name}")
            elif entry.is_symlink():
                os.symlink(os.readlink(entry.path), f"{kept}/{entry.name}")
            elif entry.is_file(follow_symlinks=False):
                _keep_file(entry.path, f"{kept}/{entry.name}")
    os.chmod(kept, os.stat(source).st_mode & 0o7777)


def _keep_file(source: str, kept: str) -> None:
    try:
        os.link(source, kept)
    except OSError:
        from .linker import copy_file

        copy_file(source, kept)


def new_paths(staged: str, prefix: str, gone: Sequence[str]) -> Tuple[List[str], List[str]]:
    """What to move from `staged` into `prefix` once the paths `gone` (relative to it) are away.

    Gives the paths to move, folders as a whole where there is none yet, and those files that are in the way of one.
    """
    away = set(gone)
    moves: List[str] = []
    in_the_way: List[str] = []

    def walk(relative: str) -> None:
        for name in sorted(os.listdir(os.path.join(staged, relative))):
            path = f"{relative}/{name}" if relative else name
            place = os.path.join(prefix, path)
            source = os.path.join(staged, path)
            if path in away or not os.path.lexists(place):
                moves.append(path)
            elif _is_folder(source) and _is_folder(place):
                walk(path)
            else:
                in_the_way.append(path)

    walk("")
    return moves, in_the_way


def _is_folder(path: str) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)
