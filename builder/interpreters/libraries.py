"""The shared libraries that an interpreter needs and another machine may not have: recursively, into its lib folder."""

import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ..elf import Elf, elf_files, read_elf, set_runpath
from .install_names import mend_install_names
from .model import UnavailableError
from .relocate import configured_prefixes
from .rooted import resolve_in

# glibc's own, which must be those of the machine; and the compilers' runtimes, which manylinux expects there as well
# (PEP 600) and of which an old copy would break newer extension modules.
_OF_THE_SYSTEM = re.compile(
    r"(ld-linux.*|libc|libm|libmvec|libpthread|libdl|librt|libutil|libresolv|libanl|libnss_.*|libBrokenLocale"
    r"|libthread_db|libc_malloc_debug|libgcc_s|libstdc\+\+|libatomic)\.so(\.\d+)*"
    r"|libnsl\.so\.1|linux-vdso\.so\.1"
)
# Left glibc in 2.28; older builds of python-build-standalone count on it all the same.
_ONCE_OF_GLIBC = frozenset({"libcrypt.so.1"})
_CACHE_LINE = re.compile(r"\s*(?P<name>\S+) \(.*\) => (?P<path>/.*)")
_USUAL_FOLDERS = ("/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib")


@dataclass(frozen=True, kw_only=True)
class Linker:
    """Finds libraries as the dynamic linker of a machine does (ld.so(8)).

    cache: what `ldconfig -p` lists: name -> paths.  folders: searched after it.  root: of another machine's file
    system, in which all these paths are to be understood.
    """

    cache: dict[str, tuple[Path, ...]]
    folders: tuple[Path, ...] = tuple(Path(folder) for folder in _USUAL_FOLDERS)
    root: Path = Path("/")

    @classmethod
    def of_this_machine(cls, library_path: str = "") -> "Linker":
        """library_path: LD_LIBRARY_PATH, which the running Python may need, too."""
        program = shutil.which("ldconfig", path="/sbin:/usr/sbin:/bin:/usr/bin")
        listing = ""
        if program is not None:
            listing = subprocess.run([program, "-p"], capture_output=True, text=True, check=False).stdout
        cache: dict[str, tuple[Path, ...]] = {}
        for line in listing.splitlines():
            match = _CACHE_LINE.fullmatch(line)
            if match is not None:
                cache[match["name"]] = (*cache.get(match["name"], ()), Path(match["path"]))
        extra = tuple(Path(folder) for folder in library_path.split(":") if folder)
        return cls(cache=cache, folders=(*extra, *(Path(folder) for folder in _USUAL_FOLDERS)))

    @classmethod
    def of_root(cls, root: Path) -> "Linker":
        """For the file system in the folder `root`: its usual folders, Debian's included; ld.so.cache is not read."""
        debian = [f"/{path.relative_to(root)}" for path in sorted(root.glob("usr/lib/*-linux-gnu*"))]
        debian += [f"/{path.relative_to(root)}" for path in sorted(root.glob("lib/*-linux-gnu*"))]
        return cls(cache={}, folders=tuple(Path(folder) for folder in (*_USUAL_FOLDERS, *debian)), root=root)

    def find(self, name: str, needed_by: Path, elf: Elf) -> Path | None:
        """The library `name` for a file that lies at `needed_by`; None if there is none of its kind."""
        origin = f"/{needed_by.parent.relative_to(self.root)}"
        runpath = [Path(re.sub(r"\$\{?ORIGIN\}?", lambda _: origin, folder)) for folder in elf.runpath]
        candidates = [*(folder / name for folder in runpath), *self.cache.get(name, ())]
        candidates += [folder / name for folder in self.folders]
        return next((path for known in candidates if _fits(path := self.real(known), elf)), None)

    def real(self, path: Path) -> Path:
        """Where the file that is known there as `path` lies here."""
        return path if self.root == Path("/") else resolve_in(self.root, PurePosixPath(path))


def _fits(path: Path, elf: Elf) -> bool:
    if not path.is_file():
        return False
    found = read_elf(path)
    return found is not None and (found.machine, found.bits) == (elf.machine, elf.bits)


def is_complete(prefix: Path) -> bool:
    """Whether the tree finds its libraries wherever it lies: by relative paths, inside or in (nearly) every system."""
    inside = {path.name for path in (prefix / "lib").glob("*.so*")}
    elves = [elf for path in elf_files(prefix) if (elf := read_elf(path)) is not None]
    return not any(_absolute(elf) or set(_missing(elf, inside)) - _ONCE_OF_GLIBC for elf in elves)


def complete_tree(prefix: Path) -> list[str]:
    """Replace absolute paths to libraries by relative ones; returns notes about those that the tree does not have."""
    inside = {path.name for path in (prefix / "lib").glob("*.so*")}
    missing: dict[str, str] = {}
    files = elf_files(prefix)
    for path in files:
        elf = read_elf(path)
        if elf is not None:
            missing |= dict.fromkeys(_missing(elf, inside), path.name)
            if _absolute(elf):
                up = "/".join(".." for _ in path.parent.relative_to(prefix).parts)
                set_runpath([path], f"$ORIGIN/{up}/lib")
    notes = [
        f"{name}, which {by} needs, must be there on the machines that it is installed on"
        for name, by in sorted(missing.items())
    ]
    return [*notes, *mend_install_names(prefix, configured_prefixes(prefix))]


def _absolute(elf: Elf) -> bool:
    return any(not folder.startswith("$") for folder in elf.runpath)


def _missing(elf: Elf, inside: set[str]) -> list[str]:
    return [name for name in elf.needed if not _OF_THE_SYSTEM.fullmatch(name) and name.rpartition("/")[2] not in inside]


@dataclass(kw_only=True)
class Bundle:
    """What has been found.

    own: names of the libraries that the interpreter has itself.  libraries: name -> file on this machine.  dropped:
    extension modules -> what they miss.
    """

    own: frozenset[str]
    libraries: dict[str, Path] = field(default_factory=dict)
    dropped: dict[Path, str] = field(default_factory=dict)


def bundle_libraries(prefix: Path, program: Path, originals: Path, linker: Linker) -> Bundle:
    """Copy what `program` and the extension modules below `prefix` need into `prefix/lib`, and point all of them there.

    originals: the folder that `prefix` is a copy of, to which `$ORIGIN` refers.  An extension module whose libraries
    are missing is removed. Raises UnavailableError if `program` itself cannot be completed.
    """
    bundle = Bundle(own=frozenset(path.name for path in (prefix / "lib").glob("*.so*")))
    core = [program, *sorted((prefix / "lib").glob("libpython*.so*"))]
    modules = [path for path in elf_files(prefix) if path not in core]
    for path in core:
        missing = _collect(path, originals / path.relative_to(prefix), linker, bundle)
        if missing is not None:
            raise UnavailableError(f"{path.name} needs {missing}, which this machine does not have")
    for path in modules:
        found = Bundle(own=bundle.own, libraries=dict(bundle.libraries))
        missing = _collect(path, originals / path.relative_to(prefix), linker, found)
        if missing is None:
            bundle.libraries = found.libraries
        else:
            bundle.dropped[path.relative_to(prefix)] = missing
            path.unlink()
    _copy(bundle, prefix / "lib")
    _point(prefix, program, [path for path in modules if path.exists()])
    return bundle


def _collect(path: Path, original: Path, linker: Linker, bundle: Bundle) -> str | None:
    """Add all that `path` needs to `bundle`; returns the name of the first library that is missing."""
    elf = read_elf(path)
    if elf is None:
        return None
    for name in elf.needed:
        if _OF_THE_SYSTEM.fullmatch(name) or name.rpartition("/")[2] in bundle.own or name in bundle.libraries:
            continue
        found = linker.find(name, original, elf)
        if found is None:
            return name
        bundle.libraries[name] = found
        missing = _collect(found, found.resolve(), linker, bundle)
        if missing is not None:
            return missing
    return None


def _copy(bundle: Bundle, lib: Path) -> None:
    for name, source in bundle.libraries.items():
        shutil.copyfile(source, lib / name)
        (lib / name).chmod(0o755)


def _point(prefix: Path, program: Path, modules: Sequence[Path]) -> None:
    """Every file looks into the prefix's lib alone, relative to itself; no path of this machine stays."""
    lib = prefix / "lib"
    set_runpath([program], "$ORIGIN/../lib")
    by_folder: dict[Path, list[Path]] = {}
    for path in [*modules, *_libraries(lib)]:
        by_folder.setdefault(path.parent, []).append(path)
    for folder, files in sorted(by_folder.items()):
        up = "/".join(".." for _ in folder.relative_to(lib).parts)
        set_runpath(files, f"$ORIGIN/{up}" if up else "$ORIGIN")


def _libraries(lib: Path) -> Iterable[Path]:
    return (path for path in sorted(lib.glob("*.so*")) if path.is_file() and not path.is_symlink())
