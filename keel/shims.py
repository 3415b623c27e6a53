"""Shims: tiny source distributions through which pip and uv find what the store has, without a network.

`pkgs/.index` holds one for each unit. It tells name, version and dependencies of the package (`PKG-INFO`, static, so
that uv builds nothing to know them), needs nothing to be built, and its build backend zips the wheel out of the store
of the base whose Python runs it (`keel.backend`).

Follows the source distribution format (https://packaging.python.org/specifications/source-distribution-format/) and
the core metadata (https://packaging.python.org/specifications/core-metadata/).
"""

import re
from typing import TYPE_CHECKING, Iterable, List, Tuple

if TYPE_CHECKING:
    from email.message import Message

INDEX = "pkgs/.index"
# The backend's module in the archive; a name that no package of the build can have.
_BACKEND = "_keel_shim"
_PYPROJECT = f"""\
[build-system]
requires = []
build-backend = "{_BACKEND}"
backend-path = ["."]
"""
# Whoever has only this file must learn from it what it is for, so it checks for the base by itself.
_SOURCE = '''\
"""Takes the wheel of {title} out of the Keel base whose Python runs this. It is not its source code."""

import os
import sys

UNIT = ({name!r}, {version!r}, {sha256!r})


def _call(function, *arguments):
    meta = os.path.join(sys.base_prefix, "keel-meta")
    if not os.path.isfile(os.path.join(meta, "manifest.json")):
        sys.exit(
            "error: this sdist belongs to a Keel base, which holds {title}; it can only be installed by the Python of "
            "that base or of its environments, and " + sys.base_prefix + " is no Keel base\\n"
            "hint: for other machines there are real wheels: keel wheelhouse FOLDER {name}"
        )
    sys.dont_write_bytecode = True
    sys.path.insert(0, meta)
    from keel.backend import call

    return call(function, sys.base_prefix, UNIT, *arguments)


def get_requires_for_build_wheel(config_settings=None):
    return []


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    return _call("metadata", metadata_directory)


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    return _call("wheel", wheel_directory)


def build_sdist(sdist_directory, config_settings=None):
    sys.exit("error: {title} is bundled as a wheel, without its source code")


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    sys.exit("error: {title} is bundled as a wheel, without source code that could be edited; install it without -e")
'''


def shim_path(name: str, version: str) -> str:
    """Where the shim of a package lies, relative to the prefix."""
    return f"{INDEX}/{_stem(name, version)}.tar.gz"


def _stem(name: str, version: str) -> str:
    return f"{re.sub(r'[-_.]+', '_', name).lower()}-{version}"


def shim(name: str, version: str, sha256: str, metadata: "Message") -> bytes:
    """The shim's bytes, the same on every machine.

    name, version, sha256: of the unit, as in the manifest.  metadata: of its wheel.
    """
    source = _SOURCE.format(title=f"{name} {version}", name=name, version=version, sha256=sha256)
    files = (
        ("PKG-INFO", _pkg_info(name, version, metadata)),
        (f"{_BACKEND}.py", source),
        ("pyproject.toml", _PYPROJECT),
    )
    stem = _stem(name, version)
    return _gzip(_tar((f"{stem}/{file}", text.encode("utf-8", "surrogateescape")) for file, text in files))


def _pkg_info(name: str, version: str, metadata: "Message") -> str:
    """What a resolver has to know. Nothing is `Dynamic`, so it may rely on it (PEP 643)."""
    lines = ["Metadata-Version: 2.2", f"Name: {name}", f"Version: {version}"]
    for key in ("Summary", "Requires-Python", "Requires-Dist", "Provides-Extra"):
        lines += (f"{key}: {' '.join(str(value).split())}" for value in metadata.get_all(key, []))
    return "\n".join(lines) + "\n"


def _tar(files: Iterable[Tuple[str, bytes]]) -> bytes:
    import tarfile

    pieces: List[bytes] = []
    for path, content in files:
        info = tarfile.TarInfo(path)  # of nobody, from 1970, 0644
        info.size = len(content)
        pieces += [info.tobuf(tarfile.PAX_FORMAT, "utf-8", "strict"), content, bytes(-len(content) % tarfile.BLOCKSIZE)]
    return b"".join(pieces) + bytes(2 * tarfile.BLOCKSIZE)


def _gzip(data: bytes) -> bytes:
    """RFC 1952, with blocks that are only stored: what zlib makes of data depends on its version."""
    import struct
    import zlib

    blocks: List[bytes] = []
    for start in range(0, len(data), 0xFFFF):
        block = data[start : start + 0xFFFF]
        last = start + len(block) == len(data)
        blocks.append(struct.pack("<BHH", last, len(block), len(block) ^ 0xFFFF) + block)
    head = struct.pack("<BBBBIBB", 0x1F, 0x8B, 8, 0, 0, 0, 255)
    return head + b"".join(blocks) + struct.pack("<II", zlib.crc32(data), len(data))
