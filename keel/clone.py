"""An exact copy of an environment or of the base: what is bundled linked again, what a user installed copied.

Whether a file is a link to the store is told by what listing a folder gives for nothing: no file is read, compared or
even looked up for it. (Where that is not reliable, more is copied, and nothing is lost.)
"""

import contextlib
import csv
import glob
import os
import posixpath
import re
from typing import Callable, Dict, Iterator, List, Optional, Set, Tuple

from .base import ENVS, META, STORE, Base
from .building import Created, build
from .environments import Environment
from .indexing import default_variables, follow_index, moved_shims, write_pip_config
from .installed import installed
from .layout import PIP_CONFIG, in_prefix
from .linker import Linker
from .linking import FolderLinks, link_folders
from .relocate import relocate_launcher, relocate_script
from .variables import moved_variables, read_variables, write_variables
from .venv import is_written_here, lay_out

# What a base has besides packages, and an environment must not have.
_PRIVATE = (f"{META}/", f"{STORE}/", f"{ENVS}/", "cmd/", "etc/profile.d/keel")
# Of the programs in the folder of scripts, no larger ones are searched for the path of their interpreter.
_LARGEST_SCRIPT = 1 << 20


def clone(base: Base, environment: Environment, source: Environment, *, copy: bool) -> Created:
    """`environment` as an exact copy of `source`, an environment of this base or the base itself."""

    def fill(folder: str, linker: Linker) -> List[Tuple[str, str]]:
        lay_out(base, folder, environment.prefix, name=environment.name)
        cloner = _Cloner(base, source.prefix, folder, environment.prefix, linker)
        if source.is_base(base):
            cloner.base()
        else:
            cloner.tree("")
        link_folders(linker, cloner.links)
        if not os.path.lexists(os.path.join(folder, PIP_CONFIG)):
            write_pip_config(base, folder)
        elif source.is_base(base):  # whose index is everybody's, not this user's
            follow_index(base, [folder])
        cloner.variables()
        return [(package.name, package.version) for package in installed(folder, base)]

    return build(base, environment, fill, copy=copy)


class _Cloner:
    """Copies one tree, but for the files that only need a link: those are gathered in `links`.

    source: its prefix.  folder: the one that is being filled.  final: the place of that later.
    """

    def __init__(self, base: Base, source: str, folder: str, final: str, linker: Linker) -> None:
        self._base = base
        self._source = source
        self._folder = folder
        self._final = final
        self._linker = linker
        self._old = tuple(dict.fromkeys((source, os.path.realpath(source))))
        self.links: List[FolderLinks] = []
        self._stored: Callable[[str, os.DirEntry[str]], Optional[str]]
        self._stored = (_Places if base.layout.windows else _Inodes)(base, source).find

    def base(self) -> None:
        """The packages of the base: its site-packages, and what their RECORDs name elsewhere in the prefix."""
        library = self._base.layout.library
        self.tree(library)
        folders: Dict[str, Set[str]] = {}
        for path in _recorded_elsewhere(os.path.join(self._source, library), library):
            if not path.startswith(_PRIVATE) and not is_written_here(path, self._base.layout):
                folders.setdefault(os.path.dirname(path), set()).add(path)
        for folder in sorted(folders):
            self._some(folder, folders[folder])
        self._some("", {PIP_CONFIG})

    def tree(self, relative: str) -> None:
        """Everything below `relative` (a folder in the prefix, or "") that `lay_out` has not written."""
        os.makedirs(os.path.join(self._folder, relative), exist_ok=True)
        subfolders = []
        stored: List[Tuple[str, str]] = []
        source = os.path.join(self._source, relative)
        with os.scandir(source) as entries:
            for entry in entries:
                name = entry.name
                path = f"{relative}/{name}" if relative else name
                known = self._stored(path, entry)
                if known is not None:
                    stored.append((name, known))
                elif entry.is_dir(follow_symlinks=False):
                    subfolders.append(path)
                elif relative not in ("", self._base.layout.scripts) or not is_written_here(path, self._base.layout):
                    self._file(path, entry)
        if stored:
            self.links.append(FolderLinks(stored, source, os.path.join(self._folder, relative)))
        for path in subfolders:
            self.tree(path)

    def variables(self) -> None:
        """Those of the source, also of the base; what they say of its folder holds for the new one.

        Packages are looked for in the base all the same, and where this user's environments look.
        """
        values = moved_variables(read_variables(self._source), self._old, self._final)
        values = {name: moved_shims(self._base, value) for name, value in values.items()}
        if self._source == self._base.prefix:
            values.update(default_variables(self._base))
        write_variables(self._folder, values)

    def _some(self, relative: str, paths: Set[str]) -> None:
        """Those of `paths`, all in the folder `relative`, that are there and no folders."""
        try:
            entries = list(os.scandir(os.path.join(self._source, relative)))
        except FileNotFoundError:
            return
        os.makedirs(os.path.join(self._folder, relative), exist_ok=True)
        for entry in entries:
            path = f"{relative}/{entry.name}" if relative else entry.name
            if path in paths and not entry.is_dir(follow_symlinks=False):
                self._file(path, entry)

    def _file(self, path: str, entry: "os.DirEntry[str]") -> None:
        dest = os.path.join(self._folder, path)
        stored = self._stored(path, entry)
        if stored is not None:
            self._linker.place(stored, dest)
        elif entry.is_symlink():
            self._link(entry.path, dest)
        elif entry.is_file(follow_symlinks=False):
            self._linker.copy(entry.path, dest)
            if os.path.dirname(path) == self._base.layout.scripts:
                self._relocate(dest)

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
            os.symlink(self._final + leads_to[len(self._source) :], dest)
        else:
            os.symlink(target if os.path.isabs(target) else leads_to, dest)

    def _relocate(self, path: str) -> None:
        if os.path.getsize(path) > _LARGEST_SCRIPT:
            return
        with open(path, "rb") as file:
            script = file.read()
        relocate = relocate_launcher if self._base.layout.windows else relocate_script
        moved = relocate(script, self._old, self._final)
        if moved != script:
            with open(path, "wb") as file:
                file.write(moved)


class _Inodes:
    """Tells links to the store by their inode numbers."""

    def __init__(self, base: Base, source: str) -> None:
        device = os.stat(source).st_dev
        self._paths = _inodes(base.store) if os.stat(base.store).st_dev == device else {}

    def find(self, path: str, entry: "os.DirEntry[str]") -> Optional[str]:
        """The file of the store that `entry` (at `path` in the prefix) is another name of, or None."""
        del path
        known = self._paths.get(entry.inode())
        return known if known is not None and known.endswith("/" + entry.name) else None


class _Places:
    """Tells them on Windows, where a folder's list has no inode numbers: by place, size and time.

    A unit's time is derived from its hash, and whatever is written anew gets another one.
    """

    def __init__(self, base: Base, source: str) -> None:
        del source
        self._base = base
        self._known: Dict[Tuple[str, int, int], str] = {}
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
                self._known[self._place(path), status.st_size, status.st_mtime_ns] = entry.path

    def _place(self, path: str) -> str:
        """Where a file of a unit goes, in the prefix."""
        layout = self._base.layout
        match = re.match(r"[^/]+\.data/(purelib|platlib|scripts|data)/", path)
        if match is None:
            return f"{layout.library}/{path}"
        top = {"scripts": f"{layout.scripts}/", "data": ""}.get(match[1], f"{layout.library}/")
        return top + path[match.end() :]

    def find(self, path: str, entry: "os.DirEntry[str]") -> Optional[str]:
        """The file of the store that `entry` (at `path` in the prefix) is another name of, or None."""
        if entry.is_dir(follow_symlinks=False):
            return None
        status = entry.stat(follow_symlinks=False)
        return self._known.get((path, status.st_size, status.st_mtime_ns))


def _inodes(folder: str) -> Dict[int, str]:
    """Inode number -> path of every file of the store."""
    found: Dict[int, str] = {}
    waiting = [folder]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    found[entry.inode()] = entry.path
    return found


def _recorded_elsewhere(library_path: str, library: str) -> Iterator[str]:
    """Paths, relative to the prefix, of all recorded files that lie in the prefix but not in `library`."""
    for record in glob.glob(os.path.join(glob.escape(library_path), "*.dist-info", "RECORD")):
        with open(record, encoding="utf-8", errors="surrogateescape", newline="") as file:
            outside = [line for line in file if line.startswith(("../", '"../'))]
        for row in csv.reader(outside):
            path = posixpath.normpath(posixpath.join(library, row[0]))
            if not path.startswith(("../", "/")):
                yield path
