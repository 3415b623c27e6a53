"""Activation in the shells of the Bourne family, in a base whose path holds everything that quoting can get wrong."""

import shutil
import subprocess
from pathlib import Path

import pexpect
import pytest

from tests.conftest import skip_unless
from tests.unit.keel.bases import FakeBase
from tests.unit.keel.real_shells import ELSEWHERE, SHELLS, command_of, configured, make_shared, run_script

# Prints the variables that activation may touch, exactly.
STATE = """
state() {
    printf '<%s>' "$PATH" "${PS1-unset}" "${VIRTUAL_ENV-unset}" "${VIRTUAL_ENV_PROMPT-unset}" "${PYTHONHOME-unset}" \
        "${KEEL_PREFIX-unset}" "${KEEL_DEFAULT_ENV-unset}" "${KEEL_SHLVL-unset}" "${KEEL_PREFIX_1-unset}" \
        "${KEEL_STACKED_2-unset}" "${_KEEL_VARS_1-unset}"
    echo
}
"""


@pytest.fixture(scope="module")
def fake(tmp_path_factory: pytest.TempPathFactory) -> FakeBase:
    return make_shared(tmp_path_factory.mktemp("home"))


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> list[str]:
    return command_of(request.param)


def run(shell: list[str], fake: FakeBase, script: str, *, code: int = 0, **env: str) -> list[str]:
    """The lines that `script` prints, run with `set -eu`; `$BASE` is the prefix, keel.sh is sourced."""
    text = f'set -eu\n{STATE}\n. "$BASE/etc/profile.d/keel.sh"\n{script}\n'
    return run_script([*shell, "-c"], fake, text, code=code, errors=bool(code), **env)


def test_an_environment_is_entered_and_left_without_a_trace(shell: list[str], fake: FakeBase) -> None:
    env = fake.env("work")
    before, name, prefix, path, python, after = run(
        shell,
        fake,
        'PS1=\'$ \'; state; keel activate work; echo "$KEEL_DEFAULT_ENV$PS1"; echo "$VIRTUAL_ENV"; echo "$PATH"; '
        "sh -c 'command -v python'; keel deactivate; state",
    )
    assert (name, prefix, python) == ("work(work) $ ", str(env), f"{env}/bin/python")
    assert path.startswith(f"{env}/bin:{fake.prefix}/cmd:")
    assert before == after


@pytest.mark.parametrize(
    "path", ["/usr/bin:/bin", ":/usr/bin:/bin", "/usr/bin:/bin:", "/usr/bin::/bin", "/bin:/usr/bin:/bin"]
)
def test_odd_paths_come_back_byte_for_byte(fake: FakeBase, path: str) -> None:
    for shell in (["bash"], ["dash"]):
        script = "state; keel activate one; keel activate two; keel deactivate; keel deactivate; state"
        before, after = run(shell, fake, script, PATH=path)
        assert before == after
        assert before.startswith(f"<{fake.prefix}/cmd:{path}>")


def test_variables_that_were_set_before_come_back(shell: list[str], fake: FakeBase) -> None:
    before, inside, after = run(
        shell,
        fake,
        'state; keel activate work; echo "${PYTHONHOME-unset}"; keel deactivate; state',
        VIRTUAL_ENV="/my/own venv",
        VIRTUAL_ENV_PROMPT="it's $mine",
        PYTHONHOME="/python home",
    )
    assert inside == "unset"
    assert before == after
    assert "</my/own venv><it's $mine></python home>" in before


def test_a_second_environment_takes_the_place_of_the_first_and_gives_it_back(shell: list[str], fake: FakeBase) -> None:
    one, two = fake.env("one"), fake.env("two")
    before, first, second, again, after = run(
        shell,
        fake,
        "PS1=; state; keel activate one; state; keel activate two; state; "
        "keel deactivate; state; keel deactivate; state",
    )
    assert f"<{one}/bin:" in first
    assert f"{one}/bin" not in second.split(">")[0]
    assert second.startswith(f"<{two}/bin:")
    assert f"<two><2><{one}><unset>" in second
    assert again == first
    assert before == after


def test_a_stacked_environment_keeps_the_one_below_it_on_path(shell: list[str], fake: FakeBase) -> None:
    before, first, stacked, replaced, popped, again, after = run(
        shell,
        fake,
        "state; keel activate one; state; keel activate --stack two; state; keel activate work; state; "
        "keel deactivate; state; keel deactivate; state; keel deactivate; state",
    )
    one, two, work = (f"{fake.env(name)}/bin" for name in ("one", "two", "work"))
    assert stacked.startswith(f"<{two}:{one}:{fake.prefix}/cmd:")
    assert f"<two><2><{fake.env('one')}><true>" in stacked
    assert replaced.startswith(f"<{work}:{one}:{fake.prefix}/cmd:")
    assert (popped, again, after) == (stacked, first, before)


def test_stacking_the_active_environment_or_the_first_one_is_no_stack(shell: list[str], fake: FakeBase) -> None:
    script = "state; keel activate one --stack; keel activate --stack one; echo $KEEL_SHLVL; keel deactivate; state"
    plain, same, left = run(shell, fake, script)
    assert (same, left) == ("1", plain)


def test_an_environment_in_a_configured_folder_is_found_by_its_name(shell: list[str], fake: FakeBase) -> None:
    found, prompt = run(shell, fake, "PS1='$ '; keel activate far; echo $KEEL_DEFAULT_ENV $KEEL_PREFIX; echo \"$PS1\"")
    assert (found, prompt) == (f"far {configured(fake)}/far", "(far) $ ")


def test_settings_that_were_edited_by_hand_hold_at_the_next_attempt(fake: FakeBase, tmp_path: Path) -> None:
    folder = tmp_path / "by hand"
    fake.keel("create", "-p", folder / "mine")
    (tmp_path / ".keel").mkdir()
    (tmp_path / ".keel/config.toml").write_text(f'envs_dirs = ["{folder}"]\n')
    script = "keel activate mine; echo $KEEL_PREFIX; keel deactivate"
    assert run(command_of("bash"), fake, script, HOME=str(tmp_path)) == [str(folder / "mine")]
    assert (tmp_path / ".keel/envs_dirs").read_text() == f"{folder}\n"


def test_activating_the_active_environment_again_changes_nothing(shell: list[str], fake: FakeBase) -> None:
    first, second = run(shell, fake, "keel activate work; state; keel activate work; state")
    assert first == second


def test_the_base_is_no_virtual_environment(shell: list[str], fake: FakeBase) -> None:
    before, name, venv, python, after = run(
        shell,
        fake,
        "state; keel activate; echo $KEEL_DEFAULT_ENV; echo ${VIRTUAL_ENV-none}; sh -c 'command -v python'; "
        "keel deactivate; state",
    )
    assert (name, venv, python) == ("base", "none", f"{fake.prefix}/bin/python")
    assert before == after


def test_an_environment_can_be_named_by_its_path(shell: list[str], fake: FakeBase) -> None:
    elsewhere = fake.prefix.parent / ELSEWHERE
    name, prompt, again = run(
        shell,
        fake,
        'PS1="> "; keel activate "$ELSE"; echo "$KEEL_DEFAULT_ENV"; echo "$PS1"; keel deactivate; '
        'cd "$BASE/cmd"; keel activate ../envs//./work/; echo "$KEEL_DEFAULT_ENV $KEEL_PREFIX"',
        ELSE=str(elsewhere),
    )
    assert name == str(elsewhere)
    assert prompt == "(env) > "  # what a shell could expand never gets into the prompt
    assert again == f"work {fake.env('work')}"


def test_an_unknown_name_changes_nothing_and_names_the_nearest(shell: list[str], fake: FakeBase) -> None:
    done = subprocess.run(
        [*shell, "-c", f'{STATE}\n. "$BASE/etc/profile.d/keel.sh"; state; keel activate analisys; echo $?; state'],
        capture_output=True,
        text=True,
        env=fake.environment(BASE=str(fake.prefix)),
    )
    before, code, after = done.stdout.splitlines()
    assert code == "1"
    assert before == after
    assert done.stderr == "error: no environment is called analisys\nhint: did you mean analysis?\n"


def test_activating_again_runs_the_scripts_again(shell: list[str], fake: FakeBase) -> None:
    entered = ["activate 10 a in hooked", "activate 20-b in hooked"]
    left = ["deactivate 20-b in hooked", "deactivate 10 a in hooked"]
    assert run(shell, fake, "keel activate hooked; keel activate hooked; echo $KEEL_SHLVL") == [
        *entered, *left, *entered, "1",
    ]  # fmt: skip


def test_scripts_of_an_environment_run_in_order_and_backwards_on_leaving(shell: list[str], fake: FakeBase) -> None:
    assert run(shell, fake, "keel activate hooked; keel deactivate; echo done") == [
        "activate 10 a in hooked",
        "activate 20-b in hooked",
        "deactivate 20-b in hooked",
        "deactivate 10 a in hooked",
        "done",
    ]


def without_prompt(state: str) -> list[str]:
    fields = state.split("><")
    return [fields[0], *fields[2:]]


def test_a_child_shell_can_leave_what_its_parent_entered(shell: list[str], fake: FakeBase) -> None:
    script = STATE + '. "$BASE/etc/profile.d/keel.sh"; keel deactivate; state'
    before, after = run(
        shell, fake, f'PS1=; state; keel activate work; {" ".join(shell)} -c "$SCRIPT"', SCRIPT=script, PS1=""
    )
    assert "(work)" not in after
    # What prompt a child starts with is for each shell to decide.
    assert without_prompt(before) == without_prompt(after)


def test_sourcing_twice_or_by_a_relative_path_or_a_link_finds_the_same_base(
    shell: list[str], fake: FakeBase, tmp_path: Path
) -> None:
    (tmp_path / "profile.d").mkdir()
    (tmp_path / "profile.d/keel.sh").symlink_to(fake.prefix / "etc/profile.d/keel.sh")
    roots = run(
        shell,
        fake,
        'before=$PATH; echo "$KEEL_ROOT"; cd "$BASE/etc"; . ./profile.d/keel.sh; echo "$KEEL_ROOT"; '
        '. "$LINK"; echo "$KEEL_ROOT"; [ "$PATH" = "$before" ]; ( . "$BASE/etc/profile.d/keel.sh"; echo "$KEEL_ROOT" )',
        LINK=str(tmp_path / "profile.d/keel.sh"),
        KEEL_ROOT="/some/other/base",
    )
    assert roots == [str(fake.prefix)] * 4


def test_no_process_is_started(shell: list[str], fake: FakeBase) -> None:
    read_stat = 'read -r stat </proc/self/stat; echo "$stat"'
    lines = run(
        shell,
        fake,
        f"PATH=; {read_stat}; keel activate set; keel activate --stack far; keel deactivate; keel deactivate; "
        f"{read_stat}; "
        "/bin/true; "
        f'{read_stat}; echo "<$PATH>"',
    )
    # The page faults of children that were waited for (cminflt, see proc(5)): no process is without any.
    faults = [int(line.rpartition(")")[2].split()[8]) for line in lines[:3]]
    assert faults[0] == faults[1] < faults[2]
    assert lines[3] == "<>"


def test_everything_else_goes_to_keel_itself(shell: list[str], fake: FakeBase) -> None:
    assert run(shell, fake, "keel env list --json >/dev/null && keel --version")[0].startswith("keel ")
    assert "usage: keel activate" in run(shell, fake, "keel activate --help")[0]


def test_the_prompt_of_a_terminal_shows_the_environment(fake: FakeBase) -> None:
    for name in ("bash", "zsh"):
        command = SHELLS[name]
        skip_unless(shutil.which(name), f"{name} is not installed")
        child = pexpect.spawn(
            command[0],
            [*command[1:], "-i"],
            env=fake.environment(TERM="dumb", BASE=str(fake.prefix)),
            encoding="utf-8",
            timeout=20,
            dimensions=(24, 400),
        )
        child.sendline("PS1='ready> '; . \"$BASE/etc/profile.d/keel.sh\"")
        child.expect("\nready> ") if name == "bash" else child.expect("ready> ")
        child.sendline("keel activate work")
        child.expect(r"\(work\) ready> ")
        child.sendline('echo "is:$KEEL_DEFAULT_ENV"')
        child.expect("is:work")
        child.sendline("keel deactivate; echo left:${KEEL_PREFIX-nothing}")
        child.expect("left:nothing\r\n")
        child.sendline("exit")
        child.expect(pexpect.EOF)


def test_a_shell_that_cannot_tell_where_the_file_lies_asks_for_the_base(fake: FakeBase) -> None:
    skip_unless(shutil.which("dash"), "dash is not installed")
    source = (fake.prefix / "etc/profile.d/keel.sh").read_text()
    script = f"load() {{\n{source}\n}}; load; echo $?; keel --version"
    done = subprocess.run(["dash", "-c", script], capture_output=True, text=True, env=fake.environment())
    assert done.stdout.startswith("1\n")
    assert "set KEEL_ROOT" in done.stderr
    env = fake.environment(KEEL_ROOT=str(fake.prefix))
    done = subprocess.run(["dash", "-c", script], capture_output=True, text=True, env=env)
    assert done.stdout.startswith("0\nkeel ")
