"""Turns a Python that is installed here into a tree that can go anywhere: copied, stripped, its libraries bundled."""

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from ..elf import elf_files, read_elf
from .host_facts import HostFacts, find_tcl
from .libraries import Linker, bundle_libraries
from .licences import note_licences
from .rooted import find_tcl_in
from .state import folder_state

_LIBRARY_CACHE = Path("/etc/ld.so.cache")
# In the folder of the standard library; static libraries alone are 44 MB.
_NOT_COPIED = shutil.ignore_patterns("site-packages", "__pycache__", "test", "tests", "idle_test", "*.[ao]", "*.pyc")
# Beside it: what a Python brings along that was made with its own Tcl/Tk, such as python-build-standalone.
_TCL_FOLDERS = ("tcl[0-9]*", "tk[0-9]*", "Tix*", "itcl*", "thread*")


def copy_installed(facts: HostFacts, prefix: Path, linker: Linker) -> list[str]:
    """Make a relocatable copy of the Python at `facts.prefix` in `prefix`, which does not exist; returns notes.

    linker: finds libraries where that Python is at home.  Raises UnavailableError if some of the interpreter itself are
    missing.
    """
    program = prefix / "bin" / f"python{facts.minor}"
    _copy(facts, prefix, program)
    notes = _complete_tkinter(facts, prefix, linker.root)
    _strip(elf_files(prefix), program)
    bundle = bundle_libraries(prefix, program, Path(facts.prefix), linker)
    note_licences(bundle.libraries, prefix / "share" / "licenses", linker.root)
    where = "this machine" if linker.root == Path("/") else linker.root
    for module, missing in sorted(bundle.dropped.items()):
        notes.append(f"{module.name} is left out: it needs {missing}, which {where} does not have")
    return notes


def installed_state(facts: HostFacts, linker: Linker) -> str:
    """A text that changes when that Python, its machine's libraries or the tools used are replaced."""
    prefix, lib = Path(facts.prefix), Path(facts.libdir)
    files = [Path(facts.executable), *sorted(lib.glob(f"libpython{facts.minor}*.so*"))]
    if linker.root == Path("/"):
        files.append(_LIBRARY_CACHE)
    else:
        files += [path for folder in linker.folders for path in sorted(linker.real(folder).glob("lib*.so*"))]
    stats = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files if path.is_file()]
    folders = [Path(facts.stdlib), prefix / "include" / f"python{facts.minor}", *_tcl_folders(prefix)]
    return "\n".join([str(_find_strip(Path(facts.executable))), *map(str, stats), *map(folder_state, folders)])


def _copy(facts: HostFacts, prefix: Path, program: Path) -> None:
    """What an interpreter needs, out of a prefix that may hold a thousand other things."""
    source, minor = Path(facts.prefix), facts.minor
    program.parent.mkdir(parents=True)
    shutil.copy2(facts.executable, program)
    shutil.copytree(facts.stdlib, prefix / "lib" / f"python{minor}", symlinks=True, ignore=_NOT_COPIED)
    folders = [source / "include" / f"python{minor}", source / "share" / "terminfo", *_tcl_folders(source)]
    for folder in folders:
        if folder.is_dir():
            shutil.copytree(folder, prefix / folder.relative_to(source), symlinks=True, dirs_exist_ok=True)
    _copy_files(source.glob("lib/pkgconfig/python*.pc"), prefix / "lib" / "pkgconfig")
    _copy_files(source.glob("share/man/man1/python*"), prefix / "share" / "man" / "man1")
    libraries = Path(facts.libdir or source / "lib")
    for pattern in (f"libpython{minor}.so*", "libpython3.so"):
        _copy_files(libraries.glob(pattern), prefix / "lib")


def _copy_files(files: Iterable[Path], folder: Path) -> None:
    for path in files:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, folder / path.name, follow_symlinks=False)


def _tcl_folders(prefix: Path) -> list[Path]:
    return [path for pattern in _TCL_FOLDERS for path in sorted((prefix / "lib").glob(pattern)) if path.is_dir()]


def _complete_tkinter(facts: HostFacts, prefix: Path, root: Path) -> list[str]:
    """Tcl's and Tk's scripts into lib/, or tkinter's extension module out; returns notes."""
    modules = list(prefix.glob(f"lib/python{facts.minor}/lib-dynload/_tkinter*.so"))
    if not modules or any(prefix.glob("lib/tcl[0-9]*/init.tcl")):
        return []
    tcl = find_tcl(Path(facts.executable)) if root == Path("/") else find_tcl_in(root, modules[0])
    tk = tcl.with_name(tcl.name.replace("tcl", "tk")) if tcl is not None else None
    if tcl is None or tk is None or not (tk / "tk.tcl").is_file():
        for module in modules:
            module.unlink()
        return ["tkinter is left out: the script libraries of Tcl and Tk cannot be found"]
    for folder in (tcl, tk):
        shutil.copytree(folder, prefix / "lib" / folder.name, ignore=shutil.ignore_patterns("demos"))
    return []


def _find_strip(program: Path) -> str | None:
    """binutils know one machine at a time, and cross tools carry its name (`aarch64-linux-gnu-strip`)."""
    elf = read_elf(program)
    named = shutil.which(f"{elf.machine}-linux-gnu-strip") if elf is not None else None
    return named or shutil.which("strip")


def _strip(files: list[Path], program: Path) -> None:
    """Debug sections go where a `strip` is at hand that knows them: they are two thirds of the size, and full of the
    builder's paths. One for another machine leaves the files as they are."""
    strip = _find_strip(program)
    if strip is not None and files:
        subprocess.run([strip, "--strip-debug", "--preserve-dates", *files], capture_output=True, check=False)
