"""Activation in real xonsh, the newest and Debian's."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

from tests.conftest import skip_unless
from tests.unit.keel.activation import ELSEWHERE, HOOKED, VARIABLES, activation_base, run_script
from tests.unit.keel.bases import FakeBase

SHELLS = {"newest": str(Path(sys.executable).with_name("xonsh")), "Debian's": "/usr/bin/xonsh"}
# What the scripts of the environment `hooked` are told to do, in order: (when, which).
SCRIPTS = [("activate", "10 a"), ("activate", "20-b"), ("deactivate", "20-b"), ("deactivate", "10 a")]
# state() prints what activation may touch, exactly; note() prints anything else.
START = """
import json, os
def note(*values):
    print(json.dumps(values), flush=True)
def state():
    env = __xonsh__.env
    names = [name for name in env.detype() if name.startswith(("KEEL", "_KEEL", "VIRTUAL_ENV", "PYTHONHOME"))]
    names += ["ODD", "PLAIN", "SPACED", "MORE", "MY_PATH"]
    note({name: env.detype().get(name) for name in names}, env.detype()["PATH"], repr(env["PATH"]),
         env.is_manually_set("PROMPT"), str(env["PROMPT"]), str(env["PROMPT_FIELDS"]["env_name"]))
source @(os.environ["BASE"] + "/etc/profile.d/keel.xsh")
"""


@pytest.fixture(scope="module")
def fake(tmp_path_factory: pytest.TempPathFactory) -> FakeBase:
    text = "print('KIND NAME in', $KEEL_DEFAULT_ENV, flush=True)\n1 / 0\n"
    scripts = {kind: text.replace("KIND", kind) for kind in ("activate", "deactivate")}
    return activation_base(tmp_path_factory.mktemp("home"), "xsh", scripts)


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> list[str]:
    command = SHELLS[request.param]
    skip_unless(shutil.which(command), f"{request.param} xonsh is not installed")
    return [command, "--no-rc"]


def run(shell: list[str], fake: FakeBase, tmp_path: Path, text: str, *, stderr: str = "", **env: str) -> list[object]:
    lines = run_script(shell, fake, tmp_path / "script.xsh", START + text, stderr=stderr, **env)
    return [json.loads(line) for line in lines]


def test_environments_are_entered_stacked_and_left_without_a_trace(
    shell: list[str], fake: FakeBase, tmp_path: Path
) -> None:
    one, two, work = (f"{fake.env(name)}/bin" for name in ("one", "two", "work"))
    rest = f"{fake.prefix}/cmd:/usr/bin::/bin:/usr/bin"
    before, *inside, after = run(
        shell,
        fake,
        tmp_path,
        """
def inside():
    env = __xonsh__.env
    note(env.detype()["PATH"], env.get("KEEL_DEFAULT_ENV"), env.get("KEEL_SHLVL"), env.get("KEEL_PREFIX"),
         env.get("KEEL_PREFIX_1"), env.get("KEEL_STACKED_2"), "PYTHONHOME" in env.detype())
$PYTHONHOME = '/python home'  # the shell itself would not start with it
state()
keel activate one
source @($BASE + '/etc/profile.d/keel.xsh')
inside()
keel activate two
inside()
keel activate two
inside()
keel activate --stack work
inside()
keel deactivate
inside()
keel deactivate
keel activate --stack work
inside()
keel deactivate
inside()
keel deactivate
state()
""",
        PATH="/usr/bin::/bin:/usr/bin",
        VIRTUAL_ENV="/my/own venv",
        VIRTUAL_ENV_PROMPT="it's $mine",
    )
    first = [f"{one}:{rest}", "one", "1", str(fake.env("one")), None, None, False]
    second = [f"{two}:{rest}", "two", "2", str(fake.env("two")), str(fake.env("one")), None, False]
    third = [f"{work}:{two}:{rest}", "work", "3", str(fake.env("work")), str(fake.env("one")), None, False]
    stacked = [f"{work}:{one}:{rest}", "work", "2", str(fake.env("work")), str(fake.env("one")), "true", False]
    assert inside == [first, second, second, third, second, stacked, first]
    assert before == after
    assert before[0]["PYTHONHOME"] == "/python home"  # type: ignore[index]


def test_variables_and_scripts_of_an_environment_come_and_go(shell: list[str], fake: FakeBase, tmp_path: Path) -> None:
    hooked = fake.env("hooked") / "etc/keel"
    lines = run_script(
        shell,
        fake,
        tmp_path / "script.xsh",
        START
        + """
$PLAIN = 'mine'
state()
keel activate vars
note({name: __xonsh__.env.detype().get(name) for name in ("ODD", "PLAIN", "SPACED", "_KEEL_VARS_1")})
keel activate one
note($PLAIN, 'ODD' in __xonsh__.env)
keel deactivate
note($ODD)
keel deactivate
state()
keel activate hooked
keel deactivate
state()
""",
        stderr="".join(
            f"keel: {hooked}/{kind}.d/{name}.xsh: ZeroDivisionError: division by zero\n"
            for kind, name in SCRIPTS
        ),
    )
    before, inside, other, again, after = (json.loads(line) for line in lines[:5])
    assert inside == [{**VARIABLES, "_KEEL_VARS_1": "ODD PLAIN SPACED"}]
    assert other == ["mine", False]
    assert again == [VARIABLES["ODD"]]
    assert before == after == json.loads(lines[-1])
    assert lines[5:-1] == [
        "activate 10 a in hooked",
        "activate 20-b in hooked",
        "deactivate 20-b in hooked",
        "deactivate 10 a in hooked",
    ]


def test_what_is_below_a_stacked_environment_keeps_its_variables_and_is_not_left(
    shell: list[str], fake: FakeBase, tmp_path: Path
) -> None:
    lines = run_script(
        shell,
        fake,
        tmp_path / "script.xsh",
        START
        + """
$PLAIN = 'mine'
state()
keel activate hooked
state()
keel activate --stack vars
state()
keel activate vars
state()
keel activate one
note({name: __xonsh__.env.get(name) for name in ("ODD", "PLAIN", "SPACED", "MORE")})
keel deactivate
state()
keel deactivate
state()
keel deactivate
state()
""",
        stderr="".join(
            f"keel: {fake.env('hooked')}/etc/keel/{kind}.d/{name}.xsh: ZeroDivisionError: division by zero\n"
            for kind, name in SCRIPTS
        ),
    )
    told = [f"{kind} {name} in hooked" for kind, name in SCRIPTS]
    assert [line for line in lines if line[0] != "["] == told
    assert lines[-3:-1] == told[2:]
    before, lower, upper, again, other, *back, after = (json.loads(line) for line in lines if line[0] == "[")
    assert other == [{"ODD": None, "PLAIN": "2", "SPACED": None, "MORE": "3"}]
    assert upper[0].items() >= (HOOKED | VARIABLES).items()
    assert (again, back, after) == (upper, [upper, lower], before)


def test_environments_are_found_by_name_and_path(shell: list[str], fake: FakeBase, tmp_path: Path) -> None:
    elsewhere = str(fake.prefix.parent / ELSEWHERE)
    found = run(
        shell,
        fake,
        tmp_path,
        """
def inside():
    note($KEEL_DEFAULT_ENV, $KEEL_PREFIX, __xonsh__.env.get("VIRTUAL_ENV"))
keel activate
inside()
keel activate mine
inside()
keel activate @(os.environ['ELSE'])
inside()
cd @($BASE + '/cmd')
keel activate ../envs//./work/
inside()
""",
        ELSE=elsewhere,
    )
    mine, work = str(fake.prefix.parent / "own envs/mine"), str(fake.env("work"))
    assert found == [
        ["base", str(fake.prefix), None],
        ["mine", mine, mine],
        [elsewhere, elsewhere, elsewhere],
        ["work", work, work],
    ]


def test_an_unknown_name_changes_nothing_and_names_the_nearest(
    shell: list[str], fake: FakeBase, tmp_path: Path
) -> None:
    before, code, after, version, captured = run(
        shell,
        fake,
        tmp_path,
        """
state()
$XONSH_SUBPROC_CMD_RAISE_ERROR = $XONSH_SUBPROC_RAISE_ERROR = False
code = ![keel activate analisys]
note(code.returncode)
state()
note($(keel --version))
note($(keel env list --json | head -c 1))
""",
        stderr="error: no environment is called analisys\nhint: did you mean analysis?\n",
    )
    assert code == [1]
    assert before == after
    assert str(version).startswith("['keel ")
    assert captured in (["["], ["{"])


def test_other_prompts_get_the_name_in_front_and_come_back(shell: list[str], fake: FakeBase, tmp_path: Path) -> None:
    elsewhere = str(fake.prefix.parent / ELSEWHERE)
    lines = run(
        shell,
        fake,
        tmp_path,
        """
from xonsh.prompt.base import PromptFormatter
def shown():
    __xonsh__.env['PROMPT_FIELDS'].reset()
    note(PromptFormatter()(__xonsh__.env["PROMPT"]))
def mine():
    return 'mine> '
for prompt in ('text> ', mine, '{env_name}field> '):
    $PROMPT = prompt
    keel activate work
    shown()
    keel activate @(os.environ['ELSE'])
    shown()
    keel deactivate
    keel deactivate
    note($PROMPT == prompt)
$VIRTUAL_ENV_DISABLE_PROMPT = '1'
keel activate work
shown()
""",
        ELSE=elsewhere,
    )
    expected = []
    for prompt in ("text> ", "mine> ", "field> "):
        expected += [[f"(work) {prompt}"], [f"(env) {prompt}"], [True]]
    assert lines == [*expected, ["field> "]]


def test_a_child_of_another_kind_can_leave_and_no_process_is_started(
    shell: list[str], fake: FakeBase, tmp_path: Path
) -> None:
    child, before, after = run(
        shell,
        fake,
        tmp_path,
        """
import resource
keel activate vars
script = '. "$BASE/etc/profile.d/keel.sh"; keel deactivate; printf %s "${PATH#*/cmd:} ${KEEL_SHLVL-none}"'
note($(sh -c @(script)))
def faults():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return [usage.ru_minflt, usage.ru_majflt]
note(faults())
keel activate work
keel activate --stack one
keel deactivate
keel deactivate
note(faults())
""",
    )
    assert child == ["/usr/local/bin:/usr/bin:/bin none"]
    assert before == after


def test_a_terminal_shows_the_environment(fake: FakeBase) -> None:
    command = SHELLS["newest"]
    skip_unless(Path(command).exists(), "xonsh is not installed")
    child = pexpect.spawn(
        command,
        ["--no-rc", "--interactive", "-DXONSH_SHELL_TYPE=readline", "-DPROMPT={env_name}ready> "],
        env=fake.environment(TERM="dumb", BASE=str(fake.prefix)),
        encoding="utf-8",
        timeout=30,
        dimensions=(24, 400),
    )
    child.expect("ready> ")
    child.sendline("source @($BASE + '/etc/profile.d/keel.xsh')")
    child.expect("ready> ")
    child.sendline("keel activate work")
    child.expect(r"\(work\) ready> ")
    child.sendline("keel deactivate; print('left:', 'KEEL_PREFIX' in ${...})")
    child.expect("left: False\r\n")
    child.close(force=True)


def test_a_linked_file_finds_its_base(fake: FakeBase, tmp_path: Path) -> None:
    command = SHELLS["newest"]
    skip_unless(Path(command).exists(), "xonsh is not installed")
    link = tmp_path / "keel.xsh"
    link.symlink_to(fake.prefix / "etc/profile.d/keel.xsh")
    done = subprocess.run(
        [command, "--no-rc", "-c", f"source {str(link)!r}; keel --version"],
        capture_output=True,
        text=True,
        timeout=60,
        env=fake.environment(KEEL_ROOT="/some/other/base"),
    )
    assert done.stdout.startswith("keel "), done


def test_the_environments_own_file_works_as_in_any_venv(shell: list[str], fake: FakeBase, tmp_path: Path) -> None:
    before, variables, inside, after = run(
        shell,
        fake,
        tmp_path,
        """
$PYTHONHOME = '/python home'
$PLAIN = 'mine'
state()
source @($BASE + '/envs/vars/bin/activate.xsh')
note($ODD, $PLAIN)
source @($BASE + '/envs/one/bin/activate.xsh')
note($VIRTUAL_ENV, __xonsh__.env.detype()['PATH'], 'PYTHONHOME' in __xonsh__.env, $VIRTUAL_ENV_PROMPT)
deactivate
state()
""",
    )
    assert variables == [VARIABLES["ODD"], "1"]
    one = str(fake.env("one"))
    assert inside == [one, f"{one}/bin:{fake.prefix}/cmd:/usr/local/bin:/usr/bin:/bin", False, "(one) "]
    assert before == after
