"""Bytecode: which modules get a pyc, and how the installer's last step makes what the builder could not make.

The builder uses the same rules. pycs are validated by the time and size of their source (PEP 552), which an
installation keeps; they are read-only files of the store, linked from the base, exactly as an installer would have
laid them down.
"""

import os
import stat
from typing import Callable, Iterable, Iterator, List, NamedTuple, Sequence

from .base import META, Base
from .errors import KeelError
from .layout import in_prefix

# A module of a unit must not stand in for one of the standard library, so the current folder leaves the path first.
# What cannot be compiled (templates, other Pythons' syntax) gets no pyc, as with pip.
PROGRAM = """
import sys
sys.path[:] = [folder for folder in sys.path if folder]
import py_compile
for name in sys.stdin.buffer.read().decode("utf-8", "surrogateescape").split("\\n"):
    try:
        py_compile.compile(name, dfile=name, doraise=True,
                           invalidation_mode=py_compile.PycInvalidationMode.TIMESTAMP)
    except Exception:
        pass
"""
# Enough modules to make the start of a process cheap, few enough to keep all cores busy to the end.
_BATCH = 150


class _Module(NamedTuple):
    """A source and its pyc; folder, name: of the source, which is compiled as `name` in `folder`."""

    folder: str
    name: str
    pyc: str

    @property
    def source(self) -> str:
        return os.path.join(self.folder, *self.name.split("/"))

    @property
    def compiled(self) -> str:
        return os.path.join(self.folder, *self.pyc.split("/"))


def pyc_name(source: str, cache_tag: str) -> str:
    """`pkg/mod.py` -> `pkg/__pycache__/mod.cpython-311.pyc` (PEP 3147)."""
    folder, _, name = source.rpartition("/")
    return f"{folder}/__pycache__/{name[:-3]}.{cache_tag}.pyc".lstrip("/")


def modules_of_unit(names: Iterable[str], dist_info: str, cache_tag: str) -> List[str]:
    """The modules among a unit's files that deserve a pyc: no tests, nothing that is never imported.

    cache_tag: of the Python ("cpython-311"). A pyc that a wheel brings along stays as it is, with the rest of it.
    """
    there = set(names)
    data = dist_info[: -len(".dist-info")] + ".data/"
    importable = (f"{data}purelib/", f"{data}platlib/")
    return [
        name
        for name in sorted(there)
        if name.endswith(".py")
        and not {"tests", "test"} & set(name.split("/")[:-1])
        and (not name.startswith(data) or name.startswith(importable))
        and pyc_name(name, cache_tag) not in there
    ]


def compile_base(base: Base, tell: Callable[[str], None]) -> int:
    """Compile the store, the interpreter and keel at `base` with all cores; gives the number of modules compiled now.

    tell: is told how far it is. What has a pyc already is left alone, so that an interrupted run can be repeated.
    Raises KeelError where Python cannot be run or nothing can be written, OSError.
    """
    tag = f"cpython-{base.python_minor.replace('.', '')}"
    modules = [*_of_store(base, tag), *_of_tree(base, tag)]
    _run_all(base.python, modules, tell)
    made = 0
    for module in modules:
        made += _finish(module)
    if modules and not made:
        raise KeelError(
            f"not one of {len(modules)} modules in {base.prefix} could be compiled",
            hint="see whether its folders are writable for you; Python works without, but starts more slowly",
        )
    _link(base, tag)
    return made


def _of_store(base: Base, tag: str) -> Iterator[_Module]:
    from .store import unit_files, unit_folder

    for unit in base.manifest.units:
        files = unit_files(base, unit)
        for name in modules_of_unit(files.names, files.dist_info, tag):
            yield _Module(unit_folder(base, unit), name, pyc_name(name, tag))


def _of_tree(base: Base, tag: str) -> Iterator[_Module]:
    """The standard library, and keel itself."""
    library = in_prefix(base.prefix, base.layout.library)
    for root in (base.layout.stdlib, f"{META}/keel"):
        for folder, folders, names in os.walk(in_prefix(base.prefix, root)):
            folders[:] = sorted(one for one in folders if os.path.join(folder, one) != library)
            for name in sorted(name for name in names if name.endswith(".py")):
                pyc = pyc_name(name, tag)
                if not os.path.exists(os.path.join(folder, *pyc.split("/"))):
                    yield _Module(folder, name, pyc)


def _run_all(python: str, modules: Sequence[_Module], tell: Callable[[str], None]) -> None:
    """Compile in processes of their own, one a core."""
    from concurrent.futures import ThreadPoolExecutor

    batches = [modules[start : start + _BATCH] for start in range(0, len(modules), _BATCH)]
    done = 0
    with ThreadPoolExecutor(_cores()) as pool:
        for count in pool.map(lambda batch: _run(python, batch), batches):
            done += count
            tell(f"{done} of {len(modules)} modules compiled")


def _run(python: str, batch: Sequence[_Module]) -> int:
    from subprocess import DEVNULL, PIPE, run

    names = "\n".join(module.source for module in batch).encode("utf-8", "surrogateescape")
    command = [python, "-I", "-S", "-B", "-W", "ignore", "-X", "utf8", "-c", PROGRAM]
    # Without a console of its own on Windows, which would flash up.
    flags = 0x08000000 if os.name == "nt" else 0
    finished = run(command, input=names, stdout=DEVNULL, stderr=PIPE, check=False, creationflags=flags)
    if finished.returncode:
        said = finished.stderr.decode("utf-8", "replace").strip()[-400:]
        raise KeelError(f"{python} failed while compiling modules: {said or finished.returncode}")
    return len(batch)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _finish(module: _Module) -> bool:
    """Give a pyc that was made the mode and time of a shipped one; False where none was."""
    try:
        time = os.stat(module.source).st_mtime_ns
        if os.name == "posix":
            os.chmod(module.compiled, stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)
        os.utime(module.compiled, ns=(time, time))
    except FileNotFoundError:
        return False
    return True


def _link(base: Base, tag: str) -> None:
    """Link the pycs of the store into the base, beside their modules. Of two units with the same module, the first by
    name owns it in the base, and so its pyc."""
    from .linker import Linker
    from .store import unit_files, unit_folder

    linker = Linker(base.prefix, base.prefix, base.prefix)
    for unit in base.manifest.units:
        if not unit.base:
            continue
        files = unit_files(base, unit)
        data = files.dist_info[: -len(".dist-info")] + ".data/"
        pycs = [name for name in files.names if name.endswith(f".{tag}.pyc")]
        for name in pycs:
            inside = name[len(data) :].partition("/")[2] if name.startswith(data) else name
            dest = in_prefix(base.prefix, f"{base.layout.library}/{inside}")
            if os.path.lexists(dest) or not os.path.exists(_source_of(dest, tag)):
                continue
            os.makedirs(os.path.dirname(dest), exist_ok=True)
            linker.place(in_prefix(unit_folder(base, unit), name), dest)


def _source_of(pyc: str, tag: str) -> str:
    folder, name = os.path.split(pyc)
    return os.path.join(os.path.dirname(folder), name[: -len(f".{tag}.pyc")] + ".py")
