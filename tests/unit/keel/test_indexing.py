"""What pip and uv are told about where packages are."""

import configparser
import os
import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from keel.base import Base
from keel.indexing import (
    default_variables,
    file_url,
    follow_index,
    mend_pip_config,
    moved_shims,
    pip_config,
    shims_url,
    write_base_pip_config,
)
from keel.variables import read_variables, write_variables
from tests.unit.keel.bases import FakeBase

INDEX = "http://127.0.0.1/simple"


def settings(folder: Path) -> dict[str, str]:
    """`pip.conf`, read as pip reads it."""
    parser = configparser.RawConfigParser()
    assert parser.read(folder / "pip.conf", encoding="utf-8")
    return dict(parser["global"])


@pytest.mark.parametrize("path", ["/a b/c,d", "/it's \"q\" #;%20", "/è/中", "/$HOME/`x`", os.fsdecode(b"/\xff")])
def test_an_address_holds_nothing_that_a_tool_could_take_for_something_else(path: str) -> None:
    url = file_url(path)
    assert re.fullmatch(r"file:///[A-Za-z0-9%/._~-]+", url)
    assert unquote(url[len("file://") :], errors="surrogateescape") == path


def test_pip_looks_into_the_store_and_nowhere_else_unless_an_index_is_set(fake: FakeBase) -> None:
    offline = settings(fake.create("offline"))
    assert offline == {"find-links": shims_url(fake.base), "no-index": "true", "no-cache-dir": "true"}
    fake.write_manifest(index=INDEX)
    assert settings(fake.create("online")) == {"find-links": shims_url(fake.base), "index-url": INDEX}


def test_an_index_of_the_user_is_for_environments_and_not_for_the_base(fake: FakeBase) -> None:
    fake.keel("config", "set", "index", INDEX)
    assert settings(fake.create("work"))["index-url"] == INDEX
    write_base_pip_config(fake.base)
    assert settings(fake.prefix)["no-index"] == "true"
    fake.keel("config", "set", "--base", "index", INDEX)
    (fake.prefix / "pip.conf").unlink()
    write_base_pip_config(fake.base)
    assert settings(fake.prefix)["index-url"] == INDEX


def test_uv_is_told_the_same(fake: FakeBase) -> None:
    there = default_variables(fake.base)
    assert there["UV_FIND_LINKS"] == shims_url(fake.base)
    nowhere = Path(unquote(there["UV_DEFAULT_INDEX"][len("file://") :]))
    assert nowhere.parent == fake.prefix / "pkgs/.index"
    assert not nowhere.exists()
    fake.write_manifest(index=INDEX)
    assert default_variables(fake.base)["UV_DEFAULT_INDEX"] == INDEX


def test_a_clone_finds_what_its_source_found(fake: FakeBase) -> None:
    fake.create("old")
    fake.clone("new", "old")
    assert settings(fake.env("new"))["find-links"] == shims_url(fake.base)


def test_a_clone_of_the_base_has_the_index_of_its_user(fake: FakeBase) -> None:
    write_base_pip_config(fake.base)
    fake.keel("config", "set", "index", INDEX)
    fake.clone("copy", "base")
    assert settings(fake.env("copy"))["index-url"] == INDEX
    assert "index-url" not in settings(fake.prefix)


def test_after_a_move_only_the_place_of_the_store_changes(fake: FakeBase) -> None:
    env = fake.create("work")
    old = shims_url(fake.base)
    mine = f"# mine\n[global]\ntimeout = 3\nfind-links =\n  /my/wheels\n  {old}\n  {old}-not/x\nindex-url = {INDEX}\n"
    (env / "pip.conf").write_text(mine)
    moved = fake.prefix.with_name("moved")
    fake.prefix.rename(moved)
    base = Base(str(moved), None)
    env = moved / "envs/work"
    assert mend_pip_config(base, str(env))
    new = shims_url(base)
    assert (env / "pip.conf").read_text() == mine.replace(f"{old}\n", f"{new}\n")
    assert not mend_pip_config(base, str(env))
    assert not mend_pip_config(base, str(moved / "envs/nothing"))


def test_variables_can_follow_a_moved_base(fake: FakeBase) -> None:
    here, there = fake.base, Base(str(fake.prefix.with_name("moved, new")), None)
    before = default_variables(here)
    fake.prefix.rename(there.prefix)
    assert {name: moved_shims(there, value) for name, value in before.items()} == default_variables(there)
    mine = f"/my/wheels,{shims_url(here)},file:///x/pkgs/.index-not"
    assert moved_shims(there, mine) == f"/my/wheels,{shims_url(there)},file:///x/pkgs/.index-not"


def test_the_base_keeps_a_pip_conf_that_was_there(fake: FakeBase) -> None:
    (fake.prefix / "pip.conf").write_text("[global]\nfind-links = /my/wheels\n")
    write_base_pip_config(fake.base)
    assert (fake.prefix / "pip.conf").read_text() == "[global]\nfind-links = /my/wheels\n"


def test_environments_follow_the_index_unless_their_pip_conf_is_the_users_own(fake: FakeBase) -> None:
    one, two, three = fake.create("one"), fake.create("two"), fake.create("three")
    (two / "pip.conf").write_text(pip_config(fake.base, None) + "timeout = 3\n")
    (three / "pip.conf").unlink()
    fake.write_manifest(index=INDEX)
    places = [str(place) for place in (one, two, three)]
    assert follow_index(fake.base, places) == [str(one)]
    assert settings(one)["index-url"] == INDEX
    assert settings(two)["timeout"] == "3"
    assert "index-url" not in settings(two)
    assert not (three / "pip.conf").exists()
    assert follow_index(fake.base, places) == []


def test_setting_an_index_tells_the_environments_that_are_there(fake: FakeBase) -> None:
    env = fake.create("work")
    assert f"pip and uv use it in {env}\n" in fake.keel("config", "set", "index", INDEX).stdout
    assert settings(env)["index-url"] == read_variables(str(env))["UV_DEFAULT_INDEX"] == INDEX
    assert f"pip and uv use none in {env}\n" in fake.keel("config", "unset", "index").stdout
    assert settings(env)["no-index"] == "true"
    assert read_variables(str(env)) == default_variables(fake.base)


def test_a_variable_of_the_users_own_stays_when_the_index_changes(fake: FakeBase) -> None:
    env = fake.create("work")
    mine = {"UV_DEFAULT_INDEX": "http://127.0.0.1/mine", "UV_FIND_LINKS": "/my/wheels"}
    write_variables(str(env), mine)
    fake.keel("config", "set", "index", INDEX)
    assert read_variables(str(env)) == mine


def test_uv_in_a_clone_looks_into_the_store_of_the_base(fake: FakeBase) -> None:
    fake.keel("--settle")
    fake.create("old")
    fake.clone("new", "old")
    fake.clone("copy", "base")
    for prefix in (fake.prefix, fake.env("new"), fake.env("copy")):
        assert read_variables(str(prefix)) == default_variables(fake.base)
