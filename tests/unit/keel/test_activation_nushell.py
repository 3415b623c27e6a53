"""Activation in real nushell."""

import json
from pathlib import Path

import pexpect
import pytest

from tests.npm_fixtures import nushell
from tests.unit.keel.activation import ELSEWHERE, HOOKED, VARIABLES, activation_base, run_script
from tests.unit.keel.bases import FakeBase

# `state` prints what activation may touch, exactly; `note` anything else. USE is the literal path that nushell wants.
START = """
def note [...values] { print ($values | to json --raw) }
def state [] {
    let mine = $env | transpose name value
        | where name =~ '^(_?KEEL|VIRTUAL_ENV|PYTHONHOME|ODD|PLAIN|SPACED|MORE)'
        | sort-by name
    let prompt = $env.PROMPT_COMMAND?
    note $mine $env.PATH (if ($prompt | describe) == closure { do $prompt } else { $prompt })
}
def inside [] {
    note $env.PATH $env.KEEL_DEFAULT_ENV $env.KEEL_SHLVL $env.KEEL_PREFIX $env.KEEL_PREFIX_1? $env.KEEL_STACKED_2?
}
use USE
"""


@pytest.fixture(scope="module")
def fake(tmp_path_factory: pytest.TempPathFactory) -> FakeBase:
    return activation_base(tmp_path_factory.mktemp("home"), "nu", {})


def run(fake: FakeBase, tmp_path: Path, text: str, *, code: int = 0, stderr: str = "", **env: str) -> list[object]:
    path = json.dumps(str(fake.prefix / "etc/profile.d/keel.nu"), ensure_ascii=False)
    command = [str(nushell()), "--no-config-file"]
    script = START.replace("USE", path) + text
    lines = run_script(command, fake, tmp_path / "script.nu", script, code=code, stderr=stderr, **env)
    return [json.loads(line) for line in lines]


def test_environments_are_entered_stacked_and_left_without_a_trace(fake: FakeBase, tmp_path: Path) -> None:
    one, two, work = (f"{fake.env(name)}/bin" for name in ("one", "two", "work"))
    rest = [f"{fake.prefix}/cmd", "/usr/bin", "", "/bin", "/usr/bin"]
    before, *inside, after = run(
        fake,
        tmp_path,
        """
$env.PROMPT_COMMAND = {|| 'mine' }
state
keel activate one
inside
keel activate two
inside
keel activate two
inside
keel activate --stack work
inside
keel deactivate
inside
keel deactivate
keel activate --stack work
inside
note $env.PYTHONHOME? (do $env.PROMPT_COMMAND) (sh -c 'command -v python')
keel deactivate
inside
keel deactivate
state
""",
        PATH="/usr/bin::/bin:/usr/bin",
        VIRTUAL_ENV="/my/own venv",
        VIRTUAL_ENV_PROMPT="it's $mine",
        PYTHONHOME="/python home",
    )
    first = [[one, *rest], "one", "1", str(fake.env("one")), None, None]
    second = [[two, *rest], "two", "2", str(fake.env("two")), str(fake.env("one")), None]
    third = [[work, two, *rest], "work", "3", str(fake.env("work")), str(fake.env("one")), None]
    stacked = [[work, one, *rest], "work", "2", str(fake.env("work")), str(fake.env("one")), "true"]
    shown = [None, "(work) mine", f"{work}/python"]
    assert inside == [first, second, second, third, second, stacked, shown, first]
    assert before == after
    assert {"name": "PYTHONHOME", "value": "/python home"} in before[0]  # type: ignore[index]


def test_variables_of_an_environment_come_and_go(fake: FakeBase, tmp_path: Path) -> None:
    before, inside, other, again, after = run(
        fake,
        tmp_path,
        """
$env.PLAIN = 'mine'
state
keel activate vars
note ($env | select ODD PLAIN SPACED _KEEL_VARS_1)
keel activate one
note $env.PLAIN $env.ODD?
keel deactivate
note $env.ODD
keel deactivate
state
""",
    )
    assert inside == [{**VARIABLES, "_KEEL_VARS_1": "ODD PLAIN SPACED"}]
    assert other == ["mine", None]
    assert again == [VARIABLES["ODD"]]
    assert before == after


def test_what_is_below_a_stacked_environment_keeps_its_variables(fake: FakeBase, tmp_path: Path) -> None:
    before, lower, upper, again, other, *back, after = run(
        fake,
        tmp_path,
        """
$env.PLAIN = 'mine'
$env.PROMPT_COMMAND = 'text> '
state
keel activate vars
state
keel activate --stack hooked
state
keel activate hooked
state
keel activate one
note ($env | select ODD PLAIN SPACED) $env.MORE?
keel deactivate
state
keel deactivate
state
keel deactivate
state
""",
    )
    assert other == [VARIABLES, None]
    values = {one["name"]: one["value"] for one in upper[0]}  # type: ignore[index]
    assert {name: values[name] for name in VARIABLES | HOOKED} == VARIABLES | HOOKED
    assert (again, back, after) == (upper, [upper, lower], before)


def test_environments_are_found_by_name_and_path_and_all_else_goes_to_keel(fake: FakeBase, tmp_path: Path) -> None:
    elsewhere, mine, work = (
        str(place) for place in (fake.prefix.parent / ELSEWHERE, fake.prefix.parent / "own envs/mine", fake.env("work"))
    )
    *found, text, prompt, disabled, listed, version, usage = run(
        fake,
        tmp_path,
        """
def here [] { note $env.KEEL_DEFAULT_ENV $env.KEEL_PREFIX $env.VIRTUAL_ENV? }
keel activate
here
keel activate mine
here
keel activate $env.ELSE
here
cd ($env.BASE + '/cmd')
keel activate ../envs//./work/
here
keel deactivate
keel deactivate
keel deactivate
keel deactivate
$env.PROMPT_COMMAND = 'text'
keel activate work
note $env.PROMPT_COMMAND
keel deactivate
note $env.PROMPT_COMMAND
$env.VIRTUAL_ENV_DISABLE_PROMPT = '1'
keel activate work
note $env.PROMPT_COMMAND
note (keel env list --json | from json | get environments.name | sort)
note (keel --version)
note (keel activate --help | lines | first)
""",
        ELSE=elsewhere,
    )
    assert found == [
        ["base", str(fake.prefix), None],
        ["mine", mine, mine],
        [elsewhere, elsewhere, elsewhere],
        ["work", work, work],
    ]
    assert (text, prompt, disabled) == (["(work) text"], ["text"], ["text"])
    assert "analysis" in str(listed)
    assert "keel " in str(version)
    assert "usage: keel activate" in str(usage)


def test_the_same_name_twice_is_the_bases_own_where_that_can_be_written(fake: FakeBase, tmp_path: Path) -> None:
    (fake.prefix.parent / ".keel/envs/one").mkdir(parents=True)
    (fake.prefix.parent / ".keel/envs/one/pyvenv.cfg").touch()
    names = sorted(path.name for path in (fake.prefix / "envs").iterdir())
    [[found]] = run(fake, tmp_path, "keel activate one\nnote $env.KEEL_PREFIX")  # type: ignore[misc]
    assert found == str(fake.env("one"))
    assert sorted(path.name for path in (fake.prefix / "envs").iterdir()) == names


def test_an_unknown_name_changes_nothing_and_names_the_nearest(fake: FakeBase, tmp_path: Path) -> None:
    before, code, after = run(
        fake,
        tmp_path,
        "state\ntry { keel activate analisys } catch { note $env.LAST_EXIT_CODE }\nstate\nkeel activate analisys",
        code=1,
        stderr="error: no environment is called analisys\nhint: did you mean analysis?\n" * 2,
    )
    assert code == [1]
    assert before == after


def test_a_child_of_another_kind_can_leave_and_no_process_is_started(fake: FakeBase, tmp_path: Path) -> None:
    faults, child = run(
        fake,
        tmp_path,
        """
# The page faults of children that were waited for (cminflt, see proc(5)): no process is without any.
def faults [] { open --raw /proc/self/stat | split row ') ' | last | split row ' ' | get 8 }
keel activate work
keel activate --stack one
keel deactivate
keel deactivate
keel activate vars
note (faults)
note (sh -c '. "$BASE/etc/profile.d/keel.sh"; keel deactivate; printf %s "${PATH#*/cmd:} ${KEEL_SHLVL-none}"')
""",
    )
    assert child == ["/usr/local/bin:/usr/bin:/bin none"]
    assert faults == ["0"]


def test_the_environments_own_file_works_as_in_any_venv(fake: FakeBase, tmp_path: Path) -> None:
    path = json.dumps(str(fake.env("vars") / "bin/activate.nu"), ensure_ascii=False)
    before, inside, after = run(
        fake,
        tmp_path,
        f"""
$env.PROMPT_COMMAND = {{|| 'mine' }}
$env.PLAIN = 'mine'
state
overlay use {path}
note $env.VIRTUAL_ENV $env.PATH.0 $env.PYTHONHOME? $env.ODD (do $env.PROMPT_COMMAND)
deactivate
state
""",
        PYTHONHOME="/python home",
    )
    prefix = str(fake.env("vars"))
    assert inside == [prefix, f"{prefix}/bin", None, VARIABLES["ODD"], "(vars) mine"]
    assert before == after


def test_the_prompt_of_a_terminal_shows_the_environment(fake: FakeBase) -> None:
    home = fake.prefix.parent
    fake.keel("init", "nushell")
    child = pexpect.spawn(
        str(nushell()),
        ["--no-history", "--config", str(home / ".config/nushell/config.nu")],
        env=fake.environment(TERM="xterm"),
        encoding="utf-8",
        timeout=30,
        dimensions=(24, 300),
    )

    def prompt_has_name() -> bool:
        child.expect_exact("\x1b[6n")  # where is the cursor?
        child.send("\x1b[1;1R")
        child.expect_exact("\x1b]133;A")
        child.expect_exact("> ")
        return "(work) " in child.before

    assert not prompt_has_name()
    child.send("keel activate work\r")
    assert prompt_has_name()
    child.send("keel deactivate\r")
    assert not prompt_has_name()
    child.close(force=True)
