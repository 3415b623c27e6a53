"""How units of the store get to their places below a folder, for whatever fills one."""

import os
from typing import Dict, List, Set, Tuple

from .base import Base
from .linking import Links
from .manifest import Unit
from .store import unit_files, unit_folder
from .wheel import Placement, Scheme, plan


class Placer:
    """Puts units into the folder of `links`, which holds no file of theirs yet. Of two that bring the same file, the
    first keeps it.

    Links are handed over in batches: those of a unit's files that go from one folder to another.
    """

    def __init__(self, base: Base, folder: str, links: Links, scheme: Scheme) -> None:
        """folder: the one that `links` fills."""
        self._base = base
        self._folder = folder
        self._links = links
        self._scheme = scheme
        self._taken: Set[str] = set()
        self._folders: Set[str] = set()

    def add(self, unit: Unit, *, requested: bool) -> None:
        """Begin with `unit`; `Links.finish` ends it. Raises KeelError where it is damaged or gone."""
        source = unit_folder(self._base, unit)
        batches: Dict[Tuple[str, str], List[str]] = {}
        for place in plan(unit_files(self._base, unit), self._scheme, requested=requested):
            if place.dest in self._taken:
                continue
            self._taken.add(place.dest)
            if place.source is None:
                self._write(place)
                continue
            stored, _, name = place.source.rpartition("/")
            key = (f"{source}/{stored}" if stored else source, os.path.dirname(place.dest))
            batches.setdefault(key, []).append(name)
        for (stored, folder), names in batches.items():
            self._links.add(stored, folder, names)

    def _write(self, place: Placement) -> None:
        """A file that is no link."""
        dest = os.path.join(self._folder, place.dest)
        folder = os.path.dirname(dest)
        if folder not in self._folders:
            os.makedirs(folder, exist_ok=True)
            self._folders.add(folder)
        mode = 0o755 if place.executable else 0o644
        with open(os.open(dest, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(place.content)
