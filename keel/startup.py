"""`keel init`: one marked block in a shell's start-up file, put in, refreshed and taken out again byte for byte."""

import contextlib
import os
import re
import stat
from dataclasses import dataclass
from typing import Optional

from .errors import KeelError
from .layout import WINDOWS
from .shells import SHELLS

_BEGIN = b"# >>> keel initialize >>>\n"
_END = b"# <<< keel initialize <<<\n"
# Notes for taking the block out again.
_NEWLINE = b"# (the line before this block had no newline at its end)\n"
_NEW_FILE = re.compile(rb"# \(this file (?:and (\d+) folders? )?w(?:as|ere) made for this block\)\n")
_BLOCK = re.compile(b"%b(?:(?!%b).)*?%b" % tuple(re.escape(mark) for mark in (_BEGIN, _BEGIN, _END)), re.DOTALL)


@dataclass(frozen=True)
class Change:
    """A start-up file and what is to become of it.

    action: "add", "refresh", "remove", "none".  content: new bytes; None means that the file goes.
    folders: how many of those above the file go with it, where nothing else is in them.
    """

    path: str
    action: str
    content: Optional[bytes]
    folders: int = 0


def block(shell: str, prefix: str) -> bytes:
    """The block without notes, in the language of `shell` (of SHELLS), for the base at `prefix`."""
    lines = SHELLS[shell].lines(SHELLS[shell].guarded, prefix)
    return _BEGIN + b"# Written by `keel init`, removed by `keel init --reverse`.\n" + _bytes(lines) + _END


def plan_init(shell: str, path: str, prefix: str) -> Change:
    """What has to be done for `path` to initialise the base at `prefix`; a block of another base is replaced."""
    old = _read(path)
    new = block(shell, prefix)
    if old is None:
        return Change(path, "add", _with_note(new, _new_file(path)))
    found = _BLOCK.search(old)
    if found is None:
        if old and not old.endswith(b"\n"):
            return Change(path, "add", old + b"\n" + _with_note(new, _NEWLINE))
        return Change(path, "add", old + new)
    made = _NEW_FILE.search(found[0])
    for note in (_NEWLINE if _NEWLINE in found[0] else None, made[0] if made else None):
        if note:
            new = _with_note(new, note)
    content = old[: found.start()] + new + old[found.end() :]
    return Change(path, "none" if content == old else "refresh", content)


def _new_file(path: str) -> bytes:
    """The note which says that the file at `path`, and how many folders above it, are not there yet."""
    folders = 0
    folder = os.path.dirname(path)
    while not os.path.lexists(folder):
        folders += 1
        folder = os.path.dirname(folder)
    if not folders:
        return b"# (this file was made for this block)\n"
    return b"# (this file and %d folder%s were made for this block)\n" % (folders, b"" if folders == 1 else b"s")


def plan_reverse(path: str, prefix: str) -> Change:
    """What has to be done for `path` to be as it was before `keel init` of the base at `prefix`."""
    old = _read(path)
    found = _BLOCK.search(old) if old is not None else None
    if old is None or found is None or not _belongs(found[0], prefix):
        return Change(path, "none", old)
    before, behind = old[: found.start()], old[found.end() :]
    if _NEWLINE in found[0] and not behind:
        before = before[:-1] if before.endswith(b"\n") else before
    rest = before + behind
    made = _NEW_FILE.search(found[0])
    if made and not rest:
        return Change(path, "remove", None, int(made[1] or 0))
    return Change(path, "remove", rest)


def _belongs(text: bytes, prefix: str) -> bool:
    """Whether the block `text` is that of the base at `prefix`, in the language of any shell."""
    return any(_bytes(shell.quote(shell.file(prefix))) in text for shell in SHELLS.values())


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def apply(change: Change) -> None:
    """Do it: in one step, keeping mode and owner; through a symbolic link, at the file that it leads to."""
    path = os.path.realpath(change.path)
    if change.action == "none":
        return
    if change.content is None:
        os.unlink(path)
        with contextlib.suppress(OSError):  # somebody uses the folder now
            for _ in range(change.folders):
                path = os.path.dirname(path)
                os.rmdir(path)
        return
    import tempfile  # a slow import

    os.makedirs(os.path.dirname(path), exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=".keel-", dir=os.path.dirname(path))
    try:
        with open(descriptor, "wb") as file:
            file.write(change.content)
            _take_over(path, file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _take_over(path: str, descriptor: int) -> None:
    """Give the new file the mode and owner of the old one; on Windows it inherits what its folder says."""
    if WINDOWS:
        return
    try:
        status = os.stat(path)
    except FileNotFoundError:
        os.fchmod(descriptor, 0o644)
        return
    try:
        os.fchown(descriptor, status.st_uid, status.st_gid)
    except PermissionError as error:
        if status.st_uid != os.geteuid():  # a foreign group alone is no reason to give up
            raise KeelError(f"{path} belongs to somebody else", hint="let its owner run keel init") from error
    os.fchmod(descriptor, stat.S_IMODE(status.st_mode))


def _with_note(new: bytes, note: bytes) -> bytes:
    return new.replace(_BEGIN, _BEGIN + note, 1)


def _read(path: str) -> Optional[bytes]:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
