"""`keel-meta/build.json`: what a base was made from and with, without an address, a path, a time or a user's name."""

import hashlib
import json
from collections.abc import Sequence
from importlib.metadata import version

import zstandard

from keel import __version__

from ..engine import engine_record
from ..lock import Lock
from ..record_names import LOCK
from ..target import Target
from .parts import Kind, Part

_SCHEMA = 1


def build_info(target: Target, lock: Lock, public_lock: bytes, parts: Sequence[Part]) -> bytes:
    """JSON. public_lock: the lock as the base has it; its hash is what two builds of one lock agree on first."""
    engine = engine_record(target.platform)
    values = {
        "schema": _SCHEMA,
        "name": lock.recipe,
        "version": lock.version,
        "platform": lock.platform,
        "recipe": {"sha256": target.recipe_sha256 or None},
        "lock": {"file": LOCK, "sha256": hashlib.sha256(public_lock).hexdigest()},
        "builder": {
            "name": "keel-builder",
            "version": __version__,
            # The libraries whose exact versions decide bytes.
            "zstandard": zstandard.__version__,
            "zstd": ".".join(map(str, zstandard.ZSTD_VERSION)),
            "cyclonedx-python-lib": version("cyclonedx-python-lib"),
        },
        "compression": target.recipe.compression,
        "bytecode": lock.bytecode,
        "compiler": lock.compiler,
        "engine": vars(engine),
        "interpreter": {
            "source": lock.interpreter.source,
            "version": lock.interpreter.version,
            "build": lock.interpreter.build,
            "file": next(part.file for part in parts if part.kind is Kind.INTERPRETER),
            "sha256": lock.interpreter.sha256,
        },
        "packages": [
            {
                "name": part.name,
                "version": part.version,
                "source": part.source,
                "file": part.file,
                "sha256": part.sha256,
            }
            for part in parts
            if part.kind is Kind.PACKAGE
        ],
    }
    return json.dumps(values, indent=1, ensure_ascii=False).encode() + b"\n"
