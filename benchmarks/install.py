"""Installing against `zstd -d | tar -x`, `uv pip install` and makeself: the same files, on a tmpfs and on disk.

    python benchmarks/install.py dist/Data-science-*.sh --wheels FOLDER

Needs root (tmpfs), zstd, tar, makeself, uv. `--wheels`: a folder with the wheels that the installer holds.
"""

import os
import sys
from pathlib import Path

from common import Peer, arguments, call, compare, remove, report, tmpfs

GOALS = {"zstd -d | tar -x": 0.6, "uv pip install, cold": 0.4, "makeself xz": 0.15}


def prepare(installer: Path, place: Path) -> None:
    """What the rivals unpack, made from one installation: the same files, hard links included."""
    tree = place / "tree"
    call("sh", installer, "-b", "-p", tree)
    pack = f"tar --sort=name -C '{tree}' -c . | zstd -q -12 --long=25 -T0 -o '{place}/tree.tar.zst'"
    call("sh", "-c", pack)
    threads = {**os.environ, "XZ_OPT": "-T0"}
    makeself = ["makeself", "--xz", "--complevel", "6", "--nox11", "--quiet", tree, place / "rival.run", "rival"]
    call(*makeself, "true", env=threads)


def peers(installer: Path, wheels: Path, prepared: Path) -> list[Peer]:
    """Our installer and its rivals."""

    def ours(folder: Path) -> None:
        call("sh", installer, "-b", "-p", folder)

    def tar(folder: Path) -> None:
        folder.mkdir()
        call("sh", "-c", f"zstd -q -d --long=25 -c '{prepared}/tree.tar.zst' | tar -x -C '{folder}'")

    def makeself(folder: Path) -> None:
        call("sh", prepared / "rival.run", "--noexec", "--quiet", "--nox11", "--target", folder)

    def uv(folder: Path) -> None:
        folder.mkdir()
        environment = {**os.environ, "UV_CACHE_DIR": str(folder / "cache")}
        command = [sys.executable, "-m", "uv"]
        call(*command, "venv", "-q", "--python", prepared / "tree" / "bin" / "python", folder / "venv", env=environment)
        options = ["--offline", "--no-deps", "--no-index", "--python", folder / "venv"]
        call(*command, "pip", "install", "-q", *options, *sorted(wheels.glob("*.whl")), env=environment)

    return [
        Peer("keel", ours),
        Peer("zstd -d | tar -x", tar),
        Peer("uv pip install, cold", uv),
        Peer("makeself xz", makeself),
    ]


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("installer", type=Path)
    parser.add_argument("--wheels", type=Path, required=True)
    options = parser.parse_args()
    prepared, disk = options.work / "prepared", options.work / "disk"
    for folder in (prepared, disk):
        remove(folder)
        folder.mkdir(parents=True)
    prepare(options.installer, prepared)
    competitors = peers(options.installer, options.wheels, prepared)
    with tmpfs(options.work / "tmpfs") as place:
        report("tmpfs", compare(competitors, place, options.rounds), "keel", GOALS)
    report("disk, with sync", compare(competitors, disk, options.rounds, sync=True), "keel", GOALS)
    remove(prepared)


if __name__ == "__main__":
    main()
