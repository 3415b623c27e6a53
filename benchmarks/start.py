"""How long keel takes to say something: `keel --help` and `keel env list` against starting the base's Python once.

    python benchmarks/start.py dist/Starter-*.sh

Needs root (tmpfs). Twenty environments are listed.
"""

from pathlib import Path

from common import Peer, arguments, call, compare, report, tmpfs

BARE = "python -c pass"
GOALS = {"keel --help": 1.0, "keel env list": 3.0}


def peers(installer: Path, place: Path) -> list[Peer]:
    base = place / "base"
    call("sh", installer, "-b", "-p", base)
    keel = base / "cmd" / "keel"
    for number in range(20):
        call(keel, "create", "-n", f"env-{number}", "--no-pip")

    def bare(_: Path) -> None:
        call(base / "bin/python", "-c", "pass")

    def help_(_: Path) -> None:
        call(keel, "--help")

    def listing(_: Path) -> None:
        call(keel, "env", "list")

    return [Peer(BARE, bare), Peer("keel --help", help_), Peer("keel env list", listing)]


def main() -> None:
    parser = arguments(__doc__)
    parser.set_defaults(rounds=25)
    parser.add_argument("installer", type=Path)
    options = parser.parse_args()
    with tmpfs(options.work / "tmpfs") as place:
        seconds = compare(peers(options.installer, place), place, options.rounds)
    for name, goal in GOALS.items():
        report(f"{name} ({1000 * seconds[name]:.1f} ms)", seconds, name, {BARE: goal})


if __name__ == "__main__":
    main()
