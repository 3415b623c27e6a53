"""An exact copy of an environment or of the base: what is bundled linked again, what a user installed copied.

Whether a file is a link to the store is told by its inode number, which listing a folder gives for nothing: no file is
read, compared or even looked up for it. (Where inode numbers are not reliable, more is copied, and nothing is lost.)
"""

import csv
import glob
import os
from typing import Dict, Iterator, List, Sequence, Set, Tuple

from .base import PRIVATE, Base, site_packages
from .building import Created, build
from .environments import Environment
from .indexing import default_variables, follow_index, moved_shims, write_pip_config
from .installed import installed
from .linker import Linker
from .linking import Links
from .relocate import relocate_script
from .variables import moved_variables, read_variables, write_variables
from .venv import is_written_here, lay_out

# Where Python programs are searched for the path of their interpreter, and no more than this of them.
_SCRIPTS = "bin"
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
                cloner.base()
            else:
                cloner.tree("")
            links.finish()
        cloner.copy_own()
        if not os.path.lexists(os.path.join(folder, "pip.conf")):
            write_pip_config(base, folder)
        elif source.is_base(base):  # whose index is everybody's, not this user's
            follow_index(base, [folder])
        cloner.variables()
        return [(package.name, package.version) for package in installed(folder, base)]

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
        self._own: List[Tuple[str, os.DirEntry[str]]] = []
        self._old = tuple(dict.fromkeys((source, os.path.realpath(source))))
        device = os.stat(source).st_dev
        self._inodes = _inodes(base.store) if os.stat(base.store).st_dev == device else {}

    def base(self) -> None:
        """The packages of the base: its site-packages, and what their RECORDs name elsewhere in the prefix."""
        library = site_packages(self._base.python_minor)
        self.tree(library)
        folders: Dict[str, Set[str]] = {}
        for path in _recorded_elsewhere(os.path.join(self._source, library), library):
            if not path.startswith(PRIVATE) and not is_written_here(path, self._base.python_minor):
                folders.setdefault(os.path.dirname(path), set()).add(path)
        for folder in sorted(folders):
            self._some(folder, folders[folder])
        self._some("", {"pip.conf"})

    def tree(self, relative: str) -> None:
        """Everything below `relative` (a folder in the prefix, or "") that `lay_out` has not written."""
        subfolders = []
        stored: Dict[str, List[str]] = {}
        inodes = self._inodes
        with os.scandir(os.path.join(self._source, relative)) as entries:
            for entry in entries:
                name = entry.name
                known = inodes.get(entry.inode(), _UNKNOWN)
                if known[1] == name:
                    if known[0] not in stored:
                        stored[known[0]] = []
                    stored[known[0]].append(name)
                elif entry.is_dir(follow_symlinks=False):
                    subfolders.append(f"{relative}/{name}" if relative else name)
                else:
                    self._file(f"{relative}/{name}" if relative else name, entry)
        for folder in stored or {self._base.store: []}:  # a folder without any is a folder, too
            self._links.add(folder, relative, stored.get(folder, []))
        for path in subfolders:
            self.tree(path)

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
                self._file(path, entry)

    def _file(self, path: str, entry: "os.DirEntry[str]") -> None:
        folder, name = self._inodes.get(entry.inode(), _UNKNOWN)
        if name == entry.name:
            self._links.file(f"{folder}/{name}", path)
        elif not is_written_here(path, self._base.python_minor):
            self._own.append((path, entry))

    def copy_own(self) -> None:
        """Copy what is not a file of the store."""
        for path, entry in self._own:
            dest = os.path.join(self._linker.staging, path)
            if entry.is_symlink():
                self._link(entry.path, dest)
            elif entry.is_file(follow_symlinks=False):
                self._linker.copy(entry.path, dest)
                if os.path.dirname(path) == _SCRIPTS:
                    _relocate(dest, self._old, self._linker.final)

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


def _relocate(path: str, old: Sequence[str], final: str) -> None:
    """Have the script at `path` start the Python of the environment at `final`, not that at one of `old`."""
    if os.path.getsize(path) > _LARGEST_SCRIPT:
        return
    with open(path, "rb") as file:
        script = file.read()
    moved = relocate_script(script, old, final)
    if moved != script:
        with open(path, "wb") as file:
            file.write(moved)


def _inodes(store: str) -> Dict[int, Tuple[str, str]]:
    """Inode number -> (folder, name) of every file of the store."""
    found: Dict[int, Tuple[str, str]] = {}
    waiting = [store]
    while waiting:
        folder = waiting.pop()
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    found[entry.inode()] = (folder, entry.name)
    return found


def _recorded_elsewhere(library_path: str, library: str) -> Iterator[str]:
    """Paths, relative to the prefix, of all recorded files that lie in the prefix but not in `library`."""
    for record in glob.glob(os.path.join(glob.escape(library_path), "*.dist-info", "RECORD")):
        with open(record, encoding="utf-8", errors="surrogateescape", newline="") as file:
            outside = [line for line in file if line.startswith(("../", '"../'))]
        for row in csv.reader(outside):
            path = os.path.normpath(os.path.join(library, row[0]))
            if not path.startswith(("../", "/")):
                yield path
