"""Where the files of a wheel go: from a store unit (the unzipped wheel) into a prefix.

Follows the binary distribution format (https://packaging.python.org/specifications/binary-distribution-format/) and
recording installed projects (https://packaging.python.org/specifications/recording-installed-packages/).
The builder plans the base with it, `keel` plans environments with it.
"""

import base64
import csv
import hashlib
import io
import posixpath
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional, Tuple

from .errors import KeelError
from .launchers import Launchers
from .scripts import entry_point_script, is_gui_script, is_python_script, rewrite_script, windows_script

if TYPE_CHECKING:
    from email.message import Message


class WheelError(KeelError):
    """A wheel breaks the specification, or would write outside the prefix."""


class Scheme(NamedTuple):
    """Folders relative to the prefix, POSIX separators ("" is the prefix itself); `headers` gets the distribution's
    name appended.  launchers: what scripts on Windows are made of, None elsewhere."""

    purelib: str
    platlib: str
    scripts: str
    data: str
    headers: str
    launchers: Optional[Launchers] = None


class Placement(NamedTuple):
    """One file in the prefix: a link to `source` (a path in the unit), or, where that is None, a file of its own.

    dest: relative to the prefix, POSIX separators.  content, executable: of a file of its own.
    """

    dest: str
    source: Optional[str] = None
    content: bytes = b""
    executable: bool = False


# Installers write these themselves; what a wheel brings along under these names is not installed.
_WRITTEN_BY_INSTALLERS = frozenset({"INSTALLER", "REQUESTED", "RECORD", "RECORD.jws", "RECORD.p7s", "direct_url.json"})
_ENTRY_POINT = re.compile(r"(?P<module>[\w.]+)\s*:\s*(?P<attribute>[\w.]+)\s*(\[.*\])?\s*")
_RecordRow = Tuple[str, str, str]
# No backslash, no control character, no drive, and no part that is empty, "." or "..".
_SAFE_PATH = re.compile(r"(?![A-Za-z]:)(?!(?:[^/]*/)*\.{0,2}(?:/|\Z))[^\\\x00-\x1f]+\Z")


class UnitFiles:
    """A store unit that has been listed: the paths in it, and how to read one.

    names: POSIX paths of all files, pycs included.  read: gives a file's bytes.  Raises WheelError for unsafe names and
    for anything but exactly one `.dist-info`.
    """

    def __init__(self, names: Iterable[str], read: Callable[[str], bytes]) -> None:
        self.names = sorted(names)
        self.read = read
        for name in self.names:
            check_path(name)
        folders = {name.split("/", 1)[0] for name in self.names if "/" in name}
        infos = sorted(folder for folder in folders if folder.endswith(".dist-info"))
        if len(infos) != 1:
            raise WheelError(f"a wheel has one .dist-info folder, this one has {len(infos)}: {', '.join(infos)}")
        self.dist_info = infos[0]
        self.distribution = self.dist_info[: -len(".dist-info")].rsplit("-", 1)[0]
        self._metadata: Optional[Message] = None

    def metadata(self) -> "Message":
        """`METADATA`, the core metadata."""
        if self._metadata is None:
            from email.parser import HeaderParser  # takes longer to import than most environments to make

            self._metadata = HeaderParser().parsestr(self._text("METADATA"))
        return self._metadata

    def _text(self, name: str) -> str:
        path = f"{self.dist_info}/{name}"
        if path not in self.names:
            raise WheelError(f"{path} is missing")
        return self.read(path).decode("utf-8", "replace")

    def root_is_purelib(self) -> bool:
        """From `WHEEL`; raises WheelError for a wheel version that this code does not know."""
        wheel = self._text("WHEEL")
        version = _header(wheel, "Wheel-Version")
        if version.split(".")[0] != "1":
            raise WheelError(f"{self.dist_info}: wheel version {version or 'missing'} is not supported (1.x is)")
        return _header(wheel, "Root-Is-Purelib").lower() == "true"

    def record(self) -> Dict[str, Tuple[str, str]]:
        """`RECORD`: path -> (hash as written there, size)."""
        path = f"{self.dist_info}/RECORD"
        if path not in self.names:
            raise WheelError(f"{path} is missing")
        return parse_record(self.read(path))

    def entry_points(self) -> List["EntryPoint"]:
        """All console and GUI scripts."""
        path = f"{self.dist_info}/entry_points.txt"
        if path not in self.names:
            return []
        import configparser  # most wheels have no entry points

        parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=False)
        parser.optionxform = str  # type: ignore[assignment,method-assign]  # names are case-sensitive
        try:
            parser.read_string(self.read(path).decode("utf-8"))
        except (configparser.Error, UnicodeDecodeError) as error:
            raise WheelError(f"{path} cannot be read: {error}") from error
        sections = [section for section in ("console_scripts", "gui_scripts") if parser.has_section(section)]
        return [
            _entry_point(path, name, value, gui=section == "gui_scripts")
            for section in sections
            for name, value in parser.items(section)
        ]


class EntryPoint(NamedTuple):
    """A script `name` that calls `attribute` of `module`.  gui: without a console."""

    name: str
    module: str
    attribute: str
    gui: bool


def parse_record(data: bytes) -> Dict[str, Tuple[str, str]]:
    """The content of a `RECORD`: path -> (hash as written there, size)."""
    rows = csv.reader(data.decode("utf-8").splitlines())
    return {row[0]: (row[1], row[2]) for row in rows if len(row) == 3}


def _header(text: str, name: str) -> str:
    """The value of the first header `name`, "" without one. `WHEEL` holds nothing but headers of one line."""
    match = re.search(rf"^{name}[ \t]*:([^\r\n]*)", text, re.IGNORECASE | re.MULTILINE)
    return match[1].strip() if match else ""


def _entry_point(path: str, name: str, value: str, *, gui: bool) -> EntryPoint:
    match = _ENTRY_POINT.fullmatch(value)
    if match is None or not _is_file_name(name):
        raise WheelError(f"{path}: {name} = {value} is not an entry point")
    return EntryPoint(name, match["module"], match["attribute"], gui)


def _is_file_name(name: str) -> bool:
    return name not in ("", ".", "..") and not re.search(r"[/\\\x00-\x1f]", name)


@lru_cache(maxsize=1 << 17)  # a builder meets the same paths once for each target
def check_path(path: str) -> str:
    """The path itself, if it stays inside the folder that it is relative to; WheelError otherwise."""
    if not _SAFE_PATH.match(path):
        raise WheelError(f"unsafe path in a wheel: {path!r}")
    return path


def plan(unit: UnitFiles, scheme: Scheme, *, requested: bool) -> List[Placement]:
    """Everything that installing `unit` puts into a prefix, sorted by destination; `RECORD` is among it.

    requested: somebody asked for this distribution by name (`REQUESTED`).  Raises WheelError.
    """
    library = scheme.purelib if unit.root_is_purelib() else scheme.platlib
    placements = {place.dest: place for place in _unpacked(unit, scheme, library)}
    for point in unit.entry_points():
        place = _entry_point_placement(point, scheme)
        placements[place.dest] = place
    info = posixpath.join(library, unit.dist_info)
    placements[f"{info}/INSTALLER"] = Placement(f"{info}/INSTALLER", content=b"keel\n")
    if requested:
        placements[f"{info}/REQUESTED"] = Placement(f"{info}/REQUESTED")
    record = _record(unit, library, f"{info}/RECORD", placements.values())
    placements[f"{info}/RECORD"] = Placement(f"{info}/RECORD", content=record)
    return [placements[dest] for dest in sorted(placements)]


def _entry_point_placement(point: EntryPoint, scheme: Scheme) -> Placement:
    dest = posixpath.join(scheme.scripts, point.name)
    if scheme.launchers is not None:
        content = scheme.launchers.entry_point(point.module, point.attribute, gui=point.gui)
        return Placement(f"{dest}.exe", content=content, executable=True)
    return Placement(dest, content=entry_point_script(point.module, point.attribute), executable=True)


def _unpacked(unit: UnitFiles, scheme: Scheme, library: str) -> Iterator[Placement]:
    """The wheel's own files."""
    data_prefix = unit.dist_info[: -len(".dist-info")] + ".data/"
    folders = {
        "purelib": scheme.purelib,
        "platlib": scheme.platlib,
        "scripts": scheme.scripts,
        "data": scheme.data,
        "headers": posixpath.join(scheme.headers, unit.distribution),
    }
    for name in unit.names:
        folder, _, file = name.partition("/")
        if folder == unit.dist_info and file in _WRITTEN_BY_INSTALLERS:
            continue
        if not name.startswith(data_prefix):
            yield Placement(posixpath.join(library, name), source=name)
            continue
        key, _, rest = name[len(data_prefix) :].partition("/")
        if key not in folders or not rest:
            raise WheelError(f"{name}: the wheel specification knows no {data_prefix}{key}")
        dest = posixpath.join(folders[key], rest)
        script = unit.read(name) if key == "scripts" else b""
        if is_python_script(script) and scheme.launchers is not None:
            # The file itself stays as well, for those who call it through python.
            program = scheme.launchers.script(windows_script(script), gui=is_gui_script(script))
            yield Placement(dest, content=windows_script(script))
            yield Placement(f"{dest[:-3] if dest.endswith('.py') else dest}.exe", content=program, executable=True)
        elif is_python_script(script):
            yield Placement(dest, content=rewrite_script(script), executable=True)
        else:
            yield Placement(dest, source=name)


def _record(unit: UnitFiles, library: str, own: str, placements: Iterable[Placement]) -> bytes:
    hashes = unit.record()
    rows: List[_RecordRow] = [(_relative(own, library), "", "")]
    for place in placements:
        path = _relative(place.dest, library)
        if place.source is None:
            digest = base64.urlsafe_b64encode(hashlib.sha256(place.content).digest()).decode().rstrip("=")
            rows.append((path, f"sha256={digest}", str(len(place.content))))
        else:
            rows.append((path, *hashes.get(place.source, ("", ""))))  # pycs have no hash, as pip writes them
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(sorted(rows))
    return text.getvalue().encode()


def _relative(path: str, folder: str) -> str:
    # Nearly all paths lie inside, and `relpath` asks for the current folder each time.
    inside = path.startswith(folder + "/")
    return path[len(folder) + 1 :] if inside else posixpath.relpath(path, folder)
