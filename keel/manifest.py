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
    """See docs/architecture.md. Optional values: None where there is none. `bytecode`: see above. `units` are sorted
    by name."""

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
    schema: int = SCHEMA

    def to_bytes(self) -> bytes:
        """JSON with sorted keys: the same manifest is the same bytes."""
        values = {**self._asdict(), "units": [unit._asdict() for unit in self.units]}
        return json.dumps(values, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def read_manifest(prefix: str, name: str = MANIFEST) -> Manifest:
    """The manifest of the base at `prefix`; KeelError when there is none, or one of a newer keel."""
    path = os.path.join(prefix, name)
    try:
        with open(path, encoding="utf-8") as file:
            values: Dict[str, Any] = json.load(file)
        if values["schema"] != SCHEMA:
            raise KeelError(f"{path} has schema {values['schema']}; this keel knows {SCHEMA}")
        units: List[Dict[str, Any]] = values.pop("units")
        values["top_level"] = tuple(values["top_level"])
        values["requested"] = tuple(values["requested"])
        return Manifest(units=tuple(Unit(**unit) for unit in units), **values)
    except FileNotFoundError as error:
        raise KeelError(f"{prefix} is not a complete base: {MANIFEST} is missing") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise KeelError(f"{path} cannot be read: {error}", hint="install the base again") from error
