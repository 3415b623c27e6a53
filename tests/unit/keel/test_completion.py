"""Tab completion, typed into real shells."""

import subprocess
from collections.abc import Iterator

import pexpect
import pytest

from tests.conftest import need
from tests.unit.keel.bases import FakeBase
from tests.unit.keel.real_shells import make_shared

SET_UP = {
    "bash": "set -u; PS1='re''ady> '; . \"$BASE/etc/profile.d/keel.sh\"; bind 'set show-all-if-ambiguous on'",
    "zsh": "PS1='re''ady> '; . \"$BASE/etc/profile.d/keel.sh\"; autoload -Uz compinit; compinit -u -D",
    "fish": "function fish_prompt; printf 're%s> ' ady; end; source $BASE/etc/profile.d/keel.fish",
}
OPTIONS = {"bash": ["--norc", "--noprofile", "-i"], "zsh": ["-f", "-i"], "fish": ["--no-config", "-i"]}


@pytest.fixture(scope="module")
def fake(tmp_path_factory: pytest.TempPathFactory) -> FakeBase:
    base = make_shared(tmp_path_factory.mktemp("home"))
    base.add("Big_Package", "2.0", {"big.py": ""}, base=False)
    (base.prefix / "bin/python").unlink()  # completion does without
    return base


@pytest.fixture(params=SET_UP)
def typed(request: pytest.FixtureRequest, fake: FakeBase) -> "Iterator[pexpect.spawn[str]]":
    """A shell at its prompt."""
    child = pexpect.spawn(
        need(request.param),
        OPTIONS[request.param],
        env=fake.environment(TERM="dumb", BASE=str(fake.prefix)),
        encoding="utf-8",
        timeout=20,
        dimensions=(50, 400),
        cwd=str(fake.prefix.parent),
    )
    child.sendline(SET_UP[request.param])
    child.expect("ready> ")
    yield child
    child.close(force=True)


def test_commands_options_names_and_packages_are_completed(typed: "pexpect.spawn[str]", fake: FakeBase) -> None:
    del fake
    for text, whole in [
        ("keel act\t", "keel activate"),
        ("keel activate an\t", "activate analysis"),
        ("keel env config vars un\t", "vars unset"),
        ("keel create --clo\t", "--clone"),
        ("keel create --clone fa\t", "clone far"),
        ("keel create -n fa\tx big\t", "-n fa\a?x big-package"),
        ("keel list --name=wo\t", "--name=work"),
        ("keel init powe\t", "init powershell"),
    ]:
        typed.send(text)
        typed.expect(whole)
        typed.send("\x15")  # the line is emptied


def test_all_possibilities_are_listed(typed: "pexpect.spawn[str]", fake: FakeBase) -> None:
    if not str(typed.command).endswith("fish"):
        typed.send("keel env remove -n \t\t")
    else:  # it shows no list on a dumb terminal
        typed.send("complete -C 'keel env remove -n ' | string replace -r '\\t.*' '' | string join ' '\r")
    typed.expect("analysis.*far.*hooked.*one.*two.*work")
    del fake


def test_a_shell_in_which_nobody_types_has_none(fake: FakeBase) -> None:
    for name, script in (
        ("bash", '. "$BASE/etc/profile.d/keel.sh"; complete -p keel; type _keel_complete'),
        ("zsh", '. "$BASE/etc/profile.d/keel.sh"; functions _keel'),
        ("fish", "source $BASE/etc/profile.d/keel.fish; complete -c keel; functions _keel_complete"),
    ):
        options = [option for option in OPTIONS[name] if option != "-i"]
        env = fake.environment(BASE=str(fake.prefix))
        done = subprocess.run([need(name), *options, "-c", script], env=env, capture_output=True, text=True, timeout=60)
        assert (done.stdout, done.returncode) == ("", 1)


def test_zsh_without_its_completion_system_is_left_alone(fake: FakeBase) -> None:
    env = fake.environment(TERM="dumb", BASE=str(fake.prefix))
    child = pexpect.spawn(need("zsh"), ["-f", "-i"], env=env, encoding="utf-8", timeout=20)
    child.sendline("PS1='re''ady> '; . \"$BASE/etc/profile.d/keel.sh\"")
    child.expect("ready> ")
    child.sendline("echo hooks:$#precmd_functions")
    child.expect("hooks:0")
    child.close(force=True)
