"""The command line itself: help, wrong usage, and how keel starts."""

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
