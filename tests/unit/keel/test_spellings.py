"""What conda's users type: it works, or the hint says what keel has instead."""

import json

import pytest

from keel.wanted import as_requirement
from tests.unit.keel.bases import MINOR, FakeBase


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("numpy=1.26", "numpy==1.26.*"),
        ("numpy=1.26.*", "numpy==1.26.*"),
        ("numpy=1.26*", "numpy==1.26.*"),
        ("pandas[excel]=2", "pandas[excel]==2.*"),
        ("tool=1.0rc1", "tool==1.0rc1"),
        ("numpy==1.26", "numpy==1.26"),
        ("numpy>=1.26", "numpy>=1.26"),
        ("numpy=1.26=py311_0", "numpy=1.26=py311_0"),
        ("numpy", "numpy"),
    ],
)
def test_one_equals_sign_means_any_such_version(word: str, meant: str) -> None:
    assert as_requirement(word) == meant


def test_versions_can_be_asked_for_as_conda_has_them(fake: FakeBase) -> None:
    fake.add("other", "2.5", base=False)
    fake.keel("create", "--name", "x", "-y", f"python={MINOR}", "other=2")
    fake.keel("remove", "-n", "x", "other", "-y")
    fake.keel("install", "-n", "x", "-y", f"python={MINOR}", "other=2.5")
    assert "other" in fake.keel("list", "-n", "x", "oth").stdout
    assert json.loads(fake.keel("list", "-n", "x", "zz*", "--json").stdout) == []
    assert "no other (2.7 was asked for)" in fake.keel("install", "-n", "x", "python=2.7", code=1).stderr


def test_an_export_is_known_by_what_is_in_it(fake: FakeBase) -> None:
    fake.add("other", "2.5", base=False)
    fake.keel("create", "-n", "x", "other")
    for name, format in (("environment.yml", "pylock"), ("plain", "json")):
        file = fake.prefix.parent / name
        file.write_text(fake.keel("env", "export", "-n", "x", "--format", format).stdout)
        fake.keel("env", "create", "-n", f"from-{format}", "-f", file)
        assert "other" in fake.keel("list", "-n", f"from-{format}").stdout
    file = fake.prefix.parent / "environment.yml"
    file.write_text("name: x\ndependencies:\n  - numpy=1.26\n")
    assert "looks like a file of conda's" in fake.keel("env", "create", "-f", file, code=1).stderr


def test_remove_all_removes_the_environment_that_is_named(fake: FakeBase) -> None:
    fake.create("x")
    assert "say which" in fake.keel("remove", "--all", "-y", code=2).stderr
    assert "nothing was removed" in fake.keel("remove", "-n", "x", "--all", code=1).stderr
    assert "-y and --json only" in fake.keel("remove", "-n", "x", "--all", "--dry-run", code=2).stderr
    assert fake.env("x").is_dir()
    fake.keel("remove", "-n", "x", "--all", "-y")
    assert not fake.env("x").exists()


def test_info_lists_environments_and_clean_takes_all(fake: FakeBase) -> None:
    assert fake.keel("info", "--envs").stdout == fake.keel("env", "list").stdout
    assert "nothing to remove" in fake.keel("clean", "--all", "-y").stdout


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("uninstall -n x numpy", "keel remove -n NAME PACKAGE"),
        ("uninstall numpy", "keel remove -n NAME PACKAGE"),
        ("create -n x -c conda-forge numpy", "keel config set index"),
        ("env update -n x -f environment.yml", "keel install -n NAME -f FILE"),
        ("config --add envs_dirs /scratch", "keel config add KEY VALUE"),
        ("env export --no-builds", "wheels have no builds"),
        ("install -q numpy", "leave it out"),
    ],
)
def test_what_keel_says_otherwise_is_in_the_hint(words: str, hint: str, fake: FakeBase) -> None:
    assert hint in fake.keel(*words.split(), code=2).stderr.splitlines()[-1]
    assert fake.prefix.is_dir()


def test_dry_clones_are_told_to_programs(fake: FakeBase) -> None:
    env = fake.create("x")
    told = json.loads(fake.keel("create", "-n", "y", "--clone", "x", "--dry-run", "--json").stdout)
    assert (told["dry_run"], told["clone"]) == (True, str(env))
    assert not fake.env("y").exists()


def test_the_hint_names_the_command_that_was_typed(fake: FakeBase) -> None:
    assert "say which: keel update -n NAME" in fake.keel("update", "--all", code=1).stderr
