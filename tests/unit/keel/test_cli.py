"""The command line itself: help, wrong usage, and how keel starts."""

import os
import subprocess

import pytest

from keel.commands import COMMANDS
from tests.unit.keel.bases import FakeBase


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["help"]])
def test_the_overview_comes_without_python(fake: FakeBase, arguments: list[str]) -> None:
    (fake.prefix / "bin/python").unlink()
    said = fake.keel(*arguments).stdout
    assert said.startswith("usage: keel COMMAND")
    assert all(f"\n  {name} " in said for name in COMMANDS)


def test_every_command_has_help_with_examples(fake: FakeBase, capsys: pytest.CaptureFixture[str]) -> None:
    from keel.cli import main

    for name in COMMANDS:
        with pytest.raises(SystemExit) as ended:
            main([name, "--help"], prefix=str(fake.prefix))
        said = capsys.readouterr().out
        assert ended.value.code == 0
        assert said.startswith(f"usage: keel {name}")
        assert "examples:\n  keel " in said


def test_help_of_a_command_can_be_asked_for_as_a_command(fake: FakeBase) -> None:
    assert fake.keel("help", "create").stdout == fake.keel("create", "--help").stdout


def test_an_unknown_command_names_the_nearest(fake: FakeBase) -> None:
    said = fake.keel("crate", code=2).stderr
    assert said == "error: keel has no command crate\nhint: did you mean create or activate?\n"
    assert "keel has no option --frob" in fake.keel("--frob", code=2).stderr


def test_wrong_usage_says_where_to_look(fake: FakeBase) -> None:
    said = fake.keel("env", "remove", code=2).stderr
    assert said.startswith("error: ")
    assert said.endswith("hint: see: keel env remove --help\n")


def test_a_full_disk_under_the_output_is_told_from_one_under_an_environment(fake: FakeBase) -> None:
    for words in (["env", "list"], ["create", "--help"], ["list", "-n", "nope", "--json"]):
        done = subprocess.run(
            [str(fake.prefix / "cmd/keel"), *words], env=fake.environment(), stderr=subprocess.PIPE, text=True,
            stdout=os.open("/dev/full", os.O_WRONLY), timeout=60, check=False,
        )
        assert done.returncode == 1
        assert "Exception" not in done.stderr
        assert "no environment is called" in done.stderr or done.stderr.startswith(
            "error: the output could not be written: No space left on device\nhint: "
        )


@pytest.mark.parametrize("closed", [">&-", "<&- >&- 2>&-"])
def test_closed_streams_lead_nowhere(closed: str, fake: FakeBase) -> None:
    for words in ("env list", "info --json", "create --help", "create -n closed"):
        script = f'"$1" {words} {closed}'
        command = ["sh", "-c", script, "sh", str(fake.prefix / "cmd/keel")]
        done = subprocess.run(command, env=fake.environment(), capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (fake.env("closed") / "pyvenv.cfg").read_text().startswith("home = ")


def test_an_unknown_option_names_the_help_of_its_own_command(fake: FakeBase) -> None:
    said = fake.keel("env", "config", "vars", "list", "--frob", code=2).stderr
    assert said == "error: unrecognized arguments: --frob\nhint: see: keel env config vars list --help\n"
