"""Activation in tcsh, in a base whose path holds everything that quoting can get wrong."""

import subprocess
from pathlib import Path

import pexpect
import pytest

from tests.conftest import need
from tests.unit.keel.bases import FakeBase
from tests.unit.keel.real_shells import ELSEWHERE, configured, make_shared

# Prints the variables that activation may touch, exactly.
NAMES = (
    "PATH", "VIRTUAL_ENV", "VIRTUAL_ENV_PROMPT", "PYTHONHOME", "KEEL_PREFIX", "KEEL_DEFAULT_ENV", "KEEL_SHLVL",
    "KEEL_PREFIX_1", "KEEL_STACKED_2", "_KEEL_VARS_1",
)  # fmt: skip
STATE = "import os, sys; print(''.join(f'<{os.environ.get(name, \"unset\")}>' for name in sys.argv[1:]))"


@pytest.fixture(scope="module")
def fake(tmp_path_factory: pytest.TempPathFactory) -> FakeBase:
    need("tcsh")
    base = make_shared(tmp_path_factory.mktemp("home"))
    state = base.prefix.parent / "state"
    (base.prefix.parent / "python").symlink_to((base.prefix / "bin/python").resolve())
    state.write_text(f"#!{base.prefix.parent}/python -I\n{STATE}\n")
    state.chmod(0o755)
    return base


def run(fake: FakeBase, tmp_path: Path, script: str, *, failing: bool = False, **env: str) -> list[str]:
    """The lines that `script` prints; `state` prints the state, $BASE is the prefix, keel.csh is sourced.

    failing: something fails in it, so that it is not run with -e.
    """
    file = tmp_path / "script.csh"
    state = f"alias state '{fake.prefix.parent}/state {' '.join(NAMES)}; echo \"<$prompt:q>\"'"
    file.write_text(f"set prompt = '% '\n{state}\nsource \"$BASE:q/etc/profile.d/keel.csh\"\n{script}\n")
    done = subprocess.run(
        ["tcsh", "-f" if failing else "-fe", str(file)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=tmp_path,
        env=fake.environment(BASE=str(fake.prefix), **env),
    )
    assert done.returncode == 0, done
    if not failing:
        assert done.stderr == "", done
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    "path", ["/usr/bin:/bin", ":/usr/bin:/bin", "/usr/bin:/bin:", "/usr/bin::/bin:.", "/bin:::/usr/bin:/bin"]
)
def test_an_environment_is_entered_and_left_without_a_trace(fake: FakeBase, tmp_path: Path, path: str) -> None:
    before, prompt, inside, shown, python, after, prompt_after = run(
        fake,
        tmp_path,
        "state\nkeel activate work\nstate\nwhich python\nkeel deactivate\nstate",
        VIRTUAL_ENV="/my/own venv",
        VIRTUAL_ENV_PROMPT="it's $mine",
        PYTHONHOME="/python home",
        PATH=path,
    )
    env = fake.env("work")
    assert before.startswith(f"<{fake.prefix}/cmd:{path}></my/own venv><it's $mine></python home><unset>")
    assert inside == f"<{env}/bin:{fake.prefix}/cmd:{path}><{env}><work><unset><{env}><work><1>" + "<unset>" * 3
    assert (prompt, shown, python) == ("<% >", "<(work) % >", f"{env}/bin/python")
    assert (before, prompt) == (after, prompt_after)


def test_the_prompt_can_be_left_alone(fake: FakeBase, tmp_path: Path) -> None:
    script = 'keel activate work\necho "<$prompt:q>"\nkeel deactivate\necho "<$prompt:q>"'
    assert run(fake, tmp_path, script, VIRTUAL_ENV_DISABLE_PROMPT="1") == ["<% >", "<% >"]


def test_environments_replace_each_other_and_stack(fake: FakeBase, tmp_path: Path) -> None:
    lines = run(
        fake,
        tmp_path,
        "state\nkeel activate one\nstate\nkeel activate two\nstate\nkeel deactivate\nkeel activate --stack two\nstate\n"
        "keel activate work\nstate\nkeel deactivate\nstate\nkeel deactivate\nstate\nkeel activate\nstate\n"
        "keel deactivate\nkeel deactivate\nstate",
    )
    states = [path + prompt for path, prompt in zip(lines[::2], lines[1::2], strict=True)]
    before, first, second, stacked, replaced, popped, again, base, after = states
    one, two, work = (f"{fake.env(name)}/bin" for name in ("one", "two", "work"))
    rest = f"{fake.prefix}/cmd:/usr/local/bin:/usr/bin:/bin>"
    assert first.startswith(f"<{one}:{rest}")
    assert second.startswith(f"<{two}:{rest}")
    assert stacked.startswith(f"<{two}:{one}:{rest}")
    assert f"<two><2><{fake.env('one')}><true>" in stacked
    assert replaced.startswith(f"<{work}:{one}:{rest}")
    assert (popped, again, after) == (stacked, first, before)
    assert base.startswith(f"<{fake.prefix}/bin:{rest}<unset><unset>")  # the base is no venv


def test_activating_the_active_environment_again_changes_nothing(fake: FakeBase, tmp_path: Path) -> None:
    first, prompt, second, same = run(
        fake, tmp_path, "keel activate work\nstate\nkeel activate --stack work\nstate\nkeel deactivate"
    )
    assert (first, prompt) == (second, same)


def test_an_environment_can_be_named_by_its_path_or_lie_in_a_configured_folder(fake: FakeBase, tmp_path: Path) -> None:
    name, prompt, again, far = run(
        fake,
        tmp_path,
        'keel activate "$ELSE:q"\necho "$KEEL_DEFAULT_ENV:q"\necho "$prompt:q"\nkeel deactivate\ncd "$BASE:q/cmd"\n'
        'keel activate ../envs//./work/\necho "$KEEL_DEFAULT_ENV $KEEL_PREFIX:q"\n'
        'keel activate far\necho "$KEEL_PREFIX:q"',
        ELSE=str(fake.prefix.parent / ELSEWHERE),
    )
    assert name == str(fake.prefix.parent / ELSEWHERE)
    assert prompt == "(env) % "  # what a shell could expand never gets into the prompt
    assert again == f"work {fake.env('work')}"
    assert far == f"{configured(fake)}/far"


def test_an_unknown_name_changes_nothing(fake: FakeBase, tmp_path: Path) -> None:
    script = "state\nkeel activate analisys || echo it was $status\nstate"
    before, prompt, code, after, same = run(fake, tmp_path, script, failing=True)
    assert (before, prompt, code) == (after, same, "it was 1")


def test_scripts_of_an_environment_run_in_order_and_backwards_on_leaving(fake: FakeBase, tmp_path: Path) -> None:
    # Not with -e, as a failing script ends the shell then: csh can neither tell nor change that it is set.
    file = tmp_path / "script.csh"
    file.write_text('source "$BASE:q/etc/profile.d/keel.csh"\nkeel activate hooked\nkeel deactivate\necho "$cwd:q"\n')
    env = fake.environment(BASE=str(fake.prefix))
    done = subprocess.run(["tcsh", "-f", file], capture_output=True, text=True, env=env, cwd=tmp_path, timeout=60)
    assert done.stdout.splitlines() == [
        "activate 10 a in hooked",
        "activate 20-b in hooked",
        "deactivate 20-b in hooked",
        "deactivate 10 a in hooked",
        str(tmp_path),
    ]


def test_what_csh_entered_sh_can_leave_and_the_other_way_round(fake: FakeBase, tmp_path: Path) -> None:
    leave = '. "$BASE/etc/profile.d/keel.sh"; keel deactivate; echo "$PATH ${KEEL_PREFIX-none}"'
    before, after = run(fake, tmp_path, 'echo "$PATH:q"\nkeel activate set\nsh -c "$LEAVE:q"', LEAVE=leave)
    assert after == f"{before} none"
    script = tmp_path / "leave.csh"
    script.write_text(
        'source "$BASE:q/etc/profile.d/keel.csh"\nkeel deactivate\nkeel deactivate\n'
        "env | grep 'KEEL_\\|VIRTUAL' || echo $PATH:q\n"
    )
    enter = '. "$BASE/etc/profile.d/keel.sh"; keel activate one; keel activate --stack set; tcsh -f "$LEAVE"'
    done = subprocess.run(
        ["sh", "-c", enter],
        env=fake.environment(BASE=str(fake.prefix), LEAVE=str(script)),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.stdout, done.stderr) == (f"{fake.prefix}/cmd:/usr/local/bin:/usr/bin:/bin\n", "")


def test_arguments_of_other_commands_arrive_as_they_are(fake: FakeBase, tmp_path: Path) -> None:
    said = run(
        fake,
        tmp_path,
        "keel run -n work printf '<%s>' a '' 'b c' '$x `y` \"q\" \\!x * [' it\\'s > out\ncat out\necho\n"
        "keel --version | cat\nkeel nonsense || echo $status",
        failing=True,
    )
    assert said[0] == "<a><><b c><$x `y` \"q\" !x * [><it's>"
    assert said[1].startswith("keel ")
    assert said[2] == "2"


def test_the_base_is_found_by_the_open_file(fake: FakeBase, tmp_path: Path) -> None:
    (tmp_path / "link.csh").symlink_to(fake.prefix / "etc/profile.d/keel.csh")
    script = 'echo "$KEEL_ROOT:q"\nsource "$LINK:q"\necho "$KEEL_ROOT:q"\necho $#path\nset | sed -n /_keel_/p'
    roots = run(fake, tmp_path, script, LINK=str(tmp_path / "link.csh"), KEEL_ROOT="/some/other/base")
    assert roots == [str(fake.prefix)] * 2 + ["4"]


def test_no_process_is_started(fake: FakeBase, tmp_path: Path) -> None:
    def forks(text: str) -> int:
        trace, file = tmp_path / "trace", tmp_path / "script.csh"
        file.write_text(text)
        command = [need("strace"), "-f", "-qq", "-e", "trace=process", "-o", trace, "tcsh", "-f", file]
        subprocess.run(command, env=fake.environment(BASE=str(fake.prefix)), timeout=60, check=True)
        return sum(line.split(None, 1)[1].startswith(("clone", "fork", "vfork")) for line in trace.open())

    load = 'set KEEL_ROOT = "$BASE:q"\nsource "$BASE:q/etc/profile.d/keel.csh"\n'
    assert forks(load + "keel activate set\nkeel activate --stack one\nkeel deactivate\nkeel deactivate\n") == forks("")


def test_the_prompt_shows_the_environment_and_comes_back(fake: FakeBase) -> None:
    child = pexpect.spawn(
        need("tcsh"),
        ["-f", "-i"],
        env=fake.environment(TERM="dumb", BASE=str(fake.prefix)),
        encoding="utf-8",
        timeout=20,
        dimensions=(24, 300),
    )
    child.sendline("set prompt = 'ready> '")
    child.expect("\nready> ")
    child.sendline('source "$BASE:q/etc/profile.d/keel.csh"')
    child.expect("\nready> ")
    child.sendline("keel activate work")
    child.expect(r"\n\(work\) ready> ")
    child.sendline("keel activate one; keel deactivate; keel deactivate")
    child.expect("\nready> ")
    child.sendline("keel activate work; set prompt = 'new> '; keel deactivate")
    child.expect("\nnew> ")
    child.sendline("exit")
    child.expect(pexpect.EOF)
