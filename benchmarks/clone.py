"""`keel create --clone base` against `cp -al` of the same tree (the base's site-packages), on a tmpfs and on disk.

python benchmarks/clone.py dist/Data-science-*.sh
"""

from pathlib import Path

from common import Peer, arguments, call, compare, remove, report, tmpfs

GOALS = {"cp -al": 1.2}


def peers(installer: Path, place: Path) -> list[Peer]:
    base = place / "base"
    call("sh", installer, "-b", "-p", base)
    (library,) = (base / "lib").glob("python3*/site-packages")

    def keel(folder: Path) -> None:
        call(base / "cmd" / "keel", "create", "-p", folder, "--clone", "base", "-y")

    def copy(folder: Path) -> None:
        call("cp", "-al", library, folder)

    return [Peer("keel", keel), Peer("cp -al", copy)]


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("installer", type=Path)
    options = parser.parse_args()
    with tmpfs(options.work / "tmpfs") as place:
        report("tmpfs", compare(peers(options.installer, place), place, options.rounds), "keel", GOALS)
    disk = options.work / "disk"
    remove(disk)
    disk.mkdir(parents=True)
    report("disk, with sync", compare(peers(options.installer, disk), disk, options.rounds, sync=True), "keel", GOALS)
    remove(disk)


if __name__ == "__main__":
    main()
