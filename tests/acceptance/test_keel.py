"""keel in a real base: what a team does with it, offline, with the base's own Python and pip."""

import json
import os
import shutil
import sys
import time
from pathlib import Path

import pexpect
import pytest

from tests.acceptance.conftest import LIBRARY, Keel, clean_environment, contents, install, run
from tests.conftest import need, need_root
from tests.unit.wheels import make_wheel

pytestmark = pytest.mark.slow

def test_an_environment_of_bundled_packages_works(keel: Keel) -> None:
    said = keel("create", "-n", "work", "requests", "rich>=10")
    assert "none copied" in said
    assert keel.run("work", "python", "-c", "import requests, rich, sys; print(sys.prefix)") == f"{keel.path('work')}\n"
    keel.run("work", "python", "-c", "import numpy", code=1)
    assert keel.run("work", "python", "-m", "pip", "check") == "No broken requirements found.\n"
    listed = {package["name"]: package["source"] for package in json.loads(keel("list", "-n", "work", "--json"))}
    assert set(listed.values()) == {"bundled"}
    assert {"pip", "requests", "urllib3", "rich", "pygments"} <= set(listed)


def test_build_tools_are_in_the_store_but_not_in_the_base(keel: Keel) -> None:
    assert "setuptools" not in {package["name"] for package in json.loads(keel("list", "--json"))}
    keel("create", "-n", "tools", "setuptools", "hatchling")
    keel.run("tools", "python", "-c", "import setuptools, hatchling.build")


def test_a_clone_of_the_base_is_exact_and_its_scripts_are_its_own(keel: Keel) -> None:
    keel("create", "-n", "copy", "--clone", "base")
    base = run(keel.prefix / "bin/python", "-m", "pip", "freeze", "--all", env=keel.env).out
    assert keel.run("copy", "python", "-m", "pip", "freeze", "--all") == base
    assert keel.run("copy", "python", "-m", "pip", "check") == "No broken requirements found.\n"
    assert str(keel.path("copy")) in keel.run("copy", "pip", "--version")
    keel.run("copy", "python", "-c", "import numpy, requests, yaml, rich; assert numpy.arange(3).sum() == 3")
    assert keel.run("copy", "f2py", "-v")
    assert not (keel.path("copy") / "keel-meta").exists()
    stored = {path.stat().st_ino for path in (keel.prefix / "pkgs").rglob("*.py")}
    modules = list((keel.path("copy") / LIBRARY).rglob("*.py"))
    assert len(modules) > 500
    assert all(path.is_symlink() or path.stat().st_ino in stored for path in modules)


def test_what_a_user_installed_is_cloned_with_its_scripts_addresses_and_editable_sources(
    keel: Keel, tmp_path: Path
) -> None:
    keel("create", "-n", "old", "setuptools")
    files = {"private.py": "import sys\ndef main():\n    print(sys.prefix)\n"}
    wheel = make_wheel(tmp_path, "private", files=files, scripts={"private": "private:main"})
    source = tmp_path / "my src"
    source.mkdir()
    (source / "pyproject.toml").write_text(
        "[build-system]\nrequires = ['setuptools']\nbuild-backend = 'setuptools.build_meta'\n"
        "[project]\nname = 'devel'\nversion = '1'\n[tool.setuptools]\npy-modules = ['devel']\n"
    )
    (source / "devel.py").write_text("HERE = __file__\n")
    keel.run("old", "pip", "install", "--quiet", wheel)
    keel.run("old", "pip", "install", "--quiet", "--no-build-isolation", "--no-deps", "-e", source)
    keel("create", "-n", "new", "--clone", "old")
    shutil.rmtree(keel.path("old"))
    assert keel.run("new", "private") == f"{keel.path('new')}\n"
    assert keel.run("new", "python", "-c", "import devel; print(devel.HERE)") == f"{source}/devel.py\n"
    listed = {package["name"]: package["source"] for package in json.loads(keel("list", "-n", "new", "--json"))}
    assert listed["devel"] == f"editable: {source}"
    assert listed["private"].endswith("private-1.0-py3-none-any.whl")
    assert listed["setuptools"] == "bundled"


def test_pip_changes_one_environment_and_no_other(keel: Keel, tmp_path: Path) -> None:
    # The fixture compares the store before and after.
    keel("create", "-n", "one", "--clone", "base")
    keel("create", "-n", "two", "--clone", "base")
    base, two = contents(keel.prefix / LIBRARY), contents(keel.path("two") / LIBRARY)
    newer = make_wheel(tmp_path, "idna", "9000")
    keel.run("one", "pip", "install", "--quiet", "--no-deps", newer)
    keel.run("one", "pip", "uninstall", "--quiet", "--yes", "numpy", "rich")
    assert keel.run("one", "python", "-c", "import idna; print(idna.VERSION)") == "9000\n"
    assert not list((keel.path("one") / LIBRARY).glob("numpy*"))
    assert (contents(keel.prefix / LIBRARY), contents(keel.path("two") / LIBRARY)) == (base, two)


def test_uv_knows_the_environment_and_can_change_it(keel: Keel, tmp_path: Path) -> None:
    keel("create", "-n", "work", "requests")
    uv = [sys.executable, "-m", "uv", "--offline", "--no-config", "--cache-dir", tmp_path / "uv", "pip"]
    python = keel.path("work") / "bin/python"
    assert "requests" in run(*uv, "list", "--python", python, env=keel.env).out
    run(*uv, "uninstall", "--python", python, "requests", env=keel.env)
    keel.run("work", "python", "-c", "import requests", code=1)
    run(*uv, "install", "--python", python, make_wheel(tmp_path, "private"), env=keel.env)
    keel.run("work", "python", "-c", "import private")


def test_a_name_that_is_not_bundled_fails_at_once_without_a_network(keel: Keel) -> None:
    keel("create", "-n", "work")
    started = time.monotonic()
    keel.run("work", "pip", "install", "surely-not-bundled", code=1)
    assert (
        time.monotonic() - started < 5
    )  # pip tries for eight seconds and more where it is not told that there is no index
    error = keel("create", "-n", "other", "reqests", code=1)
    assert "nearest bundled names: requests" in error


def test_a_user_works_with_the_base_of_root(starter_installer: Path) -> None:
    need_root()
    folder = Path("/tmp") / f"keel team {os.getpid()}"
    home = folder / "home"
    home.mkdir(parents=True)
    os.chown(home, 65534, 65534)
    try:
        prefix = folder / "base"
        install(starter_installer, prefix)
        store = contents(prefix / "pkgs")
        user = [need("setpriv"), "--reuid=65534", "--regid=65534", "--clear-groups"]
        env = clean_environment(home)
        run(*user, prefix / "cmd/keel", "create", "-n", "mine", "numpy", env=env)
        run(*user, prefix / "cmd/keel", "create", "-n", "copy", "--clone", "base", env=env)
        mine = home / ".keel/envs/mine"
        assert mine.stat().st_uid == 65534
        modules = list((mine / LIBRARY / "numpy").glob("*.py"))
        forbidden = Path("/proc/sys/fs/protected_hardlinks").read_text().strip() == "1"
        assert modules
        assert all(path.is_symlink() == forbidden for path in modules)
        script = (
            '. "$1/etc/profile.d/keel.sh"; keel activate mine; python -c "import numpy; print(numpy.__file__)"; '
            "pip uninstall --quiet --yes numpy; keel deactivate; keel env list"
        )
        out = run(*user, "sh", "-c", script, "sh", prefix, env=env).out.splitlines()
        assert out[0] == f"{mine}/{LIBRARY}/numpy/__init__.py"
        assert str(home / ".keel/envs/copy") in out[-2]
        run(*user, mine / "bin/pip", "install", "--quiet", "pygments", "flit-core", env=env)
        run(*user, mine / "bin/python", "-c", "import pygments, flit_core", env=env)
        refused = run(*user, prefix / "bin/pip", "install", "flit-core", env=env, code=1).err
        assert "cmd/keel' create -n NAME" in refused
        assert contents(prefix / "pkgs") == store
        assert "not writable" in run(*user, prefix / "cmd/keel", "uninstall", "-y", env=env, code=1).err
        said = run(prefix / "cmd/keel", "uninstall", "-y", env=clean_environment(home)).out
        assert str(mine) in said
        assert not prefix.exists()
    finally:
        shutil.rmtree(folder)


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_new_terminal_has_keel_after_init(keel: Keel, tmp_path: Path, shell: str) -> None:
    need(shell)
    keel("create", "-n", "work", "numpy")
    (tmp_path / f".{shell}rc").write_text("PS1='ready> '")
    keel("init", shell)
    child = pexpect.spawn(
        shell, ["-i"], env={**keel.env, "TERM": "dumb"}, encoding="utf-8", dimensions=(24, 400), timeout=30
    )
    child.expect("ready> ")
    child.sendline("keel activate work")
    child.expect(r"\(work\) ready> ")
    child.sendline("python -c 'import numpy; print(numpy.__name__ * 2)'; pip --version")
    child.expect("numpynumpy")
    child.expect("pip .* from .*/envs/work/")
    child.sendline("keel deactivate; echo left:${KEEL_PREFIX-nothing}")
    child.expect("left:nothing\r\n")
    child.sendline("exit")
    child.expect(pexpect.EOF)
    keel("init", "--reverse")
    assert (tmp_path / f".{shell}rc").read_text() == "PS1='ready> '"
