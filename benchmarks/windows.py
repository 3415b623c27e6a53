"""Installing our .exe against an NSIS installer of the same tree, silently under Wine, on a tmpfs and on disk; sizes.
And how long the wizard takes to show its first page with a small and a very large payload.

    sudo chrt -f 50 python benchmarks/windows.py dist/Starter-*-Windows-x86_64.exe

Needs root (tmpfs), wine64, nsis (its 64-bit stub is used, with solid LZMA), xvfb, xdotool. The recipe should say
`compression: best`. With a real-time priority other work does not count: ours asks Wine's server for every file, which
waits for its turn otherwise, where NSIS mostly decompresses.
"""

import os
import shutil
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from common import Peer, arguments, call, compare, remove, report, tmpfs

GOAL_TIME = 0.5
GOAL_START = 1.1  # a payload of 3 GB / one of 30 MB
LARGE = 3 * 10**9  # bytes
GOAL_SIZE = 1.1
GOAL_PROGRAM = 600_000  # bytes
NSIS = "NSIS, solid LZMA"
_PROGRAMS = Path("installer_templates") / "engine" / "prebuilt"
_WINE = ("/usr/lib/wine/wine64", "/usr/lib/wine/wineserver64")
# What our installer does besides unpacking is left out on both sides: no registry, no shortcuts.
_OPTIONS = ("/S", "/NoRegistry=1", "/NoShortcuts=1")
_SCRIPT = """\
Target amd64-unicode
Unicode true
SetCompressor /SOLID lzma
Name rival
OutFile "{setup}"
RequestExecutionLevel user
Section
  SetOutPath "$INSTDIR"
  File /r "{tree}/*"
SectionEnd
"""


class Windows:
    """A Wine in a folder of its own; its server stays, as starting it takes seconds that are nobody's."""

    def __init__(self, root: Path) -> None:
        self.drive = root / "prefix" / "drive_c"
        self.env = {
            "HOME": str(root),
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "WINEPREFIX": str(root / "prefix"),
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "winemenubuilder.exe=d;mscoree=d;mshtml=d",
        }
        self.drive.parent.mkdir(parents=True)

    def start(self) -> None:
        # What stays must not inherit the pipes that `call` reads to their end.
        quietly = ("sh", "-c", 'exec "$@" </dev/null >/dev/null 2>&1', "sh")
        call(*quietly, _WINE[1], "--persistent", env=self.env)
        call(*quietly, _WINE[0], "wineboot", "--init", env=self.env)
        self.run("reg", "add", r"HKCU\Software\Wine", "/v", "Version", "/d", "win10", "/f")

    def run(self, *words: object) -> None:
        call(_WINE[0], *words, env=self.env)

    def path(self, place: Path) -> str:
        if place.is_relative_to(self.drive):
            return "C:\\" + str(place.relative_to(self.drive)).replace("/", "\\")
        return "Z:" + str(place).replace("/", "\\")

    def stop(self) -> None:
        call(_WINE[1], "--kill", env=self.env)


def make_rival(windows: Windows, installer: Path) -> Path:
    """An NSIS installer of what ours installs, names of the same file as files of their own, as NSIS has no links."""
    tree, setup, script = (windows.drive / name for name in ("tree", "rival.exe", "rival.nsi"))
    windows.run(installer, *_OPTIONS, f"/D={windows.path(tree)}")
    script.write_text(_SCRIPT.format(setup=setup, tree=tree), encoding="utf-8")
    call("makensis", "-V1", "-INPUTCHARSET", "UTF8", script)
    remove(tree)
    return setup


def peers(windows: Windows, installer: Path, rival: Path) -> list[Peer]:
    def ours(folder: Path) -> None:
        windows.run(installer, *_OPTIONS, f"/D={windows.path(folder)}")

    def nsis(folder: Path) -> None:
        windows.run(rival, "/S", f"/D={windows.path(folder)}")

    return [Peer("keel", ours), Peer(NSIS, nsis)]


@contextmanager
def screen() -> Iterator[str]:
    """An X server of its own; gives its name."""
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-nolisten", "tcp"], pass_fds=[write], stderr=subprocess.DEVNULL
    )
    os.close(write)
    try:
        with os.fdopen(read) as numbers:
            yield f":{numbers.readline().strip()}"
    finally:
        server.terminate()
        server.wait(10)


def first_page(windows: Windows, installer: Path, display: str) -> float:
    """Seconds until the wizard's window is there."""
    env = {**windows.env, "DISPLAY": display}
    null = subprocess.DEVNULL
    search = ("xdotool", "search", "--onlyvisible", "--name", "Setup$")
    started = time.perf_counter()
    wizard = subprocess.Popen([_WINE[0], installer], env=env, stdin=null, stdout=null, stderr=null)
    while subprocess.run(search, env=env, stdout=null, stderr=null, check=False).returncode:
        if wizard.poll() is not None or time.perf_counter() - started > 120:
            raise SystemExit(f"{installer} shows no window")
        time.sleep(0.01)
    seconds = time.perf_counter() - started
    while wizard.poll() is None:
        subprocess.run(["xdotool", "key", "Escape"], env=env, stderr=null, check=False)
        time.sleep(0.2)
    return seconds


def compare_start(windows: Windows, installer: Path, rounds: int) -> None:
    """Our installer, and the same with zeros behind it up to LARGE bytes: a file with holes, read if anybody does."""
    large = windows.drive / "large.exe"
    shutil.copyfile(installer, large)
    os.truncate(large, LARGE)
    times: dict[Path, list[float]] = {installer: [], large: []}
    windows.stop()  # no program that was started without a screen may lend its desktop
    with screen() as display:
        for file in [installer, large] * (rounds + 1):
            times[file].append(first_page(windows, file, display))
    small, big = (statistics.median(values[1:]) for values in times.values())  # the first one starts Wine
    print(f"\nfirst page of the wizard, median of {rounds}: {small:.2f} s; of {LARGE / 1e9:.0f} GB: {big:.2f} s")
    print(f"  {big / small:5.2f} x; goal {GOAL_START}: {'met' if big / small <= GOAL_START else 'MISSED'}")


def report_size(what: str, size: float, goal: float, unit: str) -> None:
    print(f"{what}: {size:.6g}{unit}; goal {goal}: {'met' if size <= goal else 'MISSED'}")


def measure(windows: Windows, installer: Path, disk: Path, rounds: int) -> list[int]:
    """Print all times; gives the sizes of our installer and of the rival's."""
    rival = make_rival(windows, installer)
    disk.mkdir(parents=True, exist_ok=True)
    for title, place in (("tmpfs", windows.drive), ("disk", disk)):
        seconds = compare(peers(windows, installer, rival), place, rounds)
        report(f"installing, {title}, median of {rounds}", seconds, "keel", {NSIS: GOAL_TIME})
    compare_start(windows, installer, rounds)
    return [file.stat().st_size for file in (installer, rival)]


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("installer", type=Path)
    options = parser.parse_args()
    with tmpfs(options.work / "tmpfs") as place:
        windows = Windows(place / "windows")
        windows.start()
        try:
            sizes = measure(windows, options.installer.resolve(), options.work / "disk", options.rounds)
        finally:
            windows.stop()
    print(f"sizes: ours {sizes[0] / 1e6:.1f} MB, {NSIS} {sizes[1] / 1e6:.1f} MB")
    report_size("  ours / the rival's", round(sizes[0] / sizes[1], 3), GOAL_SIZE, "")
    for program in sorted((Path(__file__).resolve().parent.parent / _PROGRAMS).glob("windows-*/keel-setup.exe")):
        report_size(f"  {program.parent.name} without payload", program.stat().st_size, GOAL_PROGRAM, " bytes")


if __name__ == "__main__":
    main()
