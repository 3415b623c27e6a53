"""A folder of wheel files, rebuilt from the store: for other machines, for hashes, for `--only-binary`."""

import os
from typing import IO, Callable, Iterable, List, NamedTuple, Sequence

from .base import Base
from .errors import KeelError
from .manifest import Unit
from .packer import pack_wheel
from .staging import Staging, remove_stale

_CHUNK = 1 << 20


class Wheel(NamedTuple):
    """A wheel file.  sha256: of the rebuilt file, which is not the one that the package's authors made.
    written: False where the same file was there already."""

    unit: Unit
    path: str
    sha256: str
    size: int
    written: bool


def select(base: Base, requirements: Sequence[str], *, dependencies: bool) -> List[Unit]:
    """The units that `requirements` (PEP 508) name or, with dependencies, lead to; without requirements all of them.

    Raises KeelError.
    """
    if not requirements:
        return list(base.manifest.units)
    from ._vendor.packaging.markers import default_environment
    from .closure import Candidate, closure
    from .store import unit_requires

    units = {(unit.name, unit.version): unit for unit in base.manifest.units}
    candidates = [
        Candidate(unit.name, unit.version, unit_requires(base, unit) if dependencies else ()) for unit in units.values()
    ]
    environment = {key: str(value) for key, value in default_environment().items()}
    return [units[one.name, one.version] for one in closure(requirements, candidates, environment)]


def fill(base: Base, units: Iterable[Unit], folder: str, tell: Callable[[Unit], None]) -> List[Wheel]:
    """Put the wheel file of each unit into `folder`, each in one step; one that is there already stays as it is.

    tell: called with each unit before its turn.  Raises KeelError for a unit that is damaged, OSError.
    """
    folder = os.path.abspath(folder)
    if os.path.lexists(folder) and not os.path.isdir(folder):
        raise KeelError(f"{folder} is not a folder", hint="name another one")
    os.makedirs(folder, exist_ok=True)
    remove_stale(folder)
    wheels = []
    with Staging(os.path.join(folder, "wheels")) as staging:
        for unit in units:
            tell(unit)
            wheels.append(_put(base, unit, os.path.join(staging.folder, unit.wheel), os.path.join(folder, unit.wheel)))
    return wheels


def _put(base: Base, unit: Unit, temporary: str, path: str) -> Wheel:
    with open(temporary, "w+b") as file:
        pack_wheel(base, unit, file)
        sha256 = _sha256(file)
        size = file.tell()
    same = _is_same(path, size, sha256)
    if not same:
        os.replace(temporary, path)
    else:
        os.unlink(temporary)
    return Wheel(unit, path, sha256, size, not same)


def _is_same(path: str, size: int, sha256: str) -> bool:
    try:
        with open(path, "rb") as file:
            return os.fstat(file.fileno()).st_size == size and _sha256(file) == sha256
    except OSError:
        return False


def _sha256(file: IO[bytes]) -> str:
    import hashlib

    hasher = hashlib.sha256()
    file.seek(0)
    while chunk := file.read(_CHUNK):
        hasher.update(chunk)
    return hasher.hexdigest()


def requirements(wheels: Iterable[Wheel]) -> str:
    """A requirements file that pins every wheel, for `--require-hashes`."""
    lines = [f"{one.unit.name}=={one.unit.version} --hash=sha256:{one.sha256}\n" for one in wheels]
    return "".join(sorted(lines))
