"""`keel run`: programs as if their environment had been activated."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from keel.staging import replace_file
from tests.unit.keel.bases import FakeBase


def test_the_program_has_the_environment_its_arguments_and_its_streams(fake: FakeBase) -> None:
    fake.create("work")
    script = "import os, sys; print(sys.prefix, os.environ['KEEL_DEFAULT_ENV'], sys.argv[1:], sys.stdin.read())"
    done = fake.keel("run", "-n", "work", "python", "-c", script, "-n", "a b", "it's", "", text="from stdin")
    assert done.stdout == f"{fake.env('work')} work ['-n', 'a b', \"it's\", ''] from stdin\n"


def test_exit_codes_and_signals_are_the_programs_own(fake: FakeBase) -> None:
    fake.create("work")
    fake.keel("run", "-n", "work", "sh", "-c", "exit 42", code=42)
    fake.keel("run", "-n", "work", "sh", "-c", "kill -9 $$", code=-signal.SIGKILL)


def test_it_is_the_same_process(fake: FakeBase) -> None:
    fake.create("work")
    command = [str(fake.prefix / "cmd/keel"), "run", "-n", "work", "sh", "-c", "echo $$"]
    with subprocess.Popen(command, env=fake.environment(), stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert int(child.stdout.read()) == child.pid


def test_the_environments_scripts_and_the_folder_count(fake: FakeBase, tmp_path: Path) -> None:
    fake.create("work")
    hooks = fake.env("work") / "etc/keel/activate.d"
    hooks.mkdir(parents=True)
    replace_file(str(hooks / "a.sh"), b"export FROM_HOOK=yes\n")
    done = fake.keel("run", "-n", "work", "--cwd", tmp_path, "sh", "-c", 'echo "$FROM_HOOK $PWD"')
    assert done.stdout == f"yes {tmp_path}\n"


def test_it_takes_the_place_of_what_is_active(fake: FakeBase) -> None:
    one, two = fake.create("one"), fake.create("two")
    env = fake.environment(KEEL_PREFIX=str(one), KEEL_SHLVL="1", KEEL_DEFAULT_ENV="one")
    env["PATH"] = f"{one}/bin:{fake.prefix}/cmd:{env['PATH']}"
    path = fake.keel("run", "-n", "two", "sh", "-c", 'echo "$PATH"', env=env).stdout
    assert path.startswith(f"{two}/bin:")
    assert str(one) not in path


def test_without_a_name_it_is_the_active_one_else_the_base(fake: FakeBase) -> None:
    work = fake.create("work")
    script = ("python", "-c", "import sys; print(sys.prefix)")
    assert fake.keel("run", *script).stdout == f"{fake.prefix}\n"
    active = fake.environment(KEEL_PREFIX=str(work))
    assert fake.keel("run", *script, env=active).stdout == f"{work}\n"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["-n", "work"], 2, "nothing to run"),
        (["-n", "work", "no-such-program"], 127, "no program no-such-program in work"),
        (["-n", "nowhere", "true"], 1, "no environment is called nowhere"),
        (["-n", "work", "--cwd", "/no/such", "true"], 1, "/no/such: No such file or directory"),
    ],
)
def test_what_cannot_be_run_is_said(fake: FakeBase, arguments: list[str], code: int, message: str) -> None:
    fake.create("work")
    assert message in fake.keel("run", *arguments, code=code).stderr


def test_a_program_of_the_environment_that_was_left_is_not_found(fake: FakeBase) -> None:
    one = fake.create("one")
    fake.create("two")
    tool = one / "bin/only-here"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    env = fake.environment(KEEL_PREFIX=str(one), PATH=f"{one}/bin{os.pathsep}/usr/bin:/bin")
    fake.keel("run", "-n", "two", "only-here", env=env, code=127)
