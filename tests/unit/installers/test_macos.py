"""What an installer for macOS checks, on a Mac that is made of a few programs, in every shell."""

import pytest

from .conftest import SHELLS, Box, BoxMaker, make_installer


def make_mac(box: Box, uname: str, *, translated: bool = False, silicon: bool = False, **facts: object) -> None:
    """Change the box's installer into one for macOS, and its programs into those of a Mac."""
    make_installer(box.installer, system="macos", glibc=None, **{"machine": "arm64", "macos": "11.0", **facts})
    box.tool("uname", f"case $1 in -s) echo Darwin ;; -m) echo {uname} ;; *) echo fake ;; esac")
    answers = f"sysctl.proc_translated) echo {int(translated)} ;; hw.optional.arm64) echo {int(silicon)}"
    box.tool("sysctl", f"case $2 in {answers} ;; *) exit 1 ;; esac")
    box.tool("sw_vers", '[ "$SYSTEM_VERSION_COMPAT" = 0 ] && echo 14.2.1 || echo 10.16')
    box.tool("arch", "exit 1")


# Some builds of busybox prefer their own `uname` to any other.
@pytest.mark.parametrize("shell", [name for name in SHELLS if name != "busybox"])
def test_an_installer_runs_on_its_own_cpu(make_box: BoxMaker, shell: str) -> None:
    box = make_box(shell)
    make_mac(box, "arm64", silicon=True)
    done = box.run("-b")
    assert done.code == 0, done.err
    assert done.err == ""


def test_a_translated_shell_does_not_hide_apple_silicon(sh_box: Box) -> None:
    make_mac(sh_box, "x86_64", translated=True, silicon=True)
    assert sh_box.run("-b").code == 0


def test_an_intel_mac_is_refused_by_an_installer_for_apple_silicon(sh_box: Box) -> None:
    make_mac(sh_box, "x86_64")
    done = sh_box.run("-b")
    assert done.code == 3
    assert "this one has an Intel CPU" in done.err
    assert "get the installer for x86_64" in done.err


def test_apple_silicon_needs_rosetta_for_intel(sh_box: Box) -> None:
    make_mac(sh_box, "arm64", silicon=True, machine="x86_64")
    done = sh_box.run("-b")
    assert done.code == 3
    assert "Apple silicon without Rosetta" in done.err
    assert "softwareupdate --install-rosetta" in done.err
    sh_box.tool("arch", '[ "$1 $2" = "-x86_64 /usr/bin/true" ]')
    done = sh_box.run("-b")
    assert done.code == 0
    assert "Rosetta will translate its programs" in done.err


def test_in_a_translated_shell_rosetta_is_there(sh_box: Box) -> None:
    make_mac(sh_box, "x86_64", translated=True, silicon=True, machine="x86_64")
    done = sh_box.run("-b")
    assert done.code == 0
    assert "Rosetta will translate its programs" in done.err


def test_an_intel_mac_runs_an_installer_for_intel(sh_box: Box) -> None:
    make_mac(sh_box, "x86_64", machine="x86_64")
    done = sh_box.run("-b")
    assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize(
    ("needed", "code"), [("14.2", 0), ("14.3", 3), ("14", 0), ("15.0", 3), ("10.15", 0), ("9.100", 0)]
)
def test_the_oldest_macos_is_compared_by_number(make_box: BoxMaker, needed: str, code: int) -> None:
    box = make_box()
    make_mac(box, "arm64", silicon=True, macos=needed)
    done = box.run("-b")
    assert done.code == code
    assert code == 0 or f"needs macOS {needed} or newer, and this Mac has 14.2.1" in done.err


def test_an_unknown_version_of_macos_is_told_and_no_obstacle(sh_box: Box) -> None:
    make_mac(sh_box, "arm64", silicon=True)
    sh_box.tool("sw_vers", "exit 1")
    done = sh_box.run("-b")
    assert done.code == 0
    assert "cannot find out which macOS this is" in done.err
