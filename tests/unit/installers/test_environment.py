"""Whatever the caller's environment holds, the result is the same."""

import os

import pytest

from .conftest import ODD, Box

LEAKS = {
    "LD_PRELOAD": "/does/not/exist.so",
    "LD_LIBRARY_PATH": "/does/not/exist",
    "PYTHONHOME": "/does/not/exist",
    "PYTHONPATH": "/does/not/exist",
    "PYTHON_SOMETHING_NEW": "1",
    "__PYVENV_LAUNCHER__": "/does/not/exist",
    "CDPATH": "/:/usr",
    "ENV": "/does/not/exist",
    "BASH_ENV": "/does/not/exist",
    "GREP_OPTIONS": "--help",
    "TAR_OPTIONS": "--help",
    "POSIXLY_CORRECT": "1",
    "ZSTD_CLEVEL": "99",
    "IFS": "/",
}
OURS = {
    "batch": "yes",
    "force": "yes",
    "prefix": "/x",
    "log": "/x",
    "result": "/x",
    "license": "x",
    "init_after": "yes",
}


def test_leaks_do_not_reach_the_engine(box: Box) -> None:
    done = box.run("-b", "-p", "a/b", env={**LEAKS, "LC_ALL": "tr_TR.UTF-8"})
    assert done.code == 0
    lines = (box.root / "a/b/environment").read_text().splitlines()
    present = {line.partition("=")[0] for line in lines}
    # The engine is a script here, whose own shell sets IFS; what that does to it is its own business.
    assert present & set(LEAKS) <= {"IFS"}


def test_variables_that_are_called_like_ours_change_nothing(box: Box) -> None:
    done = box.run(text="", env=OURS)
    assert done.code == 8
    assert box.calls() == []


def test_exported_functions_and_odd_names_do_no_harm(box: Box) -> None:
    box.env.update(
        {"BASH_FUNC_dd%%": "() { echo leaked; }", "BASH_FUNC_rm%%": "() { echo leaked; }", "ODD": f"{ODD}\nPYTHON=1"}
    )
    done = box.run("-b")
    assert done.code == 0
    assert "leaked" not in done.out
    assert box.leftovers() == []


def test_standard_folders_are_added_to_a_poor_path(sh_box: Box) -> None:
    sh_box.shell = ["/bin/sh"]
    assert sh_box.run("-b", env={"PATH": "/does/not/exist"}).code == 0


@pytest.mark.parametrize("mask", [0o777, 0o077, 0o022])
def test_a_strange_umask_does_not_lock_the_user_out(box: Box, mask: int) -> None:
    before = os.umask(mask)
    try:
        done = box.run("-b")
    finally:
        os.umask(before)
    assert done.code == 0
    assert (box.home / "starter/keel-meta").stat().st_mode & 0o777 == 0o777 & ~(mask & 0o077)


def test_closed_standard_streams_do_no_harm(sh_box: Box) -> None:
    sh_box.shell = ["sh", "-c", 'exec sh "$0" "$@" <&- >&- 2>&-']
    assert sh_box.run("-b").code == 0
    assert (sh_box.home / "starter/cmd/keel").exists()
