"""A moved base, a moved environment: what the next command mends, and what it must not touch."""

import json
import shutil
import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from keel.environments import list_environments
from keel.hashes import digest
from keel.indexing import shims_url
from keel.moves import find_moves, mend_moved
from keel.registry import register, registered
from keel.variables import read_variables, write_variables
from tests.conftest import need
from tests.unit.keel.bases import LIBRARY, MINOR, FakeBase


def moved(fake: FakeBase, to: str = 'mo"ved b\'se 中') -> FakeBase:
    """The base in another place, by one rename."""
    new = fake.prefix.parent / to
    fake.prefix.rename(new)
    return replace(fake, prefix=new)


def settled(fake: FakeBase) -> FakeBase:
    """As an installer leaves it."""
    fake.keel("--settle")
    return fake


def python_says(env: Path, code: str = "import sys; print(sys.prefix)") -> str:
    done = subprocess.run([env / "bin/python", "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def script_by_pip(env: Path) -> Path:
    """A script that names the environment's Python, with its hash in a RECORD."""
    script = env / "bin/mine"
    script.write_text(f"#!/bin/sh\n'''exec' \"{_quoted(env)}/bin/python\" \"$0\" \"$@\"\n' '''\nprint('mine')\n")
    script.chmod(0o755)
    info = env / LIBRARY / "mine-1.dist-info"
    info.mkdir()
    (info / "INSTALLER").write_text("pip\n")
    hashed = digest(script.read_bytes())
    (info / "RECORD").write_text(f"../../../bin/mine,{hashed},{script.stat().st_size}\nmine-1.dist-info/RECORD,,\n")
    return script


def _quoted(path: Path) -> str:
    return "".join(f"\\{character}" if character in '\\"$`' else character for character in str(path))


def test_a_moved_base_is_mended_with_its_environments_by_the_next_command(fake: FakeBase) -> None:
    settled(fake)
    fake.add("tool", scripts={"tool": "tool:main"})
    env = fake.create("work", "tool", with_pip=True)
    script_by_pip(env)
    script_by_pip(fake.prefix)
    (env / "pip.conf").write_text((env / "pip.conf").read_text() + "# mine\n[install]\nuser = false\n")
    write_variables(str(env), {"UV_FIND_LINKS": shims_url(fake.base), "DATA": f"{env}/data", "OTHER": "/else"})
    (env / "data").symlink_to(fake.prefix / "pkgs")
    old = fake.prefix
    fake = moved(fake)
    env = fake.env("work")
    said = fake.keel("env", "list").stderr.splitlines()
    assert said == [f"the base has moved here from {old}; mended: work, base"]
    assert python_says(env) == str(env)
    assert f"home = {fake.prefix}/bin\n" in (env / "pyvenv.cfg").read_text()
    assert f"executable = {fake.prefix}/bin/python{MINOR}\n" in (env / "pyvenv.cfg").read_text()
    for prefix in (env, fake.prefix):
        assert subprocess.run([prefix / "bin/mine"], capture_output=True, text=True).stdout == "mine\n"
        row = (prefix / LIBRARY / "mine-1.dist-info/RECORD").read_text().splitlines()[0]
        data = (prefix / "bin/mine").read_bytes()
        assert row == f"../../../bin/mine,{digest(data)},{len(data)}"
        assert shims_url(fake.base) in (prefix / "pip.conf").read_text()
    assert (env / "pip.conf").read_text().endswith("# mine\n[install]\nuser = false\n")
    out = subprocess.run(
        ["sh", "-c", '. "$1"; printf %s "$VIRTUAL_ENV"', "sh", env / "bin/activate"], capture_output=True, text=True
    )
    assert out.stdout == str(env)
    assert read_variables(str(env)) == {
        "UV_FIND_LINKS": shims_url(fake.base), "DATA": f"{env}/data", "OTHER": "/else"
    }
    assert (env / "data").readlink() == fake.prefix / "pkgs"
    assert not fake.keel("env", "list").stderr


def test_an_environment_elsewhere_follows_its_base(fake: FakeBase, tmp_path: Path) -> None:
    settled(fake)
    fake.add("tool")
    for place in ("-p", tmp_path / "far/away"), ("-p", tmp_path / ".keel/envs/home"):
        fake.keel("create", *place, "tool")
    far = tmp_path / "far/away"
    (far / LIBRARY / "linked.py").symlink_to(fake.prefix / fake.units[-1].path / "tool.py")
    fake = moved(fake)
    error = fake.keel("list", "-n", "base").stderr
    assert str(far) in error
    assert "home" in error
    assert python_says(far) == str(far)
    assert python_says(far, "import linked; print(linked.__name__)") == "linked"
    assert [one.label for one in list_environments(fake.base)] == ["base", str(far), "home"]


def test_a_moved_environment_is_found_where_a_command_is_told_to_look(fake: FakeBase, tmp_path: Path) -> None:
    settled(fake)
    fake.add("tool")
    fake.keel("create", "-p", tmp_path / "old place", "tool")
    script_by_pip(tmp_path / "old place")
    new = tmp_path / "new/place"
    new.parent.mkdir()
    (tmp_path / "old place").rename(new)
    assert f"moved from {tmp_path}/old place; mended: {new}" in fake.keel("list", "-p", new).stderr
    assert subprocess.run([new / "bin/mine"], capture_output=True, text=True).stdout == "mine\n"
    assert "prompt = place\n" in (new / "pyvenv.cfg").read_text()
    assert registered(fake.base) == [str(new)]


def test_an_environment_that_leaves_the_base_keeps_its_python_and_its_packages(
    fake: FakeBase, tmp_path: Path
) -> None:
    settled(fake)
    fake.add("tool")
    fake.keel("config", "set", "link_mode", "symlink")
    fake.create("work", "tool")
    new = tmp_path / "deep/er/work"
    new.parent.mkdir(parents=True)
    fake.env("work").rename(new)
    fake.keel("list", "-p", new)
    assert python_says(new, "import tool, sys; print(sys.prefix)") == str(new)
    new.rename(fake.env("again"))
    fake.keel("env", "list")
    assert python_says(fake.env("again"), "import tool, sys; print(sys.prefix)") == str(fake.env("again"))


def test_a_copied_environment_becomes_one_of_its_own(fake: FakeBase) -> None:
    settled(fake)
    env = fake.create("work")
    script_by_pip(env)
    shutil.copytree(env, fake.env("copy"), symlinks=True)
    assert "mended: copy" in fake.keel("env", "list").stderr
    assert str(fake.env("copy")) in (fake.env("copy") / "bin/mine").read_text().replace("\\", "")
    assert "prompt = copy\n" in (fake.env("copy") / "pyvenv.cfg").read_text()
    assert "prompt = work\n" in (env / "pyvenv.cfg").read_text()


def test_environments_of_another_base_are_left_alone(fake: FakeBase, tmp_path: Path) -> None:
    settled(fake)
    fake.keel("create", "-p", tmp_path / ".keel/envs/mine")
    config = tmp_path / ".keel/envs/mine/pyvenv.cfg"
    text = config.read_text().replace("keel-base = ", "keel-base = f")
    for home in (tmp_path / "gone/bin", Path("/usr/bin")):
        config.write_text(text.replace(f"home = {fake.prefix}/bin", f"home = {home}"))
        before = config.read_text()
        assert not fake.keel("env", "list").stderr
        assert config.read_text() == before


def test_a_base_that_is_reached_by_two_paths_has_not_moved(fake: FakeBase, tmp_path: Path) -> None:
    settled(fake)
    env = fake.create("work")
    before = (env / "pyvenv.cfg").read_text()
    (tmp_path / "other way").symlink_to(fake.prefix)
    other = replace(fake, prefix=tmp_path / "other way")
    assert not other.keel("env", "list").stderr
    assert not fake.keel("env", "list").stderr
    assert (env / "pyvenv.cfg").read_text() == before


def test_nothing_is_followed_out_of_the_environment(fake: FakeBase, tmp_path: Path) -> None:
    settled(fake)
    env = fake.create("work")
    precious = tmp_path / "precious"
    precious.mkdir()
    for name in ("activate", "script"):
        (precious / name).write_text(f"#!{env}/bin/python\n")
    (env / "bin/outside").symlink_to(precious / "script")
    (env / "bin/activate").unlink()
    (env / "bin/activate").symlink_to(precious / "activate")
    (fake.env("linked")).symlink_to(precious)
    (precious / "pyvenv.cfg").write_text((env / "pyvenv.cfg").read_text())
    before = {path.name: path.read_text() for path in precious.iterdir()}
    env.rename(fake.env("other"))
    fake.keel("list", "-n", "other")
    assert {path.name: path.read_text() for path in precious.iterdir()} == before
    assert (fake.env("other") / "bin/activate").readlink() == precious / "activate"


def test_hard_links_of_what_is_rewritten_stay_as_they_are(fake: FakeBase, tmp_path: Path) -> None:
    settled(fake)
    env = fake.create("work")
    script = script_by_pip(env)
    (tmp_path / "twin").hardlink_to(script)
    before = script.read_text()
    env.rename(fake.env("other"))
    fake.keel("list", "-n", "other")
    assert (tmp_path / "twin").read_text() == before
    assert (fake.env("other") / "bin/mine").read_text() != before
    assert stat.S_IMODE((fake.env("other") / "bin/mine").stat().st_mode) == 0o755


def test_a_mend_that_fails_is_said_and_tried_again(fake: FakeBase, monkeypatch: pytest.MonkeyPatch) -> None:
    settled(fake)
    env = fake.create("work")
    env.rename(fake.env("other"))
    monkeypatch.setattr("keel.mend.activate_file", _full)
    assert "could not mend" in mend_moved(str(fake.prefix), [])[0]
    monkeypatch.undo()
    monkeypatch.setenv("HOME", str(fake.prefix.parent))
    assert "mended: other" in mend_moved(str(fake.prefix), [])[0]
    assert not mend_moved(str(fake.prefix), [])


def _full(*arguments: object) -> str:
    raise OSError(28, "No space left on device")


def test_a_block_of_keel_init_that_names_the_old_place_is_told_of(fake: FakeBase, tmp_path: Path) -> None:
    settled(fake)
    fake.keel("init", "bash")
    before = (tmp_path / ".bashrc").read_text()
    old = fake.prefix
    fake = moved(fake)
    assert f"{tmp_path}/.bashrc still names {old}: run keel init" in fake.keel("info").stderr
    assert (tmp_path / ".bashrc").read_text() == before
    fake = moved(fake, "again")
    assert "still names" not in fake.keel("init", "bash").stderr
    assert str(fake.prefix) in (tmp_path / ".bashrc").read_text()


def test_a_copied_base_has_environments_of_its_own(fake: FakeBase) -> None:
    settled(fake)
    env = fake.create("work")
    copy = replace(fake, prefix=fake.prefix.parent / "copy")
    shutil.copytree(fake.prefix, copy.prefix, symlinks=True)
    assert "mended: work" in copy.keel("env", "list").stderr
    assert f"home = {copy.prefix}/bin\n" in (copy.env("work") / "pyvenv.cfg").read_text()
    assert f"home = {fake.prefix}/bin\n" in (env / "pyvenv.cfg").read_text()
    assert not fake.keel("env", "list").stderr


def test_a_base_without_a_record_of_its_place_gets_one_and_one_id_for_all_its_users(fake: FakeBase) -> None:
    (fake.prefix / "keel-meta/prefix").unlink()
    env = fake.create("work")
    assert not fake.keel("env", "list").stderr
    recorded = (fake.prefix / "keel-meta/prefix").read_text().split("\n")
    assert recorded[0] == str(fake.prefix)
    assert f"keel-base = {recorded[1]}\n" in (env / "pyvenv.cfg").read_text()
    assert find_moves(fake.base) == (None, False, [])


def test_kernels_of_jupyter_follow(fake: FakeBase, tmp_path: Path) -> None:
    settled(fake)
    fake.add("ipykernel")
    fake.create("work", "ipykernel")
    fake.keel("kernel", "add", "work")
    fake = moved(fake)
    fake.keel("env", "list")
    told = json.loads(fake.keel("kernel", "list", "--json").stdout)
    assert [(one["prefix"], one["exists"]) for one in told] == [(str(fake.env("work")), True)]
    spec = json.loads((tmp_path / ".local/share/jupyter/kernels/keel-work/kernel.json").read_text())
    assert spec["argv"][0] == str(fake.prefix / "cmd/keel")


def test_the_registry_is_shared_and_forgets_what_is_gone(fake: FakeBase, tmp_path: Path) -> None:
    for name in ("one", "two"):
        fake.keel("create", "-p", tmp_path / name)
    assert registered(fake.base) == [str(tmp_path / "one"), str(tmp_path / "two")]
    fake.keel("env", "remove", "-y", "-p", tmp_path / "one")
    assert registered(fake.base) == [str(tmp_path / "two")]
    shutil.rmtree(tmp_path / "two")
    fake.keel("create", "-p", tmp_path / "three")
    assert registered(fake.base) == [str(tmp_path / "three")]
    assert str(tmp_path / "three") in fake.keel("env", "list").stdout


def test_a_read_only_home_costs_the_registry_only(fake: FakeBase, tmp_path: Path) -> None:
    (tmp_path / ".keel").touch()  # no folder can be made there, not even by root
    fake.keel("create", "-p", tmp_path / "env")
    assert python_says(tmp_path / "env") == str(tmp_path / "env")
    register(fake.base, str(tmp_path / "env"))
    assert registered(fake.base) == []
    assert "env" not in fake.keel("env", "list").stdout


@pytest.mark.parametrize("shell", ["bash", "dash", "zsh", "ksh", "mksh", "busybox sh", "fish"])
def test_a_new_shell_mends_a_moved_base_before_anything_is_activated(fake: FakeBase, shell: str) -> None:
    need(shell.split()[0])
    settled(fake)
    fake.create("work")
    fake = moved(fake)
    file = f"etc/profile.d/keel.{'fish' if shell == 'fish' else 'sh'}"
    script = f'. "$KEEL_ROOT/{file}"; keel activate work; python -c "import sys; print(sys.prefix)"'
    for expected in ("mended: work, base\n", ""):
        done = subprocess.run(
            [*shell.split(), "-c", script],
            env=fake.environment(KEEL_ROOT=str(fake.prefix)), capture_output=True, text=True, check=True,
        )
        assert done.stdout == f"{fake.env('work')}\n"
        assert done.stderr.endswith(expected)
        assert bool(done.stderr) == bool(expected)
