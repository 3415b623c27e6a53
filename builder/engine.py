"""The prebuilt engines: what runs in an installer, and later makes links for keel."""

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
