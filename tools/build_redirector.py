"""Build the python.exe and pythonw.exe of environments on Windows, with the compiler of tools/build_engine.py.

    python tools/build_redirector.py                     build, and write prebuilt/ beside the source
    python tools/build_redirector.py --check             build elsewhere; exit 1 unless the committed bytes come out
    python tools/build_redirector.py --check-sources     no build: exit 1 if the source changed since the last one
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from build_engine import PLATFORMS, ROOT, STRICT, Platform, made, run, sha256, zig_version

FOLDER = ROOT / "installer_templates" / "windows" / "redirector"
SOURCE = FOLDER / "redirector.c"
PREBUILT = FOLDER / "prebuilt"
RECORD = PREBUILT / "SOURCES.json"
# Name of the program, its subsystem, and what the source is told.
PROGRAMS = {
    "python.exe": ("console", ['-DPROGRAM="python.exe"']),
    "pythonw.exe": ("windows", ['-DPROGRAM="pythonw.exe"', "-DGUI"]),
}
# No C runtime, hence none of its helpers; frames are smaller than a page.
FLAGS = ("-Os", "-g0", "-fno-ident", "-fno-builtin", "-fno-stack-protector", "-mno-stack-arg-probe")
LINK = ("-nostdlib", "-s", "-Wl,--entry,start")
LIBRARIES = ("-lkernel32", "-luser32")
LARGEST = 60 * 1024


def platforms() -> list[Platform]:
    return [platform for platform in PLATFORMS.values() if platform.is_windows]


def sources_digest() -> str:
    """One hash of everything that decides the bytes."""
    words = [zig_version(), *STRICT, *FLAGS, *LINK, *LIBRARIES, json.dumps(PROGRAMS)]
    return sha256("\n".join([sha256(SOURCE.read_bytes()), *words]).encode())


def build(platform: Platform, name: str, folder: Path) -> Path:
    """One of the programs, in a new folder below `folder`."""
    subsystem, defines = PROGRAMS[name]
    output = made(folder / platform.name) / name
    compiler = [sys.executable, "-m", "ziglang", "cc", "-target", platform.zig_target]
    object_file = output.with_suffix(".o")
    run([*compiler, *FLAGS, *STRICT, *defines, "-c", SOURCE, "-o", object_file])
    run([*compiler, *LINK, f"-Wl,--subsystem,{subsystem}", object_file, *LIBRARIES, "-o", output])
    output.write_bytes(without_time(output.read_bytes()))
    if output.stat().st_size > LARGEST:
        raise SystemExit(f"{output} is larger than {LARGEST} bytes")
    return output


def without_time(program: bytes) -> bytes:
    """The program with no TimeDateStamp (https://learn.microsoft.com/windows/win32/debug/pe-format)."""
    place = int.from_bytes(program[60:64], "little") + 8
    return program[:place] + bytes(4) + program[place + 4 :]


def publish() -> None:
    """Build everything into its place, and note what it was made from."""
    binaries = {}
    with tempfile.TemporaryDirectory(prefix="keel redirector ") as temporary:
        for platform in platforms():
            for name in PROGRAMS:
                data = build(platform, name, Path(temporary)).read_bytes()
                (made(PREBUILT / platform.name) / name).write_bytes(data)
                binaries[f"{platform.name}/{name}"] = sha256(data)
                print(f"{platform.name}/{name}: {len(data):,} bytes")
    record = {"ziglang": zig_version(), "sources_sha256": sources_digest(), "binaries": binaries}
    RECORD.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def check_sources() -> list[str]:
    """What is wrong with the committed binaries, without building anything."""
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    if record["sources_sha256"] != sources_digest():
        return ["the redirectors were made from another source"]
    found = {name: PREBUILT / name for name in record["binaries"]}
    return [
        f"{name}: not the redirector that was built"
        for name, path in found.items()
        if not path.is_file() or sha256(path.read_bytes()) != record["binaries"][name]
    ]


def check() -> list[str]:
    """Build everything in a folder of another name and compare with what is committed."""
    with tempfile.TemporaryDirectory(prefix="keel redirector ") as temporary:
        return [
            f"{platform.name}/{name}: the committed redirector is not what comes out of the source"
            for platform in platforms()
            for name in PROGRAMS
            if build(platform, name, Path(temporary)).read_bytes() != (PREBUILT / platform.name / name).read_bytes()
        ]


def main() -> int:
    parser = argparse.ArgumentParser(description="Build the redirectors.")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true")
    mode.add_argument("--check-sources", action="store_true")
    arguments = parser.parse_args()
    if not (arguments.check or arguments.check_sources):
        publish()
        return 0
    problems = check() if arguments.check else check_sources()
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    if problems:
        print("hint: python tools/build_redirector.py, then commit what it wrote", file=sys.stderr)
    return bool(problems)


if __name__ == "__main__":
    raise SystemExit(main())
