"""What is checked about the system, with programs on PATH that pretend."""

import os

import pytest

from .conftest import Box, BoxMaker, make_installer

# A system's C library is asked in three ways; a fake system has to answer all of them. The loaders cannot be faked.
NO_ANSWER = "exit 1"


def fake_uname(box: Box, system: str, machine: str) -> None:
    box.tool("uname", f"case $1 in -s) echo {system} ;; -m) echo {machine} ;; *) echo fake ;; esac")


def test_a_wrong_cpu_is_refused(box: Box) -> None:
    # Nothing is faked here, because some builds of busybox prefer their own `uname` to any other.
    ours = os.uname().machine
    other = "x86_64" if ours != "x86_64" else "aarch64"
    make_installer(box.installer, machine=other)
    done = box.run("-b")
    assert done.code == 3
    assert f"{other} CPUs, and this machine is {ours}" in done.err
    assert list(box.home.iterdir()) == []


@pytest.mark.parametrize("machine", ["aarch64", "arm64"])
def test_a_cpu_has_several_names(make_box: BoxMaker, machine: str) -> None:
    box = make_box(machine="aarch64")
    fake_uname(box, "Linux", machine)
    assert box.run("-b").code == 0


def test_32_bit_programs_on_a_64_bit_kernel_are_refused(sh_box: Box) -> None:
    sh_box.tool("getconf", "case $1 in LONG_BIT) echo 32 ;; esac")
    done = sh_box.run("-b")
    assert done.code == 3
    assert "the programs are 32-bit" in done.err


@pytest.mark.parametrize(
    ("system", "words"), [("Darwin", "this system is Darwin"), ("MINGW64_NT-10.0", "WSL"), ("FreeBSD", "FreeBSD")]
)
def test_a_wrong_system_is_refused(sh_box: Box, system: str, words: str) -> None:
    fake_uname(sh_box, system, "x86_64")
    done = sh_box.run("-b")
    assert done.code == 3
    assert words in done.err


def test_installers_for_macos_run_on_macos_only(make_box: BoxMaker) -> None:
    box = make_box(system="macos", machine="arm64", glibc=None)
    done = box.run("-b")
    assert done.code == 3
    assert "is for macOS" in done.err
    fake_uname(box, "Darwin", "arm64")
    assert box.run("-b").code == 0


@pytest.mark.parametrize(("machine", "code"), [("arm64", 0), ("x86_64", 0)])
def test_rosetta_does_not_hide_the_cpu(make_box: BoxMaker, machine: str, code: int) -> None:
    box = make_box(system="macos", machine=machine, glibc=None)
    fake_uname(box, "Darwin", {"arm64": "x86_64", "x86_64": "arm64"}[machine])
    box.tool("sysctl", "echo 1")
    assert box.run("-b").code == code
    box.tool("sysctl", "exit 1")
    (box.home / "starter/keel-meta/manifest.json").unlink()
    assert box.run("-bf").code == 3


@pytest.mark.parametrize(
    ("there", "needed", "code"),
    [
        ("2.27", "2.28", 3), ("2.28", "2.28", 0), ("2.9", "2.28", 3), ("2.100", "2.28", 0), ("3.0", "2.28", 0),
        ("2.28.9000", "2.28", 0), ("2.17", "2.17", 0), ("2.36-9+deb12", "2.36", 0),
    ],
)  # fmt: skip
def test_glibc_versions_are_compared_by_number(make_box: BoxMaker, there: str, needed: str, code: int) -> None:
    box = make_box(glibc=needed)
    box.tool("getconf", f"case $1 in GNU_LIBC_VERSION) echo glibc {there} ;; esac")
    done = box.run("-b")
    assert done.code == code
    assert code == 0 or f"needs glibc {needed} or newer, and this system has glibc {there}" in done.err


def test_an_old_glibc_is_refused_in_every_shell(box: Box) -> None:
    box.tool("getconf", "case $1 in GNU_LIBC_VERSION) echo glibc 2.5 ;; esac")
    done = box.run("-b")
    assert done.code == 3
    assert "this system has glibc 2.5" in done.err
    assert list(box.home.iterdir()) == []


def test_without_getconf_the_loader_tells_the_version(make_box: BoxMaker) -> None:
    box = make_box(glibc="2.999")
    box.tool("getconf", NO_ANSWER)
    box.tool("ldd", NO_ANSWER)
    done = box.run("-b")
    assert done.code == 3
    assert "this system has glibc 2." in done.err


def without_loaders(box: Box) -> None:
    """A copy of the installer that looks for loaders where there are none. Its checksum would not fit."""
    box.tool("cksum", f"cat >/dev/null; echo {checksum(box)} 0")
    data = box.installer.read_bytes()
    assert data.count(b"/lib/*-linux-gnu/libc.so.6") == 1
    for path in (b"/lib64/ld-linux-x86-64.so.2", b"/lib/*-linux-gnu/libc.so.6", b"/lib64/libc.so.6"):
        data = data.replace(path, b"/" + b"x" * (len(path) - 1))
    box.installer.write_bytes(data)
    box.tool("getconf", NO_ANSWER)


def checksum(box: Box) -> str:
    line = next(line for line in box.installer.read_bytes().split(b"\n") if line.startswith(b"checksum="))
    return line.split(b"=")[1].split()[0].decode()


@pytest.mark.parametrize(
    ("ldd", "code", "words"),
    [
        ("echo 'ldd (Debian GLIBC 2.5-1) 2.5'", 3, "this system has glibc 2.5"),
        ("echo 'ldd (GNU libc) 2.36'", 0, ""),
        ("echo 'musl libc (x86_64)'; echo 'Version 1.2.3'; exit 1", 3, "has musl instead of glibc"),
        (NO_ANSWER, 0, "cannot find out which C library"),
    ],
)
def test_ldd_is_asked_last(box: Box, ldd: str, code: int, words: str) -> None:
    without_loaders(box)
    box.tool("ldd", ldd)
    done = box.run("-b")
    assert done.code == code
    assert words in done.err
