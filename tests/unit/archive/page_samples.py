"""An archive as a company has it, and one with 10,000 files: indexes made up from a fixed seed."""

import hashlib
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from builder.archive.index import (
    DOCUMENT_SUFFIXES,
    Document,
    Entry,
    Index,
    InstallerFormat,
    Interpreter,
    Package,
    Product,
)
from builder.archive.latest import stable_names
from builder.platforms import PLATFORMS

KEY = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3"
START = datetime(2026, 11, 24, 18, tzinfo=UTC)
LICENCES = ("BSD-3-Clause", "MIT", "Apache-2.0", "PSF-2.0", "MIT AND (Apache-2.0 OR BSD-2-Clause)", None)
NAMES = (
    "numpy", "scipy", "pandas", "matplotlib", "scikit-learn", "scikit-image", "jupyterlab", "notebook", "ipython",
    "requests", "sqlalchemy", "polars", "pyarrow", "dask", "xarray", "numba", "sympy", "networkx", "statsmodels",
    "pillow", "pip", "pyyaml", "pydantic", "rich", "pytest", "bokeh", "seaborn", "h5py", "openpyxl", "zstandard",
)  # fmt: skip
_FORMATS: dict[str, tuple[InstallerFormat, ...]] = {"linux": ("sh",), "macos": ("pkg", "sh"), "windows": ("exe", "7z")}
_STORE = (
    Package(name="hatchling", version="1.28.0", license="MIT"),
    Package(name="wheel", version="0.46.1", license="MIT"),
)


def packages(names: Sequence[str], age: int) -> tuple[Package, ...]:
    """age: how many releases ago; each package has a new version now and then."""
    return tuple(
        Package(
            name=name, version=f"{1 + place % 4}.{17 - (age + place) // 3}.{place % 3}", license=LICENCES[place % 6]
        )
        for place, name in enumerate(sorted(names))
    )


def entry(
    name: str,
    version: str,
    python: str,
    platform: str,
    kind: InstallerFormat,
    contents: tuple[Package, ...],
    modified: datetime,
) -> Entry:
    target = PLATFORMS[platform]
    title = name[0].upper() + name[1:]
    stem = f"{title}-{version}-py{''.join(python.split('.')[:2])}-{target.label}"
    file = f"{stem}.{kind}"
    digest = hashlib.sha256(file.encode()).hexdigest()
    return Entry(
        file=file, format=kind, size=int(digest[:7], 16) * 3 + 10**8, sha256=digest,
        modified=modified, published=modified, name=name, version=version, python=python, platform=platform,
        interpreter=Interpreter(source="pbs", version=python, build="20261101", sha256=digest),
        glibc="2.28" if target.system == "linux" else None, macos="11.0" if target.system == "macos" else None,
        windows="10" if target.system == "windows" else None, packages=contents, store=_STORE,
        documents={
            kind: Document(name=stem + suffix, size=48213, sha256=digest) for kind, suffix in DOCUMENT_SUFFIXES.items()
        },
    )  # fmt: skip


def index(entries: Sequence[Entry], *, key: str | None = KEY) -> Index:
    return Index(
        archive="9f0c1ab2d3e44f5566778899aabbccdd", version=8,
        generated=START, expires=START + timedelta(days=365), key=key, latest=stable_names(entries),
        installers=tuple(entries),
        products={
            "acme-science": Product(
                company="Acme Corp", description="Python for the numerics team: arrays, tables, plots and notebooks.",
                homepage="https://science.acme.example",
            ),
            "minimal": Product(company="Acme Corp", description="Python and pip, and nothing else.", homepage=None),
        },
    )  # fmt: skip


def company(releases: int = 3) -> Index:
    """Two products for all six systems; the last release of one has no Windows ARM64."""
    found = []
    for age in range(releases):
        version = f"2026.{11 - age:02d}" if age < 11 else f"{2026 - age // 11}.{11 - age % 11:02d}"
        modified = START - timedelta(days=30 * age, minutes=7)
        for name, names in (("acme-science", NAMES), ("minimal", NAMES[20:21])):
            for python in ("3.13.1", "3.12.9"):
                contents = packages(names, age)
                for platform, target in PLATFORMS.items():
                    if platform == "windows-arm64" and (name == "minimal" or age == 0):
                        continue
                    found += [
                        entry(name, version, python, platform, kind, contents, modified)
                        for kind in _FORMATS[target.system]
                    ]
    return index(found)


def large(files: int = 10_000, packages_each: int = 200) -> Index:
    """Many releases of four products; from one release to the next one package in ten changes."""
    chance = random.Random(5)
    names = [*NAMES, *(f"{NAMES[number % len(NAMES)]}-{number}" for number in range(400))]
    found: list[Entry] = []
    release = 0
    contents: dict[tuple[str, str], dict[str, Package]] = {}
    while len(found) < files:
        modified = START - timedelta(days=release)
        version = f"{2026 - release // 300}.{300 - release % 300}"
        for name in ("acme-science", "minimal", "teaching", "web"):
            for python in ("3.13.1", "3.12.9", "3.11.7"):
                for platform, target in PLATFORMS.items():
                    key = (name, f"{python}{platform}")
                    known = contents.setdefault(key, {})
                    for word in names[:packages_each]:
                        if word not in known or chance.random() < 0.1:
                            known[word] = Package(
                                name=word, version=f"{chance.randrange(9)}.{chance.randrange(20)}", license="MIT"
                            )
                    these = tuple(known.values())
                    found += [
                        entry(name, version, python, platform, kind, these, modified)
                        for kind in _FORMATS[target.system]
                    ]
        release += 1
    return index(found[:files])
