"""The order of writes (docs/archive-format.md): until the new index is there, what the old one names is untouched."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice

from ..report import Reporter
from .collect import Candidate
from .index import Entry, Index
from .index_file import write_index
from .listings import feed, files_json, sums
from .minisign import SecretKey
from .place import Place
from .plan import Plan
from .present import Present
from .trust import INDEX, SUMS, Statement, signature_name
from .written import Written

PUBLIC_KEY = "minisign.pub"
# How many versions' signatures stay, for readers whose caches give them an older index.
_SIGNATURES = 10
_TOGETHER = 500


@dataclass(frozen=True, kw_only=True)
class Site:
    """What stands around the installers. render: the pages' paths and contents.  url: of the archive, with a slash at
    its end, if it is known.  stable_files: whether stable names are files, and not only in the index."""

    title: str
    url: str | None
    render: Callable[[Index], Iterable[tuple[str, bytes]]]
    stable_files: bool = True


class ArchiveWriter:
    """Makes the archive at `place` what `plan` says. With nothing new, completes what a killed publisher left undone.

    key: of the index's `key`, None for an unsigned archive.  The lock of `place` is held throughout.
    """

    def __init__(
        self, place: Place, before: Present, plan: Plan, site: Site, key: SecretKey | None, reporter: Reporter
    ) -> None:
        self._place, self._before, self._plan, self._site = place, before, plan, site
        self._key, self._reporter = key, reporter
        self._index = plan.index
        self._stable: Mapping[str, str] = plan.index.latest if site.stable_files else {}
        self._entries = {entry.file: entry for entry in plan.index.installers}
        self._record = Written(place)

    def write(self, candidates: Sequence[Candidate]) -> bytes:
        """candidates: everything that was asked to be published, new or not. Returns the content of the index."""
        self._put_installers([one for one in candidates if one.entry.file in self._entries])
        pages = self._put_pages()
        self._put_stable_names()
        self._put_listings()
        # Should this process die right after the index is there, the next one finds in the record what is to go.
        self._record.expect(name for entry in self._plan.removed for name in _names(entry))
        content = self._put_index()
        self._sweep(pages)
        return content

    def _put_installers(self, candidates: Sequence[Candidate]) -> None:
        """The new ones, and those whose file somebody has lost."""
        new = {candidate.entry.file for candidate in self._plan.added}
        wanted = [one for one in candidates if one.entry.file in new or not self._is_there(one.entry)]
        # Should this publishing never be finished, the next one knows that these are nobody's.
        self._record.expect(name for candidate in self._plan.added for name in _names(candidate.entry))
        documents: dict[str, bytes] = {}
        for candidate in candidates:
            for name, content in candidate.documents.items():
                if candidate.entry.file in new or self._before.files.get(name) != len(content):
                    documents[name] = content
        with self._reporter.progress("publishing", sum(one.entry.size for one in wanted)) as progress:
            for one in wanted:
                self._place.upload(one.entry.file, one.path, one.entry.sha256, progress.advance)
        self._place.write(documents.items())
        if wanted or documents:
            size = sum(one.entry.size for one in wanted) / 1e6
            counted = "1 document" if len(documents) == 1 else f"{len(documents)} documents"
            self._reporter.step(f"wrote {size:.1f} MB of installers, and {counted} about them")

    def _is_there(self, entry: Entry) -> bool:
        return self._before.files.get(entry.file) == entry.size

    def _put_pages(self) -> set[str]:
        """Write the pages that changed; returns the paths of all. The one that leads to the others comes last."""
        paths: set[str] = set()
        last: list[tuple[str, bytes]] = []
        hashes: dict[str, str] = {}
        pages = iter(self._site.render(self._index))
        with self._reporter.progress("writing pages", len(self._entries), unit="items") as progress:
            while together := list(islice(pages, _TOGETHER)):
                paths |= {path for path, _ in together}
                last += [page for page in together if page[0] == "index.html"]
                hashes |= self._put_changed(page for page in together if page[0] != "index.html")
                progress.advance(sum(path.startswith("installers/") for path, _ in together))
        self._record.add(hashes)
        front = self._put_changed(last)
        self._record.add(front)
        self._reporter.step(f"wrote {len(hashes | front)} of {len(paths)} pages and what they need")
        return paths

    def _put_changed(self, pages: Iterable[tuple[str, bytes]]) -> dict[str, str]:
        changed: dict[str, bytes] = {}
        hashes: dict[str, str] = {}
        for path, content in pages:
            digest = sha256(content).hexdigest()
            if self._record.hashes.get(path) != digest or self._before.files.get(path) != len(content):
                changed[path], hashes[path] = content, digest
        self._record.expect(changed)
        self._place.write(changed.items())
        return hashes

    def _put_stable_names(self) -> None:
        wanted = {name: self._entries[file] for name, file in self._stable.items()}
        changed = {
            name: entry
            for name, entry in wanted.items()
            if self._record.hashes.get(name) != entry.sha256 or self._before.files.get(name) != entry.size
        }
        self._record.expect(changed)
        for name, entry in changed.items():
            self._place.copy(entry.file, name)
        self._record.add({name: entry.sha256 for name, entry in changed.items()})

    def _put_listings(self) -> None:
        index, stable = self._index, self._stable
        listed = sums(index, stable)
        self._put_if_other(".files.json", files_json(index, stable))
        self._put_if_other("atom.xml", feed(index, self._site.title, self._site.url))
        if self._key:
            self._put_if_other(PUBLIC_KEY, self._key.public.to_file())
        self._put_if_other(SUMS, listed)
        if self._key:
            self._put_if_other(f"{SUMS}.minisig", self._key.sign(listed, str(self._statement(SUMS))))

    def _put_index(self) -> bytes:
        """The moment of publication; returns the index."""
        before = self._before
        unchanged = before.data if self._index is before.index else None
        content = unchanged or write_index(self._index)
        signature = self._key.sign(content, str(self._statement(INDEX))) if self._key else None
        if signature:
            self._put_if_other(signature_name(self._index.version), signature)
        if content != before.data:
            self._place.swap(INDEX, before.data, content)
            self._reporter.step(f"version {self._index.version} is published")
        if signature:
            self._put_if_other(f"{INDEX}.minisig", signature)
        return content

    def _sweep(self, pages: set[str]) -> None:
        """What publishers wrote and no index names any more."""
        kept = pages | self._stable.keys() | {name for entry in self._index.installers for name in _names(entry)}
        gone = self._record.hashes.keys() - kept
        oldest = self._index.version - _SIGNATURES
        old = [signature_name(version) for version in range(1, oldest + 1)]
        doomed = gone | (self._before.files.keys() & set(old))
        self._place.remove(sorted(doomed))
        if doomed:
            self._reporter.step(f"removed {len(doomed)} files that nothing names any more")
        settled = {path for path, digest in self._record.hashes.items() if not digest}
        self._record.forget(gone | settled)

    def _put_if_other(self, path: str, content: bytes) -> None:
        if self._before.files.get(path) != len(content) or self._place.read(path) != content:
            self._place.write([(path, content)])

    def _statement(self, file: str) -> Statement:
        index = self._index
        return Statement(archive=index.archive, file=file, version=index.version, expires=index.expires)


def _names(entry: Entry) -> list[str]:
    """The installer and its documents."""
    return [entry.file, *(document.name for document in entry.documents.values())]
