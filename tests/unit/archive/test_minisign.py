"""Keys and signatures: ours and the real minisign's understand each other, and nothing that was changed passes."""

import subprocess
from pathlib import Path

import pytest

from builder.archive.keys import make_key, public_key, read_key
from builder.archive.minisign import PublicKey, parse_public, parse_secret, verify
from builder.errors import ArchiveError, OutputError

from ...conftest import need
from .making import CHEAP, KEY

OTHER = PublicKey(id=KEY.id, key=bytes(32))


def minisign(*words: object, typed: str = "") -> subprocess.CompletedProcess[str]:
    command = [need("minisign"), *(str(word) for word in words)]
    return subprocess.run(command, input=typed, capture_output=True, text=True, check=False)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    folder = tmp_path / "it's è"
    folder.mkdir()
    path = folder / "index.json"
    path.write_bytes(b"content\n")
    return path


def test_minisign_verifies_our_signature_and_shows_what_it_is_for(file: Path) -> None:
    Path(f"{file}.minisig").write_bytes(KEY.sign(file.read_bytes(), "keel archive:… file:index.json"))
    done = minisign("-Vm", file, "-P", KEY.public.text)
    assert done.returncode == 0, done.stderr
    assert "Trusted comment: keel archive:… file:index.json" in done.stdout
    file.write_bytes(b"Content\n")
    assert minisign("-Vm", file, "-P", KEY.public.text).returncode != 0


def test_minisign_signs_with_a_key_that_was_made_here(file: Path) -> None:
    key, public = make_key(file.with_name("acme.key"), "pässword", CHEAP)
    assert minisign("-Sm", file, "-s", file.with_name("acme.key"), "-t", "hello", typed="pässword\n").returncode == 0
    signature = Path(f"{file}.minisig").read_bytes()
    assert verify(file.read_bytes(), signature, key.public) == "hello"
    assert minisign("-Vm", file, "-p", public).returncode == 0


@pytest.mark.parametrize("passphrase", ["pässword", None])
def test_a_key_that_minisign_made_signs_here(file: Path, passphrase: str | None) -> None:
    secret, public = file.with_name("m.key"), file.with_name("m.pub")
    typed = f"{passphrase}\n{passphrase}\n" if passphrase else ""
    words = [] if passphrase else ["-W"]
    assert minisign("-G", *words, "-p", public, "-s", secret, typed=typed).returncode == 0
    key = read_key(secret, lambda: passphrase or pytest.fail("asked for the passphrase of a key without one"))
    assert key.public == public_key(str(public))
    Path(f"{file}.minisig").write_bytes(key.sign(file.read_bytes(), "hello"))
    assert minisign("-Vm", file, "-p", public).returncode == 0


def test_a_changed_file_comment_signature_or_key_does_not_pass() -> None:
    signature = KEY.sign(b"content", "version:8")
    assert verify(b"content", signature, KEY.public) == "version:8"
    lines = signature.decode().splitlines()
    for changed in (
        (b"Content", signature, KEY.public),
        (b"content", signature.replace(b"version:8", b"version:9"), KEY.public),
        (b"content", signature, OTHER),
        (b"content", "\n".join([*lines[:3], lines[1]]).encode(), KEY.public),
    ):
        with pytest.raises(ArchiveError, match="does not belong to this content"):
            verify(*changed)


def test_another_key_is_named() -> None:
    other = PublicKey(id=bytes(8), key=KEY.public.key)
    with pytest.raises(ArchiveError, match="signed with another key: 0706050403020100, not 0000000000000000"):
        verify(b"", KEY.sign(b"", ""), other)


@pytest.mark.parametrize(
    "signature", [b"", b"x\n" * 4, b"untrusted comment: \n!\ntrusted comment: \n!\n", b"\xff\n" * 4]
)
def test_what_is_no_signature_is_said_so(signature: bytes) -> None:
    with pytest.raises(ArchiveError, match="not a signature of minisign"):
        verify(b"", signature, KEY.public)


def test_the_old_kind_of_signature_is_refused(file: Path) -> None:
    secret, public = file.with_name("m.key"), file.with_name("m.pub")
    minisign("-G", "-W", "-p", public, "-s", secret)
    if minisign("-S", "-l", "-m", file, "-s", secret).returncode:
        pytest.skip("this minisign makes none")
    with pytest.raises(ArchiveError, match="old kind"):
        verify(file.read_bytes(), Path(f"{file}.minisig").read_bytes(), public_key(str(public)))


def test_a_wrong_passphrase_is_said_so(file: Path) -> None:
    data = KEY.to_file("right", CHEAP)
    assert parse_secret(data, "right") == KEY
    file.write_bytes(data)
    with pytest.raises(ArchiveError, match=r"index.json: the passphrase of the secret key is wrong"):
        read_key(file, lambda: "wrong")


def test_a_key_that_is_missing_or_none_is_said_so(file: Path) -> None:
    with pytest.raises(ArchiveError, match="cannot be read: No such file"):
        read_key(file.with_name("gone.key"), lambda: "")
    with pytest.raises(ArchiveError, match="not a secret key of minisign"):
        read_key(file, lambda: "")
    with pytest.raises(ArchiveError, match="not a public key of minisign"):
        public_key(str(file))
    with pytest.raises(ArchiveError, match="not a public key of minisign"):
        public_key("RWnonsense")


def test_a_key_file_cannot_ask_for_endless_memory() -> None:
    data = KEY.to_file("x", CHEAP).decode().splitlines()
    import base64

    packed = bytearray(base64.b64decode(data[1]))
    packed[38:54] = b"\xff" * 16
    with pytest.raises(ArchiveError, match="too much memory"):
        parse_secret(f"{data[0]}\n{base64.b64encode(packed).decode()}\n".encode(), "x")


def test_a_new_key_is_for_its_owner_only_and_never_overwrites_another(file: Path) -> None:
    secret = file.with_name("acme.key")
    key, public = make_key(secret, "x", CHEAP)
    assert secret.stat().st_mode & 0o777 == 0o600
    assert parse_public(public.read_text()) == key.public
    before = secret.read_bytes()
    with pytest.raises(OutputError, match="exists already"):
        make_key(secret, "x", CHEAP)
    secret.unlink()
    with pytest.raises(OutputError, match=r"acme.pub exists already"):
        make_key(secret, "x", CHEAP)
    assert before
    assert not secret.exists()


def test_a_secret_key_does_not_show_itself() -> None:
    assert KEY.seed.hex() not in repr(KEY)
    assert repr(KEY.seed) not in repr(KEY)
