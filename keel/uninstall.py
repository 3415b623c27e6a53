"""Removing a base: everything that an installer laid down and that came into being there since, and nothing else.

The base is marked first, so that an interrupted removal is not taken for a base and can be repeated. What keel itself
runs on goes last.
"""

import contextlib
import json
import os
import signal
from dataclasses import dataclass
from typing import FrozenSet, List, Tuple

from .base import META, Base
from .environments import Environment, list_environments
from .errors import KeelError
from .manifest import MANIFEST
from .receipts import Receipt, read_receipts, read_shortcuts
from .shells import all_start_up_files
from .staging import remove_tree
from .startup import Change, apply, plan_reverse

_MARK = f"{META}/uninstalling.json"
_FOREIGN = f"{META}/foreign.txt"
_LAST = ("lib64", "lib", "bin", "cmd", META)


@dataclass(frozen=True)
class Removal:
    """What an uninstallation is going to do.

    inside, outside: environments in the prefix (they go) and elsewhere (they stay, without their Python).
    entries: names in the prefix that go, in this order.  others: those of them that no installer laid down.
    foreign: paths in the prefix that were there before the installation, and stay.
    shell_files: start-up files to be restored.  receipts: what macOS is to forget.
    shortcuts: files elsewhere that lead to the base, and go.
    """

    prefix: str
    inside: Tuple[Environment, ...]
    outside: Tuple[Environment, ...]
    entries: Tuple[str, ...]
    others: Tuple[str, ...]
    foreign: FrozenSet[str]
    shell_files: Tuple[Change, ...]
    receipts: Tuple[Receipt, ...]
    shortcuts: Tuple[str, ...]


def plan_removal(base: Base) -> Removal:
    """Raises KeelError where there is no base, or one that this user cannot remove."""
    top_level = _top_level(base.prefix)
    for folder in (base.prefix, os.path.join(base.prefix, META)):
        if not os.access(folder, os.W_OK):
            raise KeelError(f"{folder} is not writable for you", hint="let its owner run: keel uninstall")
    foreign = _foreign(base.prefix)
    present = sorted(os.listdir(base.prefix))
    # In a folder that was somebody's before, what no installer laid down is theirs.
    entries = [name for name in present if name in top_level] if foreign is not None else present
    entries.sort(key=lambda name: _LAST.index(name) if name in _LAST else -1)
    changes = [plan_reverse(path, base.prefix) for path in all_start_up_files(os.environ)]
    environments = list_environments(base)[1:]
    inside = tuple(one for one in environments if one.prefix.startswith(base.prefix + os.sep))
    return Removal(
        prefix=base.prefix,
        inside=inside,
        outside=tuple(one for one in environments if one not in inside),
        entries=tuple(entries),
        others=tuple(name for name in entries if name not in top_level and not name.startswith(".keel")),
        foreign=foreign or frozenset(),
        shell_files=tuple(change for change in changes if change.action != "none"),
        receipts=read_receipts(base.prefix),
        shortcuts=read_shortcuts(base.prefix),
    )


def hand_over(prefix: str, *, silent: bool) -> int:
    """Windows: start the setup program that installed the base, which removes it after this Python has ended."""
    import glob
    import subprocess

    programs = glob.glob(os.path.join(glob.escape(prefix), "Uninstall-*.exe"))
    if not programs:
        raise KeelError(
            f"{prefix} was not installed by a setup program, and no program can remove the folder that it runs from",
            hint=f'remove the folder: rmdir /s /q "{prefix}"',
        )
    # Without a question, environments in the base go with it, as elsewhere.
    options = ["/S", "/RemoveEnvironments=1"] if silent else []
    subprocess.Popen([programs[0], *options], cwd=os.path.dirname(prefix))
    return 0


def _top_level(prefix: str) -> FrozenSet[str]:
    for name in (MANIFEST, _MARK):
        with contextlib.suppress(FileNotFoundError):
            try:
                with open(os.path.join(prefix, name), encoding="utf-8") as file:
                    return frozenset(str(entry) for entry in json.load(file)["top_level"])
            except (ValueError, KeyError, TypeError) as error:
                raise KeelError(f"{os.path.join(prefix, name)} cannot be read: {error}") from error
    raise KeelError(f"{prefix} is not a base: {MANIFEST} is missing", hint="remove what is left of it by hand")


def _foreign(prefix: str) -> "FrozenSet[str] | None":
    """Paths that were there before, with every folder above them; None where the prefix was new or empty."""
    try:
        with open(os.path.join(prefix, _FOREIGN), encoding="utf-8", errors="surrogateescape") as file:
            paths = [line.rstrip("\n").rstrip("/") for line in file]
    except FileNotFoundError:
        return None
    return frozenset(path for path in paths if path)


def carry_out(removal: Removal) -> List[str]:
    """Do it. Gives the start-up files that were restored. After an OSError it can be repeated."""
    manifest = os.path.join(removal.prefix, MANIFEST)
    with contextlib.suppress(FileNotFoundError):
        os.rename(manifest, os.path.join(removal.prefix, _MARK))
    for change in removal.shell_files:
        apply(change)
    for path in removal.shortcuts:
        with contextlib.suppress(OSError):  # the folder may be somebody else's
            os.unlink(path)
    for name in removal.entries:
        if name in _LAST:
            # From here on keel could not be started again.
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
        _remove(removal, name)
    with contextlib.suppress(OSError):  # not empty, a mount point, or in a folder that is not ours
        os.rmdir(removal.prefix)
    return [change.path for change in removal.shell_files]


def _remove(removal: Removal, name: str) -> None:
    path = os.path.join(removal.prefix, name)
    if os.path.islink(path) or not os.path.isdir(path):
        if name not in removal.foreign:
            os.unlink(path)
    elif not any(foreign == name or foreign.startswith(name + "/") for foreign in removal.foreign):
        remove_tree(path)
    else:
        for entry in os.listdir(path):
            _remove(removal, f"{name}/{entry}")
        if name not in removal.foreign:
            with contextlib.suppress(OSError):  # something foreign stays in it
                os.rmdir(path)
