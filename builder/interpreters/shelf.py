"""Finished interpreters in the cache: made once from an archive or a host, found at once by every later build.

    interpreters/<key>/<digest of the tree>/    the tree
    interpreters/<key>/facts.json               what is known about it

The key says what it was made from; the name of the tree what it became, so that frames depend on nothing else.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..cache import Cache
from ..elf import elf_files, oldest_glibc
from ..macho import macho_files, oldest_macos
from ..report import Reporter
from ..transfer import public_url
from .model import Interpreter
from .normalise import normalise, tree_digest
from .windows import lacking

_AREA = "interpreters"


@dataclass(frozen=True, kw_only=True)
class Shelved:
    """tree: in the cache.  digest: SHA-256 of the tree.  version: "3.11.7".  glibc, macos: the oldest that it needs, or
    None.  lacks: parts of a complete Python that it does not have.  notes: what the user should know about how it was
    made."""

    tree: Path
    digest: str
    version: str
    glibc: str | None
    macos: str | None
    lacks: list[str]
    notes: list[str]

    def interpreter(
        self, *, source: str, reporter: Reporter, build: str = "", url: str | None = None, sha256: str | None = None
    ) -> Interpreter:
        """Off the shelf: with its notes told. sha256: of the archive, None where the tree itself is what counts."""
        for note in self.notes:
            reporter.note(f"{source}: {note}")
        return Interpreter(
            source=source,
            version=self.version,
            build=build,
            url=public_url(url) if url else None,
            sha256=sha256 or self.digest,
            tree=self.tree,
            glibc=self.glibc,
            macos=self.macos,
            lacks=tuple(self.lacks),
        )


def shelve(cache: Cache, key: str, make: Callable[[Path], tuple[Path, list[str]]]) -> Shelved:
    """The interpreter `key`, made if the cache has none.

    make: gets an empty folder to work in; returns the prefix in it, not yet normalised, and notes.
    """
    folder = cache.folder(_AREA, key, lambda work: _make(work, make))
    facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    return Shelved(tree=folder / _tree_name(facts["digest"]), **facts)


def _make(folder: Path, make: Callable[[Path], tuple[Path, list[str]]]) -> None:
    work = folder / "work"
    work.mkdir()
    prefix, notes = make(work)
    layout = normalise(prefix)
    digest = tree_digest(prefix)
    oldest = {"glibc": oldest_glibc(elf_files(prefix)), "macos": oldest_macos(macho_files(prefix))}
    lacks = lacking(layout)
    prefix.rename(folder / _tree_name(digest))
    shutil.rmtree(work, ignore_errors=True)
    facts = {"digest": digest, "version": layout.version, **oldest, "lacks": lacks, "notes": notes}
    (folder / "facts.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")


def _tree_name(digest: str) -> str:
    return digest[:32]
