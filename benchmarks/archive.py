"""An archive with 10,000 installers: the size of its index, and the time for its pages, a first and a small publishing.

    python benchmarks/archive.py [--files 10000]

The worst case for the index: every installer has a target and four documents of its own, and 250 packages, ten of which
change with each version. Installers are a byte each (their bytes are not ours to measure); all else is real.
"""

import hashlib
import os
import random
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

from common import arguments

from builder.archive.collect import Candidate
from builder.archive.folder import FolderPlace
from builder.archive.index import DOCUMENT_SUFFIXES, Document, Entry, Interpreter, Package, Product
from builder.archive.index_file import read_index, write_index
from builder.archive.page import render_site
from builder.archive.plan import Plan, Wishes, make_plan
from builder.archive.present import Expected, read_present
from builder.archive.site import SiteTexts
from builder.archive.writing import ArchiveWriter, Site
from builder.platforms import PLATFORMS
from builder.report import SilentReporter

GOAL_SECONDS, GOAL_BYTES = 10.0, 10_000_000
PACKAGES, CHANGES, PYTHONS = 250, 10, 5
START = datetime(2026, 1, 1, tzinfo=UTC)
EMPTY = hashlib.sha256(b"x").hexdigest()
_T = TypeVar("_T")


def entries(count: int) -> list[Entry]:
    """The oldest first."""
    chance = random.Random(1)
    licenses = ("MIT", "BSD-3-Clause", "Apache-2.0", "MPL-2.0", "PSF-2.0", None)
    current = [Package(name=f"package-{n:03}-name", version="1.0.0", license=licenses[n % 6]) for n in range(PACKAGES)]
    store = tuple(Package(name=f"build-tool-{n}", version="1.0", license="MIT") for n in range(8))
    found: list[Entry] = []
    for version in range(count):
        for number in chance.sample(range(PACKAGES), CHANGES):
            current[number] = replace(current[number], version=f"{1 + version // 20}.{chance.randrange(90)}.{version}")
        for python in range(10, 10 + PYTHONS):
            for platform in PLATFORMS.values():
                if len(found) == count:
                    return found
                # A platform has a few packages fewer than the next.
                mine = tuple(current[: PACKAGES - 3 * len(platform.name) + python])
                found.append(_entry(f"2026.{version}", f"3.{python}.9", platform.name, mine, store))
    return found


def _entry(
    version: str, python: str, platform: str, packages: tuple[Package, ...], store: tuple[Package, ...]
) -> Entry:
    facts = PLATFORMS[platform]
    stem = f"Acme-science-{version}-py{''.join(python.split('.')[:2])}-{facts.label}"
    kind = {"linux": "sh", "macos": "pkg", "windows": "exe"}[facts.system]
    documents = {
        one: Document(name=stem + suffix, size=48_000, sha256=hashlib.sha256((stem + suffix).encode()).hexdigest())
        for one, suffix in DOCUMENT_SUFFIXES.items()
    }
    published = START + timedelta(days=int(version.split(".")[1]))
    return Entry(
        file=f"{stem}.{kind}", format=kind, size=1, sha256=EMPTY, modified=published, published=published,
        name="acme-science", version=version, python=python, platform=platform,
        interpreter=Interpreter(source="pbs", version=python, build="20260901", sha256="ab" * 32),
        glibc="2.28" if facts.system == "linux" else None, macos="11.0" if facts.system == "macos" else None,
        windows="10" if facts.system == "windows" else None, packages=packages, store=store, documents=documents,
    )  # fmt: skip


def measured(title: str, work: Callable[[], _T], goal: float | None = None) -> _T:
    started, before = time.perf_counter(), time.process_time()
    result = work()
    seconds, busy = time.perf_counter() - started, time.process_time() - before
    verdict = "" if goal is None else f"; goal {goal:.0f}: {'met' if seconds <= goal else 'MISSED'}"
    print(f"{title}: {seconds:.2f} s, {busy:.2f} s of them on a processor{verdict}", flush=True)
    return result


def publish(place: FolderPlace, source: Path, offered: list[Entry], site: Site) -> Plan:
    """As `builder.archive.publish` does, without opening installers."""
    product = Product(company="Acme", description=None, homepage=None)
    candidates = [Candidate(path=source, entry=one, product=product, documents={}) for one in offered]
    with place.held():
        before = read_present(place, Expected())
        plan = make_plan(before.index, candidates, Wishes(), datetime.now(UTC).replace(microsecond=0))
        ArchiveWriter(place, before, plan, site, None, SilentReporter()).write(candidates)
    return plan


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    options = parser.parse_args()
    shutil.rmtree(options.work, ignore_errors=True)
    options.work.mkdir(parents=True)
    source = options.work / "installer"
    source.write_bytes(b"x")
    offered = entries(options.files + 1)
    index = make_plan(None, [], Wishes(), START).index
    index = replace(index, installers=tuple(reversed(offered[:-1])))
    content = measured("writing index.json", lambda: write_index(index))
    verdict = "met" if len(content) <= GOAL_BYTES else "MISSED"
    print(f"index.json: {len(content) / 1e6:.2f} MB; goal {GOAL_BYTES / 1e6:.0f}: {verdict}")
    index = measured("reading index.json", lambda: read_index(content))
    pages = measured("rendering all pages", lambda: list(render_site(index, SiteTexts())), GOAL_SECONDS)
    print(f"{len(pages)} pages and assets, {sum(len(page) for _, page in pages) / 1e6:.0f} MB")
    del pages
    site = Site(title="Acme", url=None, render=partial(render_site, site=SiteTexts()))
    place = FolderPlace(options.work / "archive")
    measured("publishing all of them into an empty folder", lambda: publish(place, source, offered[:-1], site))
    measured("publishing one more", lambda: publish(place, source, offered[-1:], site))
    print(f"on disk: {sum(place.files().values()) / 1e6:.0f} MB")
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
