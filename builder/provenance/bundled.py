"""What an interpreter brings along besides Python: OpenSSL, SQLite, Tcl and the like, as its files tell.

Programs say which libraries were linked into them: most libraries carry a line with their name and version. Where the
line has no name (SQLite) the number is one that nothing else in a Python can have. What was copied from the host's
packages is listed in `share/licenses/bundled-libraries.txt` (`builder.interpreters.licences`).
"""

import mmap
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..interpreters import Interpreter
from ..pe import read_pe
from .parts import Kind, Part, Text

_LISTED = "share/licenses/bundled-libraries.txt"
# Folders whose files are scanned; below them no program or library of a Python lies.
_FOLDERS = ("bin", "lib", "DLLs", "")
_PROGRAM = r"python3?(\.\d+)?(\.exe)?|libpython3\..*|python3\d+\.dll"
_TEXT = re.compile(r"(licen[cs]e|copying|copyright|notice)([._-].*)?|.*\.terms", re.IGNORECASE)
_MOST_TEXT = 2**20


# Of xz, whose licence changed with 5.6; not all of its binaries tell their version.
_FREE = "0BSD OR LicenseRef-Public-Domain"


@dataclass(frozen=True, kw_only=True)
class _Library:
    """mark: what its binaries hold, the version as a group if they name it.  names: what its own files are called.
    licenses: from the first version that has it, newest first ("" is any).  only: the files in which the mark tells
    something, by name.  resource: a DLL's own version is the library's."""

    name: str
    mark: bytes | None = None
    names: str | None = None
    licenses: tuple[tuple[str, str], ...] = ()
    cpe: tuple[str, str] | None = None
    only: str | None = None
    resource: bool = False


# Licences: https://spdx.org/licenses. Vendor and product: https://nvd.nist.gov/products/cpe.
_LIBRARIES = (
    _Library(
        name="openssl",
        mark=rb"OpenSSL (\d+\.\d+\.\d+[a-z]?) +\d+ [A-Z][a-z]{2} \d{4}",
        names=r"libssl[.-].*",
        licenses=(("3", "Apache-2.0"), ("", "OpenSSL")),
        cpe=("openssl", "openssl"),
    ),
    _Library(name="sqlite", mark=rb"(3\.[2-9]\d\.\d{1,2})\0", licenses=(("", "blessing"),), cpe=("sqlite", "sqlite")),
    _Library(name="zlib", mark=rb" deflate (\d+\.\d+[\d.]*) Copyright", licenses=(("", "Zlib"),), cpe=("zlib", "zlib")),
    # python.org's builds for Windows have zlib in the DLL, without its own line; Python's module knows the version.
    _Library(
        name="zlib",
        mark=rb"(1\.[23]\.\d{1,2})\0",
        only=r"python3\d+\.dll",
        licenses=(("", "Zlib"),),
        cpe=("zlib", "zlib"),
    ),
    _Library(
        name="expat",
        mark=rb"expat_(\d+\.\d+\.\d+)\0",
        licenses=(("", "MIT"),),
        cpe=("libexpat_project", "libexpat"),
    ),
    _Library(
        name="bzip2",
        mark=rb"(1\.\d\.\d+), \d\d?-[A-Z][a-z]{2}-\d{4}\0",
        licenses=(("", "bzip2-1.0.6"),),
        cpe=("bzip", "bzip2"),
    ),
    _Library(
        name="ncurses",
        mark=rb"ncurses (\d+\.\d+)\.\d{8}\0",
        names=r"lib(ncurses|panel|menu|form|tinfo)w?\..*",
        licenses=(("", "X11-distribute-modifications-variant"),),
        cpe=("gnu", "ncurses"),
    ),
    _Library(
        name="berkeley-db",
        mark=rb"Berkeley DB (\d+\.\d+\.\d+): \(",
        licenses=(("6", "AGPL-3.0-only"), ("", "Sleepycat")),
        cpe=("oracle", "berkeley_db"),
    ),
    _Library(
        name="libffi",
        mark=rb"ffi_prep_closure failed with",
        names=r"libffi[.-].*",
        licenses=(("", "MIT"),),
        cpe=("libffi_project", "libffi"),
        only=_PROGRAM,
    ),
    _Library(name="xz", mark=rb"\xfd7zXZ\0", names=r"liblzma[.-].*", licenses=(("", _FREE),), cpe=("tukaani", "xz")),
    _Library(
        name="libx11",
        mark=rb"XLOCALEDIR\0",
        names=r"libX11\..*",
        licenses=(("", "MIT AND X11"),),
        cpe=("x.org", "libx11"),
    ),
    _Library(name="readline", names=r"libreadline\..*", licenses=(("", "GPL-3.0-or-later"),), cpe=("gnu", "readline")),
    _Library(name="gdbm", names=r"libgdbm[._].*", licenses=(("", "GPL-3.0-or-later"),), cpe=("gnu", "gdbm")),
    _Library(name="tcl", names=r"(lib)?tcl\d[\d.]*t?\.(so|dll|dylib).*", licenses=(("", "TCL"),), cpe=("tcl", "tcl")),
    _Library(name="tk", names=r"(lib)?tk\d[\d.]*t?\.(so|dll|dylib).*", licenses=(("", "TCL"),)),
    _Library(name="libpng", names=r"libpng\d*\..*", licenses=(("1.6.36", "libpng-2.0"),), cpe=("libpng", "libpng")),
    _Library(
        name="freetype",
        names=r"libfreetype\..*",
        licenses=(("", "FTL OR GPL-2.0-or-later"),),
        cpe=("freetype", "freetype"),
    ),
    _Library(name="brotli", names=r"libbrotli\w*\..*", licenses=(("", "MIT"),), cpe=("google", "brotli")),
    _Library(
        name="vcruntime",
        names=r"(vcruntime|msvcp|concrt)140.*\.dll",
        licenses=(("", "LicenseRef-Microsoft-Distributable-Code"),),
        resource=True,
    ),
    _Library(name="libuuid", names=r"libuuid\..*", licenses=(("", "BSD-3-Clause"),)),
)


@dataclass(kw_only=True)
class _Found:
    """versions: those that its files name.  package: of the host, "libssl3 3.0.19-1", where it was copied from one."""

    library: _Library
    versions: set[str] = field(default_factory=set)
    files: list[str] = field(default_factory=list)
    package: str = ""


def bundled_libraries(interpreter: Interpreter) -> list[Part]:
    """The libraries that can be recognised in an interpreter's tree, sorted by name, each once."""
    tree = interpreter.tree
    found: dict[str, _Found] = {}
    packages = dict(_listed(tree))
    for path in _binaries(tree):
        name = path.relative_to(tree).as_posix()
        package = packages.pop(path.name, "")
        seen = [*_marks(path), *_named(path)]
        if package and not seen:
            seen = [(_Library(name=package.split()[0]), "")]
        for library, version in seen:
            one = found.setdefault(library.name, _Found(library=library))
            one.versions |= {version} - {""}
            one.files += [name] if name not in one.files else []
            one.package = one.package or package
    for name, version, file in _scripts_of_tcl(tree):
        library = next(one for one in _LIBRARIES if one.name == name)
        one = found.setdefault(name, _Found(library=library))
        one.versions = {version}
        one.files.append(file)
    return [_part(one, tree) for _, one in sorted(found.items())]


def _listed(tree: Path) -> Iterator[tuple[str, str]]:
    """(file's name, host's package) of the libraries that were copied from the host."""
    path = tree / _LISTED
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        name, gap, package = line.partition("  ")
        if gap and not package.startswith("package unknown"):
            yield name, package.strip()


def _binaries(tree: Path) -> Iterator[Path]:
    """Programs and shared libraries, each once, in a fixed order."""
    for folder in _FOLDERS:
        pattern = "*" if folder in ("", "bin") else "**/*"
        for path in sorted((tree / folder).glob(pattern)):
            plain = path.is_file() and not path.is_symlink()
            if plain and (folder == "bin" or re.search(r"\.(so|dll|pyd|dylib|exe)(\.|$)", path.name)):
                yield path


def _marks(path: Path) -> Iterator[tuple[_Library, str]]:
    """The libraries in a file, with the versions that it names."""
    if not path.stat().st_size:
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data[:2] == b"#!":
            return
        for library in _LIBRARIES:
            if library.mark is None or (library.only and not re.fullmatch(library.only, path.name)):
                continue
            # A pattern that begins with a letter is found ten times as fast as one that looks back itself.
            for match in re.finditer(library.mark, data):
                if not re.fullmatch(rb"[\d.]", data[match.start() - 1 : match.start()]):
                    yield library, match[1].decode().rstrip(".") if match.re.groups else ""
                    break


def _named(path: Path) -> Iterator[tuple[_Library, str]]:
    """The libraries that a file is by its name, with the version in its resources where that is to be believed."""
    for library in _LIBRARIES:
        if library.names and re.fullmatch(library.names, path.name):
            program = read_pe(path) if library.resource else None
            yield library, ".".join(map(str, program.version[:3])) if program and program.version else ""


def _scripts_of_tcl(tree: Path) -> Iterator[tuple[str, str, str]]:
    """(name, version, file): Tcl's own scripts insist on the version of their library."""
    for name, pattern in (("tcl", "tcl*/init.tcl"), ("tk", "tk*/tk.tcl")):
        for path in sorted(tree.glob(f"**/{pattern}")):
            text = path.read_text(encoding="utf-8", errors="replace")
            match = re.search(rf"package require -exact {name}\s+(\d[\w.]*)", text, re.IGNORECASE)
            if match:
                yield name, match[1], path.relative_to(tree).as_posix()


def _part(found: _Found, tree: Path) -> Part:
    library = found.library
    # Two versions in one Python would be two libraries; the newest stands for both, and the note names all.
    versions = sorted(found.versions, key=_numbers)
    packaged = found.package.split()[1:2]
    version = versions[-1] if versions else _upstream(packaged[0]) if packaged else None
    licences = (
        text for since, text in library.licenses if not since or (version and _numbers(version) >= _numbers(since))
    )
    note = {"package": found.package} if found.package else {}
    if len(versions) > 1:
        note["versions"] = ", ".join(versions)
    return Part(
        kind=Kind.LIBRARY,
        name=library.name,
        version=version,
        license=next(licences, None),
        concluded=True,
        texts=tuple(texts_below(tree, found.package.split()[0])) if found.package else (),
        files=tuple(found.files),
        cpe=library.cpe,
        note=note,
    )


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]


def _upstream(version: str) -> str:
    """ "1:1.2.13.dfsg-1" -> "1.2.13": without epoch, the distribution's revision, and what it says of repackaging."""
    bare = version.partition(":")[2] or version
    return re.split(r"[.+~]?(?:dfsg|ds)\b|[+~]", bare.rpartition("-")[0] or bare)[0]


def texts_below(tree: Path, package: str) -> Iterator[Text]:
    """The licences that came with a package of the host."""
    folder = tree / "share" / "licenses" / package
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_file():
            yield read_text(path, path.relative_to(tree).as_posix())


def interpreter_texts(tree: Path) -> list[Text]:
    """The licence of Python and those that lie beside it, without the ones of the host's packages."""
    top = [path for path in sorted(tree.iterdir()) if path.is_file()]
    folders = ["lib", "Lib", "licenses", *([] if (tree / _LISTED).is_file() else ["share/licenses"])]
    below = [path for folder in folders for path in _shallow(tree / folder)]
    return [
        read_text(path, path.relative_to(tree).as_posix())
        for path in [*top, *below]
        if _TEXT.fullmatch(path.name) and path.stat().st_size < _MOST_TEXT
    ]


def _shallow(folder: Path) -> Iterable[Path]:
    """Files at most one folder down: `lib/python3.11/LICENSE.txt`, `lib/Tix8.4.3/license.terms`."""
    return sorted(path for pattern in ("*", "*/*") for path in folder.glob(pattern) if path.is_file())


def read_text(path: Path, name: str) -> Text:
    """Whatever its encoding: texts of the world are UTF-8 or, older ones, Latin-1."""
    return Text(path=name, content=decode(path.read_bytes()))


def decode(data: bytes) -> str:
    """As UTF-8, else Latin-1; with `\\n` at the ends of lines."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n")
