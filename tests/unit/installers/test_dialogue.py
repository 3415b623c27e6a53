"""The questions, answered through a pipe and at a terminal."""

import pwd

import pytest

from .conftest import Box, BoxMaker
from .terminal import Terminal

LICENSE = 'Be nice.\n\nIt\'s "all" yours: $(touch evil) `touch evil` $HOME è 中'


@pytest.fixture
def licensed(make_box: BoxMaker, request: pytest.FixtureRequest) -> Box:
    return make_box(getattr(request, "param", "sh"), license=LICENSE)


def test_enter_confirms_the_default_and_no_shell_is_initialised(box: Box) -> None:
    done = box.run(text="\n\n")
    assert (done.code, done.err) == (0, "")
    assert (box.home / "starter/cmd/keel").exists()
    assert "keel init" not in done.out.splitlines()
    assert "Welcome to Starter 2026.11 by Acme" in done.out


def test_the_shell_is_initialised_on_request(box: Box) -> None:
    done = box.run(text="\nyes\n")
    assert done.code == 0
    assert "keel init" in done.out.splitlines()


def test_yes_to_everything_takes_the_default(box: Box) -> None:
    done = box.run(text="y\n" * 100)
    assert done.code == 0
    assert (box.home / "starter/cmd/keel").exists()


def test_tilde_and_variables_are_expanded_and_nothing_is_run(box: Box) -> None:
    answers = ["$(touch evil)", "`touch evil`", "~/a $SOME/${ODD_ONE}x/$", "no"]
    env = {"SOME": "some/$HOME/`touch evil`", "ODD_ONE": "it's; touch evil;"}
    done = box.run(text="\n".join(answers) + "\n", env=env)
    assert done.code == 0
    assert done.err.count("commands are not run here") == 2
    assert box.calls()[-1] == f"{box.home}/a some/$HOME/`touch evil`/it's; touch evil;x/$"
    assert not list(box.root.rglob("evil"))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("$NO_SUCH_VARIABLE/x", "NO_SUCH_VARIABLE is not set"),
        ("${a b}/x", "not a variable"),
        ("${}/x", "not a variable"),
        ("${HOME", None),
        ("~no-such-user-here/x", "no user 'no-such-user-here'"),
        ("~$HOME/x", "not a user"),
        ("/", "root folder"),
        ("with:colon", "colon"),
    ],
)
def test_a_refused_location_is_explained_and_asked_again(box: Box, answer: str, reason: str | None) -> None:
    done = box.run(text=f"{answer}\n~/good\nno\n")
    assert done.code == 0
    if reason is None:
        assert box.calls()[-1].endswith(f"/{answer}")
    else:
        assert reason in done.err
        assert box.calls()[-1] == f"{box.home}/good"


def test_a_home_folder_of_another_user_is_found(box: Box) -> None:
    done = box.run("-f", text="~root/a folder that/is/../../refused:here\n")
    home = pwd.getpwnam("root").pw_dir
    assert f"{home}/refused:here has a colon" in done.err


@pytest.mark.parametrize("answers", ["", "\n/etc/passwd/x\n"])
def test_the_end_of_the_input_means_no(box: Box, answers: str) -> None:
    done = box.run(text=answers) if answers == "" else box.run(text=answers.lstrip("\n"))
    assert done.code == 8
    assert "nothing was changed" in done.out
    assert box.calls() == []
    assert box.leftovers() == []
    assert list(box.home.iterdir()) == []


def test_the_end_of_the_input_after_installing_is_a_no_to_the_offer_only(box: Box) -> None:
    done = box.run(text="\n")
    assert done.code == 0
    assert (box.home / "starter/cmd/keel").exists()
    assert "uninstall" in done.out


@pytest.mark.parametrize("licensed", ["sh", "zsh", "ksh"], indirect=True)
def test_the_license_is_shown_and_must_be_accepted(licensed: Box) -> None:
    done = licensed.run(text="maybe\nyes\n\nno\n")
    assert done.code == 0
    assert LICENSE in done.out
    assert "Please answer 'yes' or 'no'" in done.out
    assert not list(licensed.root.rglob("evil"))


@pytest.mark.parametrize("answer", ["no\n", "\n\nNO\n", ""])
def test_a_refused_license_changes_nothing(licensed: Box, answer: str) -> None:
    done = licensed.run(text=answer)
    assert done.code == 8
    assert licensed.calls() == []
    assert licensed.leftovers() == []


def test_the_license_is_paged_at_a_terminal(licensed: Box) -> None:
    with Terminal(licensed, env={"PAGER": "sed s/^/paged:/"}) as terminal:
        terminal.expect("Press ENTER to continue")
        terminal.send("\n")
        terminal.expect("paged:Be nice.")
        terminal.expect(">>>")
        terminal.send("yes\n")
        terminal.expect(r"starter\] >>>")
        terminal.send("~/x\n")
        terminal.expect("Initialise your shell")
        terminal.send("\n")
        assert terminal.end() == 0
    assert (licensed.home / "x/cmd/keel").exists()


def test_a_terminal_gets_colours_unless_it_wants_none(sh_box: Box) -> None:
    with Terminal(sh_box, "-b") as terminal:
        assert terminal.end() == 0
        assert "\033[1m" in terminal.seen
    with Terminal(sh_box, "-b", "-p", "x", env={"NO_COLOR": "1"}) as terminal:
        assert terminal.end() == 0
        assert "\033[" not in terminal.seen


def test_control_c_at_a_question_changes_nothing(box: Box) -> None:
    with Terminal(box) as terminal:
        terminal.expect(">>>")
        terminal.send("\003")
        assert terminal.end() == 130
        assert "nothing was installed" in terminal.seen
    assert list(box.home.iterdir()) == []


def test_control_d_at_a_question_changes_nothing(box: Box) -> None:
    with Terminal(box) as terminal:
        terminal.expect(">>>")
        terminal.send("\004")
        assert terminal.end() == 8
    assert box.leftovers() == []
