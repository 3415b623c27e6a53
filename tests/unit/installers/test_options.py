"""Miniconda's options, in every shell."""

import pytest

from .conftest import PAYLOAD, Box, BoxMaker


def test_a_batch_run_lays_the_base_down_and_says_how_to_use_and_remove_it(box: Box) -> None:
    prefix = box.root / "base"
    done = box.run("-b", "-p", prefix)
    assert (done.code, done.err) == (0, "")
    assert (prefix / "keel-meta/manifest.json").exists()
    assert "[yes|no]" not in done.out
    assert done.out.splitlines()[-1].endswith("/base/cmd/keel' uninstall")
    assert box.leftovers() == []


def test_the_engine_is_told_where_the_payload_is(box: Box) -> None:
    box.run("-b", "-p", box.root / "base")
    offset = box.installer.read_bytes().index(PAYLOAD)
    expected = ["install", str(box.installer), "--offset", str(offset), "--prefix", str(box.root / "base")]
    assert box.calls() == expected


def test_short_options_can_be_combined(box: Box) -> None:
    prefix = box.root / "base"
    prefix.mkdir()
    (prefix / "mine").touch()
    assert box.run("-bfskmp", prefix).code == 0
    assert box.calls()[-3:] == ["--force", "--foreign", "keel-meta/foreign.txt"]


@pytest.mark.parametrize("form", ["-p{}", "--prefix={}"])
def test_the_prefix_may_be_attached_to_its_option(sh_box: Box, form: str) -> None:
    prefix = sh_box.root / "base"
    assert sh_box.run("--batch", form.format(prefix)).code == 0
    assert (prefix / "cmd/keel").exists()


def test_long_options_work(box: Box) -> None:
    prefix = box.root / "base"
    done = box.run(
        "--prefix", prefix, "--batch", "--force", "--test", "--init", "--keep", "--skip-scripts", "--no-menus"
    )
    assert done.code == 0
    assert "python -I -m" in done.out
    assert "keel init" in done.out


def test_help_shows_options_and_examples(box: Box) -> None:
    done = box.run("--help")
    assert (done.code, done.err) == (0, "")
    assert "--prefix PREFIX" in done.out
    assert "examples:" in done.out
    assert "20123 files, 124 MB" in done.out
    assert box.run("-bh").out == done.out


def test_version_tells_name_version_python_and_platform(box: Box) -> None:
    assert box.run("--version").out == "Starter 2026.11 (Python 3.11.7, Linux-x86_64)\n"


def test_offset_is_where_tail_finds_the_first_frame(box: Box) -> None:
    offset = int(box.run("--offset").out)
    assert box.installer.read_bytes()[offset - 1 :] == PAYLOAD[100:]


@pytest.mark.parametrize("action", ["verify", "list"])
def test_verify_and_list_ask_the_engine_and_install_nothing(box: Box, action: str) -> None:
    done = box.run(f"--{action}", env={"STUB_CODE": "5"})
    assert (done.code, done.out) == (5, f"{action}: fine\n")
    assert box.calls()[:2] == [action, str(box.installer)]
    assert box.leftovers() == []


@pytest.mark.parametrize("option", ["-u", "-bu", "--update"])
def test_updates_are_not_supported_yet(sh_box: Box, option: str) -> None:
    done = sh_box.run(option)
    assert done.code == 2
    assert "updates are not supported yet" in done.err


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["-x"], "-x"),
        (["-bz"], "-z"),
        (["--bathc"], "--bathc"),
        (["-p"], "-p needs"),
        (["-b", "--prefix"], "--prefix needs"),
        (["--prefix="], "empty"),
        (["-p", ""], "empty"),
        (["base"], "'base'"),
        (["-"], "'-'"),
    ],
)
def test_wrong_usage_is_named_on_stderr(sh_box: Box, options: list[str], named: str) -> None:
    done = sh_box.run(*options)
    assert (done.code, done.out) == (2, "")
    assert named in done.err
    assert "--help" in done.err
    assert sh_box.leftovers() == []


def test_batch_without_prefix_takes_the_default(box: Box) -> None:
    assert box.run("-b").code == 0
    assert (box.home / "starter/cmd/keel").exists()


def test_a_default_prefix_may_name_variables(make_box: BoxMaker) -> None:
    box = make_box(default_prefix="${SOFTWARE}/$NAME-x")
    assert box.run("-b", env={"SOFTWARE": str(box.root / "soft"), "NAME": "acme"}).code == 0
    assert (box.root / "soft/acme-x/cmd/keel").exists()


def test_without_a_home_the_default_prefix_is_refused(sh_box: Box) -> None:
    done = sh_box.run("-b", env={"HOME": ""})
    assert done.code == 2
    assert "HOME is not set" in done.err


def test_a_failed_test_is_told_and_keeps_the_base(box: Box) -> None:
    done = box.run("-b", "-t", "-p", box.root / "base", env={"STUB_PYTHON": "1"})
    assert done.code == 1
    assert "failed its test" in done.err
    assert (box.root / "base/cmd/keel").exists()


def test_a_failed_initialisation_is_told_and_keeps_the_base(box: Box) -> None:
    done = box.run("-b", "-c", "-p", box.root / "base", env={"STUB_KEEL": "3"})
    assert done.code == 1
    assert "could not be initialised" in done.err
    assert (box.root / "base/cmd/keel").exists()


def test_the_base_is_settled_in_its_place_whatever_comes_next(box: Box) -> None:
    done = box.run("-b", "-p", box.root / "base", env={"STUB_CALLS": str(box.root / "keel calls")})
    assert (done.code, done.err) == (0, "")
    assert (box.root / "keel calls").read_text() == "--settle\n"


def test_a_base_that_cannot_be_settled_is_installed_all_the_same(box: Box) -> None:
    done = box.run("-b", "-p", box.root / "base", env={"STUB_KEEL": "3"})
    assert done.code == 0
    assert "keel --settle\n" in done.err
    assert "warning: the base is installed, but its pip does not know yet where its packages are" in done.err
    assert done.err.endswith("/cmd/keel' --settle\n")
