"""Which of two versions is newer."""

import re
from functools import lru_cache

from packaging.version import InvalidVersion, Version


@lru_cache(maxsize=4096)
def version_key(version: str) -> tuple[object, ...]:
    """Sorts versions: PEP 440; those that are none below, by their numbers and letters."""
    try:
        parsed = Version(version)
    except InvalidVersion:
        parts = re.findall(r"[0-9]+|[A-Za-z]+", version)
        return (0, tuple((1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts))
    return (1, parsed)
