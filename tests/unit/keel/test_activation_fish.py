"""Activation in fish, in a base whose path holds everything that quoting can get wrong."""

from pathlib import Path

import pexpect
import pytest

from tests.conftest import need
from tests.unit.keel.bases import FakeBase
from tests.unit.keel.real_shells import ELSEWHERE, configured, make_shared, run_script

# Prints the variables that activation may touch, exactly.
STATE = """
function state
    for name in PATH VIRTUAL_ENV VIRTUAL_ENV_PROMPT PYTHONHOME KEEL_PREFIX KEEL_DEFAULT_ENV KEEL_SHLVL KEEL_PREFIX_1 \\
            KEEL_STACKED_2 _KEEL_VARS_1
        if set -q $name
            printf '<%s>' "$$name"
        else
            printf '<unset>'
        end
    end
    echo
end
"""


@pytest.fixture(scope="module")
def fake(tmp_path_factory: pytest.TempPathFactory) -> FakeBase:
    need("fish")
    return make_shared(tmp_path_factory.mktemp("home"))


def run(fake: FakeBase, script: str, *, code: int = 0, errors: bool = False, **env: str) -> list[str]:
    """The lines that `script` prints; `$BASE` is the prefix, keel.fish is sourced."""
    text = f"{STATE}\nsource $BASE/etc/profile.d/keel.fish\n{script}\n"
    return run_script(["fish", "--no-config", "-c"], fake, text, code=code, errors=errors, **env)


def test_an_environment_is_entered_and_left_without_a_trace(fake: FakeBase) -> None:
    env = fake.env("work")
    before, name, prefix, python, after = run(
        fake,
        "state; keel activate work; echo $KEEL_DEFAULT_ENV; echo $VIRTUAL_ENV; command -s python; keel deactivate; "
        "state",
        VIRTUAL_ENV="/my/own venv",
        VIRTUAL_ENV_PROMPT="it's $mine",
        PYTHONHOME="/python home",
    )
    assert (name, prefix, python) == ("work", str(env), f"{env}/bin/python")
    assert before == after
    assert "</my/own venv><it's $mine></python home>" in before


def test_only_a_variable_that_was_exported_is_exported_again(fake: FakeBase) -> None:
    assert run(
        fake,
        "set -g PYTHONHOME a 'b c'; keel activate work; set -q PYTHONHOME; or echo away; keel deactivate; "
        "count $PYTHONHOME; set -qx PYTHONHOME; or echo not exported",
    ) == ["away", "2", "not exported"]


def test_environments_replace_each_other_and_stack(fake: FakeBase) -> None:
    before, first, second, stacked, replaced, popped, again, base, after = run(
        fake,
        "state; keel activate one; state; keel activate two; state; keel deactivate; keel activate --stack two; state; "
        "keel activate work; state; keel deactivate; state; keel deactivate; state; keel activate; state; "
        "keel deactivate; keel deactivate; state",
    )
    one, two, work = (f"{fake.env(name)}/bin" for name in ("one", "two", "work"))
    rest = f"{fake.prefix}/cmd:/usr/local/bin:/usr/bin:/bin>"
    assert first.startswith(f"<{one}:{rest}")
    assert second.startswith(f"<{two}:{rest}")
    assert stacked.startswith(f"<{two}:{one}:{rest}")
    assert f"<two><2><{fake.env('one')}><true>" in stacked
    assert replaced.startswith(f"<{work}:{one}:{rest}")
    assert (popped, again, after) == (stacked, first, before)
    assert base.startswith(f"<{fake.prefix}/bin:{rest}<unset><unset>")  # the base is no venv


def test_activating_the_active_environment_again_changes_nothing(fake: FakeBase) -> None:
    first, second = run(fake, "keel activate work; state; keel activate --stack work; state")
    assert first == second


def test_an_environment_can_be_named_by_its_path_or_lie_in_a_configured_folder(fake: FakeBase) -> None:
    name, again, far = run(
        fake,
        'keel activate $ELSE; echo $KEEL_DEFAULT_ENV; keel deactivate; cd $BASE/cmd; keel activate ../envs//./work/; '
        'echo "$KEEL_DEFAULT_ENV $KEEL_PREFIX"; keel activate far; echo $KEEL_PREFIX',
        ELSE=str(fake.prefix.parent / ELSEWHERE),
    )
    assert name == str(fake.prefix.parent / ELSEWHERE)
    assert again == f"work {fake.env('work')}"
    assert far == f"{configured(fake)}/far"


def test_an_unknown_name_changes_nothing(fake: FakeBase) -> None:
    before, code, after = run(fake, "state; keel activate analisys; echo $status; state", errors=True)
    assert (before, code) == (after, "1")
    assert "did you mean analysis?" in "".join(run(fake, "keel activate analisys 2>&1", code=1, errors=True))


def test_scripts_of_an_environment_run_in_order_and_backwards_on_leaving(fake: FakeBase) -> None:
    assert run(fake, "keel activate hooked; keel deactivate; echo done") == [
        "activate 10 a in hooked",
        "activate 20-b in hooked",
        "deactivate 20-b in hooked",
        "deactivate 10 a in hooked",
        "done",
    ]


def test_what_fish_entered_bash_can_leave_and_the_other_way_round(fake: FakeBase) -> None:
    script = '. "$BASE/etc/profile.d/keel.sh"; keel deactivate; echo "$PATH ${KEEL_PREFIX-none}"'
    before, after = run(fake, "string join : $PATH; keel activate set; bash -c $SCRIPT", SCRIPT=script)
    assert after == f"{before} none"
    script = f'{STATE}\nsource "$BASE/etc/profile.d/keel.fish"; keel deactivate; keel deactivate; state'
    lines = run_script(
        ["bash", "-c"],
        fake,
        '. "$BASE/etc/profile.d/keel.sh"; keel activate one; keel activate --stack set; fish --no-config -c "$SCRIPT"',
        SCRIPT=script,
    )
    assert lines == [f"<{fake.prefix}/cmd:/usr/local/bin:/usr/bin:/bin>" + "<unset>" * 9]


def test_the_base_is_found_by_the_file_however_it_is_reached(fake: FakeBase, tmp_path: Path) -> None:
    (tmp_path / "link.fish").symlink_to(fake.prefix / "etc/profile.d/keel.fish")
    roots = run(
        fake,
        "echo $KEEL_ROOT; cd $BASE/etc; source ./profile.d/keel.fish; echo $KEEL_ROOT; source $LINK; echo $KEEL_ROOT; "
        "count $PATH",
        LINK=str(tmp_path / "link.fish"),
        KEEL_ROOT="/some/other/base",
    )
    assert roots == [str(fake.prefix)] * 2 + [str(fake.prefix.resolve()), "4"]


def test_no_process_is_started(fake: FakeBase) -> None:
    read_stat = "read -l stat </proc/self/stat; echo $stat"
    lines = run(
        fake,
        f"{read_stat}; keel activate set; keel activate --stack hooked >/dev/null; keel deactivate >/dev/null; "
        f"keel deactivate; {read_stat}; /bin/true; {read_stat}",
    )
    # The page faults of children that were waited for (cminflt, see proc(5)): no process is without any.
    faults = [int(line.rpartition(")")[2].split()[8]) for line in lines]
    assert faults[0] == faults[1] < faults[2]


def test_everything_else_goes_to_keel_itself(fake: FakeBase) -> None:
    said = run(fake, "keel run -n work printf '<%s>' a '' 'b c'; echo; keel nonsense 2>/dev/null; echo $status")
    assert said == ["<a><><b c>", "2"]
    assert "usage: keel activate" in run(fake, "keel activate --help")[0]


def test_the_prompt_shows_the_environment_and_comes_back(fake: FakeBase) -> None:
    child = pexpect.spawn(
        need("fish"),
        ["--no-config", "-i"],
        env=fake.environment(TERM="dumb", BASE=str(fake.prefix)),
        encoding="utf-8",
        timeout=20,
        dimensions=(24, 300),
    )
    child.sendline('function fish_prompt; echo "left $pipestatus> "; end; set before (functions fish_prompt); true')
    child.expect("left 0> ")
    child.sendline("source $BASE/etc/profile.d/keel.fish; keel activate work; false | true")
    child.expect(r"\(work\) left 1 0> ")
    child.sendline("keel activate one")
    child.expect(r"\(one\) left 0> ")
    child.sendline("keel deactivate; keel deactivate; set -g after (functions fish_prompt)")
    child.sendline('test "$before" = "$after"; and echo the "same"')
    child.expect("the same\r\n")
    child.sendline("keel activate work; function fish_prompt; echo 'new> '; end; keel deactivate; false")
    child.expect("\rnew> ")
    child.sendline("exit")
    child.expect(pexpect.EOF)
