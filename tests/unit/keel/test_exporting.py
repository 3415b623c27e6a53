"""Exact lists: exported, and made into environments again."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from keel._vendor.packaging.pylock import Pylock
from keel.locks import to_toml
from tests.unit.keel.bases import LIBRARY, MINOR, FakeBase
from tests.unit.keel.test_packages import versions


@pytest.fixture
def work(fake: FakeBase) -> FakeBase:
    """A base with the environment `work`: top (asked for), low 1.0 (needed), and not the newer low."""
    fake.add("low", "1.0", base=False)
    fake.add("top", requires=["low"], base=False)
    fake.create("work", "top", with_pip=True)
    fake.add("low", "2.0", base=False)
    return fake


def contents(env: Path) -> dict[str, bytes]:
    library = env / LIBRARY
    return {str(path.relative_to(library)): path.read_bytes() for path in library.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", ["pylock.toml", "env.json", "env.txt"])
def test_what_was_exported_can_be_made_again(work: FakeBase, tmp_path: Path, name: str) -> None:
    file = tmp_path / f"é {name}"
    work.keel("env", "export", "-n", "work", "-o", file)
    work.keel("create", "-n", "again", "-f", file)
    assert versions(work.env("again")) == versions(work.env("work")) == {"low": "1.0", "top": "1.0", "pip": "99.0"}
    if name != "env.txt":  # which does not tell who was asked for
        assert contents(work.env("again")) == contents(work.env("work"))


def test_the_default_is_a_lock_that_other_tools_can_read(work: FakeBase) -> None:
    document = tomllib.loads(work.keel("env", "export", "-n", "work").stdout)
    lock = Pylock.from_dict(document)
    assert [str(package.name) for package in lock.packages] == ["low", "pip", "top"]
    units = {unit.name: unit for unit in work.units if (unit.name, unit.version) != ("low", "2.0")}
    for package in lock.packages:
        assert package.wheels is not None
        assert package.wheels[0].filename == units[package.name].wheel
        assert package.wheels[0].hashes == {"sha256": units[package.name].sha256}
    assert document["tool"]["keel"]["requested"] == ["top"]
    assert document["requires-python"] == f"=={MINOR}.*"
    assert "http" not in json.dumps(document)


def test_an_environment_can_be_created_by_its_file_alone(work: FakeBase, tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    work.keel("env", "export", "-n", "work", "-o", file)
    assert "exists already" in work.keel("env", "create", "-f", file, code=1).stderr
    work.keel("env", "remove", "-y", "-n", "work")
    work.keel("env", "create", "-f", file)
    assert versions(work.env("work"))["low"] == "1.0"
    (tmp_path / "r.txt").write_text("top\n")
    assert "names no environment" in work.keel("env", "create", "-f", tmp_path / "r.txt", code=1).stderr
    assert "conda" in work.keel("env", "create", "-f", tmp_path / "environment.yml", code=1).stderr


@pytest.mark.parametrize("name", ["pylock.toml", "env.json"])
def test_variables_go_along_but_not_those_that_name_this_base(work: FakeBase, tmp_path: Path, name: str) -> None:
    value = 'a "b" é\n\x7f'
    work.keel("env", "config", "vars", "set", "-n", "work", f"TOKEN={value}")
    work.keel("env", "export", "-n", "work", "-o", tmp_path / name)
    text = (tmp_path / name).read_text()
    assert "TOKEN" in text
    assert "UV_" not in text
    work.keel("create", "-n", "again", "-f", tmp_path / name)
    told = json.loads((work.env("again") / "etc/keel/vars.json").read_text())
    assert told == json.loads((work.env("work") / "etc/keel/vars.json").read_text())
    assert told["TOKEN"] == value


def test_what_a_user_installed_is_exported_with_its_address(work: FakeBase, tmp_path: Path) -> None:
    source = tmp_path / "my src"
    source.mkdir()
    for name, url in (
        ("devel", {"url": source.as_uri(), "dir_info": {"editable": True}}),
        ("gitty", {"url": "https://example.com/g", "vcs_info": {"vcs": "git", "commit_id": "abc"}}),
        ("arch", {"url": "https://example.com/a.whl", "archive_info": {"hash": "sha256=ab"}}),
        ("plain", None),
    ):
        info = work.env("work") / LIBRARY / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Name: {name}\nVersion: 1.0\n")
        (info / "INSTALLER").write_text("pip\n")
        if url:
            (info / "direct_url.json").write_text(json.dumps(url))
    document = tomllib.loads(work.keel("env", "export", "-n", "work").stdout)
    found = {package["name"]: package for package in Pylock.from_dict(document).to_dict()["packages"]}
    assert found["devel"]["directory"] == {"path": str(source), "editable": True}
    assert found["gitty"]["vcs"] == {"type": "git", "url": "https://example.com/g", "commit-id": "abc"}
    assert found["arch"]["archive"] == {"url": "https://example.com/a.whl", "hashes": {"sha256": "ab"}}
    assert document["tool"]["keel"]["packages"] == [{"name": "plain", "version": "1.0"}]
    lines = work.keel("env", "export", "-n", "work", "--format", "requirements").stdout.splitlines()
    assert f"-e {source}" in lines
    assert "gitty @ git+https://example.com/g@abc" in lines
    (tmp_path / "pylock.toml").write_text(to_toml(document))
    said = work.keel("create", "-n", "again", "-f", tmp_path / "pylock.toml", code=1).stderr
    assert "plain 1.0 is not bundled" in said


def lock(folder: Path, *packages: dict[str, Any], **more: Any) -> Path:
    path = folder / "pylock.toml"
    path.write_text(to_toml({"lock-version": "1.0", "created-by": "tests", **more, "packages": list(packages)}))
    return path


def wheel(name: str, digest: str, file: str = "") -> dict[str, Any]:
    file = file or f"{name}-1.0-py3-none-any.whl"
    place = {"url": f"http://127.0.0.1:9/{file}", "hashes": {"sha256": digest}}
    return {"name": name, "version": "1.0", "wheels": [place]}


def test_a_lock_of_others_is_linked_where_the_hashes_are_those_of_the_store(work: FakeBase, tmp_path: Path) -> None:
    units = {(unit.name, unit.version): unit for unit in work.units}
    low = wheel("low", units["low", "1.0"].sha256)
    skipped = {**wheel("missing", "ab"), "marker": "os_name == 'nt'"}
    work.keel("create", "-n", "again", "-f", lock(tmp_path, low, skipped))
    assert versions(work.env("again")) == {"low": "1.0", "pip": "99.0"}
    said = work.keel("create", "-n", "bad", "-f", lock(tmp_path, wheel("low", "ab" * 32)), code=1).stderr
    assert f"the one in the store is sha256:{units['low', '1.0'].sha256}" in said
    said = work.keel("create", "-n", "bad", "-f", lock(tmp_path, low, **{"requires-python": "<3"}), code=1).stderr
    assert "does not satisfy the Python version" in said
    assert not work.env("bad").exists()


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("pylock.toml", "x = ", "is not TOML"),
        ("pylock.toml", "x = 1", "Missing required value"),
        ("x.json", "{}", "is not an export of keel"),
        ("x.json", "[1]", "is not an export of keel"),
        ("x.txt", "\xff", "is not UTF-8"),
    ],
)
def test_a_file_of_another_kind_is_named(work: FakeBase, tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_bytes(text.encode("latin-1"))
    assert said in work.keel("create", "-n", "bad", "-f", tmp_path / name, code=1).stderr


def test_hashes_of_requirements_are_those_of_the_store_or_an_error(work: FakeBase, tmp_path: Path) -> None:
    units = {(unit.name, unit.version): unit for unit in work.units}
    file = tmp_path / "r.txt"
    file.write_text(f"low==1.0 --hash=sha256:{units['low', '1.0'].sha256}\n")
    work.keel("create", "-n", "again", "-r", file)
    assert versions(work.env("again"))["low"] == "1.0"
    file.write_text(f"low==1.0 --hash=sha256:{'ab' * 32}\n")
    assert "none of the hashes" in work.keel("create", "-n", "bad", "-r", file, code=1).stderr


def test_a_complete_list_stands_alone(work: FakeBase, tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    work.keel("env", "export", "-n", "work", "-o", file)
    assert "nothing can be added" in work.keel("create", "-n", "x", "-f", file, "low", code=1).stderr


def test_constraints_hold_for_what_comes_up(work: FakeBase, tmp_path: Path) -> None:
    (tmp_path / "c.txt").write_text("low<2\nnever==3\n")
    (tmp_path / "r.txt").write_text("top\n-c c.txt\n")
    work.keel("create", "-n", "again", "-f", tmp_path / "r.txt")
    assert versions(work.env("again"))["low"] == "1.0"


@pytest.mark.parametrize("python", [MINOR, MINOR.split(".")[0], ">=3", f"{MINOR}.*"])
def test_the_python_of_the_base_may_be_named(work: FakeBase, python: str) -> None:
    work.keel("create", "-n", "again", "--python", python, "--dry-run")
    assert not work.env("again").exists()


@pytest.mark.parametrize("words", [("--python", "2.7"), ("python=2.7",), ("python<3",)])
def test_another_python_is_refused_with_the_one_that_there_is(work: FakeBase, words: tuple[str, ...]) -> None:
    said = work.keel("create", "-n", "again", *words, code=1).stderr
    assert f"this base has Python {MINOR}" in said


def test_a_dry_run_of_create_shows_what_it_would_do(work: FakeBase) -> None:
    told = json.loads(work.keel("create", "-n", "again", f"python={MINOR}", "top", "--dry-run", "--json").stdout)
    assert [(one["name"], one["version"]) for one in told["changes"]] == [
        ("low", "2.0"), ("pip", "99.0"), ("top", "1.0")
    ]
    assert [path.name for path in (work.prefix / "envs").iterdir()] == ["work"]
