"""The files of an installed package, as its RECORD tells them, and never anything else: a RECORD may lie.

Follows https://packaging.python.org/specifications/recording-installed-packages/. pip and uv remove by it as well.
"""

import csv
import os
import posixpath
from typing import Dict, Iterable, Iterator, List, Mapping, Optional, Set, Tuple

from .base import PRIVATE, Base
from .distributions import Distribution
from .environments import TRANSACTION
from .errors import KeelError
from .layout import PIP_CONFIG, with_slashes
from .venv import is_written_here

_CACHE = "__pycache__"


class Files:
    """Paths of files in the environment or base at `prefix`, relative to it, told from paths that lead elsewhere."""

    def __init__(self, base: Base, prefix: str) -> None:
        self._prefix = prefix
        self._real = os.path.realpath(prefix)
        self._layout = base.layout
        self._library = base.layout.library
        self._folders: Dict[str, str] = {}
        self._caches: Dict[str, List[str]] = {}
        self._private = PRIVATE if prefix == base.prefix else ()

    def of(self, one: Distribution) -> Set[str]:
        """Everything of `one` that is there: what it recorded, bytecode made later, and its `.dist-info`. KeelError."""
        if not os.path.exists(os.path.join(one.info, "RECORD")):
            raise KeelError(
                f"{one.label} has no RECORD, so nobody knows its files",
                hint=f"remove it with what installed it, or install it again: keel install {one.name}",
            )
        found = {path for path in self.recorded(one) if self._is_file(path)}
        for path in list(found):
            if path.endswith(".py"):
                found.update(self._bytecode(path))
        info = f"{self._library}/{os.path.basename(one.info)}"
        for folder, _, names in os.walk(one.info):
            inside = with_slashes(os.path.relpath(folder, one.info))
            found.update(posixpath.normpath(f"{info}/{inside}/{name}") for name in names)
        return found

    def recorded(self, one: Distribution) -> Iterator[str]:
        """What its RECORD names in this prefix and may name."""
        library = os.path.dirname(one.info)
        for row in csv.reader(one.read("RECORD").decode("utf-8", "surrogateescape").splitlines()):
            if row and row[0] and "\0" not in row[0]:
                path = self._inside(os.path.normpath(os.path.join(library, row[0])))
                if path and self._may_go(path):
                    yield path

    def _inside(self, path: str) -> str:
        """`path` relative to the prefix, folders that are links followed; "" where it leads out of it."""
        folder, name = os.path.split(path)
        if folder not in self._folders:
            real = os.path.realpath(folder)
            inside = real == self._real or real.startswith(self._real.rstrip(os.sep) + os.sep)
            self._folders[folder] = with_slashes(os.path.relpath(real, self._real)) if inside else ""
        relative = self._folders[folder]
        return relative and posixpath.normpath(posixpath.join(relative, name))

    def _may_go(self, path: str) -> bool:
        """Not what makes the folder an environment, and not the interpreter's own."""
        own = is_written_here(path, self._layout) or path == PIP_CONFIG
        own = own or path.startswith(("etc/keel/", f"{TRANSACTION}/"))
        standard = path.startswith(f"{self._layout.stdlib}/") and not path.startswith(f"{self._library}/")
        return not own and not standard and not path.startswith(self._private)

    def _is_file(self, path: str) -> bool:
        full = os.path.join(self._prefix, path)
        return os.path.islink(full) or os.path.isfile(full)

    def _bytecode(self, path: str) -> List[str]:
        """What Python has compiled of the module at `path`."""
        folder, name = os.path.split(path)
        cache = f"{folder}/{_CACHE}"
        if cache not in self._caches:
            try:
                self._caches[cache] = os.listdir(os.path.join(self._prefix, cache))
            except OSError:
                self._caches[cache] = []
        return [f"{cache}/{file}" for file in self._caches[cache] if file.startswith(name[:-2])]

    def without_shared(self, found: Set[str], others: Iterable[Distribution]) -> Set[str]:
        """`found` without the files that one of `others` has recorded, too."""
        left = set(found)
        for one in others:
            if not left:
                break
            left.difference_update(self.recorded(one))
        return left

    def whole(self, found: Set[str]) -> List[str]:
        """The files `found` as few paths: a folder in place of its files where nothing else is in it."""
        by_folder: Dict[str, Set[str]] = {}
        for path in found:
            by_folder.setdefault(os.path.dirname(path), set()).add(os.path.basename(path))
        paths: List[str] = []
        waiting = sorted(by_folder, key=_depth)
        while waiting:
            folder = waiting.pop()
            names = by_folder.pop(folder)
            if folder in self._kept() or not self._is_all(folder, names):
                paths += [posixpath.join(folder, name) for name in names]
                continue
            above = os.path.dirname(folder)
            if above not in by_folder:
                by_folder[above] = set()
                waiting = sorted(by_folder, key=_depth)
            by_folder[above].add(os.path.basename(folder))
        return sorted(paths)

    def _kept(self) -> Tuple[str, ...]:
        return ("", self._layout.scripts, "lib", self._layout.stdlib, self._library)

    def _is_all(self, folder: str, names: Set[str]) -> bool:
        """Whether nothing but `names` is in `folder`; bytecode without its modules is nothing."""
        full = os.path.join(self._prefix, folder)
        rest = set(os.listdir(full)) - names
        if rest == {_CACHE} and not os.path.islink(os.path.join(full, _CACHE)):
            return all(name.endswith(".pyc") for name in os.listdir(os.path.join(full, _CACHE)))
        return not rest


def _depth(folder: str) -> int:
    return folder.count("/") + 1 if folder else 0


def set_file(one: Distribution, name: str, content: Optional[bytes]) -> None:
    """Give the installed `one` the file `name` in its `.dist-info`, or none, and have its RECORD say so."""
    from .staging import replace_file

    path = os.path.join(one.info, name)
    there = os.path.lexists(path)
    if one.read(name) == content if there else content is None:
        return
    if content is None:
        os.unlink(path)
    else:
        replace_file(path, content)
    replace_rows(one, {f"{os.path.basename(one.info)}/{name}": content})


def replace_rows(one: Distribution, files: Mapping[str, Optional[bytes]]) -> None:
    """Have the RECORD of `one` say what `files` hold now (paths as RECORD has them; None: no longer there)."""
    import base64
    import hashlib
    import io

    from .staging import replace_file

    text = one.read("RECORD").decode("utf-8", "surrogateescape")
    rows = [row for row in csv.reader(text.splitlines()) if row and row[0] not in files]
    for path, content in files.items():
        if content is not None:
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
            rows.append([path, f"sha256={digest}", str(len(content))])
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(sorted(rows))
    replace_file(os.path.join(one.info, "RECORD"), written.getvalue().encode("utf-8", "surrogateescape"))


def recorded_scripts(one: Distribution, folder: str) -> Iterator[Tuple[str, str]]:
    """(path as RECORD has it, absolute path) of the regular files of `one` that lie right in `folder`."""
    library = os.path.dirname(one.info)
    for row in csv.reader(one.read("RECORD").decode("utf-8", "surrogateescape").splitlines()):
        path = os.path.normpath(os.path.join(library, row[0])) if row else ""
        if os.path.dirname(path) == folder and os.path.isfile(path) and not os.path.islink(path):
            yield row[0], path
