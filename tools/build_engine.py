"""Build the engine for all platforms, and the setup program for Windows, from this checkout's sources and pinned tools.

    python tools/build_engine.py [--platform NAME ...] [--program NAME]
                                                         build, and write installer_templates/engine/prebuilt/
    python tools/build_engine.py --check                 build elsewhere; exit 1 unless the committed bytes come out
    python tools/build_engine.py --check-sources         no build: exit 1 if a source changed since the last one
    python tools/build_engine.py --sanitize              one for this machine with gcc's address and undefined-behaviour
                                                         sanitizers; prints its path (for KEEL_TEST_ENGINE)

The compiler is the `ziglang` that pyproject.toml pins. zstd comes out of the source distribution of `zstandard`, pinned
here by hash and fetched by pip the way pip is configured; it is unpacked below .engine-build/ and never committed.
Whoever changes the version of one of them rebuilds all platforms.
"""

import argparse
import hashlib
import importlib.metadata
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from builder.platforms import PLATFORMS, Platform  # noqa: E402  # from this checkout, installed or not

ENGINE = ROOT / "installer_templates" / "engine"
SETUP = ROOT / "installer_templates" / "windows"
PREBUILT = ENGINE / "prebuilt"
RECORD = PREBUILT / "SOURCES.json"
BUILD = ROOT / ".engine-build"

ZSTANDARD = "0.25.0"
ZSTANDARD_SHA256 = "7713e1179d162cf5c7906da876ec2ccb9c3a9dcbdffef0cc7f70c3667a205f0b"
ZSTD_FILES = ("zstd.c", "zstd.h", "zstd_errors.h")

# The oldest macOS that the binaries start on.
MACOS = {"x86_64": "10.15", "arm64": "11.0"}

STRICT = ("-std=c11", "-Wall", "-Wextra", "-Wshadow", "-Werror")
# No debug information and no paths in the binaries; functions in sections, so that zstd's compressor is left out.
RELEASE = ("-O2", "-g0", "-DNDEBUG", "-ffunction-sections", "-fdata-sections", "-fno-ident")
SANITIZE = ("-O1", "-g", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Program:
    """One of the programs that are made here.

    name: its file name without `.exe`.  folders: where its sources lie.  without: files of the engine that it replaces.
    link: further words for the linker.  windows_only: it is made for Windows, where others are made for every platform.
    """

    name: str
    folders: tuple[Path, ...]
    without: frozenset[str] = frozenset()
    link: tuple[str, ...] = ()
    windows_only: bool = False

    def file_name(self, platform: Platform) -> str:
        return f"{self.name}.exe" if platform.is_windows else self.name

    def is_for(self, platform: Platform) -> bool:
        return platform.is_windows or not self.windows_only

    def sources(self) -> list[Path]:
        """What the program is made of, in a fixed order."""
        found = [path for folder in self.folders for path in [*folder.glob("*.c"), *folder.glob("*.h")]]
        return sorted(path for path in found if not (path.parent == ENGINE and path.name in self.without))

    def sources_for(self, platform: Platform) -> list[Path]:
        """The files to compile for a platform."""
        other = "os_posix" if platform.is_windows else "os_windows"
        return [path for path in self.sources() if path.suffix == ".c" and not path.name.startswith(other)]

    def sources_digest(self) -> str:
        """One hash of all sources and of everything else that decides the bytes."""
        lines = [f"{path.name} {sha256(path.read_bytes())}" for path in self.sources()]
        return sha256("\n".join([*lines, ZSTANDARD_SHA256, zig_version(), *STRICT, *RELEASE, *self.link]).encode())


KEEL_ENGINE = Program(name="keel-engine", folders=(ENGINE,))
# The libraries of Windows that a window needs; no build id, which would only be a section that says nothing.
_LIBRARIES = ("user32", "gdi32", "shell32", "ole32", "advapi32", "comctl32", "uuid")
KEEL_SETUP = Program(
    name="keel-setup",
    folders=(ENGINE, SETUP),
    without=frozenset({"main.c", "progress.c", "link.c", "joblist.c", "scan.c"}),
    link=("-municode", "-Wl,--subsystem,windows", *(f"-l{library}" for library in _LIBRARIES)),
    windows_only=True,
)
PROGRAMS = (KEEL_ENGINE, KEEL_SETUP)


def zig_version() -> str:
    return importlib.metadata.version("ziglang")


def run(command: Sequence[str | Path], cwd: Path | None = None) -> None:
    """Run a tool; what it printed is shown only if it failed."""
    words = [str(word) for word in command]
    result = subprocess.run(words, cwd=cwd, capture_output=True, text=True, check=False)
    if result.returncode:
        raise SystemExit(f"{' '.join(words)}\n{result.stdout}{result.stderr}failed with code {result.returncode}")


def fetch_zstd() -> Path:
    """The folder with zstd's single-file sources."""
    folder = BUILD / f"zstandard-{ZSTANDARD}"
    if all((folder / name).is_file() for name in ZSTD_FILES):
        return folder
    with tempfile.TemporaryDirectory(dir=made(BUILD)) as name:
        sdist = download_sdist(Path(name))
        with tarfile.open(sdist) as archive:
            for file in ZSTD_FILES:
                member = archive.extractfile(f"zstandard-{ZSTANDARD}/zstd/{file}")
                if member is None:
                    raise SystemExit(f"{sdist.name} does not hold zstd/{file}")
                (made(folder) / file).write_bytes(member.read())
    return folder


def download_sdist(folder: Path) -> Path:
    requirement = folder / "requirements.txt"
    requirement.write_text(f"zstandard=={ZSTANDARD} --hash=sha256:{ZSTANDARD_SHA256}\n", encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    run([*pip, "--no-deps", "--no-binary", "zstandard", "--require-hashes", "-r", requirement, "--dest", folder])
    return folder / f"zstandard-{ZSTANDARD}.tar.gz"


def made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def compile_and_link(
    compiler: Sequence[str | Path], flags: Sequence[str], link: Sequence[str], files: Iterable[Path], output: Path
) -> None:
    """Compile every file, and zstd's, and link them into `output`; the objects go beside it."""
    zstd = fetch_zstd()
    objects = made(output.parent / "objects")
    jobs: list[list[str | Path]] = [[*compiler, *flags, "-w", "-c", zstd / "zstd.c", "-o", objects / "zstd.o"]]
    jobs += [
        [*compiler, *flags, *STRICT, f"-I{ENGINE}", "-isystem", zstd, "-c", path, "-o", objects / f"{path.stem}.o"]
        for path in files
    ]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(run, jobs))
    run([*compiler, *flags, *[job[-1] for job in jobs], *link, "-o", output])


def build(program: Program, platform: Platform, folder: Path) -> Path:
    """A program for one platform, in a new folder below `folder`."""
    target = platform.zig_target
    link = ["-s"]
    if platform.system == "macos":
        target += f".{MACOS[platform.machine]}"
        link += ["-Wl,-dead_strip"]
    else:
        link += ["-static", "-Wl,--gc-sections"]
    output = made(folder / platform.name / program.name) / program.file_name(platform)
    compiler = [sys.executable, "-m", "ziglang", "cc", "-target", target]
    compile_and_link(compiler, RELEASE, [*link, *program.link], program.sources_for(platform), output)
    return output


def build_sanitized() -> Path:
    """The engine for this machine, with gcc's sanitizers."""
    output = made(BUILD / "sanitized") / "keel-engine"
    compile_and_link(["gcc"], SANITIZE, ["-pthread"], KEEL_ENGINE.sources_for(PLATFORMS["linux-x86_64"]), output)
    return output


# Platform -> file name -> the hashes of its sources and of itself.
Record = dict[str, dict[str, dict[str, str]]]


def read_record() -> Record:
    return json.loads(RECORD.read_text(encoding="utf-8"))["programs"] if RECORD.exists() else {}


def write_record(programs: Record) -> None:
    record = {
        "ziglang": zig_version(),
        "zstandard": ZSTANDARD,
        "zstandard_sha256": ZSTANDARD_SHA256,
        "programs": {name: dict(sorted(programs[name].items())) for name in sorted(programs)},
    }
    RECORD.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def publish(program: Program, platform: Platform, built: Path) -> None:
    """Copy a new program to its place, and note what it was made from."""
    name = program.file_name(platform)
    place = made(PREBUILT / platform.name) / name
    shutil.copyfile(built, place)
    place.chmod(0o755)
    record = read_record()
    fact = {"sources_sha256": program.sources_digest(), "binary_sha256": sha256(place.read_bytes())}
    record.setdefault(platform.name, {})[name] = fact
    write_record(record)
    print(f"{place.relative_to(ROOT)}: {place.stat().st_size:,} bytes")


def check_sources(wanted: Iterable[tuple[Program, Platform]]) -> list[str]:
    """What is wrong with the committed binaries, without building anything."""
    record, problems = read_record(), []
    for program, platform in wanted:
        name = program.file_name(platform)
        place = PREBUILT / platform.name / name
        fact = record.get(platform.name, {}).get(name)
        if fact is None or not place.is_file():
            problems.append(f"{platform.name}: there is no {name}")
        elif fact["sources_sha256"] != program.sources_digest():
            problems.append(f"{platform.name}: {name} was made from other sources")
        elif fact["binary_sha256"] != sha256(place.read_bytes()):
            problems.append(f"{platform.name}: {name} is not the one that was built")
        elif not place.stat().st_mode & 0o100:
            problems.append(f"{platform.name}: {name} is not executable")
    return problems


def check(wanted: Iterable[tuple[Program, Platform]]) -> list[str]:
    """Build everything in a folder of another name and compare with what is committed."""
    problems = []
    with tempfile.TemporaryDirectory(prefix="keel engine ") as folder:
        for program, platform in wanted:
            built = build(program, platform, Path(folder))
            place = PREBUILT / platform.name / built.name
            if not place.is_file() or place.read_bytes() != built.read_bytes():
                problems.append(f"{platform.name}: the committed {built.name} is not what comes out of the sources")
            else:
                print(f"{platform.name}: {built.name}: the same bytes")
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(description="Build the engine and the setup program.")
    parser.add_argument("--program", choices=[program.name for program in PROGRAMS])
    parser.add_argument("--platform", action="append", choices=sorted(PLATFORMS), metavar="NAME", dest="platforms")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true")
    mode.add_argument("--check-sources", action="store_true")
    mode.add_argument("--sanitize", action="store_true")
    arguments = parser.parse_args()
    platforms = [PLATFORMS[name] for name in arguments.platforms or PLATFORMS]
    programs = [program for program in PROGRAMS if arguments.program in (None, program.name)]
    wanted = [(program, platform) for program in programs for platform in platforms if program.is_for(platform)]
    if arguments.sanitize:
        print(build_sanitized())
        return 0
    problems: list[str] = []
    if arguments.check:
        problems = check(wanted)
    elif arguments.check_sources:
        problems = check_sources(wanted)
    else:
        for program, platform in wanted:
            publish(program, platform, build(program, platform, BUILD))
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    if problems:
        print("hint: python tools/build_engine.py, then commit installer_templates/engine/prebuilt", file=sys.stderr)
    return bool(problems)


if __name__ == "__main__":
    raise SystemExit(main())
