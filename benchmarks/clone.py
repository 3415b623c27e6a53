"""`keel create --clone base` against `cp -al` and `uv pip install` with a warm cache, on a tmpfs and on disk.

    python benchmarks/clone.py dist/Data-science-*.sh --wheels FOLDER

Needs root (tmpfs) and uv. `--wheels`: a folder with the wheels of the base. `cp -al` gets the base's site-packages; uv
installs the same packages into a folder, linking from its cache; keel makes an environment, bytecode and all.
"""

import json
import os
from pathlib import Path

from common import Peer, arguments, call, compare, remove, report, tmpfs
from uv import find_uv_bin

GOALS = {"cp -al": 1.0, "uv pip install, warm": 1.2}


def base_wheels(base: Path, wheels: Path) -> list[Path]:
    """The files of the wheels that the base consists of."""
    units = json.loads((base / "keel-meta/manifest.json").read_text(encoding="utf-8"))["units"]
    return [wheels / unit["wheel"] for unit in units if unit["base"]]


def peers(installer: Path, wheels: Path, place: Path) -> list[Peer]:
    base = place / "base"
    call("sh", installer, "-b", "-p", base)
    (library,) = (base / "lib").glob("python3*/site-packages")
    environment = {**os.environ, "UV_CACHE_DIR": str(place / "cache")}
    options = ["--offline", "--no-deps", "--no-index", "--python", base / "bin/python", *base_wheels(base, wheels)]

    def keel(folder: Path) -> None:
        call(base / "cmd" / "keel", "create", "-p", folder, "--clone", "base", "-y")

    def copy(folder: Path) -> None:
        call("cp", "-al", library, folder)

    def uv(folder: Path) -> None:
        call(find_uv_bin(), "pip", "install", "-q", "--target", folder, *options, env=environment)

    uv(place / "run")  # fills the cache
    remove(place / "run")
    return [Peer("keel", keel), Peer("cp -al", copy), Peer("uv pip install, warm", uv)]


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("installer", type=Path)
    parser.add_argument("--wheels", type=Path, required=True)
    options = parser.parse_args()
    with tmpfs(options.work / "tmpfs") as place:
        seconds = compare(peers(options.installer, options.wheels, place), place, options.rounds)
        report("tmpfs", seconds, "keel", GOALS)
    disk = options.work / "disk"
    remove(disk)
    disk.mkdir(parents=True)
    seconds = compare(peers(options.installer, options.wheels, disk), disk, options.rounds, sync=True)
    report("disk, with sync", seconds, "keel", GOALS)
    remove(disk)


if __name__ == "__main__":
    main()
