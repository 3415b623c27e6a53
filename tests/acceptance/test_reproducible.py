"""The same lock, built by different people in different places at different times, gives the same bytes."""

import json
import os
import shutil
import struct
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest

from builder.errors import BuilderError
from builder.installers import FORMATS
from builder.target import targets
from tests.acceptance.conftest import ODD, run
from tests.conftest import ROOT, need, need_root
from tests.interpreter_fixtures import pbs_archive
from tests.unit.recipes import load
from tests.unit.wheels import sha256
from tests.windows_fixtures import PYTHON_311, embeddable_archive

pytestmark = pytest.mark.slow

RECIPE = """\
name: twice
version: "1.0"
company: Jäger & Söhne
python: "{python}"
platforms: [{platform}]
packages: [pyyaml, rich]
interpreter: {{path: "{archive}", sha256: "{sha256}"}}
build_tools: false
bytecode: {bytecode}
compression: fast
"""
# One platform for each kind of interpreter; together they have every format.
PLATFORMS = ("linux-x86_64", "macos-arm64", "windows-x86_64")
SOMEBODY = 65534
# Of what these interpreters bring along; read out of their own files.
BRINGS = {
    "linux-x86_64": {"library:openssl@1.1.1o", "library:sqlite@3.38.5", "library:zlib@1.2.12", "library:tcl@8.6.12"},
    "macos-arm64": {"interpreter:python@3.11.7"},
    "windows-x86_64": {"library:openssl@3.0.13", "library:sqlite@3.45.1", "library:zlib@1.3.1", "library:libffi"},
}


@dataclass(frozen=True)
class Python:
    """An interpreter's archive, and its minor version."""

    archive: Path
    minor: str


def python_for(platform: str, folder: Path) -> Python:
    """Real ones for Linux and Windows; for macOS what an archive needs to be taken for one."""
    if platform.startswith("linux"):
        return Python(pbs_archive(), "3.9")
    if platform.startswith("windows"):
        return Python(embeddable_archive(PYTHON_311), "3.11")
    return Python(macos_archive(folder / "python-for-macos.tar.gz"), "3.11")


def macos_archive(path: Path) -> Path:
    """A program of no commands for arm64 (mach_header_64), a standard library of one module."""
    program = struct.pack("<8I", 0xFEEDFACF, 0x0100000C, 0, 2, 0, 0, 0, 0)
    files = {
        "python/bin/python3.11": program,
        "python/lib/python3.11/os.py": b"name = 'posix'\n",
        "python/lib/python3.11/LICENSE.txt": b"Python's\n",
        "python/include/python3.11/patchlevel.h": b'#define PY_VERSION "3.11.7"\n',
    }
    with tarfile.open(path, "w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o755
            archive.addfile(member, BytesIO(data))
    return path


def formats_of(recipe: Path) -> list[str]:
    """The formats that can be made for the recipe's one target."""
    (target,) = targets(load(recipe))
    found = []
    for name, writer in FORMATS.items():
        try:
            writer.filename(target)
        except BuilderError:
            continue
        found.append(name)
    return found


def test_every_format_is_tried() -> None:
    names = set()
    for platform in PLATFORMS:
        recipe = ROOT / "recipes/minimal.yaml"
        for name, writer in FORMATS.items():
            try:
                writer.filename(targets(load(recipe), platforms=[platform])[0])
            except BuilderError:
                continue
            names.add(name)
    assert names == set(FORMATS)


def make_recipe(folder: Path, platform: str, python: Python) -> Path:
    folder.mkdir(parents=True)
    shutil.copy(python.archive, folder)
    # Bytecode needs a Python of the same minor version that runs here: the target's own, or the builder's.
    native = platform.startswith("linux") or python.minor == "{}.{}".format(*sys.version_info[:2])
    recipe = folder / "twice.yaml"
    recipe.write_text(
        RECIPE.format(
            python=python.minor, platform=platform, archive=python.archive.name, sha256=sha256(python.archive),
            bytecode=str(native and not platform.startswith("macos")).lower(),
        ),
        encoding="utf-8",
    )  # fmt: skip
    return recipe


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that others can enter; pytest's belong to root alone."""
    with tempfile.TemporaryDirectory(prefix="keel è ") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def files(folder: Path) -> dict[str, str]:
    return {path.name: sha256(path) for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_same_lock_gives_the_same_bytes(place: Path, platform: str) -> None:
    need_root()
    user = [need("setpriv"), f"--reuid={SOMEBODY}", f"--regid={SOMEBODY}", "--clear-groups"]
    # This checkout's Python may lie in the home of root, where others may not read.
    user += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    first = make_recipe(place / "one", platform, python_for(platform, place))
    formats = [word for name in formats_of(first) for word in ("--format", name)]
    command = [sys.executable, "-m", "builder", "build"]
    env = {**os.environ, "TZ": "America/Lima", "LC_ALL": "C.UTF-8", "KEEL_CACHE": str(place / "one/cache")}
    run(*command, first, *formats, "--output", first.parent / "dist", cwd=ROOT, env=env, timeout=1800)

    # Somebody else gets the recipe, the lock, and the files that the lock names; nothing that was made from them.
    second = place / "far away" / ODD / "two" / first.name
    shutil.copytree(first.parent, second.parent, ignore=lambda _, names: {"cache", "dist"} & set(names))
    cache = second.parent / "their cache"
    shutil.copytree(first.parent / "cache/downloads", cache / "downloads")
    run("chown", "-R", f"{SOMEBODY}:{SOMEBODY}", second.parent)
    home = {"HOME": str(second.parent), "PATH": os.environ["PATH"], "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    words = [need("faketime"), "-f", "2031-05-06 07:08:09", *command, second, *formats]
    words += ["--output", second.parent / "result", "--cache", cache, "--locked", "--offline", "--jobs", "1"]
    run(*user, "sh", "-c", 'umask 077; exec "$@"', "sh", *words, cwd=ROOT, env=home, timeout=1800)

    ours, theirs = files(first.parent / "dist"), files(second.parent / "result")
    assert len(ours) == len(formats) + 4  # each with its hash, and the record once
    assert ours == theirs
    (bill,) = (first.parent / "dist").glob("*.sbom.cdx.json")
    assert BRINGS[platform] <= {one["bom-ref"] for one in json.loads(bill.read_bytes())["components"]}
    assert (second.parent / "result" / next(iter(theirs))).stat().st_uid == SOMEBODY
