"""Trees, listed folder by folder with what each entry is: by the engine, beside other work, or by keel itself."""

import os
from typing import Iterator, List, NamedTuple, Sequence

from .engine import Engine
from .layout import WINDOWS

_END = "/"


class Folder(NamedTuple):
    """path: relative, "" for the tree itself.  keys: for each of `names` a letter (f: file, d: folder, l: symbolic
    link, o: other) with the inode number behind it, so that two names with one key are one thing (on one device); on
    Windows, which lists none, with the file's size and time (`keel.places`)."""

    path: str
    keys: Sequence[str]
    names: Sequence[str]


class Listing:
    """The tree at `root`, which is begun at once. `folders` can be asked for once; leaving the `with` ends all."""

    def __init__(self, base_prefix: str, root: str) -> None:
        self._root = root
        self._engine = Engine(base_prefix, "scan", root)

    def __enter__(self) -> "Listing":
        return self

    def __exit__(self, *error: object) -> None:
        self._engine.kill()

    def folders(self) -> Iterator[Folder]:
        """Every folder before those in it. Raises OSError."""
        fields = os.fsdecode(self._engine.read()).split("\0")
        if fields[-2:] != [_END, ""]:
            yield from _by_hand(self._root, "")
            return
        at, last = 0, len(fields) - 2
        while at < last:
            end = fields.index("", at + 1)
            yield Folder(fields[at], fields[at + 1 : end : 2], fields[at + 2 : end : 2])
            at = end + 1


def _by_hand(root: str, path: str) -> Iterator[Folder]:
    keys: List[str] = []
    names: List[str] = []
    with os.scandir(os.path.join(root, path)) as entries:
        for entry in entries:
            keys.append(key_of(entry))
            names.append(entry.name)
    yield Folder(path, keys, names)
    for key, name in zip(keys, names):
        if key[0] == "d":
            yield from _by_hand(root, f"{path}/{name}" if path else name)


def key_of(entry: "os.DirEntry[str]") -> str:
    """As in `Folder`."""
    kind = "o"
    if entry.is_symlink():
        kind = "l"
    elif entry.is_dir(follow_symlinks=False):
        kind = "d"
    elif entry.is_file(follow_symlinks=False):
        kind = "f"
    if WINDOWS:
        status = entry.stat(follow_symlinks=False)
        return f"{kind}{status.st_size}:{status.st_mtime_ns}"
    return f"{kind}{entry.inode()}"
