"""Installing our .exe against an NSIS installer of the same tree, silently under Wine; the sizes of both.

    python benchmarks/windows.py dist/Starter-*-Windows-x86_64.exe

Needs wine64, nsis (its 64-bit stub is used, with solid LZMA). The recipe should say `compression: best`.
"""

from pathlib import Path

from common import Peer, arguments, call, compare, remove, report

GOAL_TIME = 0.5
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
        return "C:\\" + str(place.relative_to(self.drive)).replace("/", "\\")

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


def report_size(what: str, size: float, goal: float, unit: str) -> None:
    print(f"{what}: {size:.6g}{unit}; goal {goal}: {'met' if size <= goal else 'MISSED'}")


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("installer", type=Path)
    options = parser.parse_args()
    root = options.work / "windows"
    remove(root)
    windows = Windows(root)
    windows.start()
    try:
        rival = make_rival(windows, options.installer)
        seconds = compare(peers(windows, options.installer, rival), windows.drive, options.rounds)
    finally:
        windows.stop()
    report(f"installing, median of {options.rounds}", seconds, "keel", {NSIS: GOAL_TIME})
    sizes = [file.stat().st_size for file in (options.installer, rival)]
    print(f"sizes: ours {sizes[0] / 1e6:.1f} MB, {NSIS} {sizes[1] / 1e6:.1f} MB")
    report_size("  ours / the rival's", round(sizes[0] / sizes[1], 3), GOAL_SIZE, "")
    for program in sorted((Path(__file__).resolve().parent.parent / _PROGRAMS).glob("windows-*/keel-setup.exe")):
        report_size(f"  {program.parent.name} without payload", program.stat().st_size, GOAL_PROGRAM, " bytes")
    remove(root)


if __name__ == "__main__":
    main()
