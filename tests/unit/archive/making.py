"""Archives for tests: entries out of nothing, real installers, and a reader that believes nothing."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from builder.archive.index import DOCUMENT_SUFFIXES, Document, Entry, Index, Interpreter, Package
from builder.archive.latest import newest_first, stable_names
from builder.archive.minisign import KeyCost, PublicKey, SecretKey
from builder.archive.place import Place
from builder.archive.plan import Plan, Wishes
from builder.archive.present import Expected
from builder.archive.publish import Request, publish
from builder.archive.trust import Remembered, read_signed_index, signature_name
from builder.archive.writing import Site
from builder.platforms import PLATFORMS
from builder.report import SilentReporter
from builder.target import title_of

NOW = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)
YEAR = Wishes(days=365)
CHEAP = KeyCost(operations=32_768, memory=16_777_216)
KEY = SecretKey(id=bytes(range(8)), seed=bytes(range(32)))
SITE = Site(title="Äcme's Python", url="https://science.acme.example/", render=lambda index: pages(index))


def pages(index: Index) -> Iterator[tuple[str, bytes]]:
    """A page of the simplest kind: one for each installer, one asset, the front page."""
    names = " ".join(entry.file for entry in index.installers)
    asset = f"assets/list-{hashlib.sha256(names.encode()).hexdigest()[:8]}.js"
    yield asset, names.encode()
    for entry in index.installers:
        yield f"installers/{entry.file}.html", f"<p>{entry.file} {entry.sha256}".encode()
    yield "index.html", f"<script src={asset}></script>{index.version}".encode()


def entry(version: str = "2026.11", days: int = 0, **changes: object) -> Entry:
    """An installer that was published so many days before NOW."""
    facts: dict[str, object] = {
        "name": "acme",
        "python": "3.12.9",
        "platform": "linux-x86_64",
        "format": "sh",
        **changes,
    }
    python, platform = str(facts["python"]), str(facts["platform"])
    stem = f"{title_of(str(facts['name']))}-{version}-py{''.join(python.split('.')[:2])}-{PLATFORMS[platform].label}"
    file = f"{stem}.{facts['format']}"
    values: dict[str, object] = {
        "file": file,
        "size": len(file) * 1_000_000,
        "sha256": hashlib.sha256(file.encode()).hexdigest(),
        "modified": NOW - timedelta(days=days, hours=1),
        "published": NOW - timedelta(days=days),
        "version": version,
        "interpreter": Interpreter(source="pbs", version=python, build="20260901", sha256="ab" * 32),
        "glibc": "2.28" if platform.startswith("linux") else None,
        "macos": "11.0" if platform.startswith("macos") else None,
        "windows": "10" if platform.startswith("windows") else None,
        "packages": packages("numpy 2.4.6 BSD-3-Clause", "pip 26.0 MIT"),
        "store": packages("wheel 0.45.1 MIT"),
        "documents": {"lock": Document(name=stem + DOCUMENT_SUFFIXES["lock"], size=12, sha256="cd" * 32)},
        **facts,
    }
    return Entry(**values)  # type: ignore[arg-type]


def packages(*words: str) -> tuple[Package, ...]:
    """`numpy 2.4.6 BSD-3-Clause`; without a third word: no licence."""
    found = [[*one.split(" ", 2), ""][:3] for one in words]
    return tuple(Package(name=name, version=version, license=license or None) for name, version, license in found)


def index_of(*entries: Entry, **changes: object) -> Index:
    index = Index(
        archive="9f0c1ab2d3e44f5566778899aabbccdd",
        version=8,
        generated=NOW,
        expires=NOW + timedelta(days=365),
        key=KEY.public.text,
        installers=newest_first(entries),
        latest=stable_names(entries),
    )
    return replace(index, **changes)  # type: ignore[arg-type]


def publish_to(
    place: Place,
    *paths: Path,
    now: datetime = NOW,
    wishes: Wishes = YEAR,
    key: SecretKey | None = KEY,
    old_key: PublicKey | None = None,
    unsigned: bool = False,
    remembered: Remembered | None = None,
    site: Site = SITE,
) -> Plan:
    expected = Expected(old_key=old_key, unsigned=unsigned, remembered=remembered)
    request = Request(paths=paths, wishes=wishes, key=key, expected=expected)
    return publish(request, place, site, now, SilentReporter()).plan


def read_as_a_client(
    place: Place, key: PublicKey | None = KEY.public, now: datetime = NOW, remembered: Remembered | None = None
) -> Index | None:
    """What docs/archive-format.md tells a program to do, and then a look at every file that the index names."""
    data = place.read("index.json")
    if data is None:
        return None
    version = int(data.split(b'"version": ', 1)[1].split(b",", 1)[0])
    signature = place.read(signature_name(version))
    index = read_signed_index(data, signature, key=key, now=now, remembered=remembered)
    named: list[tuple[str, int, str]] = []
    for one in index.installers:
        named += [(one.file, one.size, one.sha256)]
        named += [(document.name, document.size, document.sha256) for document in one.documents.values()]
    for name, size, sha256 in named:
        content = place.read(name)
        assert content is not None, f"{name} is missing"
        assert (len(content), hashlib.sha256(content).hexdigest()) == (size, sha256), name
    return index


def check_page(place: Place) -> None:
    """Everything that the front page needs is there, and it leads to every installer that it lists."""
    front = place.read("index.html")
    assert front is not None
    asset = front.decode().split("src=", 1)[1].split(">", 1)[0]
    listed = place.read(asset)
    assert listed is not None
    for file in listed.decode().split():
        assert place.read(file) is not None, file
        assert place.read(f"installers/{file}.html") is not None, file


def names(files: Iterable[str], *, without: Sequence[str] = ("assets/", "installers/", "signatures/")) -> list[str]:
    """The names of an archive that matter to a test."""
    return sorted(file for file in files if not file.startswith((*without, ".pub")))
