"""Each SHA-256 of the engine against hashlib, through a shared library of its own."""

import ctypes
import hashlib
import random
import subprocess

import pytest

from tests.conftest import ROOT, need

SOURCE = ROOT / "installer_templates/engine/sha256.c"
# Longer than struct sha256, whatever its padding.
STATE = 256
# NIST's examples (FIPS 180-4), and every length around a block's end.
EXAMPLES = {
    b"abc": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    b"": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq": (
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    output = tmp_path_factory.mktemp("sha256") / "libsha256.so"
    subprocess.run([need("gcc"), "-std=c11", "-O2", "-shared", "-fPIC", SOURCE, "-o", output], check=True)
    loaded = ctypes.CDLL(str(output))
    loaded.sha256_accelerated.restype = ctypes.c_void_p
    return loaded


@pytest.fixture(params=["portable", "accelerated"])
def kernel(library: ctypes.CDLL, request: pytest.FixtureRequest) -> int:
    """The address of one implementation."""
    if request.param == "portable":
        return ctypes.cast(library.sha256_portable, ctypes.c_void_p).value or 0
    address = library.sha256_accelerated()
    if address is None:
        pytest.skip("this CPU has no instructions for SHA-256")
    return int(address)


def digest(library: ctypes.CDLL, kernel: int, *pieces: bytes) -> str:
    state, result = ctypes.create_string_buffer(STATE), ctypes.create_string_buffer(32)
    library.sha256_start_with(state, ctypes.c_void_p(kernel))
    for piece in pieces:
        library.sha256_add(state, piece, ctypes.c_size_t(len(piece)))
    library.sha256_finish(state, result)
    return result.raw.hex()


@pytest.mark.parametrize("message", EXAMPLES)
def test_the_standards_examples(library: ctypes.CDLL, kernel: int, message: bytes) -> None:
    assert digest(library, kernel, message) == EXAMPLES[message]


def test_every_length_around_the_end_of_a_block(library: ctypes.CDLL, kernel: int) -> None:
    for length in range(200):
        message = bytes(range(length % 256)) + b"x" * (length - length % 256)
        assert digest(library, kernel, message) == hashlib.sha256(message).hexdigest(), length


def test_pieces_of_any_size_make_the_same_digest(library: ctypes.CDLL, kernel: int) -> None:
    source = random.Random(1)
    message = source.randbytes(100_000)
    cuts = sorted(source.randrange(len(message)) for _ in range(300))
    pieces = [message[a:b] for a, b in zip([0, *cuts], [*cuts, len(message)], strict=True)]
    assert digest(library, kernel, *pieces) == hashlib.sha256(message).hexdigest()
