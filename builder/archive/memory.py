"""What this user's computer remembers of archives, so that an older or another one is noticed.

`<state>/archives.json`: schema 1, and an object for each address. Concurrent writers: the last one wins, the file is
always whole.
"""

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from ..errors import ArchiveError
from .trust import Remembered

_SCHEMA = 1


def default_state_root(environ: Mapping[str, str]) -> Path:
    """`keel` in XDG_STATE_HOME, in LOCALAPPDATA (Windows), or in ~/.local/state."""
    for variable in ("XDG_STATE_HOME", "LOCALAPPDATA"):
        folder = environ.get(variable, "")
        if Path(folder).is_absolute():
            return Path(folder) / "keel"
    home = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
    return home / ".local" / "state" / "keel"


class Memory:
    """The file in the folder `root`. Addresses are compared without a slash at the end."""

    def __init__(self, root: Path) -> None:
        self.path = root / "archives.json"

    def recall(self, address: str) -> Remembered | None:
        """What is known of the archive at that address. Raises ArchiveError for a damaged file: it protects."""
        return self._read().get(_normal(address))

    def remember(self, address: str, remembered: Remembered) -> None:
        """Keep it for the next time. Raises ArchiveError when that is not possible."""
        self._write({**self._read(), _normal(address): remembered})

    def forget(self, address: str) -> bool:
        """Whether there was something to forget."""
        known = self._read()
        if known.pop(_normal(address), None) is None:
            return False
        self._write(known)
        return True

    def _read(self) -> dict[str, Remembered]:
        try:
            values = json.loads(self.path.read_bytes())
            if values["schema"] != _SCHEMA:
                raise ValueError(f"schema {values['schema']}")
            return {address: Remembered(**known) for address, known in values["archives"].items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ArchiveError(
                f"{self.path} cannot be read: {error}",
                hint="it holds what was known of archives; move it away to begin anew, and pin keys with --key",
            ) from error

    def _write(self, known: Mapping[str, Remembered]) -> None:
        values = {"schema": _SCHEMA, "archives": {address: asdict(one) for address, one in sorted(known.items())}}
        temporary = None
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=".archives.", dir=self.path.parent)
            temporary = Path(name)
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                json.dump(values, stream, indent=1)
            temporary.replace(self.path)
        except OSError as error:
            raise ArchiveError(
                f"{self.path} cannot be written: {error.strerror or error}",
                hint="free some space, or set XDG_STATE_HOME",
            ) from error
        finally:
            if temporary is not None:
                temporary.unlink(missing_ok=True)


def _normal(address: str) -> str:
    return address.rstrip("/")
