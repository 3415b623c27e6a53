"""Wheel files, rebuilt from the store: every file that the unit's `RECORD` names, and nothing else.

Follows the binary distribution format (https://packaging.python.org/specifications/binary-distribution-format/). The
same unit gives the same bytes on every machine, so files are stored, not compressed: what zlib makes of them depends on
its version. (Nor is it worth the time: bytes that go into an environment next door are unpacked at once.)
"""

import os
import stat
import zipfile
from typing import IO, List, Tuple

from .base import Base
from .errors import KeelError
from .manifest import Unit
from .store import unit_folder
from .wheel import check_path, parse_record

_CHUNK = 1 << 20
# The earliest that a zip can say.
_TIME = (1980, 1, 1, 0, 0, 0)
_MEND = "the store is damaged; run: keel check --fix"


def pack_wheel(base: Base, unit: Unit, stream: IO[bytes]) -> None:
    """Write the unit's wheel file to `stream`, which must be seekable.

    Each file is compared with its hash in `RECORD` on the way; raises KeelError for one that is missing or changed.
    """
    folder = unit_folder(base, unit)
    info = dist_info(base, unit)
    try:
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
            for name, recorded in _members(folder, info):
                _add(archive, os.path.join(folder, name), name, recorded)
    except FileNotFoundError as error:
        raise KeelError(f"{error.filename} is missing", hint=_MEND) from None


def dist_info(base: Base, unit: Unit) -> str:
    """The name of the unit's `.dist-info` folder. Raises KeelError where there is not exactly one."""
    folder = unit_folder(base, unit)
    try:
        found = [name for name in os.listdir(folder) if name.endswith(".dist-info")]
    except FileNotFoundError:
        raise KeelError(f"{folder} is missing", hint=_MEND) from None
    if len(found) != 1:
        raise KeelError(f"{folder} has {len(found)} .dist-info folders instead of one", hint=_MEND)
    return found[0]


def _members(folder: str, info: str) -> List[Tuple[str, str]]:
    """(path, hash) of the files in the order of the archive: metadata at its end, `RECORD` last."""
    own = f"{info}/RECORD"
    with open(os.path.join(folder, own), "rb") as file:
        rows = parse_record(file.read())
    hashes = {check_path(name): recorded for name, (recorded, _) in rows.items() if name != own}
    names = sorted(hashes, key=lambda name: (name.startswith(f"{info}/"), name))
    return [*((name, hashes[name]) for name in names), (own, "")]


def _add(archive: zipfile.ZipFile, path: str, name: str, recorded: str) -> None:
    """recorded: the hash as `RECORD` has it; "" for a file whose hash it does not tell."""
    import hashlib

    algorithm, _, expected = recorded.partition("=")
    try:
        # `RECORD` itself and signatures have no hash; what is computed for them is compared with nothing.
        hasher = hashlib.new(algorithm or "sha256")
    except ValueError as error:
        raise KeelError(f"{path}: RECORD has a hash of an unknown kind: {algorithm}", hint=_MEND) from error
    with open(path, "rb", buffering=0) as source:
        status = os.fstat(source.fileno())
        member = zipfile.ZipInfo(name, _TIME)
        member.create_system = 3  # Unix: the upper half of the attributes is a mode
        member.external_attr = (stat.S_IFREG | (0o755 if status.st_mode & stat.S_IXUSR else 0o644)) << 16
        member.file_size = status.st_size
        with archive.open(member, "w") as sink:
            while chunk := source.read(_CHUNK):
                hasher.update(chunk)
                sink.write(chunk)
    if expected and _encoded(hasher.digest()) != expected.rstrip("="):
        raise KeelError(f"{path} was changed: it has not the hash that RECORD tells", hint=_MEND)


def _encoded(digest: bytes) -> str:
    import base64

    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
