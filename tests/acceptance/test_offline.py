"""pip and uv without a network: bundled packages, local wheels, sources and editable installs, wheelhouses, PEP 668."""

import functools
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from uv import find_uv_bin

from keel.base import Base
from keel.indexing import default_variables
from tests.acceptance.conftest import LIBRARY, ODD, Done, Keel, clean_environment, contents, install, run
from tests.conftest import need_root
from tests.unit.wheels import make_wheel

pytestmark = pytest.mark.slow

BACKENDS = {
    "setuptools": "setuptools.build_meta",
    "hatchling": "hatchling.build",
    "flit_core": "flit_core.buildapi",
    "poetry-core": "poetry.core.masonry.api",
}
TOOLS = ["pip", "uv"]


@functools.cache
def without_network() -> tuple[str, ...]:
    """What to put before a command so that it has no network, not even loopback; nothing where that is forbidden."""
    if shutil.which("unshare"):
        for command in (("unshare", "-n"), ("unshare", "-rn")):
            if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0:
                return command
    return ()


class Offline(Keel):
    """keel in the starter base, with pip and uv cut off from every network."""

    def __init__(self, prefix: Path, home: Path) -> None:
        super().__init__(prefix, home)
        self.variables = {**self.env, **default_variables(Base(str(prefix), str(home)))}

    def tool(self, tool: str, environment: Path, *arguments: object, code: int = 0) -> Done:
        """`pip ARGUMENTS` or `uv pip ARGUMENTS` for the environment, as they are called in one that is active."""
        if tool == "pip":
            command: list[object] = [environment / "bin/pip", *arguments]
        else:
            command = [find_uv_bin(), "pip", *arguments]
        env = {**self.variables, "VIRTUAL_ENV": str(environment)}
        return run(*without_network(), *command, env=env, code=code)

    def sources(self, name: str) -> dict[str, str]:
        return {one["name"]: one["source"] for one in json.loads(self("list", "-n", name, "--json"))}


@pytest.fixture
def keel(starter_base: Path, tmp_path: Path) -> Iterator[Offline]:
    """Fails the test if the store is changed; removes its environments."""
    store = contents(starter_base / "pkgs")
    yield Offline(starter_base, tmp_path)
    for folder in (starter_base / "envs").iterdir():
        shutil.rmtree(folder)
    assert contents(starter_base / "pkgs") == store


def project(folder: Path, backend: str) -> Path:
    """The sources of a package that is called as its build backend, with a module of that name + `_user`."""
    name = f"{backend.replace('-', '_')}_user"
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(
        f"[build-system]\nrequires = ['{backend}']\nbuild-backend = '{BACKENDS[backend]}'\n"
        f"[project]\nname = '{name}'\nversion = '1.0'\ndescription = 'tests'\ndependencies = ['idna']\n"
    )
    (folder / f"{name}.py").write_text('"""Says which backend built it."""\n\nimport idna\n')
    return folder


def sdist(folder: Path, backend: str) -> Path:
    name = f"{backend.replace('-', '_')}_user-1.0"
    sources = project(folder / f"{backend} sources", backend)
    (sources / "PKG-INFO").write_text(f"Metadata-Version: 2.1\nName: {name[:-4]}\nVersion: 1.0\n")
    with tarfile.open(folder / f"{name}.tar.gz", "w:gz") as archive:
        archive.add(sources, name)
    return folder / f"{name}.tar.gz"


@pytest.mark.parametrize("tool", TOOLS)
def test_bundled_packages_are_installed_upgraded_and_uninstalled(keel: Offline, tool: str, tmp_path: Path) -> None:
    keel("create", "-n", "work", "requests")
    env = keel.path("work")
    older = make_wheel(tmp_path, "idna", "1.0")
    keel.tool(tool, env, "install", "numpy", older)
    assert keel.run("work", "python", "-c", "import numpy; print(numpy.arange(3).sum())") == "3\n"
    info = next((env / LIBRARY).glob("numpy-*.dist-info"))
    assert (info / "INSTALLER").read_text().strip() == tool
    assert not (info / "direct_url.json").exists()
    assert keel.sources("work")["numpy"] == tool
    keel.tool(tool, env, "install", "--upgrade", "idna")
    assert keel.run("work", "python", "-c", "import idna; print(idna.__version__ > '1.0')") == "True\n"
    # What keel linked from the store is replaced without a trace in the store, and removed likewise.
    keel.tool(tool, env, "install", "--upgrade", "--reinstall" if tool == "uv" else "--force-reinstall", "requests")
    keel.run("work", "python", "-c", "import requests")
    assert "numpy==" in keel.tool(tool, env, "freeze").out
    assert "@" not in keel.tool(tool, env, "freeze").out
    keel.tool(tool, env, "uninstall", *(["-y"] if tool == "pip" else []), "numpy", "requests")
    assert {"numpy", "requests"}.isdisjoint(keel.sources("work"))
    assert keel.run("work", "pip", "check") == "No broken requirements found.\n"


@pytest.mark.parametrize("tool", TOOLS)
def test_local_sources_of_every_backend_are_built(keel: Offline, tool: str, tmp_path: Path) -> None:
    keel("create", "-n", "work")
    env = keel.path("work")
    keel.tool(tool, env, "install", *(sdist(tmp_path / ODD, backend) for backend in BACKENDS))
    names = [f"{backend.replace('-', '_')}_user" for backend in BACKENDS]
    keel.run("work", "python", "-c", f"import {', '.join(names)}")
    # The build requirements were there for the builds only; a dependency came out of the store, too.
    assert {"idna", "pip", *(name.replace("_", "-") for name in names)} == set(keel.sources("work"))


@pytest.mark.parametrize("tool", TOOLS)
def test_a_folder_and_a_wheel_are_installed_and_editable_sources_stay_where_they_are(
    keel: Offline, tool: str, tmp_path: Path
) -> None:
    keel("create", "-n", "work")
    env = keel.path("work")
    folder, editable = project(tmp_path / "a folder", "hatchling"), project(tmp_path / "my sources", "setuptools")
    wheel = make_wheel(tmp_path, "private", requires=["pygments"])
    keel.tool(tool, env, "install", folder, wheel, "-e", editable)
    code = "import private, pygments, hatchling_user, setuptools_user; print(setuptools_user.__file__)"
    assert keel.run("work", "python", "-c", code) == f"{editable}/setuptools_user.py\n"
    assert keel.sources("work")["setuptools-user"] == f"editable: {editable}"


@pytest.mark.parametrize("tool", TOOLS)
def test_what_is_not_bundled_fails_without_looking_for_a_network(keel: Offline, tool: str) -> None:
    keel("create", "-n", "work")
    done = keel.tool(tool, keel.path("work"), "install", "surely-not-bundled", code=1)
    assert ("No matching distribution" if tool == "pip" else "was not found in the package registry") in done.err
    # Both name the network if they have tried it.
    assert "onnect" not in done.err
    assert "etry" not in done.err


def test_uv_needs_no_cache_and_no_network_of_its_own(keel: Offline) -> None:
    keel("create", "-n", "work")
    keel.tool("uv", keel.path("work"), "install", "--offline", "--no-cache", "rich")
    keel.run("work", "python", "-c", "import rich")


def test_uv_finds_the_store_in_an_active_environment(keel: Offline) -> None:
    keel("create", "-n", "work")
    script = '. "$1/etc/profile.d/keel.sh"; keel activate work; "$2" pip install rich; keel deactivate; env'
    out = run(*without_network(), "sh", "-c", script, "sh", keel.prefix, find_uv_bin(), env=keel.env).out
    assert "UV_" not in out
    keel.run("work", "python", "-c", "import rich")


def test_a_wheelhouse_serves_another_python_with_hashes_and_without_sources(keel: Offline, tmp_path: Path) -> None:
    wheels, pins = tmp_path / "wheels", tmp_path / "requirements.txt"
    keel("wheelhouse", wheels, "numpy", "requests", "--requirements", pins)
    other = tmp_path / "other"
    run(sys.executable, "-m", "venv", "--copies", other, env=keel.env)
    options = ["--no-index", "--find-links", wheels, "--only-binary", ":all:", "--require-hashes", "-r", pins]
    env = {**keel.env, "VIRTUAL_ENV": str(other), "PIP_CONFIG_FILE": os.devnull}
    check = "import numpy, requests; assert numpy.ones(3).sum() == 3"
    run(*without_network(), other / "bin/pip", "install", *options, env=env)
    run(other / "bin/python", "-c", check, env=keel.env)
    uv = [find_uv_bin(), "pip"]
    run(*uv, "uninstall", "numpy", "requests", env=env)
    run(*without_network(), *uv, "install", *options, env=env)
    run(other / "bin/python", "-c", check, env=keel.env)
    # A shim means nothing to this Python, and says so.
    shim = next((keel.prefix / "pkgs/.index").glob("mdurl-*"))
    said = run(*without_network(), other / "bin/pip", "install", "--no-index", shim, env=env, code=1)
    assert "this sdist belongs to a Keel base, which holds mdurl" in said.out + said.err


def test_pip_in_a_base_of_root_says_how_to_get_an_environment_until_its_owner_lifts_that(
    starter_installer: Path, tmp_path: Path
) -> None:
    need_root()
    prefix = tmp_path / ODD
    install(starter_installer, prefix)
    env = clean_environment(tmp_path)
    store = contents(prefix / "pkgs")
    pip = [*without_network(), prefix / "bin/pip", "install", "flit-core"]
    uv = [*without_network(), find_uv_bin(), "pip", "install", "--python", prefix / "bin/python", "rich"]
    for command in (pip, uv):
        said = run(*command, env=env, code=None)
        assert said.code != 0
        assert "cmd/keel' create -n NAME" in said.err
    (prefix / LIBRARY).parent.joinpath("EXTERNALLY-MANAGED").unlink()
    # Right after the installation, before any other command of keel.
    run(*pip, env=env)
    run(prefix / "bin/python", "-c", "import flit_core", env=env)
    run(prefix / "bin/pip", "uninstall", "--yes", "flit-core", env=env)
    assert contents(prefix / "pkgs") == store
    run(prefix / "cmd/keel", "uninstall", "-y", env=env)
    assert not prefix.exists()
