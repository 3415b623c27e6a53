"""From installer files to what an index says about them: each is opened and checked, none is run."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from re import fullmatch
from typing import cast

from keel.manifest import Manifest

from ..errors import InstallerFileError
from ..inspection import Installer, open_installer
from ..platforms import PLATFORMS
from ..report import Reporter
from .index import (
    DOCUMENT_PLACES,
    DOCUMENT_SUFFIXES,
    Document,
    DocumentKind,
    Entry,
    InstallerFormat,
    Interpreter,
    Package,
    Product,
)
from .wire import FILE_NAME

_SUFFIXES = (".sh", ".exe", ".pkg", ".7z")
# What keel-setup.exe asks for, whatever is in it (installer_templates/windows/system.c).
_OLDEST_WINDOWS = "10"
_LONGEST_LICENSE = 120


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An installer that may be published. documents: content by published name."""

    path: Path
    entry: Entry
    product: Product
    documents: Mapping[str, bytes]


def find_files(paths: Sequence[Path]) -> list[Path]:
    """The installers that are meant: files as they are, folders by the suffixes of what lies directly in them.

    Raises InstallerFileError for what is not there, and for a folder without any.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            inside = sorted(one for one in path.iterdir() if one.suffix in _SUFFIXES and one.is_file())
            if not inside:
                raise InstallerFileError(f"there is no installer in {path}", hint=f"they end in {', '.join(_SUFFIXES)}")
            found.update(dict.fromkeys(inside))
        elif path.is_file():
            found[path] = None
        else:
            raise InstallerFileError(f"{path} does not exist", hint="name installers, or a folder that holds them")
    return list(found)


def collect(paths: Sequence[Path], now: datetime, reporter: Reporter) -> list[Candidate]:
    """What there is to say about each installer. now: the time of publishing.

    Raises InstallerFileError with all that is wrong, a line for each file.
    """
    found: list[Candidate] = []
    problems: list[str] = []
    hints: list[str | None] = []
    with reporter.progress("checking", sum(path.stat().st_size for path in paths)) as progress:
        for path in paths:
            try:
                found.append(_candidate(path, now))
            except InstallerFileError as error:
                problems.append(error.message if str(path) in error.message else f"{path}: {error.message}")
                hints.append(error.hint)
            progress.advance(path.stat().st_size)
    if problems:
        hint = next(filter(None, hints), None)
        raise InstallerFileError(
            "\n".join(problems), hint=hint or "nothing was published; build these again, or leave them out"
        )
    _refuse_twins(found)
    if found:
        reporter.step(f"checked {_counted(found)}")
    return found


def _counted(found: Sequence[Candidate]) -> str:
    return f"{len(found)} installer{'' if len(found) == 1 else 's'}"


def _candidate(path: Path, now: datetime) -> Candidate:
    changed = datetime.fromtimestamp(int(path.stat().st_mtime), UTC)
    with open_installer(path) as installer:
        _check_name(path.name, installer)
        installer.verify()
        manifest = installer.manifest
        documents = _documents(installer)
        stem = path.name.removesuffix(f".{installer.format}")
        entry = Entry(
            file=path.name,
            format=cast(InstallerFormat, installer.format),
            size=installer.size,
            sha256=installer.sha256,
            modified=changed,
            published=now,
            name=installer.name,
            version=installer.version,
            python=installer.python,
            platform=installer.platform,
            interpreter=_interpreter(manifest),
            glibc=manifest.glibc,
            macos=manifest.macos,
            windows=_OLDEST_WINDOWS if PLATFORMS[installer.platform].is_windows else None,
            packages=_packages(installer, base=True),
            store=_packages(installer, base=False),
            documents={
                kind: Document(name=stem + DOCUMENT_SUFFIXES[kind], size=len(data), sha256=sha256(data).hexdigest())
                for kind, data in documents.items()
            },
        )
    product = Product(company=manifest.company, description=manifest.description, homepage=manifest.homepage)
    contents = {stem + DOCUMENT_SUFFIXES[kind]: data for kind, data in documents.items()}
    return Candidate(path=path, entry=entry, product=product, documents=contents)


def _check_name(name: str, installer: Installer) -> None:
    if not name.endswith(f".{installer.format}"):
        raise InstallerFileError(f"it is a .{installer.format}, and its name says something else", hint="rename it")
    if not fullmatch(FILE_NAME, name) or "-latest-" in name or name == "install.sh":
        raise InstallerFileError(
            "an installer of that name cannot be published",
            hint='keep the name that keel-builder gave it: letters, digits and ._+!-, without "-latest-"',
        )
    if installer.platform not in PLATFORMS:
        raise InstallerFileError(
            f'its platform, "{installer.platform}", is unknown', hint="install a newer keel-builder"
        )


def _documents(installer: Installer) -> dict[DocumentKind, bytes]:
    there = set(installer.paths())
    return {kind: installer.read(path) for kind, path in DOCUMENT_PLACES.items() if path in there}


def _interpreter(manifest: Manifest) -> Interpreter:
    facts = manifest.interpreter
    return Interpreter(
        source=facts.get("source", ""),
        version=facts.get("version", manifest.python),
        build=facts.get("build", ""),
        sha256=facts.get("sha256", ""),
    )


def _packages(installer: Installer, *, base: bool) -> tuple[Package, ...]:
    found = (
        Package(name=one.name, version=one.version, license=_short(one.license))
        for one in installer.packages
        if one.base == base
    )
    return tuple(sorted(found, key=lambda package: (package.name, package.version)))


def _short(license: str | None) -> str | None:
    """Some packages tell the whole text where a name is asked for."""
    words = " ".join((license or "").split())
    return (words if len(words) <= _LONGEST_LICENSE else words[: _LONGEST_LICENSE - 1] + "…") or None


def _refuse_twins(candidates: Iterable[Candidate]) -> None:
    """One publishing cannot hold two files of one name, nor two bases under one stem."""
    files: dict[str, Candidate] = {}
    for candidate in candidates:
        other = files.setdefault(candidate.entry.file.lower(), candidate)
        if other is not candidate and (other.entry.sha256, other.entry.file) != (
            candidate.entry.sha256,
            candidate.entry.file,
        ):
            raise InstallerFileError(
                f"{other.path} and {candidate.path} have the same name and differ", hint="publish one of them"
            )
