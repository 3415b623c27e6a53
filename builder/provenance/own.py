"""Our own parts of a base: keel with what is vendored in it, and the engine with what is linked into it."""

from collections.abc import Iterator

import zstandard
from packaging.requirements import Requirement

from keel import __version__

from ..engine import engine_record
from ..platforms import Platform
from ..record_names import LICENSES_TEXT
from ..resources import KEEL, TEMPLATES
from .bundled import read_text
from .parts import Kind, Part, Text

_VENDORED = {"packaging": "Apache-2.0 OR BSD-2-Clause", "tomli": "MIT"}
# What the C library of each system is; macOS brings its own.
_RUNTIMES = {"linux": ("musl", "MIT"), "windows": ("mingw-w64", "ZPL-2.1")}


def own_parts(platform: Platform) -> list[Part]:
    """keel, the engine for `platform`, and their libraries. Raises BuilderError where there is no engine."""
    engine = engine_record(platform)
    manager = Part(
        kind=Kind.MANAGER,
        name="keel",
        version=__version__,
        license="BSD-3-Clause",
        texts=(_text("keel"),),
        needs=tuple(_VENDORED),
    )
    runtime = [_library(*_RUNTIMES[platform.system], None)] if platform.system in _RUNTIMES else []
    # The engine's libzstd is the one in the sources of `zstandard`, which the builder has in the same version.
    zstd = ".".join(map(str, zstandard.ZSTD_VERSION)) if engine.zstandard == zstandard.__version__ else None
    libraries = [_library("zstd", "BSD-3-Clause", zstd, cpe=("facebook", "zstandard")), *runtime]
    program = Part(
        kind=Kind.ENGINE,
        name="keel-engine",
        version=None,
        license="BSD-3-Clause",
        sha256=engine.binary_sha256,
        needs=tuple(library.name for library in libraries),
        note={"sources_sha256": engine.sources_sha256, "zstandard": engine.zstandard, "ziglang": engine.ziglang},
    )
    return [manager, *_vendored(), program, *libraries]


def _library(name: str, license: str, version: str | None, cpe: tuple[str, str] | None = None) -> Part:
    return Part(kind=Kind.LIBRARY, name=name, version=version, license=license, texts=(_text(name),), cpe=cpe)


def _vendored() -> Iterator[Part]:
    lines = (KEEL / "_vendor" / "vendored.txt").read_text(encoding="utf-8").splitlines()
    for line in lines:
        if line.startswith("#"):
            continue
        requirement = Requirement(line.partition(" --hash")[0])
        folder = KEEL / "_vendor" / requirement.name
        yield Part(
            kind=Kind.LIBRARY,
            name=requirement.name,
            version=str(requirement.specifier).removeprefix("=="),
            license=_VENDORED[requirement.name],
            sha256=line.rpartition("sha256:")[2],
            texts=tuple(
                read_text(path, f"keel-meta/{path.relative_to(KEEL.parent).as_posix()}")
                for path in sorted(folder.glob("LICENSE*"))
            ),
            note={"vendored": "keel"},
        )


def _text(name: str) -> Text:
    path = TEMPLATES / "licenses" / f"{name}.txt"
    return read_text(path, LICENSES_TEXT)
