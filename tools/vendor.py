"""Refresh keel/_vendor from the wheels that keel/_vendor/vendored.txt pins by hash.

`tools/vendor.py` rewrites the vendored packages; `tools/vendor.py --check` only compares and exits 1 on a difference.
pip finds the package index by its own configuration.
"""

import filecmp
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

VENDOR = Path(__file__).resolve().parent.parent / "keel" / "_vendor"
# The oldest Python that a base can have decides which wheels fit.
OLDEST_PYTHON = "3.9"


def download(folder: Path) -> list[Path]:
    """The pinned wheels, pure Python only, verified against their hashes by pip."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    command += ["--only-binary", ":all:", "--python-version", OLDEST_PYTHON]
    command += ["--platform", "any", "--implementation", "py", "--abi", "none"]
    subprocess.run([*command, "-r", str(VENDOR / "vendored.txt"), "-d", str(folder)], check=True)
    return sorted(folder.glob("*.whl"))


def unpack(wheel: Path, folder: Path) -> None:
    """The package's modules, and its licences flat beside them; no metadata and no typing marker."""
    package = wheel.name.split("-")[0]
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            path = Path(name)
            if path.suffix == ".py":
                target = folder / path
            elif "licenses" in path.parts and path.name.startswith("LICENSE"):
                target = folder / package / path.name
            else:
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.read(name))


def differences(ours: Path, theirs: Path) -> list[str]:
    """Paths below `ours` and `theirs` that are not the same in both, bytecode aside."""
    names = {
        str(path.relative_to(root))
        for root in (ours, theirs)
        for path in root.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    _, mismatch, errors = filecmp.cmpfiles(ours, theirs, sorted(names), shallow=False)
    return sorted([*mismatch, *errors])


def main() -> int:
    with tempfile.TemporaryDirectory() as temporary:
        fresh = Path(temporary, "fresh")
        for wheel in download(Path(temporary, "wheels")):
            unpack(wheel, fresh)
        packages = sorted(path.name for path in fresh.iterdir())
        if "--check" in sys.argv[1:]:
            changed = [f"{name}/{path}" for name in packages for path in differences(VENDOR / name, fresh / name)]
            print("\n".join(changed) or f"{', '.join(packages)}: as pinned")
            return bool(changed)
        for name in packages:
            shutil.rmtree(VENDOR / name, ignore_errors=True)
            shutil.copytree(fresh / name, VENDOR / name)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
