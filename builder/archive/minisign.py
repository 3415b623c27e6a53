"""Keys and signatures in minisign's formats, so that `minisign -V` and `minisign -S` understand ours, and we theirs.

Specification: https://jedisct1.github.io/minisign/ ("Minisign signature/public key/secret key format"). Signatures are
prehashed ones (`ED`): Ed25519 over BLAKE2b-512 of the file. The old kind (`Ed`, over the file itself) is refused:
nothing of ours is signed that way.
"""

import base64
import binascii
import hashlib
import hmac
import os
import struct
from dataclasses import dataclass, field

from ..errors import ArchiveError

_ALGORITHM = b"Ed"
_PREHASHED = b"ED"
_SCRYPT = b"Sc"
_UNENCRYPTED = b"\0\0"
_BLAKE2 = b"B2"
_COMMENT = "untrusted comment: "
_TRUSTED = "trusted comment: "
# algorithm, key derivation, checksum, salt, operations, memory, then what is encrypted: key id, secret key, checksum
_SECRET = struct.Struct("<2s2s2s32sQQ104s")
_PUBLIC = struct.Struct("<2s8s32s")
_SIGNATURE = struct.Struct("<2s8s64s")


@dataclass(frozen=True, kw_only=True)
class KeyCost:
    """How dear it is to try a passphrase; the default is minisign's own (1 GiB of memory, some seconds)."""

    operations: int = 33_554_432
    memory: int = 1_073_741_824


DEFAULT_COST = KeyCost()


@dataclass(frozen=True, kw_only=True)
class PublicKey:
    """id: 8 bytes that tell keys apart, no secret and no proof.  key: 32 bytes, Ed25519."""

    id: bytes
    key: bytes

    @property
    def text(self) -> str:
        """What is pinned: `RWQ…`, 56 characters."""
        return base64.b64encode(_PUBLIC.pack(_ALGORITHM, self.id, self.key)).decode()

    @property
    def name(self) -> str:
        """The id as minisign shows it: 16 hexadecimal digits."""
        return f"{int.from_bytes(self.id, 'little'):016X}"

    def to_file(self) -> bytes:
        """The content of a `.pub` file."""
        return f"{_COMMENT}minisign public key {self.name}\n{self.text}\n".encode()


@dataclass(frozen=True, kw_only=True)
class SecretKey:
    """seed: 32 bytes, Ed25519's secret key."""

    id: bytes
    seed: bytes = field(repr=False)

    @property
    def public(self) -> PublicKey:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return PublicKey(
            id=self.id, key=Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()
        )

    def sign(self, data: bytes, comment: str) -> bytes:
        """The content of a `.minisig` file for `data`; `comment`, one line, is signed as well."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        key = Ed25519PrivateKey.from_private_bytes(self.seed)
        signature = key.sign(hashlib.blake2b(data).digest())
        both = key.sign(signature + comment.encode())
        lines = (
            f"{_COMMENT}signature from keel-builder, key {self.public.name}",
            base64.b64encode(_SIGNATURE.pack(_PREHASHED, self.id, signature)).decode(),
            _TRUSTED + comment,
            base64.b64encode(both).decode(),
        )
        return ("\n".join(lines) + "\n").encode()

    def to_file(self, passphrase: str, cost: KeyCost = DEFAULT_COST) -> bytes:
        """The content of a secret key file, encrypted."""
        salt = os.urandom(32)
        secret = self.seed + self.public.key
        plain = self.id + secret + _checksum(self.id, secret)
        sealed = _xor(plain, _stream(passphrase, salt, cost))
        packed = _SECRET.pack(_ALGORITHM, _SCRYPT, _BLAKE2, salt, cost.operations, cost.memory, sealed)
        return f"{_COMMENT}minisign encrypted secret key\n{base64.b64encode(packed).decode()}\n".encode()


def new_key() -> SecretKey:
    """A fresh key."""
    return SecretKey(id=os.urandom(8), seed=os.urandom(32))


def parse_public(text: str) -> PublicKey:
    """A public key out of `RWQ…`, or out of the content of a `.pub` file. Raises ArchiveError."""
    line = text.strip().splitlines()[-1].strip() if text.strip() else ""
    try:
        algorithm, key_id, key = _PUBLIC.unpack(base64.b64decode(line, validate=True))
    except (binascii.Error, struct.error, ValueError) as error:
        raise _no_public(line) from error
    if algorithm != _ALGORITHM:
        raise _no_public(line)
    return PublicKey(id=key_id, key=key)


def _no_public(line: str) -> ArchiveError:
    return ArchiveError(
        f'"{line[:60]}" is not a public key of minisign',
        hint="it is the second line of minisign.pub, 56 characters that begin with RW",
    )


def is_encrypted(data: bytes) -> bool:
    """Whether a secret key file needs a passphrase. Raises ArchiveError for what is none."""
    return _unpack_secret(data)[1] != _UNENCRYPTED


def parse_secret(data: bytes, passphrase: str) -> SecretKey:
    """The key in a secret key file. Raises ArchiveError for what is none, and for a wrong passphrase."""
    _, derivation, _, salt, operations, memory, sealed = _unpack_secret(data)
    encrypted = derivation == _SCRYPT
    if encrypted:
        sealed = _xor(sealed, _stream(passphrase, salt, KeyCost(operations=operations, memory=memory)))
    key_id, secret, checksum = sealed[:8], sealed[8:72], sealed[72:]
    if encrypted and not hmac.compare_digest(checksum, _checksum(key_id, secret)):
        raise ArchiveError("the passphrase of the secret key is wrong", hint="try again; upper and lower case matter")
    key = SecretKey(id=key_id, seed=secret[:32])
    if key.public.key != secret[32:]:  # what `minisign -G -W` writes has no checksum
        raise ArchiveError("the secret key file is damaged", hint="take a copy of it")
    return key


def _unpack_secret(data: bytes) -> tuple[bytes, bytes, bytes, bytes, int, int, bytes]:
    hint = "name the secret key that `keel-builder key new` or `minisign -G` wrote"
    try:
        lines = data.decode().splitlines()
        values = _SECRET.unpack(base64.b64decode(lines[1].strip(), validate=True))
    except (UnicodeDecodeError, IndexError, binascii.Error, struct.error, ValueError) as error:
        raise ArchiveError("this is not a secret key of minisign", hint=hint) from error
    algorithm, derivation, check = values[:3]
    if algorithm != _ALGORITHM or derivation not in (_SCRYPT, _UNENCRYPTED) or check != _BLAKE2:
        raise ArchiveError("this is not a secret key of minisign", hint=hint)
    return values


@dataclass(frozen=True, kw_only=True)
class Signature:
    """A `.minisig` file. comment: the trusted one, which is only as good as `verify` says."""

    key_id: bytes
    signature: bytes
    comment: str
    both: bytes


def parse_signature(data: bytes) -> Signature:
    """The content of a `.minisig` file. Raises ArchiveError."""
    try:
        first, second, third, fourth = data.decode().splitlines()[:4]
        if not first.startswith(_COMMENT) or not third.startswith(_TRUSTED):
            raise ValueError("its lines do not begin as they must")
        algorithm, key_id, signature = _SIGNATURE.unpack(base64.b64decode(second, validate=True))
        both = base64.b64decode(fourth, validate=True)
    except (UnicodeDecodeError, ValueError, struct.error) as error:
        raise ArchiveError("this is not a signature of minisign, or a damaged one", hint=None) from error
    if algorithm != _PREHASHED:
        raise ArchiveError(
            "the signature is of minisign's old kind", hint="sign with minisign 0.10 or later, without -l"
        )
    return Signature(key_id=key_id, signature=signature, comment=third.removeprefix(_TRUSTED), both=both)


def verify(data: bytes, signature: bytes, key: PublicKey) -> str:
    """Check the content of a `.minisig` file against `data`; returns the trusted comment. Raises ArchiveError."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    parsed = parse_signature(signature)
    if parsed.key_id != key.id:
        other = PublicKey(id=parsed.key_id, key=b"").name
        raise ArchiveError(
            f"signed with another key: {other}, not {key.name}", hint="is this the right archive, and the right key?"
        )
    try:
        public = Ed25519PublicKey.from_public_bytes(key.key)
        public.verify(parsed.signature, hashlib.blake2b(data).digest())
        public.verify(parsed.both, parsed.signature + parsed.comment.encode())
    except InvalidSignature as error:
        raise ArchiveError("the signature does not belong to this content", hint="somebody changed it") from error
    return parsed.comment


def _checksum(key_id: bytes, secret: bytes) -> bytes:
    return hashlib.blake2b(_ALGORITHM + key_id + secret, digest_size=32).digest()


def _xor(data: bytes, stream: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(data, stream, strict=True))


def _stream(passphrase: str, salt: bytes, cost: KeyCost) -> bytes:
    """What a secret key is encrypted with: libsodium's crypto_pwhash_scryptsalsa208sha256."""
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    exponent, parallel = _scrypt_parameters(cost)
    try:
        return Scrypt(salt=salt, length=104, n=1 << exponent, r=8, p=parallel).derive(passphrase.encode())
    except MemoryError as error:
        raise ArchiveError(
            f"the secret key needs {cost.memory >> 20} MiB of memory to be opened", hint="free some memory"
        ) from error


def _scrypt_parameters(cost: KeyCost) -> tuple[int, int]:
    """(log2 N, p) for r = 8: `pickparams` of libsodium's pwhash_scryptsalsa208sha256.c."""
    operations = max(cost.operations, 32_768)
    largest = operations // 32 if operations < cost.memory // 32 else cost.memory // 1024
    exponent = next(power for power in range(1, 63) if 1 << power > largest // 2)
    if exponent > 24:  # 16 GiB: no key of minisign's is like that, and the file is not to choose how much we take
        raise ArchiveError("this is not a secret key of minisign: opening it would take too much memory", hint=None)
    if operations < cost.memory // 32:
        return exponent, 1
    return exponent, min((operations // 4) >> exponent, 0x3FFF_FFFF) // 8
