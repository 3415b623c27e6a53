"""Small Mach-O files, made by the compiler that makes the engine, once for each content."""

import hashlib
import importlib.util
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.conftest import TEST_CACHE, skip_unless

TARGETS = {"arm64": "aarch64-macos.11.0", "x86_64": "x86_64-macos.10.15"}
_PROGRAM = "int main(void) { return 0; }"
_LIBRARY = "int %s(void) { return 42; }"


def compiled(kind: str, machine: str, *, loads: tuple[str, ...] = (), identity: str = "", rpath: str = "") -> bytes:
    """A Mach-O file. kind: "program", "library" or "module".  loads: paths of libraries that it is linked with."""
    text = repr((kind, machine, loads, identity, rpath))
    cached = TEST_CACHE / f"macho-{hashlib.sha256(text.encode()).hexdigest()[:24]}"
    if not cached.is_file():
        skip_unless(importlib.util.find_spec("ziglang"), "ziglang is not installed")
        with tempfile.TemporaryDirectory() as folder:
            made = _compile(Path(folder), kind, machine, loads, identity, rpath)
            cached.parent.mkdir(exist_ok=True)
            partial = cached.with_name(f"{cached.name}.{Path(folder).name}")
            partial.write_bytes(made)
            partial.replace(cached)
    return cached.read_bytes()


def _compile(
    folder: Path, kind: str, machine: str, loads: tuple[str, ...], identity: str, rpath: str
) -> bytes:
    libraries = []
    for number, path in enumerate(loads):
        out = folder / f"lib{number}.dylib"
        out.write_bytes(compiled("library", machine, identity=path))
        libraries.append(str(out))
    source, out = folder / "source.c", folder / "out"
    source.write_text(_PROGRAM if kind == "program" else _LIBRARY % "answer")
    words = [] if kind == "program" else ["-shared"]
    words += [f"-Wl,-install_name,{identity}"] if identity else []
    words += [f"-Wl,-rpath,{rpath}"] if rpath else []
    command = [sys.executable, "-m", "ziglang", "cc", "-target", TARGETS[machine], *words]
    subprocess.run([*command, str(source), *libraries, "-o", str(out)], check=True, capture_output=True)
    return out.read_bytes()


def fat(*programs: bytes) -> bytes:
    """A universal file of some programs."""
    head = struct.pack(">II", 0xCAFEBABE, len(programs))
    data = bytearray(2**14)
    for number, program in enumerate(programs):
        cpu, kind = struct.unpack_from("<ii", program, 4)
        head += struct.pack(">iiIII", cpu, kind, len(data), len(program), 14)
        data += program + bytes(-len(program) % 2**14)
        assert number < 10
    data[: len(head)] = head
    return bytes(data)


def bad_pages(data: bytes, start: int = 0) -> list[int] | None:
    """The pages of a program whose hash in its signature is wrong; None where it has no signature.

    Written from Apple's <kern/cs_blobs.h> alone: `cs_blob_index`, `CS_CodeDirectory`.
    """
    count = int.from_bytes(data[start + 16 : start + 20], "little")
    place = start + 32
    for _ in range(count):
        kind, size, offset = struct.unpack_from("<III", data, place)
        if kind == 0x1D:
            break
        place += size
    else:
        return None
    signature = data[start + offset :]
    assert signature[:4] == b"\xfa\xde\x0c\xc0"
    wrong = []
    for number in range(int.from_bytes(signature[8:12], "big")):
        slot, where = struct.unpack_from(">II", signature, 12 + 8 * number)
        if slot != 0:
            continue
        directory = signature[where:]
        assert directory[:4] == b"\xfa\xde\x0c\x02"
        first_hash = int.from_bytes(directory[16:20], "big")
        slots, limit = struct.unpack_from(">II", directory, 28)
        hash_size, hash_kind, _, page_bits = directory[36:40]
        assert (hash_size, hash_kind) == (32, 2)
        code = data[start : start + limit]
        for page in range(slots):
            digest = hashlib.sha256(code[page << page_bits : (page + 1) << page_bits]).digest()
            if directory[first_hash + page * 32 : first_hash + page * 32 + 32] != digest:
                wrong.append(page)
    return wrong
