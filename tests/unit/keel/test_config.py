"""Settings: who says them, what is refused, and what is laid out for shells."""

import json
from pathlib import Path

import pytest

from keel.config import base_file, load_settings, user_file
from keel.errors import KeelError
from tests.unit.keel.bases import FakeBase

ODD_FOLDER = "it's \"my\" disk! è"


def files(fake: FakeBase) -> tuple[Path, Path]:
    user = user_file(fake.base)
    assert user is not None
    return Path(user), Path(base_file(fake.base))


def test_without_files_everything_is_as_usual(fake: FakeBase) -> None:
    settings = load_settings(fake.base)
    assert (settings.envs_dirs, settings.index_url, settings.link_mode) == ((), None, "auto")
    assert fake.base.index is None
    assert not (fake.prefix.parent / ".keel").exists()


def test_the_user_goes_before_the_base_and_the_base_before_the_recipe(fake: FakeBase) -> None:
    fake.write_manifest(index="https://recipe.example.com/simple")
    assert fake.base.index == "https://recipe.example.com/simple"
    fake.keel("config", "set", "index", "https://base.example.com/simple", "--base")
    assert fake.base.index == "https://base.example.com/simple"
    fake.keel("config", "set", "index", "none")
    assert fake.base.index is None
    listed = json.loads(fake.keel("config", "list", "--json").stdout)
    assert listed["index"] == {"value": None, "from": str(files(fake)[0])}
    fake.keel("config", "unset", "index")
    assert fake.keel("config", "get", "index").stdout == "https://base.example.com/simple\n"


def test_new_environments_go_to_the_first_configured_folder_and_all_are_found(fake: FakeBase) -> None:
    fake.create("old")
    mine, ours = fake.prefix.parent / ODD_FOLDER, fake.prefix.parent / "for all"
    fake.keel("config", "set", "envs_dirs", ours, "--base")
    fake.keel("config", "add", "envs_dirs", mine)
    assert fake.base.envs_dirs()[:3] == [str(mine), str(ours), str(fake.prefix / "envs")]
    fake.keel("create", "-n", "new")
    assert (mine / "new/pyvenv.cfg").is_file()
    assert set(json.loads(fake.keel("env", "list", "--json").stdout)["envs"]) == {
        str(fake.prefix), str(fake.env("old")), str(mine / "new"),
    }


def test_a_name_means_the_environment_that_is_found_first(fake: FakeBase) -> None:
    fake.create("work")
    mine = fake.prefix.parent / "mine"
    fake.keel("create", "-p", mine / "work")
    fake.keel("config", "set", "envs_dirs", mine)
    listed = json.loads(fake.keel("env", "list", "--json").stdout)["environments"]
    assert {one["prefix"]: one["name"] for one in listed[1:]} == {
        str(mine / "work"): "work", str(fake.env("work")): None,
    }


def test_shells_find_the_folders_laid_out_also_after_the_file_was_edited(fake: FakeBase) -> None:
    folder = fake.prefix.parent / ODD_FOLDER
    fake.keel("config", "set", "envs_dirs", folder, "/other")
    user, _ = files(fake)
    laid_out = user.parent / "envs_dirs"
    assert laid_out.read_text() == f"{folder}\n/other\n"
    assert (user.parent / "envs_dirs.csh").read_text().startswith("set _keel_dirs = ( '")
    user.write_text('envs_dirs = ["/edited"]\n')
    fake.keel("env", "list")
    assert laid_out.read_text() == "/edited\n"
    fake.keel("config", "unset", "envs_dirs")
    assert not laid_out.exists()
    assert not (user.parent / "envs_dirs.csh").exists()


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("envs_dirs", "relative/path", "not an absolute path"),
        ("envs_dirs", "/with:colon", "colon"),
        ("index", "ftp://example.com", "not an address"),
        ("index", "packages.example.com", "not an address"),
        ("link_mode", "hard", "'hard' is not possible"),
        ("envs_dir", "/x", "did you mean envs_dirs?"),
    ],
)
def test_wrong_values_are_refused_and_nothing_is_written(fake: FakeBase, key: str, value: str, message: str) -> None:
    assert message in fake.keel("config", "set", key, value, code=1).stderr
    assert not files(fake)[0].exists()


@pytest.mark.parametrize(
    "text", ["index = 3\n", "indexes = 'x'\n", "link_mode = ['copy']\n", "not toml", "envs_dirs = ['x']"]
)
def test_mistakes_in_a_file_are_named_with_the_file(fake: FakeBase, text: str) -> None:
    user, _ = files(fake)
    user.parent.mkdir()
    user.write_text(text)
    with pytest.raises(KeelError) as caught:
        load_settings(fake.base)
    assert str(user) in caught.value.message
    assert caught.value.hint


def test_a_setting_with_one_value_takes_one(fake: FakeBase) -> None:
    assert "has one value" in fake.keel("config", "set", "link_mode", "copy", "auto", code=1).stderr
    assert "is no list" in fake.keel("config", "add", "link_mode", "copy", code=1).stderr
