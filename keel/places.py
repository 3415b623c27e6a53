"""Which files of a Windows base or environment are links to the store: told by place, size and time.

A folder's list has no inode numbers there. A unit's time is derived from its hash, and whatever is written anew gets
another one.
"""

import re
from typing import Dict, Sequence, Tuple

from .layout import Layout

_DATA = re.compile(r"[^/]+\.data/(purelib|platlib|scripts|data)/")


class Places:
    """The files of a base's store, by where they go in a prefix."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._known: Dict[Tuple[str, str], Tuple[str, str]] = {}

    def learn(self, root: str, path: str, keys: Sequence[str], names: Sequence[str]) -> None:
        """Learn of a folder of the store at `root`, as `keel.listing` gives it."""
        inside = path.partition("/")[2]
        for key, name in zip(keys, names):
            if key[0] == "f" and path:
                self._known[self._place(f"{inside}/{name}" if inside else name), key] = (f"{root}/{path}", name)

    def _place(self, path: str) -> str:
        """Where a file of a unit goes, in the prefix."""
        match = _DATA.match(path)
        if match is None:
            return f"{self._layout.library}/{path}"
        top = {"scripts": f"{self._layout.scripts}/", "data": ""}.get(match[1], f"{self._layout.library}/")
        return top + path[match.end() :]

    def find(self, path: str, key: str) -> Tuple[str, str]:
        """(folder, name) of the file of the store that the file at `path` in a prefix is, ("", "") if of none."""
        return self._known.get((path, key), ("", ""))
