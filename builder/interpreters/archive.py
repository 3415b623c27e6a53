"""Interpreters out of archives: those at an address (`url`), and what the other sources with archives share."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from ..archives import unpack
from ..errors import FetchError, InstallerFileError, InterpreterError, WrongFileError
from ..fetch import Download
from .layout import check_platform, check_unpatched, find_layout
from .libraries import complete_tree
from .model import Announced, Interpreter, UnavailableError
from .shelf import shelve
from .wanted import Wanted

if TYPE_CHECKING:
    from ..inspection import Installer

# `cpython-3.11.7+20240107-x86_64-…` and, until 2021, `cpython-3.9.7-x86_64-…-20211017T1616`.
_BUILD = re.compile(r"\+(\d{8}(?:T\d{4})?)-|-(\d{8}T\d{4})\.tar")
# In the names of all of them: `cpython-3.11.7+…`, `python-3.11.9-embed-amd64.zip`, `python.3.11.9.nupkg`.
_VERSION = re.compile(r"(?<=python[-.])3\.\d+\.\d+(?=[+-]|\.nupkg$|\.zip$|\.tar)")
# Formats of Keel's own installers, out of which an interpreter can be taken again.
INSTALLERS = (".sh", ".exe", ".pkg")
_EMBEDDABLE = re.compile(r"python-[\w.]+-embed(dable)?-\w+\.zip")


def file_name(url: str) -> str:
    """The name of the file at an address, without escapes."""
    return unquote(urlsplit(url).path).rpartition("/")[2] or url


def build_of(filename: str) -> str:
    """The build in a file name of python-build-standalone ("20240107"), or python.org's kind of package, or ""."""
    if filename.endswith(".nupkg"):
        return "nuget"
    if _EMBEDDABLE.fullmatch(filename):
        return "embeddable"
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

    installer = _installer(archive, filename)

    def make(work: Path) -> tuple[Path, list[str]]:
        if installer is None:
            unpack(archive, work)
        else:
            installer.unpack_interpreter(work)
        layout = find_layout(work, filename)
        check_platform(layout, wanted.target.platform, filename)
        check_unpatched(layout, filename)
        return layout.prefix, complete_tree(layout.prefix)

    shelved = shelve(wanted.settings.cache, wanted.key("archive", sha256), make)
    wanted.check(shelved, filename)
    build = installer.manifest.interpreter.get("build", "") if installer else build_of(filename)
    return shelved.interpreter(source=source, reporter=wanted.settings.reporter, build=build, url=url, sha256=sha256)


def _installer(archive: Path, filename: str) -> "Installer | None":
    """The archive as an installer of Keel's, which holds an interpreter too; None where its name says it is none."""
    if not filename.endswith(INSTALLERS):
        return None
    from ..inspection import open_installer  # which imports the writers, and they what interpreters are

    try:
        return open_installer(archive)
    except InstallerFileError as error:
        raise InterpreterError(f"{filename}: {error.message}", hint=error.hint) from error


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

    def announce(self) -> Announced | None:
        filename = file_name(self.url)
        match = _VERSION.search(filename)
        if match is None:
            return None
        self.wanted.check_version(match[0], filename)
        return Announced(source=self.source, version=match[0], build=build_of(filename), sha256=self.sha256)

    def find(self) -> Interpreter:
        archive, url = fetch_archive(self.wanted, [self.url], self.sha256)
        return interpreter_from_archive(
            self.wanted, archive, source=self.source, filename=file_name(url), sha256=self.sha256, url=url
        )
