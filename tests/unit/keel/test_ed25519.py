"""Ed25519 as RFC 8032 has it, and what it must refuse."""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from keel.ed25519 import verify

# RFC 8032, 7.1: public key, message, signature. The last is TEST SHA(abc).
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        hashlib.sha512(b"abc").hexdigest(),
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
]
ORDER = 2**252 + 27742317777372353535851937790883648493


@pytest.mark.parametrize(("key", "message", "signature"), VECTORS)
def test_the_vectors_of_the_rfc(key: str, message: str, signature: str) -> None:
    public, words, signed = (bytes.fromhex(text) for text in (key, message, signature))
    assert verify(public, words, signed)
    assert not verify(public, words + b"x", signed)
    for place in (0, 31, 32, 63):
        assert not verify(public, words, signed[:place] + bytes([signed[place] ^ 1]) + signed[place + 1 :])


def test_a_second_encoding_of_a_signature_is_refused() -> None:
    """s + L means the same number: whoever accepts it lets others make new signatures out of old ones."""
    public, words, signed = (bytes.fromhex(text) for text in VECTORS[2])
    larger = (int.from_bytes(signed[32:], "little") + ORDER).to_bytes(32, "little")
    assert not verify(public, words, signed[:32] + larger)


def test_what_is_no_point_and_no_signature_is_refused() -> None:
    public, words, signed = (bytes.fromhex(text) for text in VECTORS[1])
    assert not verify(b"\xff" * 32, words, signed)
    assert not verify(bytes([2]) + bytes(31), words, signed)
    assert not verify(public[:-1], words, signed)
    assert not verify(public, words, signed[:-1])
    assert not verify(b"\1" + bytes(30) + b"\x80", words, signed)  # x = 0 with a sign


@given(seed=st.binary(min_size=32, max_size=32), message=st.binary(max_size=200), flip=st.integers(0, 511))
@settings(max_examples=25, deadline=None)
def test_it_agrees_with_openssl(seed: bytes, message: bytes, flip: int) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public, signed = key.public_key().public_bytes_raw(), bytearray(key.sign(message))
    assert verify(public, message, bytes(signed))
    signed[flip // 8] ^= 1 << flip % 8
    assert not verify(public, message, bytes(signed))
