"""Fuzz the engine's parsers (head, index, tar, links) for a bounded time, under address and UB sanitizers.

    python tools/fuzz_engine.py [--seconds 20] [--compiler gcc|clang]

With gcc, the driver beside the target mutates the corpus, with a fixed seed; with clang, libFuzzer does, guided by
coverage. The corpus is made here: a good head, index and list, and tars as the builder writes them. Exits 1 after a
crash, and says where the input lies.
"""

import argparse
import io
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import build_engine

FUZZ = build_engine.ENGINE / "fuzz"
PARSERS = ("payload.c", "tar.c", "joblist.c", "path.c", "text.c", "failure.c", "sha256.c")
SETUP_PARSERS = ("pe.c", "lines.c", "facts.c", "record.c", "options.c")


def corpus() -> dict[str, bytes]:
    """Name -> input; the first byte tells the target which parser gets the rest."""
    head = struct.pack("<8sIIQ32s8x", b"\x89KEEL\r\n\x1a", 1, 300, 1000, bytes(32))
    lines = ["name Starter è", "version 2026.11", "python 3.11.7", "platform linux-x86_64", "files 4", "bytes 9"]
    lines += ["longest 30", "marker keel-meta/manifest.json"]

    def index(offset: int) -> bytes:
        frames = [
            f"frame {'ab' * 32} {offset} 600 2048 0 numpy-2.4",
            f"frame {'cd' * 32} {offset + 600} 400 1024 1 meta",
        ]
        return "".join(f"{line}\n" for line in [*lines, *frames, "end"]).encode()

    offset = 64 + len(index(100))
    tar = example_tar()
    return {
        "head": b"\0" + head,
        "index": b"\1" + struct.pack("<Q", 1000) + index(offset),
        "tar": b"\2" + tar,
        "tar-windows": b"\3" + tar,
        "links": b"\4" + example_list(),
    }


def setup_corpus() -> dict[str, bytes]:
    """The same for the setup program's parsers."""
    program = build_engine.PREBUILT / "windows-x86_64" / "keel-setup.exe"
    facts = [
        "id=Starter", "title=Starter", "version=1", "company=", "homepage=", "python=3.11.7", "label=Windows-x86_64",
        "prefix_me=~/x", "prefix_all=%ProgramFiles%/x", "add_to_path=0", "register_python=1", "license=0", "picture=1",
        "shortcut=A\tScripts/a.exe\t-x\t", "shortcut=B\tb.exe\t\tb.ico",
    ]  # fmt: skip
    record = [
        "schema=1", "title=Starter", "version=1", "prefix=C:/x", "all_users=0", "shells=0", "arp_key=Software\\x",
        "python_key=", "menu=C:/m", "path=C:\\x", "shortcut=C:/m/a.lnk", "name=python.exe", "name=keel-meta",
    ]  # fmt: skip
    line = '"C:\\a b\\setup.exe" /S /InstallationType=AllUsers /AddToPath=1 /NoRegistry=0 "/Log=C:\\a b" /D=C:\\è 中 x'
    return {
        "headers": b"\0" + program.read_bytes()[:4096],
        "facts": b"\1" + "".join(f"{one}\n" for one in facts).encode(),
        "record": b"\2" + "".join(f"{one}\n" for one in record).encode(),
        "options": b"\3" + line.encode(),
    }


def example_list() -> bytes:
    """Every way, an empty folder, names of every length."""
    jobs = [
        ["rhs", "/store/a-1/a", "../../pkgs/a-1/a", "lib/a", "a.py", "très-long" * 20, "x" * 255],
        ["s", "", "/store", "", "b.py"],
        ["h", "/store", "", "/".join(["deep"] * 100)],
    ]
    fields = ["keel-links 1", *(field for job in jobs for field in [*job, ""]), "end"]
    return b"".join(field.encode() + b"\0" for field in fields)


def example_tar() -> bytes:
    """Every kind of entry, without end blocks, a path that needs a pax header among them."""
    entries = [
        (tarfile.REGTYPE, "pkgs/a-1/a.py", "", b"x = 1\n"),
        (tarfile.REGTYPE, "/".join(["très-long"] * 20), "", b"123"),
        (tarfile.REGTYPE, "/".join(["the-longest"] * 100 + ["x" * 250] * 11), "", b""),
        (tarfile.DIRTYPE, "envs", "", b""),
        (tarfile.LNKTYPE, "lib/a.py", "pkgs/a-1/a.py", b""),
        (tarfile.SYMTYPE, "bin/python", "python3.11", b""),
    ]
    out = io.BytesIO()
    for kind, name, link, content in entries:
        info = tarfile.TarInfo(name)
        info.type, info.linkname, info.size = kind, link, len(content)
        info.mode = 0o755 if kind == tarfile.DIRTYPE else 0o644
        out.write(info.tobuf(tarfile.PAX_FORMAT) + content + bytes(-len(content) % 512))
    return out.getvalue()


def build(compiler: str, folder: Path, target: str) -> Path:
    """The fuzzer, in `folder`."""
    sources = [build_engine.ENGINE / name for name in PARSERS]
    place = FUZZ
    if target == "setup":
        sources += [build_engine.SETUP / name for name in SETUP_PARSERS]
        place = build_engine.SETUP / "fuzz"
    engine = "-fsanitize=fuzzer" if compiler == "clang" else str(FUZZ / "driver.c")
    output = folder / f"fuzz-{target}"
    flags = [*build_engine.SANITIZE, *build_engine.STRICT, "-D_GNU_SOURCE", f"-I{build_engine.ENGINE}"]
    build_engine.run([compiler, *flags, *sources, place / "target.c", engine, "-o", output])
    return output


def fuzz(target: str, compiler: str, seconds: int) -> bool:
    """Whether the target's parsers have held."""
    folder = Path(tempfile.mkdtemp(prefix="keel-fuzz-"))
    seeds = build_engine.made(folder / "corpus")
    for name, data in (setup_corpus() if target == "setup" else corpus()).items():
        (seeds / name).write_bytes(data)
    command: list[str | Path] = [build(compiler, folder, target)]
    if compiler == "clang":
        command += [f"-max_total_time={seconds}", "-print_final_stats=1", "-seed=20261123", seeds]
    else:
        command += [str(seconds), *sorted(seeds.iterdir())]
    if subprocess.run(command, cwd=folder, check=False).returncode:
        print(f"error: the {target}'s parsers failed; the input is in {folder}", file=sys.stderr)
        return False
    shutil.rmtree(folder)
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description="Fuzz the parsers of the engine and of the setup program.")
    parser.add_argument("--seconds", type=int, default=20, help="for each of them")
    parser.add_argument("--compiler", choices=("gcc", "clang"), default="gcc")
    parser.add_argument("--target", choices=("engine", "setup"), action="append")
    options = parser.parse_args()
    return not all(fuzz(one, options.compiler, options.seconds) for one in options.target or ("engine", "setup"))


if __name__ == "__main__":
    raise SystemExit(main())
