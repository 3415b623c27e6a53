"""`keel create` of an empty environment (pip included) against `uv venv --seed`, on a tmpfs.

    python benchmarks/create.py dist/Starter-*.sh

Needs root (tmpfs), uv, and an index that uv may use once to fill its cache; what is measured is uv offline. Before
Python 3.12 uv's seed packages are pip, setuptools and wheel, so pip alone, by two commands, is a further peer.
"""

import os
from pathlib import Path

from common import Peer, arguments, call, compare, remove, report, tmpfs
from uv import find_uv_bin

GOALS = {"uv venv --seed": 2.5, "uv venv, uv pip install pip": 2.5}


def peers(installer: Path, place: Path) -> list[Peer]:
    base = place / "base"
    call("sh", installer, "-b", "-p", base)
    environment = {**os.environ, "UV_CACHE_DIR": str(place / "cache")}
    uv = find_uv_bin()

    def keel(folder: Path) -> None:
        call(base / "cmd" / "keel", "create", "-p", folder, "-y")

    def seed(folder: Path, *options: str) -> None:
        call(uv, "venv", "-q", *options, "--seed", "--python", base / "bin/python", folder, env=environment)

    def pip(folder: Path) -> None:
        call(uv, "venv", "-q", "--offline", "--python", base / "bin/python", folder, env=environment)
        call(uv, "pip", "install", "-q", "--offline", "--python", folder, "pip", env=environment)

    seed(place / "run")
    remove(place / "run")
    return [
        Peer("keel", keel),
        Peer("uv venv --seed", lambda folder: seed(folder, "--offline")),
        Peer("uv venv, uv pip install pip", pip),
    ]


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("installer", type=Path)
    options = parser.parse_args()
    with tmpfs(options.work / "tmpfs") as place:
        report("tmpfs", compare(peers(options.installer, place), place, options.rounds), "keel", GOALS)


if __name__ == "__main__":
    main()
