"""`keel activate` and `keel deactivate` together against one start of the base's Python, in each shell that is there.

python benchmarks/activate.py dist/Starter-*.sh
"""

import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from common import arguments, call, remove

GOAL_MS = 2.0
GOAL_RATIO = 0.1
TIMES = 200
SOURCE = '. "$0/etc/profile.d/keel.sh"; i=0; while [ $i -lt {times} ]; do {body}; i=$((i + 1)); done'
FISH = "source $argv[1]/etc/profile.d/keel.fish; for i in (seq {times}); {body}; end"
BOTH = "keel activate work; keel deactivate"
SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-c"], SOURCE),
    "zsh": (["zsh", "-f", "-c"], SOURCE),
    "dash": (["dash", "-c"], SOURCE),
    "ksh": (["ksh", "-c"], SOURCE),
    "fish": (["fish", "--no-config", "-c"], FISH),
}


def median(rounds: int, run: Callable[[], object]) -> float:
    """Seconds."""
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return sorted(times)[len(times) // 2]


def of_a_pair(shell: str, base: Path, rounds: int) -> float:
    """Seconds of one activation and deactivation: many of them, less the same loop without."""
    command, script = SHELLS[shell]

    def seconds(body: str) -> float:
        words = [*command, script.format(times=TIMES, body=body), str(base)]
        return median(rounds, lambda: subprocess.run(words, check=True))

    return (seconds(BOTH) - seconds("true")) / TIMES


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("installer", type=Path)
    options = parser.parse_args()
    remove(options.work)
    base = options.work / "base"
    base.parent.mkdir(parents=True)
    call("sh", options.installer, "-b", "-p", base)
    call(base / "cmd" / "keel", "create", "-n", "work")
    python = median(options.rounds * 4, lambda: subprocess.run([base / "bin" / "python", "-c", ""], check=True))
    print(f"one start of the base's python: {python * 1000:.1f} ms; goals {GOAL_MS} ms and {GOAL_RATIO} x")
    for shell in SHELLS:
        if shutil.which(shell):
            seconds = of_a_pair(shell, base, options.rounds)
            verdict = "met" if seconds * 1000 <= GOAL_MS and seconds / python <= GOAL_RATIO else "MISSED"
            print(f"  {shell:<5} {seconds * 1000:5.2f} ms, {seconds / python:.3f} x: {verdict}")
    remove(options.work)


if __name__ == "__main__":
    main()
