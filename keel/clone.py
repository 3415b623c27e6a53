"""An exact copy of an environment or of the base: what is bundled linked again, what a user installed copied.

Whether a file is a link to the store is told by its inode number, which listing a folder gives for nothing: no file is
read, compared or even looked up for it. (Where inode numbers are not reliable, more is copied, and nothing is lost.)
"""

import csv
import glob
import os
import posixpath
from itertools import repeat
from typing import Dict, Iterator, List, Optional, Set, Tuple

from .base import PRIVATE, Base
from .building import Created, build
from .environments import Environment
from .hashes import update_records
from .indexing import default_variables, follow_index, moved_shims, write_pip_config
from .installed import installed
from .layout import PIP_CONFIG, in_prefix
from .linker import Linker
from .linking import Links
from .listing import Listing, key_of
from .places import Places
from .private import FILE as PRIVATE_COPIES
from .relocate import relocation
from .variables import moved_variables, read_variables, write_variables
from .venv import is_written_here, lay_out

# Of the programs in the folder of scripts, no larger ones are searched for the path of their interpreter.
_LARGEST_SCRIPT = 1 << 20
# (folder, name) of a file that is not the store's
_UNKNOWN = ("", "")


def clone(base: Base, environment: Environment, source: Environment, *, copy: bool) -> Created:
    """`environment` as an exact copy of `source`, an environment of this base or the base itself."""

    def fill(folder: str, linker: Linker) -> List[Tuple[str, str]]:
        lay_out(base, folder, environment.prefix, name=environment.name)
        with Links(linker) as links:
            cloner = _Cloner(base, source.prefix, linker, links)
            if source.is_base(base):
                cloner.base(store, tree)
            else:
                cloner.know(store)
                cloner.tree(tree, "")
            links.finish()
        cloner.copy_own()
        update_records(in_prefix(folder, base.layout.library), cloner.relocated)
        if not os.path.lexists(os.path.join(folder, PIP_CONFIG)):
            write_pip_config(base, folder)
        elif source.is_base(base):  # whose index is everybody's, not this user's
            follow_index(base, [folder])
        cloner.variables()
        return [(package.name, package.version) for package in installed(folder, base)]

    root = in_prefix(source.prefix, base.layout.library) if source.is_base(base) else source.prefix
    with Listing(base.prefix, base.store) as store, Listing(base.prefix, root) as tree:
        return build(base, environment, fill, copy=copy)


class _Cloner:
    """Sorts one tree: what is a file of the store goes to `links`, and `copy_own` does the rest when those are done.

    source: its prefix.
    """

    def __init__(self, base: Base, source: str, linker: Linker, links: Links) -> None:
        self._base = base
        self._source = source
        self._linker = linker
        self._links = links
        self._own: List[Tuple[str, str]] = []  # path, kind
        self._old = tuple(dict.fromkeys((source, os.path.realpath(source))))
        self._moved = relocation(base)
        self.relocated: Dict[str, bytes] = {}  # as `update_records` takes it
        # What the store has: key (of `listing.Folder`) -> (folder, name).
        self._stored: Dict[str, Tuple[str, str]] = {}
        self._places: Optional[Places] = Places(base.layout) if base.layout.windows else None

    def know(self, store: Listing) -> None:
        """Learn what the store has. On another device there is nothing of it in the source."""
        root = self._base.store
        if os.stat(root).st_dev == os.stat(self._source).st_dev:
            for path, keys, names in store.folders():
                if self._places is not None:
                    self._places.learn(root, path, keys, names)
                    continue
                folder = f"{root}/{path}" if path else root
                self._stored.update(zip(keys, zip(repeat(folder), names)))

    def base(self, store: Listing, library_tree: Listing) -> None:
        """The packages of the base: its site-packages, and what their RECORDs name elsewhere in the prefix."""
        library = self._base.layout.library
        folders: Dict[str, Set[str]] = {}
        for path in _recorded_elsewhere(os.path.join(self._source, library), library):
            if not path.startswith(PRIVATE) and not is_written_here(path, self._base.layout):
                folders.setdefault(os.path.dirname(path), set()).add(path)
        self.know(store)
        self.tree(library_tree, library)
        for folder in sorted(folders):
            self._some(folder, folders[folder])
        self._some("", {PIP_CONFIG})
        self._some(os.path.dirname(PRIVATE_COPIES), {PRIVATE_COPIES})

    def tree(self, tree: Listing, root: str) -> None:
        """Everything in `tree`, which lies at `root` in the prefix, that `lay_out` has not written."""
        stored = self._stored
        for path, keys, names in tree.folders():
            relative = f"{root}/{path}".strip("/")
            linked: Dict[str, List[str]] = {}
            for key, name in zip(keys, names):
                if self._places is None:
                    known = stored.get(key, _UNKNOWN)
                else:
                    known = self._places.find(f"{relative}/{name}" if relative else name, key)
                if known[1] == name and key[0] == "f":
                    if known[0] not in linked:
                        linked[known[0]] = []
                    linked[known[0]].append(name)
                elif key[0] != "d":
                    self._file(f"{relative}/{name}" if relative else name, key)
            for folder in linked or (self._base.store,):  # a folder without any is a folder, too
                self._links.add(folder, relative, linked.get(folder, []))

    def variables(self) -> None:
        """Those of the source, also of the base; what they say of its folder holds for the new one.

        Packages are looked for in the base all the same, and where this user's environments look.
        """
        values = moved_variables(read_variables(self._source), self._old, self._linker.final)
        values = {name: moved_shims(self._base, value) for name, value in values.items()}
        if self._source == self._base.prefix:
            values.update(default_variables(self._base))
        write_variables(self._linker.staging, values)

    def _some(self, relative: str, paths: Set[str]) -> None:
        """Those of `paths`, all in the folder `relative`, that are there and no folders."""
        try:
            entries = list(os.scandir(os.path.join(self._source, relative)))
        except FileNotFoundError:
            return
        self._links.add(self._base.store, relative, [])
        for entry in entries:
            path = f"{relative}/{entry.name}" if relative else entry.name
            if path in paths and not entry.is_dir(follow_symlinks=False):
                self._file(path, key_of(entry))

    def _file(self, path: str, key: str) -> None:
        folder, name = self._stored.get(key, _UNKNOWN) if self._places is None else self._places.find(path, key)
        if key[0] == "f" and name == os.path.basename(path):
            self._links.file(f"{folder}/{name}", path)
        elif not is_written_here(path, self._base.layout):
            self._own.append((path, key[0]))

    def copy_own(self) -> None:
        """Copy what is not a file of the store."""
        for path, kind in self._own:
            source, dest = f"{self._source}/{path}", f"{self._linker.staging}/{path}"
            if kind == "l":
                self._link(source, dest)
            elif kind == "f":
                self._linker.copy(source, dest)
                if os.path.dirname(path) == self._base.layout.scripts:
                    moved = self._relocate(dest)
                    if moved is not None:
                        self.relocated[posixpath.relpath(path, self._base.layout.library)] = moved

    def _link(self, source: str, dest: str) -> None:
        """A symbolic link: to the store, to somewhere in the environment, or elsewhere."""
        target = os.readlink(source)
        leads_to = os.path.normpath(os.path.join(os.path.dirname(source), target))
        inside = leads_to.startswith(self._source + os.sep)
        if leads_to.startswith(self._base.store + os.sep):
            self._linker.place(leads_to, dest)
        elif inside and not os.path.isabs(target):
            os.symlink(target, dest)
        elif inside:
            os.symlink(self._linker.final + leads_to[len(self._source) :], dest)
        else:
            os.symlink(target if os.path.isabs(target) else leads_to, dest)

    def _relocate(self, path: str) -> Optional[bytes]:
        """Have the script at `path` start the Python of the new environment.

        Gives what it holds now, None where nothing had to be changed.
        """
        if os.path.getsize(path) > _LARGEST_SCRIPT:
            return None
        with open(path, "rb") as file:
            script = file.read()
        moved = self._moved(script, self._old, self._linker.final)
        if moved == script:
            return None
        with open(path, "wb") as file:
            file.write(moved)
        return moved


def _recorded_elsewhere(library_path: str, library: str) -> Iterator[str]:
    """Paths, relative to the prefix, of all recorded files that lie in the prefix but not in `library`."""
    for record in glob.glob(os.path.join(glob.escape(library_path), "*.dist-info", "RECORD")):
        with open(record, encoding="utf-8", errors="surrogateescape", newline="") as file:
            outside = [line for line in file if line.startswith(("../", '"../'))]
        for row in csv.reader(outside):
            path = posixpath.normpath(posixpath.join(library, row[0]))
            if not path.startswith(("../", "/")):
                yield path
