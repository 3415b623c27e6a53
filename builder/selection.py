"""Of each package that was resolved, the one wheel that suits the target best."""

import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from packaging.pylock import Package, PackageArchive, PackageWheel, Pylock
from packaging.tags import Tag, create_compatible_tags_selector
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from .elf import elf_files, oldest_glibc
from .errors import ResolveError
from .lock import LockedWheel
from .transfer import public_url


def select_wheels(document: Pylock, tags: Iterable[Tag], folder: Path) -> list[LockedWheel]:
    """One wheel for each package, sorted by name.

    tags: what the target accepts, best first.  folder: what the document's paths are relative to.  Raises ResolveError
    with every package that has no wheel for these tags, or none with a SHA-256.
    """
    order = list(tags)
    chosen = {package.name: _choose(package, order, folder) for package in document.packages}
    lacking = sorted(name for name, wheel in chosen.items() if wheel is None)
    if lacking:
        raise ResolveError(
            f"no wheel fits the target: {', '.join(lacking)}",
            hint=f"take another version, or build it here with `build_from_source: [{', '.join(lacking)}]`",
        )
    return sorted((wheel for wheel in chosen.values() if wheel is not None), key=lambda wheel: wheel.name)


def _choose(package: Package, tags: Sequence[Tag], folder: Path) -> LockedWheel | None:
    candidates: list[tuple[str, PackageWheel | PackageArchive]] = [
        (wheel.filename, wheel) for wheel in package.wheels or ()
    ]
    if package.archive is not None:
        candidates.append((_file_name(package.archive), package.archive))
    tagged = [((name, file), _tags(name)) for name, file in candidates if file.hashes.get("sha256")]
    best = next(create_compatible_tags_selector(tags)(tagged), None)
    if best is None:
        return None
    name, file = best
    path = _local(file, folder)
    return LockedWheel(
        name=package.name,
        version=str(package.version or parse_wheel_filename(name)[1]),
        filename=name,
        sha256=file.hashes["sha256"],
        url=None if path is not None else public_url((file.url or "").partition("#")[0]),
        path=path,
        size=file.size if path is None or not path.is_file() else path.stat().st_size,
    )


def _file_name(archive: PackageArchive) -> str:
    path = archive.path or unquote(urlsplit(archive.url or "").path)
    return path.replace("\\", "/").rsplit("/", 1)[-1]


def _tags(name: str) -> frozenset[Tag]:
    try:
        return parse_wheel_filename(name)[3]
    except InvalidWheelFilename:  # a source distribution at an address of its own
        return frozenset()


def _local(file: PackageWheel | PackageArchive, folder: Path) -> Path | None:
    if file.path is not None:
        return folder / file.path
    parts = urlsplit(file.url or "")
    return Path(url2pathname(parts.path)) if parts.scheme == "file" else None


def libraries_glibc(wheel: Path) -> str | None:
    """The oldest glibc ("2.34") that the libraries in a wheel need; None if it has none. Raises ResolveError."""
    with tempfile.TemporaryDirectory(prefix="keel-wheel-") as temporary:
        try:
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(temporary)  # zipfile keeps members inside the folder
        except (OSError, zipfile.BadZipFile) as error:
            raise ResolveError(f"{wheel} cannot be read: {error}", hint="build or download it again") from error
        return oldest_glibc(elf_files(Path(temporary)))
