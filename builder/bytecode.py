"""pycs made at build time, by an interpreter that writes the target's bytecode.

One unit per process, in sorted order, with a fixed hash seed: marshal's output depends on which objects are shared, so
that anything else would make the bytes depend on chance. pycs are validated by time stamp (PEP 552 calls that the
default); importlib replaces the file names in them by the real ones when it loads them.
"""

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from keel.compiling import PROGRAM

from .compilers import Compiler
from .errors import BuilderError
from .units import Entry, Slice, content_entry, digest


def bytecode_slice(
    compiler: Compiler,
    *,
    unit: str,
    sha256: str,
    mtime: int,
    folder: str,
    sources: Callable[[], Iterable[tuple[str, bytes]]],
) -> Slice:
    """Stage 0: the pycs of a unit, in `folder` of the prefix ("" for the prefix itself).

    sha256: of the unit.  sources: gives the modules' paths, relative to `folder`, and bytes.  mtime: what the
    sources have once they are installed.
    """

    def entries() -> list[Entry]:
        pycs = compile_sources(compiler, sources(), mtime)
        path = f"{folder}/" if folder else ""
        return [content_entry(f"{path}{name}", pycs[name], mode=0o444, mtime=mtime) for name in sorted(pycs)]

    key = digest("bytecode", sha256, folder, compiler.version, compiler.magic)
    return Slice(unit=unit, stage=0, key=key, entries=entries)


def compile_sources(compiler: Compiler, sources: Iterable[tuple[str, bytes]], mtime: int) -> dict[str, bytes]:
    """pyc path (`pkg/__pycache__/mod.cpython-311.pyc`) -> bytes, for every module that compiles."""
    with tempfile.TemporaryDirectory(prefix="keel-bytecode-") as temporary:
        root = Path(temporary)
        names = []
        for name, data in sources:
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            os.utime(path, (mtime, mtime))
            names.append(name)
        _run(compiler, root, sorted(names))
        return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*.pyc")}


def _run(compiler: Compiler, root: Path, names: list[str]) -> None:
    # Without -E (or -I), which would ignore the hash seed; the environment holds nothing else.
    environment = {"PYTHONHASHSEED": "0", "PYTHONUTF8": "1", "PATH": os.defpath}
    command = [str(compiler.python), "-S", "-s", "-B", "-W", "ignore", "-c", PROGRAM]
    done = subprocess.run(
        command, input="\n".join(names).encode(), cwd=root, env=environment, capture_output=True, check=False
    )
    if done.returncode:
        raise BuilderError(
            f"{compiler.python} failed while compiling modules: {done.stderr.decode(errors='replace')[-800:]}"
        )
