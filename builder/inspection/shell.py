"""The payload of a shell installer, by the literals of its first block (builder/installers/sh.py)."""

import re
from dataclasses import dataclass
from pathlib import Path

from ..installers.cksum import posix_checksum
from .containers import Stretch
from .payload import damaged

_BLOCK = 4096
MARK = b"# A self-extracting installer made by Keel"
_LITERAL = re.compile(rb"^(script_blocks|engine_blocks|payload_offset|file_size|checksum)=(\d{1,16})(?: #.*)?$", re.M)
# The script and the engine; either is below a megabyte.
_LARGEST_PROGRAM = 2**26


def is_shell(head: bytes) -> bool:
    """Whether a file begins as such an installer, with whatever line ends."""
    return head.startswith(b"#!/bin/sh") and MARK in head[:200]


@dataclass(frozen=True, kw_only=True)
class ShellInstaller(Stretch):
    """checksum: of what lies between the first block and the payload, as `cksum` counts it."""

    checksum: int

    @property
    def format(self) -> str:
        return "sh"

    def check(self, payload_size: int) -> list[str]:
        with self.path.open("rb") as stream:
            stream.seek(_BLOCK)
            program = stream.read(self.start - _BLOCK)
        if posix_checksum(program) != self.checksum:
            raise damaged("its program part does not have the right checksum")
        if payload_size != self.available:
            raise damaged(f"{self.available - payload_size} bytes follow its payload")
        return []


def find_in_shell(path: Path, head: bytes, size: int) -> ShellInstaller:
    """head: the file's first bytes, a block at least.  size: of the file. Raises InstallerFileError."""
    block = head[:_BLOCK]
    if b"\r" in block:
        raise damaged("its line ends were converted; copy it in binary mode")
    values = {name: int(value) for name, value in _LITERAL.findall(block)}
    if len(values) != 5:
        raise damaged("its first block does not say where its parts are")
    start = values[b"payload_offset"]
    if (values[b"script_blocks"] + values[b"engine_blocks"]) * _BLOCK != start or start > _LARGEST_PROGRAM:
        raise damaged("its first block contradicts itself")
    if size != values[b"file_size"]:
        raise damaged(f"it has {size} bytes, and should have {values[b'file_size']}")
    return ShellInstaller(path=path, start=start, end=size, checksum=values[b"checksum"])
