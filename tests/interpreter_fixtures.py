"""A real python-build-standalone interpreter, out of an npm package."""

import gzip
import os
import tarfile
from pathlib import Path

from tests.conftest import TEST_CACHE
from tests.npm_fixtures import npm_package

_PACKAGE = "@xspect-build/python-linux-x64@3.9.13-install-only.1"
_SHA256 = "a6b8d7d28fe49f7c010e540bf4cbb68b819a4aeeea9f85efd26866123031857b"

PBS_VERSION = "3.9.13"
PBS_NAME = "cpython-3.9.13+20220528-x86_64-unknown-linux-gnu-install_only.tar.gz"


def pbs_package() -> Path:
    """The package as npm delivers it: executable bits are gone, symbolic links have become copies."""
    return npm_package(_PACKAGE, _SHA256)


def pbs_archive() -> Path:
    """The same interpreter as python-build-standalone publishes it: `python/…`, under its file name there."""
    archive = TEST_CACHE / f"pbs-{_SHA256[:16]}" / PBS_NAME
    if not archive.is_file():
        archive.parent.mkdir(parents=True, exist_ok=True)
        partial = archive.with_suffix(f".{os.getpid()}.part")
        _repack(pbs_package(), partial)
        partial.replace(archive)
    return archive


def _repack(package: Path, archive: Path) -> None:
    with (
        tarfile.open(package) as source,
        gzip.GzipFile(archive, "wb", compresslevel=1, mtime=0) as stream,
        tarfile.open(fileobj=stream, mode="w") as out,
    ):
        for member in source:
            if member.isfile() and member.name.startswith("package/python/"):
                member.name = member.name.removeprefix("package/")
                out.addfile(member, source.extractfile(member))
