"""Any installer that Keel made, opened on any host without running it."""

import hashlib
import json
from collections import defaultdict
from contextlib import AbstractContextManager
from dataclasses import dataclass
from email.parser import HeaderParser
from functools import cached_property
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from keel.errors import KeelError
from keel.manifest import MANIFEST, Manifest, parse_manifest

from ..errors import InstallerFileError
from ..licensing import license_of
from ..record_names import LICENSES
from .contents import Advance, Contents, PayloadContents, Reading
from .entries import malformed
from .package import MARK as PACKAGE_MARK
from .package import PackageInstaller, find_in_package
from .payload import read_index
from .portable import MARK as ARCHIVE_MARK
from .portable import PortableContents
from .program import ProgramInstaller, find_in_program
from .shell import ShellInstaller, find_in_shell, is_shell

# All headers of a program and the first block of a script are in it.
_HEAD = 2**16
_HINT = "give a file that keel-builder built: .sh, .exe, .pkg or .7z"
_MANIFEST = TypeAdapter(Manifest)


@dataclass(frozen=True, kw_only=True)
class Package:
    """A package of a base's store.

    wheel: its file name, with its sha256.  size: bytes of its files, without bytecode.  license: as the build recorded
    it, else as the wheel declares it: an SPDX expression, a text that is none, or None (`builder.licensing`).
    base: in the base itself, not only on offer.
    """

    name: str
    version: str
    wheel: str
    sha256: str
    size: int
    license: str | None
    base: bool


class Installer(AbstractContextManager["Installer"]):
    """What `open_installer` gives. All that is read is checked against its hash; InstallerFileError for damage.

    path: the file.  format: "sh", "exe", "pkg" or "7z".  size: of the file in bytes.
    """

    def __init__(self, path: Path, format: str, contents: Contents) -> None:
        self.path, self.format, self.size = path, format, path.stat().st_size
        self._contents = contents

    def __exit__(self, *_: object) -> None:
        """Files are open only while something is read; nothing is left to close."""

    @property
    def name(self) -> str:
        return self.manifest.name

    @property
    def version(self) -> str:
        return self.manifest.version

    @property
    def python(self) -> str:
        """Full version."""
        return self.manifest.python

    @property
    def platform(self) -> str:
        """A name of `builder.platforms`."""
        return self.manifest.platform

    @cached_property
    def sha256(self) -> str:
        """Of the file, in hex."""
        with self.path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    @cached_property
    def manifest(self) -> Manifest:
        return _parse(self.read(MANIFEST), self.path)

    @cached_property
    def packages(self) -> tuple[Package, ...]:
        """Everything in the store, sorted by name."""
        sizes: dict[str, int] = defaultdict(int)
        for entry in self._reading.entries:
            parts = entry.path.split("/", 2)
            if parts[0] == "pkgs" and len(parts) == 3 and not entry.path.endswith(".pyc"):
                sizes[f"pkgs/{parts[1]}"] += entry.size
        metadata = {
            path.rsplit("/", 2)[0]: data for path, data in self._reading.files.items() if path.endswith("/METADATA")
        }
        recorded = _recorded_licenses(self._reading.files.get(LICENSES))
        return tuple(
            Package(
                name=unit.name,
                version=unit.version,
                wheel=unit.wheel,
                sha256=unit.sha256,
                size=sizes[unit.path],
                license=recorded.get(unit.name) or _license(metadata.get(unit.path)),
                base=unit.base,
            )
            for unit in self.manifest.units
        )

    def read(self, path: str) -> bytes:
        """A file of the base, such as keel-meta/pylock.toml; raises InstallerFileError when it is not there."""
        found = self._reading if not self._contents.quick or "_reading" in vars(self) else None
        if found is not None and path in found.files:
            return found.files[path]
        found = self._contents.find(path)
        if path in found.files:
            return found.files[path]
        links = [entry for entry in found.entries if entry.path == path and entry.kind == "hard link"]
        if links and links[0].link != path:
            return self.read(links[0].link)
        raise InstallerFileError(f"{self.path} has no file {path}")

    def paths(self) -> list[str]:
        """All files and links of the base, sorted. A 7z has no links before its first start."""
        return sorted(entry.path for entry in self._reading.entries if entry.kind != "folder")

    def unpack_interpreter(self, folder: Path) -> None:
        """Put the interpreter's own files, without any package, into the empty `folder`. Raises OSError, too."""
        if not isinstance(self._contents, PayloadContents):
            raise InstallerFileError(
                f"{self.path}: the interpreter cannot be taken out of a {self.format}", hint="take another format of it"
            )
        links = []
        for frame in self._contents.unit(f"python-{self.python}"):
            links += [entry for entry in frame.entries if entry.kind == "symbolic link"]
            for path, executable in ((entry.path, entry.executable) for entry in frame.entries if entry.kind == "file"):
                place = folder / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(frame.files[path])
                place.chmod(0o755 if executable else 0o644)
        for link in links:  # last, so that no path leads through one
            (folder / link.path).parent.mkdir(parents=True, exist_ok=True)
            (folder / link.path).symlink_to(link.link)

    @property
    def amount(self) -> int:
        """What `verify` counts up to: bytes."""
        return self._contents.amount

    def verify(self, advance: Advance = lambda _: None) -> list[str]:
        """Check everything: all frames' hashes and what is in them, the index, the program before and what follows.

        Returns what is worth knowing ("signed"). advance: told how far it is; any thread may call it.
        """
        notes = self._contents.verify(advance)
        self._check_facts()
        return notes

    def _check_facts(self) -> None:
        """The index, which installers go by, says the same as the manifest, which keel goes by."""
        if not isinstance(self._contents, PayloadContents):
            return
        index, manifest = self._contents.index, self.manifest
        for key in ("name", "version", "python", "platform"):
            if getattr(index, key) != getattr(manifest, key):
                raise malformed(f"its index and its manifest name different things as {key}")

    @cached_property
    def _reading(self) -> Reading:
        """One pass over everything, which keeps what is asked for most."""
        return self._contents.read(_is_interesting)


def open_installer(path: Path | str) -> Installer:
    """The installer in a file. Raises InstallerFileError for what is none, or is damaged at first sight."""
    path = Path(path)
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            head = stream.read(_HEAD)
    except OSError as error:
        raise InstallerFileError(f"{path} cannot be read: {error.strerror or error}", hint=_HINT) from error
    try:
        return _open(path, head, size)
    except OSError as error:
        raise InstallerFileError(f"{path} cannot be read: {error.strerror or error}") from error


def _open(path: Path, head: bytes, size: int) -> Installer:
    container: ShellInstaller | ProgramInstaller | PackageInstaller
    if head.startswith(ARCHIVE_MARK):
        return Installer(path, "7z", PortableContents(path=path))
    if head.startswith(PACKAGE_MARK):
        container = find_in_package(path, head, size)
    elif head.startswith(b"MZ"):
        container = find_in_program(path, head, size)
    elif is_shell(head):
        container = find_in_shell(path, head, size)
    else:
        raise InstallerFileError(f"{path}: {_what_else(head)}", hint=_HINT)
    with container.open() as stream:
        index = read_index(stream, container.available)
    return Installer(path, container.format, PayloadContents(container=container, index=index))


def _what_else(head: bytes) -> str:
    if not head:
        return "the file is empty"
    if head.lstrip()[:9].lower() in (b"<!doctype", b"<html><he") or head.lstrip()[:5].lower() == b"<html":
        return "it is a web page, and no installer: its download went wrong"
    return "it is no installer that Keel made"


def _parse(data: bytes, path: Path) -> Manifest:
    try:
        manifest = parse_manifest(data, MANIFEST)
        return _MANIFEST.validate_python(manifest._asdict(), strict=False)
    except (KeelError, ValidationError) as error:
        message = error.message if isinstance(error, KeelError) else "a value in it is of the wrong kind"
        raise InstallerFileError(
            f"{path}: its manifest cannot be read: {message}", hint="perhaps a newer Keel made it"
        ) from error


def _is_interesting(path: str) -> bool:
    parts = path.split("/")
    if parts[0] == "keel-meta":
        return len(parts) == 2 and parts[1].endswith((".json", ".toml", ".txt"))
    return parts[0] == "pkgs" and len(parts) == 4 and parts[2].endswith(".dist-info") and parts[3] == "METADATA"


def _recorded_licenses(data: bytes | None) -> dict[str, str]:
    """What the build has found, and what its recipe knows better: package -> SPDX expression."""
    if data is None:
        return {}
    try:
        lines = json.loads(data)["packages"]
        return {
            str(line["name"]): str(line["license"]) for line in lines if line["kind"] == "package" and line["license"]
        }
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise malformed(f"its {LICENSES} cannot be read") from error


def _license(metadata: bytes | None) -> str | None:
    return None if metadata is None else license_of(HeaderParser().parsestr(metadata.decode("utf-8", "replace")))
