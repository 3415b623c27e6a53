"""The Python that runs the builder, copied and made relocatable."""

import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..elf import elf_files
from .archive import folder_state
from .host_facts import HostFacts, ask_host, check_host, find_tcl
from .libraries import Linker, bundle_libraries
from .licences import note_licences
from .model import Interpreter, UnavailableError
from .shelf import shelve
from .wanted import Wanted

_LIBRARY_CACHE = Path("/etc/ld.so.cache")
# In the folder of the standard library; static libraries alone are 44 MB.
_NOT_COPIED = shutil.ignore_patterns("site-packages", "__pycache__", "test", "tests", "idle_test", "*.[ao]", "*.pyc")
# Beside it: what a Python brings along that was made with its own Tcl/Tk, such as python-build-standalone.
_TCL_FOLDERS = ("tcl[0-9]*", "tk[0-9]*", "Tix*", "itcl*", "thread*")


@dataclass(frozen=True, kw_only=True)
class HostSource:
    """Never used with a lock that must hold: nobody else has the same."""

    wanted: Wanted

    @property
    def name(self) -> str:
        return "host"

    def find(self) -> Interpreter:
        settings, platform = self.wanted.settings, self.wanted.target.platform
        if settings.host.platform_name != platform.name:
            raise UnavailableError(
                f"this machine is {settings.host.platform_name}, and the target is {platform.name}",
                hint="interpreters for other platforms come from pbs, an archive or a page",
            )
        if platform.system != "linux":
            raise UnavailableError(f"a Python of {platform.system} cannot be made relocatable yet", hint="use `pbs`")
        facts = ask_host(settings.host.python_executable)
        self.wanted.check_version(facts.version, f"the Python that runs the builder ({facts.executable})")
        check_host(facts)
        key = self.wanted.key("host", facts, _state(facts), settings.env.get("LD_LIBRARY_PATH", ""), _find_strip())
        shelved = shelve(settings.cache, key, lambda work: self._make(facts, work))
        self.wanted.check(shelved, f"the Python in {facts.prefix}")
        for note in shelved.notes:
            settings.reporter.note(note)
        return Interpreter(
            source="host",
            version=shelved.version,
            build="",
            url=None,
            sha256=shelved.digest,
            tree=shelved.tree,
            glibc=shelved.glibc,
        )

    def _make(self, facts: HostFacts, work: Path) -> tuple[Path, list[str]]:
        self.wanted.settings.reporter.step(f"making Python {facts.version} in {facts.prefix} relocatable")
        prefix = work / "python"
        program = prefix / "bin" / f"python{facts.minor}"
        _copy(facts, prefix, program)
        notes = _complete_tkinter(facts, prefix)
        _strip([path for path in elf_files(prefix) if not path.is_symlink()])
        linker = Linker.of_this_machine(self.wanted.settings.env.get("LD_LIBRARY_PATH", ""))
        bundle = bundle_libraries(prefix, program, Path(facts.prefix), linker)
        note_licences(bundle.libraries, prefix / "share" / "licenses")
        for module, missing in sorted(bundle.dropped.items()):
            notes.append(f"host: {module.name} is left out: it needs {missing}, which this machine does not have")
        return prefix, notes


def _state(facts: HostFacts) -> str:
    """Changes when the host's Python or its libraries are replaced."""
    prefix, lib = Path(facts.prefix), Path(facts.libdir)
    files = [Path(facts.executable), *sorted(lib.glob(f"libpython{facts.minor}*.so*")), _LIBRARY_CACHE]
    stats = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files if path.is_file()]
    folders = [Path(facts.stdlib), prefix / "include" / f"python{facts.minor}", *_tcl_folders(prefix)]
    return "\n".join([*map(str, stats), *map(folder_state, folders)])


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


def _complete_tkinter(facts: HostFacts, prefix: Path) -> list[str]:
    """Tcl's and Tk's scripts into lib/, or tkinter's extension module out; returns notes."""
    modules = list(prefix.glob(f"lib/python{facts.minor}/lib-dynload/_tkinter*.so"))
    if not modules or any(prefix.glob("lib/tcl[0-9]*/init.tcl")):
        return []
    tcl = find_tcl(Path(facts.executable))
    tk = tcl.with_name(tcl.name.replace("tcl", "tk")) if tcl is not None else None
    if tcl is None or tk is None or not (tk / "tk.tcl").is_file():
        for module in modules:
            module.unlink()
        return ["host: tkinter is left out: the script libraries of Tcl and Tk cannot be found"]
    for folder in (tcl, tk):
        shutil.copytree(folder, prefix / "lib" / folder.name, ignore=shutil.ignore_patterns("demos"))
    return []


def _find_strip() -> str | None:
    return shutil.which("strip")


def _strip(files: list[Path]) -> None:
    """Debug sections go where `strip` is at hand: they are two thirds of the size, and full of the builder's paths."""
    program = _find_strip()
    if program is not None and files:
        subprocess.run([program, "--strip-debug", "--preserve-dates", *files], capture_output=True, check=False)
