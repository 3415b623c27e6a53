"""pycs made at build time, by an interpreter that writes the target's bytecode.

One unit per process, in sorted order, with a fixed hash seed: marshal's output depends on which objects are shared, so
that anything else would make the bytes depend on chance. pycs are validated by time stamp (PEP 552 calls that the
default); importlib replaces the file names in them by the real ones when it loads them.
"""

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from .errors import BuilderError, InterpreterError
from .interpreters import Interpreter
from .settings import Host
from .target import Target
from .units import Entry, Slice, content_entry, digest

_ABOUT = (
    "import sys, importlib.util as u; print(sys.version.split()[0], sys.implementation.cache_tag, u.MAGIC_NUMBER.hex())"
)
# A module of the unit must not stand in for one of the standard library, so the current folder leaves the path first.
_COMPILE = """
import sys
sys.path[:] = [folder for folder in sys.path if folder]
import py_compile
for name in sys.stdin.read().splitlines():
    try:
        py_compile.compile(name, dfile=name, doraise=True,
                           invalidation_mode=py_compile.PycInvalidationMode.TIMESTAMP)
    except Exception:  # templates, other Pythons' syntax: they have no pyc, as with pip
        pass
"""


@dataclass(frozen=True, kw_only=True)
class Compiler:
    """A Python that can be run here. tag: "cpython-311".  magic: of its bytecode, hex."""

    python: Path
    version: str
    tag: str
    magic: str


def find_compiler(target: Target, interpreter: Interpreter, host: Host) -> Compiler:
    """The target's own interpreter where this machine can run it, else the builder's Python if that writes the same.

    Raises InterpreterError when there is neither.
    """
    own = interpreter.tree / target.platform.python_path(target.python_minor)
    candidates = [own] if target.platform.name == host.platform_name else []
    if ".".join(host.python_version.split(".")[:2]) == target.python_minor:
        candidates.append(Path(host.python_executable))
    for python in candidates:
        compiler = _ask(python)
        if compiler is not None:
            return compiler
    raise InterpreterError(
        f"bytecode for Python {target.python_minor} on {target.platform.name} cannot be made on this machine",
        hint=f"run the builder with Python {target.python_minor}, or say `bytecode: false` in the recipe",
    )


def _ask(python: Path) -> Compiler | None:
    try:
        answer = subprocess.run(
            [python, "-I", "-S", "-B", "-c", _ABOUT], capture_output=True, text=True, timeout=60, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    version, tag, magic = answer.stdout.split()
    return Compiler(python=python, version=version, tag=tag, magic=magic)


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
    command = [str(compiler.python), "-S", "-s", "-B", "-W", "ignore", "-c", _COMPILE]
    done = subprocess.run(
        command, input="\n".join(names).encode(), cwd=root, env=environment, capture_output=True, check=False
    )
    if done.returncode:
        raise BuilderError(
            f"{compiler.python} failed while compiling modules: {done.stderr.decode(errors='replace')[-800:]}"
        )
