"""What an archive offers, as values. `index_file` writes and reads them as `index.json` (docs/archive-format.md)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from ..record_names import BESIDE, BUILD, LICENSES_TEXT, LOCK, SBOM

DocumentKind = Literal["lock", "sbom", "licenses", "build"]
InstallerFormat = Literal["sh", "exe", "pkg", "7z"]

# Where the documents of a target are in its base.
DOCUMENT_PLACES: Mapping[DocumentKind, str] = {"lock": LOCK, "sbom": SBOM, "licenses": LICENSES_TEXT, "build": BUILD}
# What is published beside an installer, as <stem><suffix>; the formats of one target share it.
DOCUMENT_SUFFIXES: Mapping[DocumentKind, str] = {kind: BESIDE[path] for kind, path in DOCUMENT_PLACES.items()}


@dataclass(frozen=True, kw_only=True)
class Package:
    """A package in an installer. license: an SPDX expression or a short text, None where none is told."""

    name: str
    version: str
    license: str | None


@dataclass(frozen=True, kw_only=True)
class Interpreter:
    """The Python of an installer. source: "pbs", "python.org", …  build: the source's own name for it, or "".

    sha256: of the archive that it came from.
    """

    source: str
    version: str
    build: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Document:
    """A file published beside an installer. size: bytes."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Product:
    """What the newest installer of a name says about itself."""

    company: str | None
    description: str | None
    homepage: str | None


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One installer of an archive.

    file: its name in the archive.  size: bytes.  modified: when the file was last changed before it was published;
    published: when it was first in an index (both UTC, whole seconds).  name, version: the recipe's.  python: full
    version.  platform: as in `builder.platforms`.  glibc, macos, windows: the oldest that will do, None where
    that has no meaning or is not known.  packages: of the base, sorted by name.  store: further packages that can be
    installed offline.  documents: by kind.
    """

    file: str
    format: InstallerFormat
    size: int
    sha256: str
    modified: datetime
    published: datetime
    name: str
    version: str
    python: str
    platform: str
    interpreter: Interpreter
    glibc: str | None
    macos: str | None
    windows: str | None
    packages: tuple[Package, ...]
    store: tuple[Package, ...]
    documents: Mapping[DocumentKind, Document] = field(default_factory=dict)

    @property
    def stem(self) -> str:
        """The file's name without its extension, which the formats of one target share."""
        return self.file.removesuffix(f".{self.format}")

    @property
    def python_minor(self) -> str:
        """ "3.12" """
        return ".".join(self.python.split(".")[:2])


@dataclass(frozen=True, kw_only=True)
class Index:
    """An archive at one moment.

    archive: 32 hexadecimal digits, drawn when the archive was made, for ever the same.  version: counts up by one with
    every publishing.  generated, expires: UTC, whole seconds; expires None: never.  key: the public key that the index
    is signed with, as in the second line of minisign's `.pub` file, None for an unsigned archive.  installers: newest
    first (by `published`, then as `ordering` sorts).  latest: stable name -> file.  products: by `Entry.name`.
    """

    archive: str
    version: int
    generated: datetime
    expires: datetime | None
    key: str | None
    installers: tuple[Entry, ...]
    latest: Mapping[str, str] = field(default_factory=dict)
    products: Mapping[str, Product] = field(default_factory=dict)

    def entry(self, file: str) -> Entry | None:
        """The installer with that name, or with that stable (`latest`) name."""
        wanted = self.latest.get(file, file)
        return next((entry for entry in self.installers if entry.file == wanted), None)
