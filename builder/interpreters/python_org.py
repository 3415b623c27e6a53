"""python.org's own builds for Windows, by the catalogue of its install manager, or by the listings of a mirror.

Catalogue: https://www.python.org/ftp/python/index-windows.json and the pages that it names as `next`; each version has
an `id` (`pythoncore-3.11-64`: a complete Python, a zip or a NuGet package; `pythonembed-3.11-64`: the embeddable zip),
an address and a SHA-256. A mirror may have that file, or just folders of versions that hold the archives.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from packaging.version import InvalidVersion, Version

from ..errors import FetchError, InterpreterError
from ..recipe.interpreters import PythonOrgSource as Options
from ..transfer import public_url
from .archive import build_of, fetch_archive, file_name, interpreter_from_archive
from .model import Announced, Interpreter, UnavailableError
from .page import page_links, published_sum
from .wanted import Wanted

_ORIGINAL = "https://www.python.org/ftp/python"
_MIRROR = "KEEL_PYTHON_ORG_MIRROR"
_INDEX = "index-windows.json"
_MOST_PAGES = 10
_MOST_FOLDERS = 40  # 3.9 has had 25 patches
_ID = re.compile(r"python(?P<kind>core|embed)-(?P<minor>\d+\.\d+)-(?P<machine>64|arm64)")
_MACHINES = {"x86_64": ("64", "amd64", ""), "arm64": ("arm64", "arm64", "arm64")}
_WINDOWS_ONLY = "it has ready-made Pythons for Windows only"
_PACKAGES = {"core": "full", "embed": "embeddable"}


@dataclass(frozen=True, kw_only=True)
class _Offer:
    """An archive that can be had. package: "full" or "embeddable".  sha256: None where nothing says."""

    version: Version
    package: str
    url: str
    sha256: str | None


@dataclass(frozen=True, kw_only=True)
class PythonOrgSource:
    """options: the recipe's."""

    wanted: Wanted
    options: Options

    @property
    def name(self) -> str:
        return "python.org"

    def find(self) -> Interpreter:
        if not self.wanted.target.platform.is_windows:
            raise UnavailableError(_WINDOWS_ONLY)
        pinned = self.wanted.pinned
        if pinned is not None and pinned.url is not None:
            return self._take(self._places(pinned.url, pinned.version), pinned.sha256)
        offer = self._newest()
        sha256 = self.options.sha256 or offer.sha256
        if sha256 is None:
            raise UnavailableError(
                f"{public_url(self._root)} gives no SHA-256 for {file_name(offer.url)}",
                hint="give one in the recipe: interpreter: [{python.org: {sha256: …}}]",
            )
        if offer.sha256 not in (None, sha256):
            raise InterpreterError(
                f"the recipe's sha256 for python.org is not that of {file_name(offer.url)} ({offer.sha256})",
                hint='pin the patch (`python: "3.11.9"`) and `package` that the hash belongs to, or remove it',
            )
        return self._take(self._places(offer.url, str(offer.version)), sha256)

    def announce(self) -> Announced | None:
        if not self.wanted.target.platform.is_windows:
            raise UnavailableError(_WINDOWS_ONLY)
        offer = self._newest()
        return Announced(
            source=self.name,
            version=str(offer.version),
            build=build_of(file_name(offer.url)),
            sha256=self.options.sha256 or offer.sha256 or "",
        )

    @property
    def _mirror(self) -> str | None:
        chosen = self.options.mirror or self.wanted.settings.env.get(_MIRROR)
        return chosen.rstrip("/") if chosen else None

    @property
    def _root(self) -> str:
        return self._mirror or _ORIGINAL

    def _take(self, urls: list[str], sha256: str) -> Interpreter:
        archive, url = fetch_archive(self.wanted, urls, sha256)
        return interpreter_from_archive(
            self.wanted, archive, source=self.name, filename=file_name(url), sha256=sha256, url=url
        )

    def _places(self, url: str, version: str) -> list[str]:
        """Where to ask for the archive: at the mirror alone, if there is one."""
        if self._mirror is None or url.startswith(self._mirror + "/"):
            return [url]
        if url.startswith(_ORIGINAL + "/"):
            return [self._mirror + url[len(_ORIGINAL) :]]
        return [f"{self._mirror}/{version}/{file_name(url)}"]

    def _newest(self) -> _Offer:
        try:
            offers = list(self._catalogue())
        except FetchError as error:
            if self._mirror is None:
                raise UnavailableError(error.message, hint=error.hint) from error
            offers = list(self._listed())
        wanted = [one for one in offers if self.options.package in (None, one.package)]
        if not wanted:
            package = f"{self.options.package} package of " if self.options.package else ""
            raise UnavailableError(
                f"{public_url(self._root)} has no {package}Python {self.wanted.version} for "
                f"{self.wanted.target.platform.name}",
                hint="not every patch has been built for Windows; older ones of a version have",
            )
        return max(wanted, key=lambda one: (one.version, one.package == "full"))

    def _catalogue(self) -> Iterator[_Offer]:
        """Raises FetchError where there is no catalogue, InterpreterError for one that cannot be understood."""
        address: str | None = f"{self._root}/{_INDEX}"
        for _ in range(_MOST_PAGES):
            if address is None:
                return
            try:
                page = json.loads(self.wanted.fetcher.get_text(address))
                for entry in page["versions"]:
                    offer = self._offer(entry, address)
                    if offer is not None:
                        yield offer
                following = page.get("next")
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise InterpreterError(f"{public_url(address)} is not a catalogue of Pythons: {error!r}") from error
            address = self._page(urljoin(address, following)) if following else None

    def _page(self, address: str) -> str:
        return self._places(address, "")[0] if address.startswith(_ORIGINAL + "/") else address

    def _offer(self, entry: dict[str, Any], page: str) -> _Offer | None:
        match = _ID.fullmatch(entry["id"])
        if match is None or match["machine"] != _MACHINES[self.wanted.target.platform.machine][0]:
            return None
        version = self._fitting(entry["sort-version"])
        if version is None:
            return None
        sha256 = entry.get("hash", {}).get("sha256")
        if sha256 is not None and not re.fullmatch("[0-9a-fA-F]{64}", sha256):
            raise ValueError(f"{sha256} is not a SHA-256")
        url = urljoin(page, entry["url"])
        return _Offer(
            version=version, package=_PACKAGES[match["kind"]], url=url, sha256=sha256.lower() if sha256 else None
        )

    def _fitting(self, text: str) -> Version | None:
        """The version, if it is wanted: no pre-release unless that is what the recipe pins."""
        wanted = self.wanted.version
        try:
            version = Version(text)
        except InvalidVersion:
            return None
        newest = text.startswith(wanted + ".") and not version.is_prerelease
        return version if text == wanted or newest else None

    def _listed(self) -> Iterator[_Offer]:
        """What a mirror without a catalogue lists: the archives of the newest version that has any."""
        root = f"{self._root}/"
        folders = [
            (version, link)
            for link in dict.fromkeys(self._links(root))
            if link.startswith(root) and link.endswith("/") and (version := self._fitting(link[len(root) : -1]))
        ]
        for version, folder in sorted(folders, reverse=True)[:_MOST_FOLDERS]:
            links = self._links(folder)
            found = [
                _Offer(
                    version=version,
                    package=package,
                    url=link,
                    sha256=self.options.sha256 or published_sum(self.wanted.fetcher, link, folder, links),
                )
                for package, names in self._names(str(version)).items()
                if self.options.package in (None, package)
                for link in links
                if file_name(link) in names
            ]
            if found:
                yield from found
                return

    def _links(self, address: str) -> list[str]:
        try:
            return page_links(self.wanted.fetcher.get_text(address), address)
        except FetchError as error:
            raise UnavailableError(error.message, hint=error.hint) from error

    def _names(self, version: str) -> dict[str, tuple[str, ...]]:
        """What the archives of a version are called."""
        _, machine, nuget = _MACHINES[self.wanted.target.platform.machine]
        return {
            "full": (f"python-{version}-{machine}.zip", f"python{nuget}.{version}.nupkg"),
            "embeddable": (f"python-{version}-embed-{machine}.zip", f"python-{version}-embeddable-{machine}.zip"),
        }
