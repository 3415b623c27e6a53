"""How units of the store get to their places below a folder: all is planned first, then placed folder by folder."""

import os
from typing import Dict, List, Set, Tuple

from .base import Base
from .linker import Linker
from .linking import FolderLinks, link_folders
from .manifest import Unit
from .store import unit_files, unit_folder
from .wheel import Placement, Scheme, plan


class Placer:
    """Puts units into `folder`, which holds no file of theirs yet. Of two that bring the same file, the first keeps it.

    Links are handed over in batches: the files that go from one folder of the store to one of `folder`.
    """

    def __init__(self, base: Base, folder: str, linker: Linker, scheme: Scheme) -> None:
        self._base = base
        self._folder = folder
        self._linker = linker
        self._scheme = scheme
        self._taken: Set[str] = set()
        self._own: List[Placement] = []
        # (folder in the store, folder to fill) -> names of files
        self._links: Dict[Tuple[str, str], List[str]] = {}

    def add(self, unit: Unit, *, requested: bool) -> None:
        """Plan for `unit`. Raises KeelError where it is damaged or gone."""
        source = unit_folder(self._base, unit)
        for place in plan(unit_files(self._base, unit), self._scheme, requested=requested):
            if place.dest in self._taken:
                continue
            self._taken.add(place.dest)
            if place.source is None:
                self._own.append(place)
                continue
            stored, _, name = place.source.rpartition("/")
            key = (f"{source}/{stored}" if stored else source, os.path.dirname(place.dest))
            self._links.setdefault(key, []).append(name)

    def place(self) -> None:
        """Do all that was planned. Raises OSError."""
        folders = {folder for _, folder in self._links} | {os.path.dirname(place.dest) for place in self._own}
        for folder in sorted(folders):
            os.makedirs(os.path.join(self._folder, folder), exist_ok=True)
        link_folders(
            self._linker,
            [
                FolderLinks([(name, f"{stored}/{name}") for name in names], stored, os.path.join(self._folder, folder))
                for (stored, folder), names in self._links.items()
            ],
        )
        for place in self._own:
            mode = 0o755 if place.executable else 0o644
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            with open(os.open(os.path.join(self._folder, place.dest), flags, mode), "wb") as file:
                file.write(place.content)
