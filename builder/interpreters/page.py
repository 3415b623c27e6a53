"""An archive page: a directory listing, such as a company mirror, of which the newest matching archive is taken; or an
archive of Keel's own, out of whose newest matching installer the interpreter is taken.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin

from packaging.version import InvalidVersion, Version

from ..archive.client import Opened, open_archive
from ..archive.index import Entry
from ..archive.latest import newness
from ..archive.memory import Memory, default_state_root
from ..archive.minisign import parse_public
from ..archive.ordering import version_key
from ..errors import FetchError
from ..fetch import Fetcher
from ..sums import find_sum
from ..transfer import public_url
from .archive import INSTALLERS, fetch_archive, file_name, interpreter_from_archive
from .model import Announced, Interpreter, UnavailableError
from .wanted import Wanted

_TRIPLES = {
    "linux-x86_64": ("x86_64-unknown-linux-gnu",),
    "linux-aarch64": ("aarch64-unknown-linux-gnu",),
    "macos-x86_64": ("x86_64-apple-darwin",),
    "macos-arm64": ("aarch64-apple-darwin",),
    "windows-x86_64": ("x86_64-pc-windows-msvc", "x86_64-pc-windows-msvc-shared"),
    "windows-arm64": ("aarch64-pc-windows-msvc", "aarch64-pc-windows-msvc-shared"),
}
_NAME = re.compile(
    r"cpython-(?P<version>[\w.]+)\+(?P<build>\d{8}(?:T\d{4})?)-(?P<triple>[\w-]+?)"
    r"-(?P<flavour>install_only|install_only_stripped)\.tar\.(?:gz|zst)"
)


@dataclass(frozen=True, kw_only=True)
class _Offer:
    """A link of the page that can be used."""

    url: str
    filename: str
    version: Version
    build: str
    stripped: bool


@dataclass(frozen=True, kw_only=True)
class PageSource:
    """page: address of the listing, or of Keel's archive.  sha256: of the file that is taken, None: as SHA256SUMS or
    `.sha256` beside it say, or the archive's index.  public_key: that the archive must be signed with."""

    wanted: Wanted
    page: str
    sha256: str | None = None
    public_key: str | None = None

    @property
    def name(self) -> str:
        return "page"

    def find(self) -> Interpreter:
        if self.wanted.pinned is not None and self.wanted.pinned.url is not None:
            return self._take(self.wanted.pinned.url, self.wanted.pinned.sha256)
        try:
            if self.public_key is not None:  # a listing has no signature
                raise UnavailableError(f"{public_url(self.page)} is no signed archive")
            offer, links = self._newest()
        except UnavailableError as error:
            archive = self._archive(error)
            entry = self._newest_installer(archive)
            return self._take(f"{archive.address}/{entry.file}", self.sha256 or entry.sha256)
        sha256 = self.sha256 or published_sum(self.wanted.fetcher, offer.url, self.page, links)
        if sha256 is None:
            raise UnavailableError(
                f"{public_url(self.page)} gives no SHA-256 for {offer.filename}",
                hint="put SHA256SUMS (or a .sha256 file) beside it, or give `sha256` in the recipe",
            )
        return self._take(offer.url, sha256)

    def announce(self) -> Announced | None:
        offer, _ = self._newest()
        return Announced(source=self.name, version=str(offer.version), build=offer.build, sha256=self.sha256 or "")

    def _take(self, url: str, sha256: str) -> Interpreter:
        archive, url = fetch_archive(self.wanted, [url], sha256)
        return interpreter_from_archive(
            self.wanted, archive, source="page", filename=file_name(url), sha256=sha256, url=url
        )

    def _archive(self, otherwise: UnavailableError) -> Opened:
        """Keel's archive at that address; raises what is `otherwise` the matter where there is none."""
        key = parse_public(self.public_key) if self.public_key else None
        memory = Memory(default_state_root(self.wanted.settings.env))
        try:
            return open_archive(self.page, self.wanted.fetcher, memory, key=key, now=datetime.now(UTC))
        except FetchError as error:
            if self.public_key is not None:
                raise UnavailableError(error.message, hint=error.hint) from error
            raise otherwise from error

    def _newest_installer(self, archive: Opened) -> Entry:
        """Out of all products: the newest Python that is wanted, of the newest version."""
        wanted, platform = self.wanted.version, self.wanted.target.platform.name
        fitting = [
            entry
            for entry in archive.index.installers
            if entry.platform == platform
            and entry.file.endswith(INSTALLERS)
            and wanted in (entry.python, entry.python_minor)
        ]
        if not fitting:
            raise UnavailableError(f"{public_url(self.page)} has no installer with Python {wanted} for {platform}")
        return max(fitting, key=lambda entry: (version_key(entry.python), newness(entry), entry.file))

    def _newest(self) -> tuple[_Offer, list[str]]:
        try:
            links = page_links(self.wanted.fetcher.get_text(self.page), self.page)
        except FetchError as error:
            raise UnavailableError(error.message, hint=error.hint) from error
        offers = [offer for link in links if (offer := self._offer(link)) is not None]
        if not offers:
            triple = _TRIPLES[self.wanted.target.platform.name][0]
            raise UnavailableError(
                f"{public_url(self.page)} lists no Python {self.wanted.version} for {self.wanted.target.platform.name}",
                hint=f"wanted: cpython-{self.wanted.version}…+<build>-{triple}-install_only[_stripped].tar.gz or .zst",
            )
        return max(offers, key=lambda offer: (offer.version, offer.build, offer.stripped, offer.filename)), links

    def _offer(self, link: str) -> _Offer | None:
        filename = file_name(link)
        match = _NAME.fullmatch(filename)
        if match is None or match["triple"] not in _TRIPLES[self.wanted.target.platform.name]:
            return None
        try:
            version = Version(match["version"])
        except InvalidVersion:
            return None
        wanted = self.wanted.version
        if match["version"] != wanted and (version.is_prerelease or not match["version"].startswith(wanted + ".")):
            return None
        stripped = match["flavour"].endswith("stripped")
        return _Offer(url=link, filename=filename, version=version, build=match["build"], stripped=stripped)


def published_sum(fetcher: Fetcher, url: str, page: str, links: list[str]) -> str | None:
    """The hash that a `.sha256` file or SHA256SUMS beside the file at `url` gives for it; None if there is none.

    links: what the listing `page` shows.
    """
    filename = file_name(url)
    for address in (f"{url}.sha256", urljoin(url, "SHA256SUMS")):
        if links and address.startswith(page) and address not in links:
            continue  # the listing would show it
        try:
            text = fetcher.get_text(address, limit=4 << 20)
        except FetchError:
            continue
        found = find_sum(text, filename)
        if found is not None:
            return found
    return None


def page_links(html: str, address: str) -> list[str]:
    """The targets of all links of a page, as full addresses."""
    parser = _Links()
    parser.feed(html)
    base = urljoin(address, parser.base) if parser.base else address
    return [urldefrag(urljoin(base, link)).url for link in parser.links]


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.base: str | None = None
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        target = dict(attrs).get("href")
        if target and tag == "a":
            self.links.append(target)
        elif target and tag == "base":
            self.base = target
