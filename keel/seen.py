"""What this user has seen of archives, so that one is noticed that was rolled back, swapped, or lost its signature.

`~/.keel/archives.json`: schema 1, and an object for each address.
"""

import contextlib
import json
import os
from typing import Dict, NamedTuple, Optional

from .errors import KeelError

FILE = "archives.json"
_SCHEMA = 1
_ASK = "ask whoever publishes the archive"


class Known(NamedTuple):
    """An archive as it was the last time.

    archive: its id.  key: the text of the key that it was verified with, None without.  version, sha256: of its index.
    """

    archive: str
    key: Optional[str]
    version: int
    sha256: str


def compare_and_remember(address: str, now: Known, path: str) -> None:
    """Raise KeelError where the archive at `address` cannot have become this one; keep it in `path` otherwise.

    Where it cannot be kept (a home that is read-only), the next time will know less.
    """
    seen = _read(path)
    before = seen.get(address)
    if before is not None:
        _compare(address, before, now, path)
    if before != now:
        seen[address] = now
        with contextlib.suppress(OSError):
            _write(path, seen)


def _compare(address: str, before: Known, now: Known, path: str) -> None:
    if before.key is not None and now.key is None:
        raise KeelError(
            f"{address} was signed before; it is not taken without its key", hint="give it: --public-key RW…"
        )
    if now.archive != before.archive:
        raise KeelError(
            f"{address} is another archive than the last time",
            hint=f"{_ASK} whether it was made anew; then remove its entry in {path}",
        )
    if now.version < before.version:
        raise KeelError(
            f"{address} was rolled back: version {now.version} of its index, after {before.version}",
            hint=f"an old mirror or cache, or somebody who holds newer installers back; {_ASK}",
        )
    if now.version == before.version and now.sha256 != before.sha256:
        raise KeelError(f"{address} has other content than before under version {now.version} of its index", hint=_ASK)


def _read(path: str) -> Dict[str, Known]:
    try:
        with open(path, encoding="utf-8") as file:
            values = json.load(file)
        if values["schema"] != _SCHEMA:
            raise ValueError(f"schema {values['schema']}")
        return {address: Known(**known) for address, known in values["archives"].items()}
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise KeelError(
            f"{path} cannot be read: {error}", hint="it holds what is known of archives; remove it to begin anew"
        ) from error


def _write(path: str, seen: Dict[str, Known]) -> None:
    from .staging import replace_file

    values = {"schema": _SCHEMA, "archives": {address: known._asdict() for address, known in sorted(seen.items())}}
    os.makedirs(os.path.dirname(path), exist_ok=True)
    replace_file(path, json.dumps(values, indent=1).encode())
