"""Which files of a Windows base or environment are links to the store: told by place, size and time.

A folder's list has no inode numbers there. A unit's time is derived from its hash, and whatever is written anew gets
another one.
"""

import contextlib
import os
import re
from typing import Dict, Tuple

from .base import Base
from .layout import in_prefix

_DATA = re.compile(r"[^/]+\.data/(purelib|platlib|scripts|data)/")


class Places:
    """The files of the base's store, by where they go in a prefix."""

    def __init__(self, base: Base) -> None:
        self._layout = base.layout
        self._known: Dict[Tuple[str, int, int], Tuple[str, str]] = {}
        for unit in base.manifest.units:
            with contextlib.suppress(FileNotFoundError):
                self._add(in_prefix(base.prefix, unit.path), "")

    def _add(self, folder: str, relative: str) -> None:
        with os.scandir(folder) as entries:
            for entry in entries:
                path = f"{relative}{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    self._add(entry.path, f"{path}/")
                    continue
                status = entry.stat(follow_symlinks=False)
                self._known[self._place(path), status.st_size, status.st_mtime_ns] = (folder, entry.name)

    def _place(self, path: str) -> str:
        """Where a file of a unit goes, in the prefix."""
        match = _DATA.match(path)
        if match is None:
            return f"{self._layout.library}/{path}"
        top = {"scripts": f"{self._layout.scripts}/", "data": ""}.get(match[1], f"{self._layout.library}/")
        return top + path[match.end() :]

    def find(self, path: str, entry: "os.DirEntry[str]") -> Tuple[str, str]:
        """(folder, name) of the file of the store that `entry` (at `path` in the prefix) is, ("", "") if of none."""
        if entry.is_dir(follow_symlinks=False):
            return "", ""
        status = entry.stat(follow_symlinks=False)
        return self._known.get((path, status.st_size, status.st_mtime_ns), ("", ""))
