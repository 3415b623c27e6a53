"""Private copies of bundled packages (`keel unlink`): files of an environment's own, which may be edited.

Whose copies are private is noted in `<env>/etc/keel/private.txt`, a line `name version` for each, so that `keel check`
takes an edit there for what it is. RECORD and INSTALLER stay as they were: to pip it is the same package.
"""

import os
from typing import Iterable, List, NamedTuple, Set, Tuple

from .base import Base, site_packages
from .environments import Environment, check_own
from .errors import KeelError
from .hashes import dist_infos, read_rows
from .installed import BUNDLED, installed, normalised
from .linker import copy_file
from .staging import held, replace_file, temporary_beside

FILE = "etc/keel/private.txt"


class Unlinked(NamedTuple):
    """A package whose files are private now.  files, size: how many were copied for it, and their bytes."""

    name: str
    version: str
    files: int
    size: int


def read_private(prefix: str) -> Set[Tuple[str, str]]:
    """(name, version) of the packages that are private copies at `prefix`."""
    try:
        with open(os.path.join(prefix, FILE), encoding="utf-8") as file:
            words = [line.split() for line in file]
    except (OSError, UnicodeDecodeError):
        return set()
    return {(word[0], word[1]) for word in words if len(word) == 2}


def write_private(prefix: str, packages: Set[Tuple[str, str]]) -> None:
    """Raises OSError."""
    path = os.path.join(prefix, FILE)
    if not packages:
        if os.path.lexists(path):
            os.unlink(path)
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    replace_file(path, "".join(f"{name} {version}\n" for name, version in sorted(packages)).encode())


def forget_private(prefix: str, names: Iterable[str]) -> None:
    """The packages `names` (normalised) were removed or installed anew: they are private copies no more. OSError."""
    old = read_private(prefix)
    new = {one for one in old if one[0] not in set(names)}
    if new != old:
        write_private(prefix, new)


def unlink_packages(base: Base, environment: Environment, names: List[str]) -> List[Unlinked]:
    """Give bundled packages of `environment` files of its own. Raises KeelError before anything is changed, OSError."""
    check_own(environment, os.path.join(environment.prefix, site_packages(base.python_minor)))
    done = []
    with held(environment.prefix, wait=True):
        for name, version in find_bundled(base, environment, names):
            # Noted first: a copy that was not noted would be taken for damage once it is edited.
            write_private(environment.prefix, {*read_private(environment.prefix), (name, version)})
            sizes = [_make_private(file.path) for file in package_files(base, environment, name, version)]
            copied = [size for size in sizes if size is not None]
            done.append(Unlinked(name, version, len(copied), sum(copied)))
    return done


def find_bundled(base: Base, environment: Environment, names: List[str]) -> List[Tuple[str, str]]:
    """(name, version) of the bundled packages `names` in `environment`. Raises KeelError for those that are none."""
    packages = {package.name: package for package in installed(environment.prefix, base)}
    found = []
    for name in dict.fromkeys(normalised(name) for name in names):
        package = packages.get(name)
        if package is None:
            raise KeelError(
                f"{environment.label} has no package {name}", hint=f"what it has: keel list {environment.option}"
            )
        if package.source != BUNDLED:
            raise KeelError(f"{name} did not come out of the store ({package.source}): its files are private already")
        found.append((package.name, package.version))
    return found


class PackageFile(NamedTuple):
    """path: absolute.  digest: as recorded, or ""."""

    path: str
    digest: str


def package_files(base: Base, environment: Environment, name: str, version: str) -> List[PackageFile]:
    """The files that RECORD names inside of the environment. Raises KeelError where there is no RECORD."""
    library = os.path.join(environment.prefix, site_packages(base.python_minor))
    for info in dist_infos(library):
        stem, number = info[: -len(".dist-info")].rsplit("-", 1)
        if (normalised(stem), number) == (name, version):
            try:
                rows = read_rows(os.path.join(library, info, "RECORD"))
            except OSError as error:
                raise KeelError(f"{name} has no RECORD of its files", hint="install it again") from error
            files = [PackageFile(os.path.normpath(os.path.join(library, row.path)), row.digest) for row in rows]
            return [file for file in files if file.path.startswith(environment.prefix + os.sep)]
    raise KeelError(f"{environment.label} has no package {name} {version}")


def _make_private(path: str) -> "int | None":
    """Its size if the file at `path` was shared and is not any more; None if it was private, or is not there."""
    try:
        status = os.lstat(path)
        is_link = os.path.islink(path)
        if not is_link and (status.st_nlink == 1 and status.st_mode & 0o200):
            return None
        temporary = temporary_beside(path)
        size = copy_file(path, temporary)
    except FileNotFoundError:
        return None
    try:
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    return size
