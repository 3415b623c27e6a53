"""A real base that is moved, damaged, shared by two users: with its own Python, pip and uv, and no network."""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.conftest import ODD, Done, clean_environment, install, run
from tests.acceptance.test_keel import LIBRARY, contents
from tests.conftest import need, need_root
from tests.unit.wheels import make_wheel

pytestmark = pytest.mark.slow


class Moving:
    """A base of its own, which a test may move and damage."""

    def __init__(self, prefix: Path, home: Path) -> None:
        self.prefix = prefix
        self.env = clean_environment(home)

    def __call__(self, *arguments: object, code: int = 0) -> Done:
        return run(self.prefix / "cmd/keel", *arguments, env=self.env, code=code)

    def move(self, to: Path) -> None:
        to.parent.mkdir(parents=True, exist_ok=True)
        run("mv", self.prefix, to)
        self.prefix = to

    def run(self, env: Path, program: str, *arguments: object, code: int = 0) -> str:
        return run(env / "bin" / program, *arguments, env=self.env, code=code).out

    def problems(self, *arguments: object, code: int = 0) -> list[dict[str, object]]:
        found: list[dict[str, object]] = json.loads(self("check", "--json", *arguments, code=code).out)["problems"]
        return found


@pytest.fixture
def base(starter_installer: Path, tmp_path: Path) -> Iterator[Moving]:
    home = tmp_path / "home"
    home.mkdir()
    prefix = tmp_path / "plain"
    install(starter_installer, prefix)
    yield Moving(prefix, home)
    shutil.rmtree(tmp_path)


def test_everything_works_after_the_whole_base_was_moved(base: Moving, tmp_path: Path) -> None:
    base("create", "-n", "work", "requests")
    base("create", "-n", "copy", "--clone", "base")
    base("create", "-p", tmp_path / "own env", "rich")
    private = make_wheel(
        tmp_path, "private", files={"private.py": "import sys\ndef main(): print(sys.prefix)\n"},
        scripts={"private": "private:main"},
    )
    own = tmp_path / "own env"
    for env in (base.prefix / "envs/work", own):
        base.run(env, "pip", "install", "--quiet", private)
    (base.prefix / f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/EXTERNALLY-MANAGED").unlink(missing_ok=True)
    run(base.prefix / "bin/pip", "install", "--quiet", private, env=base.env)
    base("env", "remove", "-y", "-n", "copy")
    base("create", "-n", "copy", "--clone", "base")
    assert base.problems("--all") == []
    for target in (tmp_path / "deep/er" / ODD, tmp_path / "back"):
        old = base.prefix
        base.move(target)
        said = base("env", "list").err
        assert f"the base has moved here from {old}; mended: " in said
        for env in (base.prefix / "envs/work", base.prefix / "envs/copy", own):
            package = "requests" if env.name == "work" else "rich"
            assert base.run(env, "python", "-c", f"import {package}, sys; print(sys.prefix)") == f"{env}\n"
            assert base.run(env, "private") == f"{env}\n"
            assert str(env) in base.run(env, "pip", "--version")
            sourced = run("sh", "-c", '. "$1/bin/activate" && command -v pip', "sh", env, env=base.env).out
            assert sourced == f"{env}/bin/pip\n"
        assert run(base.prefix / "bin/private", env=base.env).out == f"{base.prefix}\n"
        # pip finds the store's packages where they are now, with no network.
        base.run(own, "pip", "install", "--quiet", "idna")
        base.run(own, "pip", "uninstall", "--quiet", "--yes", "idna")
        script = '. "$1/etc/profile.d/keel.sh"; keel activate work; command -v private; python -c "import requests"'
        assert run("sh", "-c", script, "sh", base.prefix, env=base.env).out == f"{base.prefix}/envs/work/bin/private\n"
        assert base.problems("--all") == []
        assert base("env", "list").err == ""


def test_damage_is_found_and_mended(base: Moving) -> None:
    base("create", "-n", "linked", "requests", "numpy")
    base("create", "-n", "apart", "requests", "--copy")
    before = contents(base.prefix / "pkgs")
    module = base.prefix / "envs/linked" / LIBRARY / "requests/api.py"
    module.chmod(0o644)
    with module.open("a") as file:
        file.write("\nraise SystemExit('edited')\n")
    (base.prefix / "envs/linked" / LIBRARY / "numpy/__init__.py").unlink()
    (base.prefix / "bin/f2py").unlink(missing_ok=True)
    problems = base.problems("--all", code=1)
    assert {one["place"] for one in problems} == {"store", "base", "linked"}
    assert any("changed in place" in str(one["text"]) for one in problems)
    said = base("check", "--all", "--fix").out
    assert "what was changed is kept in" in said
    assert contents(base.prefix / "pkgs") == before
    base.run(base.prefix / "envs/linked", "python", "-c", "import requests, numpy")
    run(base.prefix / "bin/f2py", "-v", env=base.env)
    assert base.problems("--all") == []


def test_a_private_copy_is_edited_without_harm_to_others(base: Moving) -> None:
    base("create", "-n", "work", "requests")
    env = base.prefix / "envs/work"
    before = contents(base.prefix / "pkgs")
    base("unlink", "-n", "work", "requests")
    with (env / LIBRARY / "requests/__init__.py").open("a") as file:
        file.write("\nEDITED = True\n")
    base.run(env, "python", "-c", "import requests; requests.EDITED")
    assert contents(base.prefix / "pkgs") == before
    assert [one["note"] for one in base.problems("--all")] == [True]
    base.run(env, "pip", "uninstall", "--quiet", "--yes", "requests")
    assert not (env / LIBRARY / "requests").exists()


def test_a_renamed_environment_has_its_scripts(base: Moving, tmp_path: Path) -> None:
    base("create", "-n", "old", "requests")
    files = {"private.py": "def main(): 0\n"}
    wheel = make_wheel(tmp_path, "private", files=files, scripts={"private": "private:main"})
    base.run(base.prefix / "envs/old", "pip", "install", "--quiet", wheel)
    base("rename", "-n", "old", "new")
    env = base.prefix / "envs/new"
    base.run(env, "private")
    assert str(env) in base.run(env, "pip", "--version")
    base("rename", "-n", "new", f"{tmp_path}/{ODD}/env", code=1)
    (tmp_path / ODD).mkdir()
    base("rename", "-n", "new", f"{tmp_path}/{ODD}/env")
    base.run(tmp_path / ODD / "env", "private")
    base.run(tmp_path / ODD / "env", "python", "-c", "import requests")
    assert base.problems("-p", tmp_path / ODD / "env") == []


def test_a_users_environments_follow_the_base_of_root(starter_installer: Path) -> None:
    need_root()
    folder = Path("/tmp") / f"keel health {os.getpid()}"
    home = folder / "home"
    home.mkdir(parents=True)
    os.chown(home, 65534, 65534)
    user = [need("setpriv"), "--reuid=65534", "--regid=65534", "--clear-groups"]
    env = clean_environment(home)
    try:
        base = Moving(folder / "base", folder)
        install(starter_installer, base.prefix)
        base("create", "-n", "shared", "requests")
        run(*user, base.prefix / "cmd/keel", "create", "-n", "mine", "numpy", env=env)
        run(*user, base.prefix / "cmd/keel", "create", "-p", home / "else where", "requests", env=env)
        mine, other = home / ".keel/envs/mine", home / "else where"
        base.move(folder / "moved")
        keel = base.prefix / "cmd/keel"
        # The user comes first, who cannot mend what is root's.
        said = run(*user, keel, "env", "list", env=env)
        assert "mended: " in said.err
        assert str(mine) in said.out
        assert str(other) in said.out
        assert run(*user, mine / "bin/python", "-c", "import numpy, sys; print(sys.prefix)", env=env).out == f"{mine}\n"
        run(*user, other / "bin/python", "-c", "import requests", env=env)
        assert run(*user, keel, "check", "--all", env=env, code=None).out.count("python") <= 1
        assert run(*user, keel, "env", "list", env=env).err == ""
        assert "mended: shared" in base("env", "list").err
        base.run(base.prefix / "envs/shared", "python", "-c", "import requests")
        # Root neither sees nor touches what is in the user's home.
        assert {path.stat().st_uid for path in (mine / "bin").iterdir() if not path.is_symlink()} == {65534}
        store = contents(base.prefix / "pkgs")
        run(*user, keel, "check", "-n", "mine", env=env)
        run(*user, keel, "unlink", "-n", "mine", "numpy", env=env)
        run(*user, keel, "clean", "-y", env=env)
        run(*user, keel, "rename", "-n", "mine", "yours", env=env)
        run(*user, keel, "env", "remove", "-y", "-n", "yours", env=env)
        assert "shared is not yours" in run(*user, keel, "env", "remove", "-y", "-n", "shared", env=env, code=1).err
        assert contents(base.prefix / "pkgs") == store
        assert not mine.exists()
    finally:
        shutil.rmtree(folder)
