"""Interpreters out of archives: at an address (`url`), on this machine (`path`), or found by the other sources."""

import os
import re
import shutil
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..archives import unpack
from ..errors import FetchError, InterpreterError, WrongFileError
from ..fetch import Download
from ..transfer import hash_file, public_url
from .layout import check_platform, find_layout
from .model import Interpreter, UnavailableError
from .shelf import shelve
from .wanted import Wanted

# `cpython-3.11.7+20240107-x86_64-…` and, until 2021, `cpython-3.9.7-x86_64-…-20211017T1616`.
_BUILD = re.compile(r"\+(\d{8}(?:T\d{4})?)-|-(\d{8}T\d{4})\.tar")
_NOT_COPIED = ("site-packages", "dist-packages", "__pycache__", "test")


def file_name(url: str) -> str:
    """The name of the file at an address, without escapes."""
    return unquote(urlsplit(url).path).rpartition("/")[2] or url


def build_of(filename: str) -> str:
    """The build in a file name of python-build-standalone ("20240107"), or ""."""
    match = _BUILD.search(filename)
    return (match[1] or match[2]) if match else ""


def fetch_archive(wanted: Wanted, urls: Iterable[str], sha256: str) -> tuple[Path, str]:
    """The archive from the first address that has it, and that address.

    Raises UnavailableError if none has; FetchError if what arrives has another hash.
    """
    failures = []
    for url in urls:
        try:
            return wanted.fetcher.fetch([Download(url=url, filename=file_name(url), sha256=sha256)])[0], url
        except WrongFileError:
            raise
        except FetchError as error:
            failures.append(error)
    raise UnavailableError("; ".join(error.message for error in failures), hint=failures[-1].hint if failures else None)


def interpreter_from_archive(
    wanted: Wanted, archive: Path, *, source: str, filename: str, sha256: str, url: str | None
) -> Interpreter:
    """The interpreter in an archive whose hash has been checked."""

    def make(work: Path) -> tuple[Path, list[str]]:
        unpack(archive, work)
        layout = find_layout(work, filename)
        check_platform(layout, wanted.target.platform, filename)
        return layout.prefix, []

    shelved = shelve(wanted.settings.cache, wanted.key("archive", sha256), make)
    wanted.check(shelved, filename)
    return Interpreter(
        source=source,
        version=shelved.version,
        build=build_of(filename),
        url=public_url(url) if url else None,
        sha256=sha256,
        tree=shelved.tree,
        glibc=shelved.glibc,
    )


@dataclass(frozen=True, kw_only=True)
class UrlSource:
    """An archive at an address. sha256: what it must have."""

    wanted: Wanted
    url: str
    sha256: str
    source: str = "url"

    @property
    def name(self) -> str:
        return self.source

    def find(self) -> Interpreter:
        archive, url = fetch_archive(self.wanted, [self.url], self.sha256)
        return interpreter_from_archive(
            self.wanted, archive, source=self.source, filename=file_name(url), sha256=self.sha256, url=url
        )


@dataclass(frozen=True, kw_only=True)
class PathSource:
    """An archive on this machine, or a folder with an interpreter. sha256: of the archive, None: any."""

    wanted: Wanted
    path: Path
    sha256: str | None = None

    @property
    def name(self) -> str:
        return "path"

    def find(self) -> Interpreter:
        if self.path.is_dir():
            return self._from_folder()
        if not self.path.is_file():
            raise UnavailableError(f"{self.path} does not exist")
        sha256, _ = hash_file(self.path)
        if self.sha256 not in (None, sha256):
            raise InterpreterError(
                f"{self.path} has the SHA-256 {sha256}, and the recipe says {self.sha256}",
                hint="put the right file there, or the right hash into the recipe",
            )
        return interpreter_from_archive(
            self.wanted, self.path, source="path", filename=self.path.name, sha256=sha256, url=None
        )

    def _from_folder(self) -> Interpreter:
        """Of a folder nothing proves that it is unchanged: its files decide the key, the finished tree is the hash."""
        if self.sha256 is not None:
            raise InterpreterError(
                f"{self.path} is a folder, which has no SHA-256", hint="name an archive, or leave out `sha256`"
            )
        layout = find_layout(self.path, str(self.path))
        self.wanted.check_version(layout.version, str(self.path))
        check_platform(layout, self.wanted.target.platform, str(self.path))

        def make(work: Path) -> tuple[Path, list[str]]:
            ignore = shutil.ignore_patterns(*_NOT_COPIED)
            shutil.copytree(layout.prefix, work / "python", symlinks=True, ignore=ignore)
            return work / "python", []

        shelved = shelve(self.wanted.settings.cache, self.wanted.key("folder", folder_state(layout.prefix)), make)
        self.wanted.check(shelved, str(self.path))
        return Interpreter(
            source="path",
            version=shelved.version,
            build="",
            url=None,
            sha256=shelved.digest,
            tree=shelved.tree,
            glibc=shelved.glibc,
        )


def folder_state(root: Path) -> str:
    """A text that changes when a file below `root` is replaced: names, sizes and times of what would be copied."""
    lines = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in _NOT_COPIED)
        for name in sorted(names):
            status = (Path(folder) / name).lstat()
            kind = stat.S_IFMT(status.st_mode)
            lines.append(f"{folder}/{name} {kind} {status.st_size} {status.st_mtime_ns}")
    return "\n".join(lines)
