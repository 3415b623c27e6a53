"""index.json: what goes in comes out, small, and damage is noticed."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from jsonschema import Draft202012Validator

from builder.archive.index import Index, Product
from builder.archive.index_file import read_index, write_index
from builder.archive.wire import json_schema
from builder.errors import ArchiveError
from tools.write_reference import ARCHIVE_SCHEMA, archive_schema_text

from .making import NOW, entry, index_of, packages

SMALL = index_of(
    entry("1.0", days=9, packages=packages("numpy 2.4.5 BSD-3-Clause", "pip 26.0 MIT")),
    entry("1.1", platform="windows-x86_64", format="exe"),
    entry("1.1", packages=packages("it's-è 1 ", "numpy 2.4.6 BSD-3-Clause", "pip 26.0 MIT")),
    products={"acme": Product(company='Äcme "&" Co', description=None, homepage="https://acme.example")},
)


def damaged(old: str, new: str) -> bytes:
    text = write_index(SMALL).decode()
    assert old in text
    return text.replace(old, new).encode()


def test_an_index_survives_its_file_and_gives_the_same_bytes_again() -> None:
    data = write_index(SMALL)
    assert read_index(data) == SMALL
    assert write_index(read_index(data)) == data


def test_an_empty_archive_has_an_index_too() -> None:
    empty = index_of(expires=None, key=None)
    assert read_index(write_index(empty)) == empty


def test_the_written_schema_is_current_and_holds() -> None:
    assert ARCHIVE_SCHEMA.read_text("utf-8") == archive_schema_text(), "run tools/write_reference.py"
    Draft202012Validator.check_schema(json_schema())
    Draft202012Validator(json_schema()).validate(json.loads(write_index(SMALL)))


def test_installers_and_stable_names_are_one_a_line_for_shells() -> None:
    lines = write_index(SMALL).decode().splitlines()
    assert len([line for line in lines if line.startswith('{"file":"Acme-')]) == 3
    assert len([line for line in lines if line.startswith('"Acme-latest-')]) == 4


def test_keys_of_a_newer_writer_are_ignored() -> None:
    assert read_index(damaged('"version": 8', '"news": {"a": 1},\n"version": 8')) == SMALL


def test_a_newer_schema_is_refused_with_advice() -> None:
    with pytest.raises(ArchiveError, match="schema 2") as error:
        read_index(damaged('"schema": 1', '"schema": 2'))
    assert error.value.hint == "install a newer keel-builder"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"file":"Acme-1.0', '"file":"../Acme-1.0'),
        ('"file":"Acme-1.0', '"file":"a/Acme-1.0'),
        ('"file":"Acme-1.0', '"file":".Acme-1.0'),
        ('"Acme-latest-Linux-x86_64.sh"', '"..\\\\x.sh"'),
        ('"packages":0', '"packages":99'),
        ('"packages":0', '"packages":-1'),
        ('"interpreter":0', '"interpreter":7'),
        ('{"add":', '{"from":5,"add":'),
        ('"archive": "9f0c', '"archive": "XXXX'),
        ('"sha256":"', '"sha256":"zz'),
        ('"file":"Acme-1.0', '"file":"Acme-1.1'),
        (': "Acme-1.1-py312-Linux-x86_64.sh"', ': "Acme-9-py312-Linux-x86_64.sh"'),
        ("T18:00:00Z", "yesterday"),
        ('{"schema": 1', '{"schema"'),
    ],
)
def test_damage_is_noticed(old: str, new: str) -> None:
    with pytest.raises(ArchiveError, match="no index of an archive"):
        read_index(damaged(old, new))


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"<!DOCTYPE html>", b"\xff\xfe", b"{}", b"[" * 100_000])
def test_what_is_no_index_is_said_so(data: bytes) -> None:
    with pytest.raises(ArchiveError, match="no index of an archive"):
        read_index(data)


def a_thousand() -> Index:
    """Each version changes two of a hundred packages, for five platforms."""
    platforms = ("linux-x86_64", "linux-aarch64", "macos-x86_64", "macos-arm64", "linux-x86_64")
    entries = [
        entry(
            f"2026.{version}",
            days=200 - version,
            name=f"acme{number}",
            platform=platform,
            packages=packages(
                *(f"package-{one:03} {max(0, (version - one) // 50)}.{one} MIT" for one in range(100)),
            ),
        )
        for version in range(200)
        for number, platform in enumerate(platforms)
    ]
    return index_of(*entries)


def test_a_thousand_files_take_less_than_a_megabyte() -> None:
    index = a_thousand()
    data = write_index(index)
    assert len(index.installers) == 1000
    assert len(data) <= 1_000_000
    assert read_index(data) == index


def test_entries_with_the_same_packages_share_them() -> None:
    first, second = read_index(write_index(index_of(entry("1.0"), entry("1.1")))).installers
    assert first.packages is second.packages


def test_times_are_in_whole_seconds() -> None:
    index = replace(SMALL, generated=NOW + timedelta(milliseconds=300))
    assert read_index(write_index(index)).generated == NOW
