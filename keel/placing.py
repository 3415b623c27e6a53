"""How units of the store get to their places: all is planned first, then placed folder by folder."""

import os
from typing import Dict, List, Set, Tuple

from .base import Base
from .linker import Linker
from .linking import Links
from .manifest import Unit
from .store import unit_files, unit_folder
from .wheel import Placement, Scheme, plan


class Placer:
    """Puts units where `linker` does, where no file of theirs is yet. Of two with the same file, the first keeps it.

    Links are handed over in batches: the files that go from one folder of the store to one folder.
    """

    def __init__(self, base: Base, linker: Linker, scheme: Scheme) -> None:
        self._base = base
        self._linker = linker
        self._scheme = scheme
        self._taken: Set[str] = set()
        self._own: List[Placement] = []
        # (folder in the store, folder below the linker's) -> names of files
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
        """Do all that was planned. Raises OSError and KeelError."""
        with Links(self._linker) as links:
            for (stored, folder), names in self._links.items():
                links.add(stored, folder, names)
            for place in self._own:
                self._write(place)
            links.finish()

    def _write(self, place: Placement) -> None:
        dest = os.path.join(self._linker.staging, place.dest)
        os.makedirs(os.path.dirname(dest), exist_ok=True)
        mode = 0o755 if place.executable else 0o644
        with open(os.open(dest, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(place.content)
