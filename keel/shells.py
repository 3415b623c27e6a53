"""`keel init`: one marked block in a shell's start-up file, put in, refreshed and taken out again byte for byte."""

import os
import re
import stat
import sys
import tempfile
from dataclasses import dataclass
from typing import List, Mapping, Optional, Sequence

from .base import Base
from .errors import KeelError

SHELLS = ("bash", "zsh", "sh")
_BEGIN = b"# >>> keel initialize >>>\n"
_END = b"# <<< keel initialize <<<\n"
# Notes for taking the block out again.
_NEWLINE = b"# (the line before this block had no newline at its end)\n"
_NEW_FILE = b"# (this file was made for this block)\n"
_BLOCK = re.compile(re.escape(_BEGIN) + rb".*?" + re.escape(_END), re.DOTALL)


@dataclass(frozen=True)
class Change:
    """A start-up file and what is to become of it.

    action: "add", "refresh", "remove", "none".  content: new bytes; None means that the file goes.
    """

    path: str
    action: str
    content: Optional[bytes]


def start_up_files(shell: str, environment: Mapping[str, str]) -> List[str]:
    """The files in which `shell` ("bash", "zsh", "sh") looks for its settings, by HOME and ZDOTDIR of `environment`.

    macOS terminals start login shells, for which bash reads `.bash_profile` only.
    """
    home = environment.get("HOME")
    if not home or not os.path.isabs(home):
        raise KeelError("HOME is not set, so there are no start-up files", hint="set HOME to your home folder")
    if shell == "zsh":
        return [os.path.join(environment.get("ZDOTDIR") or home, ".zshrc")]
    if shell == "sh":
        return [os.path.join(home, ".profile")]
    names = [".bashrc", ".bash_profile"] if sys.platform == "darwin" else [".bashrc"]
    return [os.path.join(home, name) for name in names]


def check_shells(names: Sequence[str], environment: Mapping[str, str]) -> List[str]:
    """`names`, or the user's own shell (SHELL) where there are none; KeelError for a shell that is not known."""
    if not names:
        names = [os.path.basename(environment.get("SHELL") or "")]
        if names[0] in ("dash", "ash", "ksh", "busybox"):
            names = ["sh"]
    for name in names:
        if name not in SHELLS:
            text = f"{name} is not a shell that keel init knows" if name else "SHELL does not say which shell is yours"
            raise KeelError(text, hint=f"name one or more of: {', '.join(SHELLS)}")
    return list(dict.fromkeys(names))


def all_start_up_files(environment: Mapping[str, str]) -> List[str]:
    """Of every shell; none without a home. Also those that another system or an older keel would choose."""
    home = environment.get("HOME")
    if not home or not os.path.isabs(home):
        return []
    files = [path for shell in SHELLS for path in start_up_files(shell, environment)]
    return list(dict.fromkeys([*files, os.path.join(home, ".bash_profile"), os.path.join(home, ".zshrc")]))


def block(prefix: str) -> bytes:
    """The block without notes, for the base at `prefix`."""
    root = _quote(prefix)
    file = _quote(os.path.join(prefix, "etc", "profile.d", "keel.sh"))
    return (
        _BEGIN
        + b"# Written by `keel init`, removed by `keel init --reverse`.\n"
        + b"if [ -f " + file + b" ]; then\n"
        + b"    KEEL_ROOT=" + root + b"\n"
        + b"    . " + file + b"\n"
        + b"fi\n"
        + _END
    )


def _quote(path: str) -> bytes:
    return b"'" + os.fsencode(path).replace(b"'", b"'\\''") + b"'"


def plan_init(path: str, prefix: str) -> Change:
    """What has to be done for `path` to initialise the base at `prefix`; a block of another base is replaced."""
    old = _read(path)
    new = block(prefix)
    if old is None:
        return Change(path, "add", _with_note(new, _NEW_FILE))
    found = _BLOCK.search(old)
    if found is None:
        if old and not old.endswith(b"\n"):
            return Change(path, "add", old + b"\n" + _with_note(new, _NEWLINE))
        return Change(path, "add", old + new)
    for note in (_NEWLINE, _NEW_FILE):
        if note in found[0]:
            new = _with_note(new, note)
    content = old[: found.start()] + new + old[found.end() :]
    return Change(path, "none" if content == old else "refresh", content)


def plan_reverse(path: str, prefix: str) -> Change:
    """What has to be done for `path` to be as it was before `keel init` of the base at `prefix`."""
    old = _read(path)
    found = _BLOCK.search(old) if old is not None else None
    if old is None or found is None or b"KEEL_ROOT=" + _quote(prefix) + b"\n" not in found[0]:
        return Change(path, "none", old)
    before, behind = old[: found.start()], old[found.end() :]
    if _NEWLINE in found[0] and not behind:
        before = before[:-1] if before.endswith(b"\n") else before
    rest = before + behind
    return Change(path, "remove", None if _NEW_FILE in found[0] and not rest else rest)


def apply(change: Change) -> None:
    """Do it: in one step, keeping mode and owner; through a symbolic link, at the file that it leads to."""
    path = os.path.realpath(change.path)
    if change.action == "none":
        return
    if change.content is None:
        os.unlink(path)
        return
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
    """Give the new file the mode and owner of the old one."""
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


def not_loaded(base: Base, command: str) -> KeelError:
    """What to say where `command` was typed in a shell that has no shell function for it."""
    file = _quote(os.path.join(base.prefix, "etc", "profile.d", "keel.sh")).decode("utf-8", "surrogateescape")
    keel = _quote(os.path.join(base.prefix, "cmd", "keel")).decode("utf-8", "surrogateescape")
    return KeelError(
        f"'{' '.join(command.split(' ')[:2])}' changes the shell that it is typed in, and keel's shell function is not "
        "loaded there",
        hint=f"run: . {file}; {command}\n      to have it in every new shell: {keel} init",
    )


def _with_note(new: bytes, note: bytes) -> bytes:
    return new.replace(_BEGIN, _BEGIN + note, 1)


def _read(path: str) -> Optional[bytes]:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
