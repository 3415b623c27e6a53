"""Environments outside the known folders (`keel create -p PATH`): `~/.keel/environments.txt`, one path a line.

As conda has it. It serves all bases of a user, and a HOME that cannot be written to costs nothing but it.
"""

import contextlib
import os
from typing import Callable, List, Optional

from .base import Base
from .folder_lock import in_turn
from .layout import WINDOWS

FILE = "environments.txt"


def registry_file(base: Base) -> Optional[str]:
    """None without a home."""
    return os.path.join(base.home, ".keel", FILE) if base.home else None


def registered(base: Base) -> List[str]:
    """The paths that are noted, of any base, there or gone."""
    path = registry_file(base)
    return read_paths(path) if path is not None else []


def read_paths(path: str) -> List[str]:
    """The absolute paths in the file at `path`, one a line; whatever else it holds is passed over."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return [line for line in file.read().split("\n") if os.path.isabs(line) and "\0" not in line]
    except OSError:
        return []


def register(base: Base, prefix: str) -> None:
    """Note the environment at `prefix`, and forget those that are gone."""
    _change(base, lambda paths: [*paths, prefix])


def forget(base: Base, prefix: str) -> None:
    _change(base, lambda paths: [path for path in paths if path != prefix])


def forget_gone(base: Base) -> None:
    """Take out what is no environment any more."""
    _change(base, lambda paths: paths)


def gone(base: Base) -> List[str]:
    """Noted paths where there is no environment any more."""
    return [path for path in registered(base) if not _is_there(path)]


def _is_there(path: str) -> bool:
    return os.path.isfile(os.path.join(path, "pyvenv.cfg"))


def _change(base: Base, change: Callable[[List[str]], List[str]]) -> None:
    """Best effort: an environment that is not noted works like any other."""
    path = registry_file(base)
    if path is None or base.home is None:
        return
    with contextlib.suppress(OSError):
        if not WINDOWS and os.stat(base.home).st_uid != os.geteuid():
            return  # `sudo keel` must not leave its files in a user's home
    with contextlib.suppress(OSError):
        os.makedirs(os.path.dirname(path), exist_ok=True)
    with contextlib.suppress(OSError), in_turn(os.path.dirname(path)):  # the file itself is replaced
        old = registered(base)
        new = [one for one in dict.fromkeys(change(old)) if _is_there(one)]
        if new != old:
            from .staging import replace_file

            text = "".join(f"{one}\n" for one in new)
            replace_file(path, text.encode("utf-8", "surrogateescape"))
