"""Who makes a target's bytecode: any Python on this machine that writes the same, or nobody."""

import json
import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import uv

from keel.manifest import SHIPPED

from .cache import Cache
from .errors import InterpreterError
from .interpreters import Interpreter
from .lock import Lock
from .settings import Settings
from .target import Target

_ABOUT = (
    "import sys, importlib.util as u; print(sys.version.split()[0], sys.implementation.cache_tag, u.MAGIC_NUMBER.hex())"
)
# Where a standard library says which bytecode it reads: until 3.13, and since 3.11 (where headers are shipped).
_MAGIC_SOURCES = (
    ("importlib/_bootstrap_external.py", re.compile(r"^MAGIC_NUMBER = \((\d+)\)\.to_bytes\(2, 'little'\)", re.M)),
    ("internal/pycore_magic_number.h", re.compile(r"^#define PYC_MAGIC_NUMBER (\d+)", re.M)),
)


@dataclass(frozen=True, kw_only=True)
class Compiler:
    """A Python that can be run here. version: "3.11.7".  tag: "cpython-311".  magic: of its bytecode, hex."""

    python: Path
    version: str
    tag: str
    magic: str


def find_compiler(
    target: Target,
    interpreter: Interpreter,
    settings: Settings,
    *,
    others: Sequence[Interpreter] = (),
    version: str | None = None,
) -> Compiler | None:
    """A Python whose bytecode the target reads; None where this machine has none.

    Its bytes may differ between patch versions, so that one of the same patch as the target's comes first; the target's
    own, where it runs here.  others: interpreters of the same build.  version: only that one ("3.11.7", a lock's).
    """
    magic = tree_magic(interpreter.tree)
    found = []
    for python in _candidates(target, interpreter, settings, others):
        compiler = _ask(python)
        if compiler is None or not _suits(compiler, target, magic):
            continue
        if compiler.version == (version or interpreter.version):
            return compiler
        found.append(compiler)
    return next(iter(found), None) if version is None else None


def compiler_of(
    lock: Lock, target: Target, interpreter: Interpreter, settings: Settings, *, others: Sequence[Interpreter] = ()
) -> Compiler | None:
    """The Python that makes the bytecode which a lock promises; None where it is not made here. others: as above.

    The same lock gives the same bytes, and those of pycs depend on who makes them: raises InterpreterError where this
    machine does not have that very version.
    """
    if lock.bytecode != SHIPPED:
        return None
    compiler = find_compiler(target, interpreter, settings, others=others, version=lock.compiler)
    if compiler is None:
        raise no_compiler(target, lock.compiler)
    return compiler


def no_compiler(target: Target, version: str | None = None) -> InterpreterError:
    """What to say where bytecode is a must and nobody can make it."""
    which = version or target.python_minor
    return InterpreterError(
        f"bytecode for Python {target.python_minor} on {target.platform.name} cannot be made on this machine: "
        f"it has no Python {which}",
        hint=f"install one (uv python install {which}), or say `bytecode: auto` (or `install`) in the recipe: "
        "the installer compiles then",
    )


def _suits(compiler: Compiler, target: Target, magic: str | None) -> bool:
    """Whether the target reads its bytecode. Between final versions of one minor version the magic never changes."""
    if compiler.tag != f"cpython-{target.python_minor.replace('.', '')}":
        return False
    return compiler.magic == magic if magic else compiler.version.replace(".", "").isdigit()


def _candidates(
    target: Target, interpreter: Interpreter, settings: Settings, others: Sequence[Interpreter]
) -> Iterator[Path]:
    """Most certain first."""
    host = settings.host
    relative = target.platform.python_path(target.python_minor)
    if target.platform.name == host.platform_name:
        yield interpreter.tree / relative
    minor = f"{target.python_minor}."
    for other in others:
        if other.version.startswith(minor):
            yield from (other.tree / place for place in ("python.exe", f"bin/python{target.python_minor}"))
    if host.python_minor == target.python_minor:
        yield host.python_executable
    yield from _installed(target.python_minor, settings.cache, tuple(sorted(settings.env.items())))


@cache
def _installed(minor: str, store: Cache, environment: tuple[tuple[str, str], ...]) -> tuple[Path, ...]:
    """What PATH, the registry of Windows and uv have, as uv knows them all."""
    command = [uv.find_uv_bin(), "python", "list", minor, "--only-installed", "--all-versions", "--offline"]
    place = store.folder("resolver", "uv", lambda _: None)
    try:
        answer = subprocess.run(
            [*command, "--output-format", "json", "--no-config"],
            env={**dict(environment), "UV_CACHE_DIR": str(place)},
            capture_output=True,
            timeout=60,
            check=True,
        )
        listed = json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return ()  # a broken Python on PATH is no reason to stop
    return tuple(Path(one["path"]) for one in listed if one.get("implementation") == "cpython" and one.get("path"))


@cache  # every target asks anew
def _ask(python: Path) -> Compiler | None:
    try:
        answer = subprocess.run(
            [python, "-I", "-S", "-B", "-c", _ABOUT], capture_output=True, text=True, timeout=60, check=True
        )
        version, tag, magic = answer.stdout.split()
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return Compiler(python=python, version=version, tag=tag, magic=magic)


def tree_magic(tree: Path) -> str | None:
    """The magic number of the bytecode that an interpreter reads, hex, without running it; None where nothing tells."""
    for folder in _library_folders(tree):
        for name, pattern in _MAGIC_SOURCES:
            match = _search(folder / name, pattern)
            if match is not None:
                return (int(match).to_bytes(2, "little") + b"\r\n").hex()
    for pyc in _pycs(tree):
        with pyc.open("rb") as file:
            return file.read(4).hex()
    return None


def _library_folders(tree: Path) -> Iterable[Path]:
    return [tree / "Lib", tree / "include", *tree.glob("lib/python3.*"), *tree.glob("include/python3.*")]


def _search(path: Path, pattern: re.Pattern[str]) -> str | None:
    try:
        match = pattern.search(path.read_text("utf-8", "replace"))
    except OSError:
        return None
    return match[1] if match else None


def _pycs(tree: Path) -> Iterator[Path]:
    """The embeddable package for Windows has nothing but pycs."""
    for folder, _, names in os.walk(tree / "Lib"):
        yield from (Path(folder, name) for name in names if name.endswith(".pyc"))
