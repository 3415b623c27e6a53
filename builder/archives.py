"""Unpacking archives of strangers: nothing leaves the folder, nothing grows without bound.

tar (plain, gzip, bzip2, xz, zstd), zip and 7z; the format is told by the first bytes, not by the name. Refused are
absolute paths, `..`, links that lead out, devices and pipes. Modes become 0755 and 0644, times and owners are ignored.
"""

import bz2
import gzip
import lzma
import os
import posixpath
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

import py7zr
import zstandard

from .errors import InterpreterError, OutputError

MAX_BYTES = 4 << 30
MAX_MEMBERS = 200_000

_CHUNK = 1 << 20
_BROKEN = (
    tarfile.TarError, zipfile.BadZipFile, zipfile.LargeZipFile, py7zr.exceptions.ArchiveError, zstandard.ZstdError,
    lzma.LZMAError, zlib.error, EOFError, UnicodeDecodeError, NotImplementedError, RuntimeError, ValueError, OSError,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What an archive may hold: bytes in all files together, and members."""

    size: int = MAX_BYTES
    members: int = MAX_MEMBERS


def unpack(archive: Path, folder: Path, limits: Limits | None = None) -> None:
    """Unpack `archive` into the empty folder `folder`.

    Raises InterpreterError for what is not an archive, is damaged, unsafe, or larger than `limits`. What has been
    unpacked until then stays; the caller removes it with the folder.
    """
    unpacker = _Unpacker(archive.name, folder, limits or Limits())
    try:
        _unpack_by_format(archive, unpacker)
        unpacker.finish()
    except _BROKEN as error:
        if isinstance(error, OSError) and error.errno:  # what decompressors raise has no number
            raise OutputError(f"{folder} cannot be written: {error.strerror}", hint="free some space") from error
        raise InterpreterError(
            f"{archive.name} cannot be unpacked: {error or type(error).__name__}",
            hint="the archive is damaged or not complete; fetch it again",
        ) from error


def _unpack_by_format(archive: Path, unpacker: "_Unpacker") -> None:
    with archive.open("rb") as stream:
        magic = stream.read(512)
    if magic.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        _unpack_zip(archive, unpacker)
    elif magic.startswith(b"7z\xbc\xaf\x27\x1c"):
        _unpack_7z(archive, unpacker)
    else:
        with _tar_stream(archive, magic) as stream:
            _unpack_tar(stream, unpacker)


@contextmanager
def _tar_stream(archive: Path, magic: bytes) -> Iterator[IO[bytes]]:
    """The uncompressed bytes of a tar archive."""
    openers: dict[bytes, Callable[[Path], Any]] = {
        b"\x1f\x8b": gzip.GzipFile,
        b"BZh": bz2.BZ2File,
        b"\xfd7zXZ\x00": lzma.LZMAFile,
        b"\x28\xb5\x2f\xfd": _open_zstd,
    }
    opener = next((opener for start, opener in openers.items() if magic.startswith(start)), None)
    if opener is None and magic[257:262] != b"ustar":
        raise InterpreterError(
            f"{archive.name} is not an archive that Keel knows",
            hint="tar (also with gzip, bzip2, xz or zstd), zip and 7z can be used; a saved error page cannot",
        )
    with opener(archive) if opener else archive.open("rb") as stream:
        yield stream


def _open_zstd(path: Path) -> IO[bytes]:
    # Windows up to 128 MiB: python-build-standalone has used long-distance matching.
    decompressor = zstandard.ZstdDecompressor(max_window_size=1 << 27)
    return cast(IO[bytes], decompressor.stream_reader(path.open("rb"), read_across_frames=True, closefd=True))


def _unpack_tar(stream: IO[bytes], unpacker: "_Unpacker") -> None:
    with tarfile.open(fileobj=stream, mode="r|") as tar:
        for member in tar:
            if member.isdir():
                unpacker.folder(member.name)
            elif member.issym():
                unpacker.symlink(member.name, member.linkname)
            elif member.islnk():
                unpacker.hard_link(member.name, member.linkname)
            elif member.isfile():
                content = tar.extractfile(member)
                assert content is not None  # it is a regular file
                unpacker.file(member.name, content, executable=bool(member.mode & 0o111))
            else:
                unpacker.refuse(member.name, "a device, a pipe or something else that is not a file")


def _unpack_zip(archive: Path, unpacker: "_Unpacker") -> None:
    with zipfile.ZipFile(archive) as content:
        for info in content.infolist():
            mode = info.external_attr >> 16
            if info.is_dir():
                unpacker.folder(info.filename)
            elif stat.S_ISLNK(mode):
                if info.file_size > 4096:
                    unpacker.refuse(info.filename, "a link with an endless target")
                unpacker.symlink(info.filename, content.read(info).decode())
            elif stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                unpacker.refuse(info.filename, "a device, a pipe or something else that is not a file")
            else:
                with content.open(info) as stream:
                    unpacker.file(info.filename, stream, executable=bool(mode & 0o111))


def _unpack_7z(archive: Path, unpacker: "_Unpacker") -> None:
    """py7zr writes by itself: into a folder beside, from which the members are moved one by one."""
    aside = unpacker.root / ".unpacked-7z"
    with py7zr.SevenZipFile(archive) as content:
        members = content.list()
        unpacker.check_total(len(members), sum(member.uncompressed or 0 for member in members))
        for member in members:
            unpacker.check_name(member.filename)
        content.extractall(path=aside)  # noqa: S202  # every name has been checked
    for path in sorted(aside.rglob("*")):
        name = path.relative_to(aside).as_posix()
        if path.is_symlink():
            unpacker.symlink(name, str(path.readlink()))
        elif path.is_dir():
            unpacker.folder(name)
        else:
            with path.open("rb") as stream:
                unpacker.file(name, stream, executable=bool(path.stat().st_mode & 0o111))
    shutil.rmtree(aside)


@dataclass
class _Unpacker:
    """Puts members into `root`. Links are made by `finish`, so that no member is ever written through one."""

    archive: str
    root: Path
    limits: Limits
    _size: int = 0
    _members: int = 0
    _links: dict[str, str] = field(default_factory=dict)

    def refuse(self, name: str, why: str) -> None:
        raise InterpreterError(
            f"{self.archive} is not safe to unpack: {name!r} is {why}", hint="take an archive from a source you trust"
        )

    def check_total(self, members: int, size: int) -> None:
        if size > self.limits.size or members > self.limits.members:
            raise InterpreterError(
                f"{self.archive} unpacks to more than {self.limits.size >> 20} MiB or {self.limits.members} files",
                hint="an interpreter is far smaller; is this the right archive?",
            )

    def check_name(self, name: str) -> str:
        """The member's path in its plain form: relative, without `.` and empty parts."""
        parts = [part for part in name.split("/") if part not in ("", ".")]
        drive = len(name) > 1 and name[1] == ":"
        if name.startswith("/") or ".." in parts or "\\" in name or "\0" in name or drive:
            self.refuse(name, "a path that leads out of the archive's folder")
        return "/".join(parts)

    def folder(self, name: str) -> None:
        self._count(0)
        (self.root / self.check_name(name)).mkdir(parents=True, exist_ok=True)

    def file(self, name: str, content: IO[bytes], *, executable: bool) -> None:
        self._count(0)
        path = self._place(name)
        with path.open("wb") as out:
            while chunk := content.read(_CHUNK):
                self._count(len(chunk), members=0)
                out.write(chunk)
        path.chmod(0o755 if executable else 0o644)

    def hard_link(self, name: str, target: str) -> None:
        """A copy: two names of one file would change together when one of them is mended."""
        source = self.root / self.check_name(target)
        if not source.is_file():
            self.refuse(name, f"a link to {target!r}, which the archive does not hold before it")
        with source.open("rb") as stream:
            self.file(name, stream, executable=os.access(source, os.X_OK))

    def symlink(self, name: str, target: str) -> None:
        self._count(0)
        plain = self.check_name(name)
        end = posixpath.normpath(posixpath.join(posixpath.dirname(plain), target))
        if not target or target.startswith("/") or "\0" in target or end == ".." or end.startswith("../"):
            self.refuse(name, f"a link to {target!r}, outside of the archive's folder")
        self._links[plain] = target

    def finish(self) -> None:
        """Make the links; each must still lead to a place inside when all of them are followed."""
        for name, target in self._links.items():
            self._place(name).symlink_to(target)
        root = self.root.resolve()
        for name, target in self._links.items():
            if not (self.root / name).resolve().is_relative_to(root):
                self.refuse(name, f"a link to {target!r}, outside of the archive's folder")

    def _count(self, size: int, members: int = 1) -> None:
        self._size += size
        self._members += members
        self.check_total(self._members, self._size)

    def _place(self, name: str) -> Path:
        """Where the member goes; a later member of the same name wins, as with tar."""
        plain = self.check_name(name)
        path = self.root / plain
        # Only `finish` makes links: until then every parent is a real folder.
        if not plain or path.is_dir() or any((self.root / parent).is_symlink() for parent in Path(plain).parents):
            self.refuse(name, "there twice")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        return path
