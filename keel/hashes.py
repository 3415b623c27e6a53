"""The hashes of installed files, as `RECORD` has them
(https://packaging.python.org/specifications/recording-installed-packages/)."""

import base64
import csv
import errno
import hashlib
import io
import os
import stat
from typing import Iterator, List, Mapping, NamedTuple, Tuple

from .staging import replace_file

_CHUNK = 1 << 20


class Row(NamedTuple):
    """path: as RECORD has it, relative to site-packages.  digest: "sha256=…", or "" where none is recorded."""

    path: str
    digest: str


def digest(data: bytes) -> str:
    """A hash as RECORD writes it."""
    return _written(hashlib.sha256(data).digest())


def file_digest(path: str) -> str:
    """The hash of a file, through links. Raises OSError, also for a pipe or device, which might never end."""
    found = hashlib.sha256()
    with open(path, "rb", buffering=0, opener=_open_regular) as file:
        while chunk := file.read(_CHUNK):
            found.update(chunk)
    return _written(found.digest())


def _open_regular(path: str, flags: int) -> int:
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "is no file", path)
    return descriptor


def _written(raw: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(raw).decode().rstrip("=")


def read_rows(record: str) -> List[Row]:
    """The rows of the file `record`. Raises OSError."""
    with open(record, encoding="utf-8", errors="surrogateescape", newline="") as file:
        rows = csv.reader(file.read().splitlines())
    return [Row(row[0], row[1] if len(row) > 1 else "") for row in rows if row and row[0]]


def dist_infos(library: str) -> Iterator[str]:
    """The names of all `.dist-info` folders in a site-packages folder, sorted."""
    try:
        names = sorted(os.listdir(library))
    except OSError:
        return
    # pip hides what it removes behind a ~
    yield from (name for name in names if name.endswith(".dist-info") and "-" in name and not name.startswith("~"))


def update_records(library: str, changed: Mapping[str, bytes]) -> None:
    """Have every RECORD that names a changed file hold its new hash.

    changed: path relative to `library` (as RECORD writes it) -> what the file holds now. Raises OSError.
    """
    if not changed:
        return
    words = [path.encode("utf-8", "surrogateescape") for path in changed]
    for info in dist_infos(library):
        record = os.path.join(library, info, "RECORD")
        if os.path.islink(os.path.join(library, info)) or os.path.islink(record):
            continue  # whatever that is, it is not this environment's own
        try:
            with open(record, "rb") as file:
                data = file.read()
        except OSError:
            continue
        if any(word in data for word in words):
            new = _updated(data, changed)
            if new != data:
                replace_file(record, new)


def _updated(data: bytes, changed: Mapping[str, bytes]) -> bytes:
    text = data.decode("utf-8", "surrogateescape")
    rows: List[Tuple[str, ...]] = []
    for row in csv.reader(text.splitlines()):
        if row and row[0] in changed and len(row) > 1 and row[1]:
            content = changed[row[0]]
            row = [row[0], digest(content), str(len(content))]
        rows.append(tuple(row))
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n" if "\r\n" in text else "\n").writerows(rows)
    return written.getvalue().encode("utf-8", "surrogateescape")
