"""What the pages show of an index: products with their newest files, what changed, licences, commands."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from ..platforms import PLATFORMS
from ..target import title_of
from .index import DocumentKind, Entry, Index, Package, Product
from .latest import newness
from .ordering import version_key

# How people call them.
PLATFORM_TITLES: Mapping[str, str] = {
    "linux-x86_64": "Linux x86-64",
    "linux-aarch64": "Linux ARM64",
    "macos-arm64": "macOS Apple silicon",
    "macos-x86_64": "macOS Intel",
    "windows-x86_64": "Windows x86-64",
    "windows-arm64": "Windows ARM64",
}
# A button's file: what a double click starts comes first.
_FORMATS = ("exe", "pkg", "sh", "7z")
_DOCUMENTS: Mapping[DocumentKind, str] = {
    "sbom": "Software bill of materials (CycloneDX)",
    "lock": "Lock (pylock.toml)",
    "licenses": "Licence texts",
    "build": "How it was built",
}

_POSIX = "curl -fLO {url}\necho '{sha256}  {name}' |\n    %s && %s"
_POWERSHELL = (
    "curl.exe -fLO {url}\nif ((Get-FileHash {file}).Hash -eq\n"
    "    '{sha256}') { %s } else { 'This file is damaged.' }"
)
_SUM = {"linux": "sha256sum -c", "macos": "shasum -a 256 -c"}
_RUN = {"sh": "sh {file}", "pkg": "open {file}", "7z": "7z x {file}"}
VERIFY_TEMPLATE = (
    "curl -fLO {base}SHA256SUMS -O {base}SHA256SUMS.minisig\n"
    "minisign -Vm SHA256SUMS -P %s\n"
    "sha256sum -c --ignore-missing SHA256SUMS"
)


def command_template(entry: Entry) -> str:
    """The lines that fetch, check and run a file.

    {url} and {file} stand for shell words, {base} for the beginning of one, {name} and {sha256} for what is in quotes.
    """
    system = PLATFORMS[entry.platform].system
    if system == "windows":
        return _POWERSHELL % (r"tar -xf {file}" if entry.format == "7z" else r".\{file}")
    return _POSIX % (_SUM[system], _RUN.get(entry.format, "sh {file}"))


@dataclass(frozen=True, kw_only=True)
class Row:
    """A system in the table of newest files. version: of its files.  cells: the files for each Python of the table."""

    platform: str
    version: str
    cells: tuple[tuple[Entry, ...], ...]


@dataclass(frozen=True, kw_only=True)
class ProductView:
    """A product and its newest files. pythons: newest first."""

    name: str
    title: str
    version: str
    description: str | None
    homepage: str | None
    pythons: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, kw_only=True)
class Change:
    """A package that is another one than before; before None: new, now None: removed."""

    name: str
    before: str | None
    now: str | None

    @property
    def kind(self) -> Literal["added", "removed", "updated"]:
        if self.before is None:
            return "added"
        return "removed" if self.now is None else "updated"


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What is different from `previous`, the version before for the same Python and platform."""

    previous: Entry
    python: tuple[str, str] | None
    lines: tuple[Change, ...]

    @property
    def summary(self) -> str:
        """In words: "Python 3.12.9 (was 3.12.8), 3 packages updated, 1 removed"."""
        counts = Counter(change.kind for change in self.lines)
        parts = [f"Python {self.python[1]} (was {self.python[0]})"] if self.python else []
        noun = "package" if len(self.lines) == 1 else "packages"
        for kind in ("updated", "added", "removed"):
            if counts[kind]:
                parts.append(f"{counts[kind]} {noun} {kind}".replace("  ", " "))
                noun = ""
        return ", ".join(parts) or "the same Python and the same packages"


def python_key(minor: str) -> tuple[int, ...]:
    """ "3.12" sorts behind "3.9"."""
    return tuple(int(part) for part in minor.split("."))


def documents(entry: Entry) -> list[tuple[str, object]]:
    """What there is beside an installer, with what people call it."""
    return [(words, entry.documents[kind]) for kind, words in _DOCUMENTS.items() if kind in entry.documents]


def licences(packages: Iterable[Package]) -> list[tuple[str | None, int]]:
    """How many packages have which licence, the most frequent first; None (not told) comes last."""
    counts = Counter(package.license for package in packages)
    return sorted(counts.items(), key=lambda item: (item[0] is None, -item[1], item[0] or ""))


def products(index: Index, featured: str | None) -> list[ProductView]:
    """All products: the featured one first, then those with the newest installers."""
    by_name: dict[str, list[Entry]] = defaultdict(list)
    for entry in index.installers:
        by_name[entry.name].append(entry)
    names = sorted(by_name, key=lambda name: name != featured)
    return [_product(name, by_name[name], index.products.get(name)) for name in names]


def _product(name: str, entries: Sequence[Entry], product: Product | None) -> ProductView:
    by_platform: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_platform[entry.platform].append(entry)
    newest = {platform: _newest(found) for platform, found in by_platform.items()}
    shown = [entry for entries in newest.values() for entry in entries]
    pythons = tuple(sorted({entry.python_minor for entry in shown}, key=python_key, reverse=True))
    return ProductView(
        name=name,
        title=title_of(name),
        version=max(shown, key=newness).version,
        description=product.description if product else None,
        homepage=web(product.homepage) if product else None,
        pythons=pythons,
        rows=tuple(
            Row(platform=platform, version=newest[platform][0].version, cells=_cells(newest[platform], pythons))
            for platform in PLATFORM_TITLES
            if platform in newest
        ),
    )


def _newest(entries: Sequence[Entry]) -> list[Entry]:
    version = max(entries, key=newness).version
    return [entry for entry in entries if entry.version == version]


def _cells(entries: Iterable[Entry], pythons: Iterable[str]) -> tuple[tuple[Entry, ...], ...]:
    ordered = sorted(entries, key=lambda entry: _FORMATS.index(entry.format))
    return tuple(tuple(entry for entry in ordered if entry.python_minor == python) for python in pythons)


def web(address: str | None) -> str | None:
    """An address that a link may have: what an installer says of itself may be anything, `javascript:` too."""
    return address if address and address.startswith(("https://", "http://")) else None


class Lines:
    """For each installer its line of versions: those for the same product, Python, platform and format."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._lines: dict[tuple[str, str, str, str], list[Entry]] = defaultdict(list)
        keys: dict[str, tuple[object, ...]] = {}
        for entry in entries:
            self._lines[_line(entry)].append(entry)
            keys.setdefault(entry.version, version_key(entry.version))
        self._previous: dict[str, Entry] = {}
        self._differences: dict[tuple[int, int], tuple[Change, ...]] = {}
        self._newest = {key: max(line, key=newness) for key, line in self._lines.items()}
        for line in self._lines.values():
            line.sort(key=lambda entry: keys[entry.version])
            self._previous |= {newer.file: older for older, newer in pairwise(line)}

    def changes(self, entry: Entry) -> Changes | None:
        """Since the version before; None for the first one."""
        previous = self._previous.get(entry.file)
        if previous is None:
            return None
        # The formats of a target share their sets of packages.
        key = (id(previous.packages), id(entry.packages))
        if key not in self._differences:
            self._differences[key] = tuple(_differences(previous.packages, entry.packages))
        python = (previous.python, entry.python) if previous.python != entry.python else None
        return Changes(previous=previous, python=python, lines=self._differences[key])

    def newer(self, entry: Entry) -> Entry | None:
        """The newest of the line, None for that itself."""
        newest = self._newest[_line(entry)]
        return None if newest is entry else newest


def _line(entry: Entry) -> tuple[str, str, str, str]:
    return entry.name, entry.platform, entry.python_minor, entry.format


def _differences(before: Iterable[Package], now: Iterable[Package]) -> Iterable[Change]:
    same = set(map(id, before)) & set(map(id, now))  # most are, and the rest is compared
    old = {package.name: package.version for package in before if id(package) not in same}
    new = {package.name: package.version for package in now if id(package) not in same}
    for name in sorted({**old, **new}):
        if old.get(name) != new.get(name):
            yield Change(name=name, before=old.get(name), now=new.get(name))
