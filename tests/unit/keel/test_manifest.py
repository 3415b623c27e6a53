"""What keel reads of the manifests of other builders."""

import json
from pathlib import Path

import pytest

from keel.errors import KeelError
from keel.manifest import MANIFEST, Manifest, parse_manifest
from tests.unit.keel.bases import FakeBase


def changed(fake: FakeBase, **values: object) -> Manifest:
    manifest = json.loads(Path(fake.prefix, MANIFEST).read_bytes())
    return parse_manifest(json.dumps({**manifest, **values}).encode(), MANIFEST)


@pytest.mark.parametrize(("before", "now"), [(True, "build"), (False, "none"), ("install", "install")])
def test_older_bases_say_yes_or_no_to_bytecode(fake: FakeBase, before: object, now: str) -> None:
    assert changed(fake, bytecode=before).bytecode == now


def test_bases_without_an_oldest_macos_are_read(fake: FakeBase) -> None:
    values = json.loads(Path(fake.prefix, MANIFEST).read_bytes())
    del values["macos"]
    assert parse_manifest(json.dumps(values).encode(), MANIFEST).macos is None
    assert changed(fake, macos="12.0").macos == "12.0"


def test_keys_of_a_newer_builder_are_ignored_and_another_schema_is_refused(fake: FakeBase) -> None:
    assert changed(fake, news="yes").name == "Tiny"
    with pytest.raises(KeelError, match="has schema 2"):
        changed(fake, schema=2)
