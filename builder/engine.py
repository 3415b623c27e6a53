"""The prebuilt engines: what runs in an installer, and later makes links for keel."""

import json
from dataclasses import dataclass

from .errors import BuilderError
from .platforms import Platform
from .resources import TEMPLATES

_PREBUILT = TEMPLATES / "engine" / "prebuilt"


def read_engine(platform: Platform) -> bytes:
    """The prebuilt engine of a platform; raises BuilderError where it is missing."""
    path = _PREBUILT / platform.name / platform.engine_name
    try:
        return path.read_bytes()
    except OSError as error:
        raise BuilderError(
            f"there is no engine for {platform.name}: {path}: {error.strerror}",
            hint="build it: python tools/build_engine.py",
        ) from error


@dataclass(frozen=True, kw_only=True)
class EngineRecord:
    """What a prebuilt engine was made from: SHA-256 of its sources and of itself; zstandard, ziglang: versions."""

    sources_sha256: str
    binary_sha256: str
    zstandard: str
    ziglang: str


def engine_record(platform: Platform) -> EngineRecord:
    """What `tools/build_engine.py` has written down about the engine of a platform; raises BuilderError."""
    path = _PREBUILT / "SOURCES.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        program = record["programs"][platform.name][platform.engine_name]
        return EngineRecord(**program, zstandard=record["zstandard"], ziglang=record["ziglang"])
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise BuilderError(
            f"{path} does not tell what the engine for {platform.name} was made from: {error!r}",
            hint="build it: python tools/build_engine.py",
        ) from error
