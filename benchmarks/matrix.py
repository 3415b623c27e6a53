r"""A matrix against its parts: `data-science` for five platforms and two Pythons in one command, and each target alone.

    python benchmarks/matrix.py --python ~/.pyenv/versions/3.11.7 --python ~/.pyenv/versions/3.12.1 \
        [--downloads ~/.cache/keel/downloads] [--recipe recipes/starter.yaml] [--compression fast] [--sample 3]

Wheels and interpreters come from the cache in every case (the network is not ours to measure), locks are there, and
what is cold are the frames. The interpreter of the host's platform is a copy of this machine's Pythons; those of the
other platforms are the same libraries behind a program that says that it is for another machine, so that none is
shared, as none would be. `--sample N` builds N of the targets alone and takes their mean for the others.
"""

import argparse
import os
import re
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from common import arguments, call, remove

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import zstandard  # noqa: E402

from builder.cache import Cache  # noqa: E402
from builder.fetch import Fetcher  # noqa: E402
from builder.frames import COMPRESSIONS, Frame  # noqa: E402
from builder.lock import Lock, read_lock  # noqa: E402
from builder.packing import Packer  # noqa: E402
from builder.report import SilentReporter  # noqa: E402
from builder.settings import available_cores, current_host  # noqa: E402
from builder.units import WheelUnit  # noqa: E402
from tests.unit.interpreters.elves import write_elf  # noqa: E402
from tests.unit.interpreters.windows_trees import make_complete  # noqa: E402

GOAL_COLD, GOAL_WARM, GOAL_ZSTD, GOAL_MEMORY = 0.6, 0.05, 1.15, 1000.0
PLATFORMS = ("linux-x86_64", "linux-aarch64", "macos-x86_64", "macos-arm64", "windows-x86_64")
_MACH_O = {"macos-x86_64": b"\xcf\xfa\xed\xfe\x07\0\0\1", "macos-arm64": b"\xcf\xfa\xed\xfe\x0c\0\0\1"}


def verdict(what: str, value: float, goal: float) -> None:
    print(f"  {what}: {value:.3f}; goal {goal:g}: {'met' if value <= goal else 'MISSED'}", flush=True)


def stand_in(python: Path, platform: str, folder: Path) -> None:
    """A tree for `platform` in `folder`, with the standard library of `python` (a prefix of this machine)."""
    version = subprocess.run(
        [python / "bin/python3", "-c", "import sys; print(sys.version.split()[0])"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    minor = version.rpartition(".")[0]
    leave_out = shutil.ignore_patterns("site-packages", "__pycache__", "test", "*.a", "config-*", "lib-dynload")
    library = python / "lib" / f"python{minor}"
    if platform.startswith("windows"):
        make_complete(folder, version=version)
        shutil.copytree(library, folder / "Lib", ignore=leave_out, dirs_exist_ok=True)
        return
    shutil.copytree(library, folder / "lib" / library.name, ignore=leave_out)
    shutil.copytree(python / "include", folder / "include")
    program = folder / "bin" / f"python{minor}"
    if platform in _MACH_O:
        program.parent.mkdir()
        program.write_bytes(_MACH_O[platform] + bytes(64))
    else:
        write_elf(
            program, machine=platform.partition("-")[2], loader="/lib64/ld-linux-x86-64.so.2", versions=["GLIBC_2.17"]
        )


def make_recipe(options: argparse.Namespace, pythons: dict[str, Path]) -> Path:
    """The recipe for all targets, each with an interpreter of its own."""
    host = current_host().platform_name
    for minor, python in pythons.items():
        for platform in PLATFORMS:
            place = options.work / "pythons" / f"{platform}-{minor}"
            if platform != host and not place.exists():
                stand_in(python, platform, place)
        link = options.work / "pythons" / f"{host}-{minor}"
        if not link.exists():
            link.symlink_to(python)
    text = options.recipe.read_text("utf-8")
    text = re.sub(r"(?m)^(python|platforms|interpreter|compression):.*\n", "", text)
    recipe: Path = options.work / options.recipe.name
    recipe.write_text(
        f"{text}\npython: {list(pythons)}\nplatforms: {list(PLATFORMS)}\ncompression: {options.compression}\n"
        "interpreter: {path: 'pythons/{{ platform }}-{{ python }}'}\n",
        encoding="utf-8",
    )
    return recipe


@dataclass(frozen=True)
class Cost:
    """seconds: as the clock says.  cpu: of all processes."""

    seconds: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.seconds:.1f} s ({self.cpu:.1f} s of CPU)"


def build(recipe: Path, work: Path, *more: str) -> Cost:
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "builder", "build", recipe, "--output", work / "dist", "--cache", work / "cache"]
    call(*command, *more, env={**os.environ, "PYTHONPATH": str(ROOT)})
    return Cost(time.perf_counter() - started, _cpu(resource.RUSAGE_CHILDREN, before))


def compare_with_zstd(locks: list[Lock], work: Path, compression: str, limit: int) -> None:
    """CPU time of packing wheels, unzipping and all, against zstd's for the bytes that come out of it."""
    cache = Cache(work / "cache")
    units, total = [], 0
    for wheel in sorted({wheel for lock in locks for wheel in lock.wheels}, key=lambda wheel: -(wheel.size or 0)):
        path = wheel.path or cache.file("downloads", wheel.sha256)
        if path is not None and total + (wheel.size or 0) <= limit:
            units.append(WheelUnit(locked=wheel, wheel=path, base=False, requested=False))
            total += wheel.size or 0
    scratch = Cache(work / "scratch")
    remove(scratch.root)
    before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    with Packer(scratch, available_cores()) as packer:
        packings = packer.submit([unit.store_slice() for unit in units], COMPRESSIONS[compression], "benchmark")
        frames = [frame for packing in packings for frame in packing.result()]
    ours, wall = _cpu(resource.RUSAGE_SELF, before), time.perf_counter() - started
    theirs, rivals = _zstd(frames, work / "raw", COMPRESSIONS[compression].level)
    raw = sum(frame.raw for frame in frames) / 1e6
    print(
        f"packing {raw:.0f} MB, {compression}: {ours:.1f} s of CPU, {wall:.1f} s; zstd: {theirs:.1f} s, {rivals:.1f} s"
    )
    verdict("CPU time / zstd's", ours / theirs, GOAL_ZSTD)
    verdict("elapsed time / zstd's, one process a core", wall / rivals, GOAL_ZSTD)
    print(f"  cores kept busy: {ours / wall:.2f} of {available_cores()}")


def _zstd(frames: list[Frame], folder: Path, level: int) -> tuple[float, float]:
    """(CPU seconds, seconds) of `zstd`, a process for each frame, one a core at a time."""
    remove(folder)
    folder.mkdir()
    files = list(_unpacked(frames, folder))
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with ThreadPoolExecutor(available_cores()) as pool:
        list(pool.map(lambda file: call("zstd", "-q", "--ultra", f"-{level}", "--single-thread", "-k", file), files))
    return _cpu(resource.RUSAGE_CHILDREN, before), time.perf_counter() - started


def _unpacked(frames: list[Frame], folder: Path) -> Iterator[Path]:
    for number, frame in enumerate(sorted(frames, key=lambda frame: -frame.raw)):
        file = folder / f"{number}.tar"
        with frame.file.open("rb") as source, file.open("wb") as target:
            zstandard.ZstdDecompressor(max_window_size=2**25).copy_stream(source, target)
        yield file


def _cpu(who: int, before: resource.struct_rusage) -> float:
    now = resource.getrusage(who)
    return now.ru_utime + now.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--recipe", type=Path, default=ROOT / "recipes" / "data-science.yaml")
    parser.add_argument("--compression", choices=("best", "fast"), default="best")
    parser.add_argument("--downloads", type=Path, help="a cache's downloads, to begin with")
    parser.add_argument("--python", dest="pythons", action="append", type=Path, help="a prefix of this machine [twice]")
    parser.add_argument("--sample", type=int, help="how many targets are built alone [default: all]")
    parser.add_argument("--zstd-bytes", type=int, default=60_000_000, help="of wheels, for the comparison with zstd")
    parser.add_argument("--only-zstd", action="store_true")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    if options.downloads:
        shutil.copytree(options.downloads, options.work / "cache" / "downloads", dirs_exist_ok=True)
    pythons = {re.sub(r".*?(3\.\d+).*", r"\1", python.name): python for python in options.pythons}
    recipe = make_recipe(options, pythons)
    prepare = [sys.executable, "-m", "builder", "lock", recipe, "--cache", options.work / "cache"]
    call(*prepare, env={**os.environ, "PYTHONPATH": str(ROOT)})
    locks = [read_lock(path) for path in sorted(options.work.glob("pylock.*.toml"))]
    cache = Cache(options.work / "cache")
    Fetcher(cache, SilentReporter()).fetch([download for lock in locks for download in lock.downloads])
    frames = cache.root / "frames"
    if not options.only_zstd:
        compare_builds(recipe, options, pythons, frames)
    compare_with_zstd(locks, options.work, options.compression, options.zstd_bytes)


def compare_builds(recipe: Path, options: argparse.Namespace, pythons: dict[str, Path], frames: Path) -> None:
    remove(frames)
    cold = build(recipe, options.work)
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    warm = build(recipe, options.work)
    targets = [(minor, platform) for platform in PLATFORMS for minor in pythons]
    alone = []
    for minor, platform in targets[: options.sample]:
        remove(frames)
        alone.append(build(recipe, options.work, "--python", minor, "--platform", platform))
    times = len(targets) / len(alone)
    total = Cost(sum(one.seconds for one in alone) * times, sum(one.cpu for one in alone) * times)
    print(f"{len(targets)} targets, {options.compression}: together {cold}, again {warm}, alone {total}", flush=True)
    print(f"  alone, {len(alone)} measured: {', '.join(map(str, alone))}")
    verdict("together / alone", cold.seconds / total.seconds, GOAL_COLD)
    verdict("again / together", warm.seconds / cold.seconds, GOAL_WARM)
    print(f"  the same in CPU time: {cold.cpu / total.cpu:.3f} and {warm.cpu / cold.cpu:.3f}")
    verdict("peak memory of the builder, MB", memory, GOAL_MEMORY)


if __name__ == "__main__":
    main()
