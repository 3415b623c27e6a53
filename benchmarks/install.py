"""Installing against `zstd -d | tar -x`, `uv pip install` and makeself: the same files, on a tmpfs and on disk.

    python benchmarks/install.py dist/Data-science-*.sh --wheels FOLDER

Needs root (tmpfs), zstd, tar, makeself, uv. `--wheels`: the installer's wheels (benchmarks/wheels.py collects them).
"""

import os
import sys
from pathlib import Path

from common import Peer, arguments, call, compare, remove, report, tmpfs

GOALS = {"zstd -d | tar -x": 0.6, "uv pip install, cold": 0.4, "makeself xz": 0.15}


def peers(installer: Path, wheels: Path, place: Path) -> list[Peer]:
    """Our installer and its rivals, with what they unpack prepared in `place` from one installation."""
    tree = place / "tree"
    call("sh", installer, "-b", "-p", tree)
    call("sh", "-c", f"tar --sort=name -C '{tree}' -c . | zstd -q -19 --long=25 -T0 -o '{place}/tree.tar.zst'")
    threads = {**os.environ, "XZ_OPT": "-T0"}
    call("makeself", "--xz", "--nox11", "--quiet", tree, place / "rival.run", "rival", "true", env=threads)
    python = tree / "bin" / "python"
    call("sh", "-c", f"cp -a '{tree}' '{place}/interpreter'")
    remove(tree)

    def ours(folder: Path) -> None:
        call("sh", installer, "-b", "-p", folder)

    def tar(folder: Path) -> None:
        folder.mkdir()
        call("sh", "-c", f"zstd -q -d --long=25 -c '{place}/tree.tar.zst' | tar -x -C '{folder}'")

    def makeself(folder: Path) -> None:
        call("sh", place / "rival.run", "--noexec", "--quiet", "--nox11", "--target", folder)

    def uv(folder: Path) -> None:
        folder.mkdir()
        environment = {**os.environ, "UV_CACHE_DIR": str(folder / "cache")}
        base = place / "interpreter" / "bin" / python.name
        command = [sys.executable, "-m", "uv"]
        call(*command, "venv", "-q", "--python", base, folder / "venv", env=environment)
        call(
            *command,
            "pip",
            "install",
            "-q",
            "--offline",
            "--no-deps",
            "--no-index",
            "--python",
            folder / "venv",
            *sorted(wheels.glob("*.whl")),
            env=environment,
        )

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
    with tmpfs(options.work / "tmpfs", "16g") as place:
        report("tmpfs", compare(peers(options.installer, options.wheels, place), place, options.rounds), "keel", GOALS)
    disk = options.work / "disk"
    remove(disk)
    disk.mkdir(parents=True)
    seconds = compare(peers(options.installer, options.wheels, disk), disk, options.rounds, sync=True)
    report("disk, with sync", seconds, "keel", GOALS)
    remove(disk)


if __name__ == "__main__":
    main()
