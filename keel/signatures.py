"""Signatures in minisign's format: what an archive's index is signed with.

Specification: https://jedisct1.github.io/minisign/. Only prehashed signatures (`ED`: Ed25519 over BLAKE2b-512).
"""

import base64
import binascii
import hashlib
from typing import NamedTuple

from .ed25519 import verify as verify_ed25519
from .errors import KeelError

_TRUSTED = "trusted comment: "


class PublicKey(NamedTuple):
    """id: 8 bytes that tell keys apart.  key: 32 bytes, Ed25519."""

    id: bytes
    key: bytes


def parse_key(text: str) -> PublicKey:
    """The key in `RWQ…`, the second line of minisign.pub. Raises KeelError."""
    data = _decoded(text)
    if len(data) != 42 or data[:2] != b"Ed":
        raise KeelError(
            f"{text[:60]!r} is not a public key of minisign",
            hint="it is the second line of minisign.pub: 56 characters that begin with RW",
        )
    return PublicKey(data[2:10], data[10:])


def verify(data: bytes, signature: str, key: PublicKey) -> str:
    """The trusted comment of `signature` (the content of a .minisig), if it is `key`'s for `data`. Raises KeelError."""
    lines = signature.splitlines()
    if len(lines) < 4 or not lines[2].startswith(_TRUSTED):
        raise KeelError("its signature is none, or is damaged")
    mine, both = _decoded(lines[1]), _decoded(lines[3])
    comment = lines[2][len(_TRUSTED) :]
    if len(mine) != 74 or mine[:2] != b"ED":
        raise KeelError("its signature is of a kind that is not known")
    if mine[2:10] != key.id:
        raise KeelError("it is signed with another key than this base trusts")
    if not verify_ed25519(key.key, hashlib.blake2b(data).digest(), mine[10:]):
        raise KeelError("its signature does not belong to it: it was changed after it was signed")
    if not verify_ed25519(key.key, mine[10:] + comment.encode(), both):
        raise KeelError("the comment of its signature was changed after it was signed")
    return comment


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""
