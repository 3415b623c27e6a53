"""Which folders are taken as prefix, and what is said about the others."""

import os
from pathlib import Path

import pytest

from tests.conftest import need, need_root

from .conftest import ODD, Box


def test_any_path_will_do(box: Box) -> None:
    prefix = box.root / f"a new\\{ODD}*?[x]" / "~$HOME" / "-b"
    assert box.run("-b", "-p", prefix).code == 0
    assert (prefix / "keel-meta/manifest.json").exists()


@pytest.mark.parametrize(
    ("given", "meant"),
    [("base", "base"), ("./x/../base//", "base"), ("-dashed", "-dashed"), ("../../a/./b/", "../../a/b")],
)
def test_a_relative_prefix_becomes_absolute(box: Box, given: str, meant: str) -> None:
    folder = box.root / "here it's" / "now"
    folder.mkdir(parents=True)
    assert box.run("-b", "-p", given, cwd=folder).code == 0
    assert box.calls()[-1] == os.path.normpath(folder / meant)


def test_the_command_line_that_removes_the_base_can_be_copied(box: Box) -> None:
    prefix = box.root / f"{ODD}'\\''"
    done = box.run("-b", "-p", prefix)
    command = done.out.splitlines()[-1].partition(":")[2].strip()
    box.installer.write_text(command)
    assert box.run().out == "keel uninstall\n"


def test_a_filled_prefix_is_refused_without_force(box: Box) -> None:
    prefix = box.root / "base"
    prefix.mkdir()
    (prefix / ".hidden").touch()
    done = box.run("-b", "-p", prefix)
    assert done.code == 4
    assert "not empty" in done.err
    assert [path.name for path in prefix.iterdir()] == [".hidden"]
    assert box.calls() == []


def test_an_empty_prefix_is_taken(sh_box: Box) -> None:
    (sh_box.root / "base").mkdir()
    assert sh_box.run("-b", "-p", sh_box.root / "base").code == 0
    assert "--force" not in sh_box.calls()


def test_what_a_killed_run_left_behind_is_for_the_engine_to_judge(sh_box: Box) -> None:
    (sh_box.root / "base/.keel-staging").mkdir(parents=True)
    (sh_box.root / "base/bin").mkdir()
    assert sh_box.run("-b", "-p", sh_box.root / "base").code == 0


@pytest.mark.parametrize("options", [[], ["-f"]])
def test_an_installed_base_is_refused_with_the_way_to_remove_it(sh_box: Box, options: list[str]) -> None:
    sh_box.run("-b", "-p", sh_box.root / "base")
    done = sh_box.run("-b", "-p", sh_box.root / "base", *options)
    assert done.code == 4
    assert "cmd/keel' uninstall" in done.err


@pytest.mark.parametrize("root", ["/", "//", "/tmp/.."])
def test_the_root_folder_is_refused_with_force_too(sh_box: Box, root: str) -> None:
    done = sh_box.run("-bf", "-p", root)
    assert done.code == 4
    assert "root folder" in done.err


def test_the_home_folder_is_refused_without_force(sh_box: Box) -> None:
    done = sh_box.run("-b", "-p", f"{sh_box.home}/")
    assert done.code == 4
    assert "home folder" in done.err
    assert sh_box.run("-bf", "-p", sh_box.home).code == 0


@pytest.mark.parametrize("name", ["with:colon", "with\nline break"])
def test_what_path_and_scripts_cannot_hold_is_refused(box: Box, name: str) -> None:
    done = box.run("-b", "-p", box.root / name)
    assert done.code == 4
    assert box.calls() == []


def test_a_file_in_the_way_is_named(box: Box) -> None:
    (box.root / "file").touch()
    for prefix in (box.root / "file", box.root / "file/base"):
        done = box.run("-b", "-p", prefix)
        assert done.code == 4
        assert "file is not a folder" in done.err


def test_a_link_to_a_folder_means_that_folder(sh_box: Box) -> None:
    (sh_box.root / "real").mkdir()
    (sh_box.root / "link").symlink_to("real")
    assert sh_box.run("-b", "-p", sh_box.root / "link").code == 0
    assert sh_box.calls()[-1] == str(sh_box.root / "real")


def test_a_dangling_link_is_refused(sh_box: Box) -> None:
    (sh_box.root / "link").symlink_to("nowhere")
    assert sh_box.run("-b", "-p", sh_box.root / "link").code == 4


def test_a_folder_of_somebody_else_is_refused(sh_box: Box, tmp_path: Path) -> None:
    need_root()
    sh_box.shell = [need("setpriv"), "--reuid=65534", "--regid=65534", "--clear-groups", "sh"]
    for folder in (sh_box.root, *sh_box.root.parents):
        if str(folder).startswith(str(tmp_path.parents[2])):
            folder.chmod(0o755)
    done = sh_box.run("-b", "-p", sh_box.root / "base")
    assert done.code == 4
    assert "cannot be written to" in done.err
