"""A base around a real python-build-standalone interpreter: 3.9, the oldest Python that a base can have."""

import json
import shutil
from pathlib import Path

import pytest

from tests.acceptance.conftest import ODD, build, clean_environment, install, keel_builder, run
from tests.acceptance.test_offline import project
from tests.conftest import need
from tests.interpreter_fixtures import PBS_VERSION, pbs_archive
from tests.unit.wheels import sha256

pytestmark = pytest.mark.slow

RECIPE = """\
name: old
version: "1"
python: "3.9"
platforms: [linux-x86_64]
packages: [numpy, requests]
interpreter: {{path: "{archive}", sha256: "{sha256}"}}
glibc: "2.17"
compression: fast
index: http://127.0.0.1:9/simple
description: A base for old hands
"""


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need("npm")
    folder = tmp_path_factory.mktemp("recipe")
    archive = pbs_archive()
    path = folder / "old.yaml"
    path.write_text(RECIPE.format(archive=archive, sha256=sha256(archive)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def installer(recipe: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(recipe, tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def base(installer: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    prefix = tmp_path_factory.mktemp("base") / ODD
    install(installer, prefix)
    return prefix


def test_the_base_works(base: Path) -> None:
    env = clean_environment(base.parent)
    code = "import sys, ssl, sqlite3, lzma, ctypes, numpy, requests; print(sys.version.split()[0], sys.prefix)"
    assert run(base / "bin/python", "-c", code, env=env).out == f"{PBS_VERSION} {base}\n"
    assert run(base / "bin/python", "-m", "pip", "check", env=env).out == "No broken requirements found.\n"


def test_its_keel_creates_clones_and_lists(base: Path) -> None:
    env = clean_environment(base.parent)
    keel = base / "cmd/keel"
    run(keel, "create", "-y", "-n", "one", "requests", env=env)
    run(keel, "create", "-y", "-n", "two", "--clone", "base", env=env)
    names = {item["name"] for item in json.loads(run(keel, "env", "list", "--json", env=env).out)["environments"]}
    assert names == {"base", "one", "two"}
    run(base / "envs/one/bin/python", "-c", "import requests", env=env)
    run(base / "envs/one/bin/python", "-c", "import numpy", env=env, code=1)
    run(base / "envs/two/bin/python", "-c", "import numpy, requests", env=env)
    for name in ("one", "two"):
        run(keel, "env", "remove", "-n", name, "-y", env=env)
    assert "A base for old hands" in run(keel, "info", env=env).out


def test_its_pip_finds_the_store_without_an_index(base: Path, tmp_path: Path) -> None:
    env = {**clean_environment(tmp_path), "PIP_NO_INDEX": "1"}  # the recipe names an index that cannot be reached
    run(base / "cmd/keel", "create", "-n", "offline", env=env)
    python = base / "envs/offline/bin/python"
    run(python, "-m", "pip", "install", "numpy", project(tmp_path / "sources", "flit_core"), env=env)
    run(python, "-c", "import numpy, flit_core_user", env=env)
    run(base / "cmd/keel", "wheelhouse", tmp_path / "wheels", "requests", env=env)
    run(base / "cmd/keel", "env", "remove", "-n", "offline", "-y", env=env)


def test_the_installer_asks_for_no_newer_glibc_than_the_recipe_allows(base: Path) -> None:
    manifest = json.loads((base / "keel-meta/manifest.json").read_text())
    assert manifest["glibc"] == "2.17"
    assert manifest["interpreter"]["source"] == "path"


def test_a_locked_build_gives_the_same_bytes_and_refuses_another_recipe(
    recipe: Path, installer: Path, tmp_path: Path
) -> None:
    again = build(recipe, tmp_path, "--locked")
    assert sha256(again) == sha256(installer)
    lock = next(recipe.parent.glob("pylock.old-*.toml"))
    shutil.copy(lock, tmp_path / lock.name)
    (tmp_path / "old.yaml").write_text(recipe.read_text().replace("requests]", "requests, rich]"))
    done = keel_builder("build", tmp_path / "old.yaml", "--locked", "--output", tmp_path / "dist", code=2)
    assert "rich" in done.err
    assert "keel-builder lock" in done.err
    assert not (tmp_path / "dist").exists()


def test_a_newer_interpreter_than_the_recipe_allows_is_refused(tmp_path: Path) -> None:
    recipe = tmp_path / "strict.yaml"
    recipe.write_text('name: strict\nversion: "1"\npackages: []\nglibc: "2.17"\ninterpreter: host\n')
    done = keel_builder("build", recipe, "--output", tmp_path / "dist", code=5)
    assert "glibc" in done.err
