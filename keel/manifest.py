"""`keel-meta/manifest.json`: what an installer laid down. The builder writes it, `keel` reads it."""

import json
import os
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from .errors import KeelError

MANIFEST = "keel-meta/manifest.json"
# The engine, beside keel because it makes links for it (docs/engine.md); Windows bases have none.
ENGINE = "keel-meta/keel-engine"
SCHEMA = 1
# Values of `bytecode`: pycs are in the installer, are made by its last step, or are not wanted.
SHIPPED, AT_INSTALLATION, NO_BYTECODE = "build", "install", "none"


class Unit(NamedTuple):
    """A package in the store.

    name: normalised.  path: relative to the prefix (`pkgs/numpy-2.4.6-0203174f`).  wheel: its file name.
    base: linked into the base (else only on offer).  requested: the recipe names it.
    """

    name: str
    version: str
    path: str
    wheel: str
    sha256: str
    base: bool
    requested: bool


class Manifest(NamedTuple):
    """See docs/architecture.md. Optional values: None where there is none. `units` are sorted by name.

    glibc, macos: the oldest that will do.  bytecode: one of the words above.
    archive: `url`, and perhaps `public_key`, of the archive that the base asks for newer versions.
    """

    name: str
    version: str
    company: Optional[str]
    description: Optional[str]
    homepage: Optional[str]
    platform: str
    python: str
    interpreter: Dict[str, str]
    glibc: Optional[str]
    bytecode: str
    index: Optional[str]  # type: ignore[assignment]  # hides tuple.index, which nobody misses
    top_level: Tuple[str, ...]
    requested: Tuple[str, ...]
    units: Tuple[Unit, ...]
    archive: Optional[Dict[str, str]] = None
    macos: Optional[str] = None
    schema: int = SCHEMA

    def to_bytes(self) -> bytes:
        """JSON with sorted keys: the same manifest is the same bytes."""
        values = {**self._asdict(), "units": [unit._asdict() for unit in self.units]}
        return json.dumps(values, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def read_manifest(prefix: str, name: str = MANIFEST) -> Manifest:
    """The manifest of the base at `prefix`; KeelError when there is none, or one of a newer keel."""
    path = os.path.join(prefix, name)
    try:
        with open(path, "rb") as file:
            return parse_manifest(file.read(), path)
    except FileNotFoundError as error:
        raise KeelError(f"{prefix} is not a complete base: {MANIFEST} is missing") from error
    except OSError as error:
        raise KeelError(f"{path} cannot be read: {error}", hint="install the base again") from error


def parse_manifest(data: bytes, path: str) -> Manifest:
    """The manifest whose bytes were read from `path`; KeelError for what is none, or one of a newer keel.

    Keys that a newer builder adds are ignored. In bases of before 2026-11-24, `bytecode` says whether it was shipped.
    """
    try:
        values: Dict[str, Any] = json.loads(data)
        if values["schema"] != SCHEMA:
            raise KeelError(f"{path} has schema {values['schema']}; this keel knows {SCHEMA}")
        values = {key: value for key, value in values.items() if key in Manifest._fields}
        units: List[Dict[str, Any]] = values.pop("units")
        if isinstance(values["bytecode"], bool):
            values["bytecode"] = SHIPPED if values["bytecode"] else NO_BYTECODE
        values["top_level"] = tuple(values["top_level"])
        values["requested"] = tuple(values["requested"])
        return Manifest(units=tuple(Unit(**unit) for unit in units), **values)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise KeelError(f"{path} cannot be read: {error}", hint="install the base again") from error
