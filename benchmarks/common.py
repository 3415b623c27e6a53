"""What the benchmarks share: rounds in turn, medians, ratios. Disks are noisy, so runs belong on a tmpfs."""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Peer:
    """One way to do the job. run: does it once, into a folder that does not exist yet."""

    name: str
    run: Callable[[Path], None]


def compare(peers: list[Peer], place: Path, rounds: int, *, sync: bool = False) -> dict[str, float]:
    """Median seconds of each peer over `rounds`, all peers in turn within a round; `sync` is part of the time."""
    times: dict[str, list[float]] = {peer.name: [] for peer in peers}
    for _ in range(rounds):
        for peer in peers:
            folder = place / "run"
            os.sync()
            started = time.perf_counter()
            peer.run(folder)
            if sync:
                os.sync()
            times[peer.name].append(time.perf_counter() - started)
            remove(folder)
    return {name: statistics.median(values) for name, values in times.items()}


def remove(folder: Path) -> None:
    if folder.exists():
        subprocess.run(["chmod", "-R", "u+w", folder], check=False)
        shutil.rmtree(folder)


def call(*command: object, env: Mapping[str, str] | None = None) -> None:
    """Run a program quietly; its output is shown only when it fails."""
    done = subprocess.run([str(word) for word in command], env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command} failed:\n{done.stdout}{done.stderr}")


@contextmanager
def tmpfs(place: Path, size: str = "8g") -> Iterator[Path]:
    """A fresh tmpfs at `place` (needs root)."""
    place.mkdir(parents=True, exist_ok=True)
    call("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place)
    try:
        yield place
    finally:
        call("umount", "-l", place)


def report(title: str, seconds: Mapping[str, float], ours: str, goals: Mapping[str, float]) -> None:
    """A line for each peer: our time as a ratio of its, and the goal."""
    print(f"\n{title}: {ours} {seconds[ours]:.2f} s")
    for peer, goal in goals.items():
        ratio = seconds[ours] / seconds[peer]
        verdict = "met" if ratio <= goal else "MISSED"
        print(f"  {ratio:5.2f} x {peer} ({seconds[peer]:.2f} s); goal {goal}: {verdict}")


def peak_memory_of_children() -> float:
    """MB: the largest resident set of any finished child so far."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def arguments(description: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--work", type=Path, default=Path("/tmp/keel-benchmarks"), help="folder for everything")
    return parser
