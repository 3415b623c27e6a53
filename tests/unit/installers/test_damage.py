"""Files that are not what they were, and scripts that do not know their file."""

import shutil
import subprocess

import pytest

from .conftest import PAYLOAD, SHELLS, Box


def feed(box: Box, script: str) -> "subprocess.CompletedProcess[str]":
    """Run `script` in the box's shell, the installer being $1."""
    return subprocess.run(
        [*box.shell, "-c", script, box.shell[0], str(box.installer)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=box.root,
        env=box.environment,
        check=False,
        errors="replace",
    )


def test_a_piped_installer_says_that_it_needs_its_file(box: Box) -> None:
    with box.installer.open("rb") as stdin:
        done = subprocess.run(box.shell, stdin=stdin, capture_output=True, timeout=60, env=box.environment, check=False)
    assert done.returncode == 2
    assert b"not through a pipe" in done.stderr
    assert list(box.home.iterdir()) == []


def test_a_file_with_the_shells_name_is_not_taken_for_the_installer(sh_box: Box) -> None:
    shutil.copy(shutil.which("sh") or "", sh_box.root / "sh")
    with sh_box.installer.open("rb") as stdin:
        done = subprocess.run(["sh"], stdin=stdin, capture_output=True, timeout=60, cwd=sh_box.root, check=False)
    assert done.returncode == 2
    assert b"not through a pipe" in done.stderr


def test_sourcing_changes_nothing_and_leaves_the_shell_alive(box: Box) -> None:
    if box.shell[0] in ("bash", "ksh"):
        # They read the whole file first, and refuse the binary part; an interactive shell goes on.
        done = feed(box, '(. "$1"); echo "alive $(($? != 0)) ${LC_ALL-unset}"')
        assert done.stdout == "alive 1 unset\n"
    else:
        done = feed(box, '. "$1"; echo "alive $? ${LC_ALL-unset}"')
        assert "not through a pipe" in done.stderr
        assert done.stdout == "alive 2 unset\n"
    assert list(box.home.iterdir()) == []


@pytest.mark.parametrize("piped", [False, True])
def test_converted_line_ends_are_recognised(box: Box, piped: bool) -> None:
    box.installer.write_bytes(box.installer.read_bytes().replace(b"\n", b"\r\n"))
    if piped:
        with box.installer.open("rb") as stdin:
            done = subprocess.run(box.shell, stdin=stdin, capture_output=True, timeout=60, check=False)
        code, err = done.returncode, done.stderr.decode()
    else:
        result = box.run("-b")
        code, err = result.code, result.err
    assert code == 5
    assert "binary mode" in err
    assert list(box.home.iterdir()) == []


@pytest.mark.parametrize("place", ["first block", "script", "engine", "payload", "last byte", "grown"])
def test_a_truncated_or_grown_installer_is_damaged(box: Box, place: str) -> None:
    data = box.installer.read_bytes()
    sizes = {
        "first block": 4096,
        "script": 5000,
        "engine": data.index(b"# Stands in for the engine"),
        "payload": data.index(PAYLOAD),
        "last byte": len(data) - 1,
    }
    box.installer.write_bytes(data[: sizes[place]] if place in sizes else data + b"\n")
    for option in ("-b", "--help"):
        done = box.run(option)
        assert done.code == 5
        assert f"and should have {len(data)}" in done.err
    assert list(box.home.iterdir()) == []


@pytest.mark.parametrize("place", [b"main() {", b"app_name=", b"# Stands in for the engine", b"exit\n\n"])
def test_a_flipped_byte_before_the_payload_is_noticed(box: Box, place: bytes) -> None:
    data = bytearray(box.installer.read_bytes())
    data[data.rindex(place)] ^= 1
    box.installer.write_bytes(data)
    done = box.run("-b")
    assert done.code == 5
    assert "checksum" in done.err


def test_the_engine_judges_the_payload(sh_box: Box) -> None:
    done = sh_box.run("-b", env={"STUB_CODE": "5"})
    assert done.code == 5
    assert "error: the stub was told to fail" in done.err


def test_every_shell_of_the_list_is_known() -> None:
    assert {"dash", "busybox", "bash", "zsh", "ksh", "mksh"} < set(SHELLS)
