"""Where the files of a wheel go: from a store unit (the unzipped wheel) into a prefix.

Follows the binary distribution format (https://packaging.python.org/specifications/binary-distribution-format/) and
recording installed projects (https://packaging.python.org/specifications/recording-installed-packages/).
The builder plans the base with it, `keel` plans environments with it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scheme:
    """Folders relative to the prefix, POSIX separators; `headers` gets the distribution's name appended."""

    purelib: str
    platlib: str
    scripts: str
    data: str
    headers: str
    windows: bool
