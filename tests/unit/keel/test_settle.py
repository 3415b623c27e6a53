"""The installer's last step: the files of a base that name its place."""

import configparser
import os
import shlex
from pathlib import Path

import pytest

from keel import settle
from keel.base import Base
from keel.indexing import default_variables, shims_url
from keel.variables import read_variables
from tests.unit.keel.bases import LIBRARY, MINOR, FakeBase

MARKER = f"lib/python{MINOR}/EXTERNALLY-MANAGED"


def message(prefix: Path) -> str:
    """What pip shows, read as pip reads it."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(prefix / MARKER, encoding="utf-8")
    return parser["externally-managed"]["Error"]


@pytest.fixture
def roots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every base is root's, whoever runs the tests."""
    monkeypatch.setattr(settle, "is_for_everybody", lambda base: True)


def test_the_pip_of_the_base_finds_the_store(fake: FakeBase) -> None:
    fake.keel("--settle")
    assert shims_url(fake.base) in (fake.prefix / "pip.conf").read_text()
    assert (fake.prefix / MARKER).exists() == (os.geteuid() == 0)


def test_a_base_of_root_says_how_to_get_an_environment(fake: FakeBase, roots: None) -> None:
    settle.settle(str(fake.prefix))
    lines = [line.strip() for line in message(fake.prefix).splitlines()]
    (create,) = [line for line in lines if " create " in line]
    assert shlex.split(create) == [f"{fake.prefix}/cmd/keel", "create", "-n", "NAME"]
    assert str(fake.prefix / MARKER) in lines


def test_everybody_can_read_what_a_careful_root_has_written(fake: FakeBase, roots: None) -> None:
    before = os.umask(0o077)
    try:
        settle.settle(str(fake.prefix))
    finally:
        os.umask(before)
    assert {(fake.prefix / name).stat().st_mode & 0o777 for name in ("pip.conf", MARKER)} == {0o644}


def test_a_base_of_a_user_stays_free(fake: FakeBase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settle, "is_for_everybody", lambda base: False)
    settle.settle(str(fake.prefix))
    assert not (fake.prefix / MARKER).exists()


def test_neither_environments_nor_clones_have_the_mark(fake: FakeBase, roots: None) -> None:
    settle.settle(str(fake.prefix))
    fake.clone("copy", "base")
    fake.create("new")
    assert not list((fake.prefix / "envs").rglob("EXTERNALLY-MANAGED"))
    assert (fake.env("copy") / LIBRARY / "pip").is_dir()


def test_what_names_the_place_of_a_base_follows_when_it_is_moved(fake: FakeBase, roots: None) -> None:
    settle.settle(str(fake.prefix))
    moved = fake.prefix.with_name("moved")
    fake.prefix.rename(moved)
    settle.follow_move(Base(str(moved), None), str(fake.prefix))
    assert message(moved).startswith(f"{moved} belongs to everybody")
    assert str(fake.prefix) not in (moved / MARKER).read_text()
    assert shims_url(Base(str(moved), None)) in (moved / "pip.conf").read_text()
    assert read_variables(str(moved)) == default_variables(Base(str(moved), None))


@pytest.mark.parametrize("text", [None, "[externally-managed]\nError=Ask Ada.\n"])
def test_an_owner_decides_about_the_mark(fake: FakeBase, roots: None, text: str | None) -> None:
    settle.settle(str(fake.prefix))
    marker = fake.prefix / MARKER
    marker.unlink() if text is None else marker.write_text(text)
    settle.follow_move(fake.base, "/old")
    assert (marker.read_text() if marker.exists() else None) == text


def test_what_is_no_base_is_not_settled(fake: FakeBase) -> None:
    (fake.prefix / "keel-meta/manifest.json").unlink()
    assert "not a complete base" in fake.keel("--settle", code=1).stderr
    assert not (fake.prefix / "pip.conf").exists()
