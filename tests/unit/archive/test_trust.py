"""An archive is believed only when it is signed for what it is, is fresh, and continues what was seen before."""

import hashlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from builder.archive.index import Index
from builder.archive.index_file import write_index
from builder.archive.memory import Memory, default_state_root
from builder.archive.minisign import PublicKey
from builder.archive.trust import Remembered, Statement, parse_statement, read_signed_index
from builder.errors import ArchiveError

from .making import KEY, NOW, entry, index_of

INDEX = index_of(entry("1.0"), entry("1.1"))


def signed(index: Index, **changes: object) -> bytes:
    facts = {"archive": index.archive, "file": "index.json", "version": index.version, "expires": index.expires}
    return KEY.sign(write_index(index), str(Statement(**{**facts, **changes})))  # type: ignore[arg-type]


def read(
    index: Index = INDEX,
    signature: bytes | None = signed(INDEX),
    *,
    key: PublicKey | None = KEY.public,
    remembered: Remembered | None = None,
) -> Index:
    return read_signed_index(write_index(index), signature, key=key, now=NOW, remembered=remembered)


def remembered(index: Index = INDEX, **changes: object) -> Remembered:
    digest = hashlib.sha256(write_index(index)).hexdigest()
    known = Remembered(archive=index.archive, key=KEY.public.text, version=index.version, sha256=digest)
    return replace(known, **changes)  # type: ignore[arg-type]


def test_a_signed_index_is_read() -> None:
    assert read() == INDEX
    assert read(remembered=remembered()) == INDEX
    assert read(remembered=remembered(version=7)) == INDEX


def test_without_a_key_an_archive_is_taken_as_it_is() -> None:
    assert read(signature=None, key=None) == INDEX


def test_an_unsigned_index_is_refused_when_a_key_is_known() -> None:
    with pytest.raises(ArchiveError, match="not signed, and a key was given"):
        read(signature=None)
    with pytest.raises(ArchiveError, match="was signed before"):
        read(signature=None, key=None, remembered=remembered())


def test_an_index_that_was_changed_is_refused() -> None:
    with pytest.raises(ArchiveError, match=r"index\.json: the signature does not belong to this content"):
        read(replace(INDEX, installers=INDEX.installers[:1], latest={}))


@pytest.mark.parametrize(
    "changes", [{"file": "SHA256SUMS"}, {"version": 9}, {"archive": "0" * 32}, {"expires": None}], ids=str
)
def test_a_signature_for_something_else_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ArchiveError, match="the signature is for something else"):
        read(signature=signed(INDEX, **changes))


def test_a_signature_that_says_nothing_is_refused() -> None:
    with pytest.raises(ArchiveError, match="does not say what it is for"):
        read(signature=KEY.sign(write_index(INDEX), "timestamp:1"))


def test_an_expired_index_is_refused() -> None:
    old = replace(INDEX, expires=NOW - timedelta(seconds=1))
    with pytest.raises(ArchiveError, match="expired: it was good until 2026-11-24T17:59:59Z"):
        read(old, signed(old))
    assert read(replace(INDEX, expires=None), signed(replace(INDEX, expires=None))).expires is None


def test_a_rolled_back_index_is_refused() -> None:
    with pytest.raises(ArchiveError, match="rolled back: version 8 is older than 9"):
        read(remembered=remembered(version=9))


def test_another_archive_or_other_content_of_one_version_is_refused() -> None:
    with pytest.raises(ArchiveError, match="another archive than the last time"):
        read(remembered=remembered(archive="0" * 32))
    with pytest.raises(ArchiveError, match="other content than the last time"):
        read(remembered=remembered(sha256="0" * 64))


def test_a_statement_reads_as_it_was_written() -> None:
    for expires in (NOW, None):
        statement = Statement(archive="ab" * 16, file="SHA256SUMS", version=12, expires=expires)
        assert parse_statement(str(statement)) == statement


def test_archives_are_remembered_by_their_address(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "it's è" / "state")
    assert memory.recall("https://acme.example/x") is None
    memory.remember("https://acme.example/x/", remembered())
    memory.remember("https://acme.example/y", remembered(version=3))
    assert Memory(memory.path.parent).recall("https://acme.example/x") == remembered()
    assert memory.forget("https://acme.example/x")
    assert not memory.forget("https://acme.example/x")
    assert memory.recall("https://acme.example/y") == remembered(version=3)


def test_a_damaged_memory_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    for content in (b"", b"[]", b'{"schema": 2}', b'{"schema": 1, "archives": {"x": {}}}'):
        memory.path.write_bytes(content)
        with pytest.raises(ArchiveError, match="cannot be read"):
            memory.recall("https://acme.example/x")


def test_the_memory_lies_where_the_system_wants_it() -> None:
    assert default_state_root({"XDG_STATE_HOME": "/s", "HOME": "/h"}) == Path("/s/keel")
    assert default_state_root({"XDG_STATE_HOME": "s", "HOME": "/h"}) == Path("/h/.local/state/keel")
