"""What is installed in an environment, each with its place, for those who change it."""

import os
from typing import Dict, List, NamedTuple, Tuple

from .base import Base
from .installed import normalised
from .layout import in_prefix


class Distribution(NamedTuple):
    """An installed package.  name: normalised.  info: the path of its `.dist-info` folder."""

    name: str
    version: str
    info: str

    @property
    def label(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def bundled(self) -> bool:
        """Whether keel put it there."""
        return self.read("INSTALLER").strip() == b"keel"

    @property
    def requested(self) -> bool:
        return os.path.exists(os.path.join(self.info, "REQUESTED"))

    @property
    def direct(self) -> bool:
        """Whether it came from an address, and not from an index or the store."""
        return os.path.exists(os.path.join(self.info, "direct_url.json"))

    def read(self, name: str) -> bytes:
        """A file of the `.dist-info` folder; b"" where there is none."""
        try:
            with open(os.path.join(self.info, name), "rb") as file:
                return file.read()
        except OSError:
            return b""

    def requires(self) -> Tuple[str, ...]:
        """Its `Requires-Dist` values."""
        from .store import requires

        return requires(self.read("METADATA"))


def library(base: Base, prefix: str) -> str:
    """The folder of the packages of the environment at `prefix`."""
    return in_prefix(prefix, base.layout.library)


def distributions(base: Base, prefix: str) -> List[Distribution]:
    """All of them, sorted by name; one that is there twice comes twice."""
    folder = library(base, prefix)
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    found = []
    for name in names:
        stem, suffix = os.path.splitext(name)
        if suffix == ".dist-info" and "-" in stem and not name.startswith("~"):  # pip hides what it removes behind a ~
            project, version = stem.rsplit("-", 1)
            found.append(Distribution(normalised(project), version, os.path.join(folder, name)))
    return sorted(found)


def by_name(found: List[Distribution]) -> Dict[str, Distribution]:
    """Of one that is there twice, the last counts."""
    return {one.name: one for one in found}
