"""install.sh against an archive on the loopback interface."""

import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from datetime import timedelta

import pexpect
import pytest

from builder.archive.minisign import new_key
from builder.archive.trust import signature_name
from tests.conftest import need
from tests.unit.archive.bootstrap.conftest import INSTALLER, NOW, SHELLS, World
from tests.unit.loopback import Answer

FILE = f"Science-2026.11-py312-Linux-{os.uname().machine}.sh"
BIG = INSTALLER + b"#" * 3_000_000
VERIFIERS = {"minisign": ("minisign",), "OpenSSL": ("openssl",), "Python": ("python3",)}


@pytest.mark.parametrize("shell", SHELLS)
def test_the_installer_for_this_machine_is_checked_and_run_by_every_shell(world: World, shell: str) -> None:
    done = world.run("-y", "--prefix", "/opt/it's here", "--", "-t", shell=shell, piped=True)
    assert (done.code, done.err) == (0, "")
    assert "signature is right (checked with minisign)" in done.out
    assert world.record == ["-b", "-t", "-p", "/opt/it's here"]
    assert world.left_over == []


# Not busybox' wget: the one of busybox-static crashes on every address, for it has no name services.
@pytest.mark.parametrize("tool", ["curl", "wget", "python3"])
@pytest.mark.parametrize("breaks", [False, True])
def test_a_download_goes_on_after_a_break(world: World, tool: str, breaks: bool) -> None:
    world.tools = ("sha256sum", "minisign", tool)
    world.entries.clear()
    world.add(content=BIG)
    world.publish()
    starts = []

    def broken(request: object, answer: Answer) -> Answer:
        starts.append(answer.status)
        return Answer(answer.body, status=answer.status, headers=answer.headers, cut=1_000_000) if breaks else answer

    world.change_answer(FILE, broken)
    done = world.run("-y")
    assert done.code == 0, done
    assert world.record == ["-b"]
    assert starts == ([200, 206, 206, 206] if breaks else [200])


def test_a_server_that_cannot_go_on_in_the_middle_is_asked_for_the_whole(world: World) -> None:
    world.entries.clear()
    world.add(content=BIG)
    world.publish()
    asked = []

    def whole(request: object, answer: Answer) -> Answer:
        asked.append(1)
        return Answer(BIG, cut=1_000_000 if len(asked) == 1 else None)

    world.change_answer(FILE, whole)
    assert world.run("-y").code == 0
    assert world.record == ["-b"]


def test_a_server_that_breaks_at_the_same_place_every_time_is_given_up(world: World) -> None:
    world.change_answer(FILE, lambda _, answer: Answer(b"", length=len(INSTALLER), cut=0))
    done = world.run("-y")
    assert done.code == 11
    assert f"{FILE} cannot be downloaded" in done.err
    assert world.record is None
    assert world.left_over == []


@pytest.mark.parametrize("content", [INSTALLER.replace(b"this", b"that"), INSTALLER + b"more", INSTALLER[:-5]])
def test_a_file_with_another_hash_or_size_is_never_run(world: World, content: bytes) -> None:
    world.files[FILE] = content
    done = world.run("-y")
    assert done.code == 5
    assert "its size or SHA-256 is another one" in done.err
    assert world.record is None
    assert world.left_over == []


@pytest.mark.parametrize("tool", ["sha256sum", "shasum", "openssl", "python3"])
def test_any_program_will_do_for_the_hash(world: World, tool: str) -> None:
    world.tools = ("curl", "minisign", tool)
    if tool == "shasum":
        world.program("shasum", f'[ "$1" = -a ] && exec {need("sha256sum")}')
    assert world.run("-y").code == 0
    assert world.record == ["-b"]


@pytest.mark.parametrize("verifier", VERIFIERS)
def test_the_signature_is_checked_by_what_there_is(world: World, verifier: str) -> None:
    world.tools = ("curl", "sha256sum", *VERIFIERS[verifier])
    done = world.run("-y")
    assert (done.code, done.err) == (0, "")
    assert f"checked with {verifier}" in done.out


@pytest.mark.parametrize("verifier", VERIFIERS)
@pytest.mark.parametrize("attack", ["index", "signature", "comment", "key", "key id", "outer", "none"])
def test_a_wrong_signature_is_noticed_by_all_of_them(world: World, verifier: str, attack: str) -> None:
    world.tools = ("curl", "sha256sum", *VERIFIERS[verifier])
    name = signature_name(8)
    lines = world.files[name].splitlines(keepends=True)
    if attack == "index":
        world.files["index.json"] = world.files["index.json"].replace(b"2026.11", b"2026.12")
    elif attack == "signature":
        lines[1] = lines[1][:40] + (b"A" if lines[1][40:41] != b"A" else b"B") + lines[1][41:]
    elif attack == "comment":
        lines[2] = lines[2].replace(b"version:8", b"version:9")
    elif attack == "outer":
        lines[3] = lines[3][:40] + (b"A" if lines[3][40:41] != b"A" else b"B") + lines[3][41:]
    elif attack == "key id":
        lines[1] = lines[1][:6] + (b"A" if lines[1][6:7] != b"A" else b"B") + lines[1][7:]
    elif attack == "key":
        lines = new_key().sign(world.files["index.json"], lines[2].decode()[17:-1]).splitlines(keepends=True)
    world.files[name] = b"".join(lines)
    if attack == "none":
        del world.files[name]
    done = world.run("-y")
    assert done.code == 12, done
    assert "is not signed with the key" in done.err or "has no signature" in done.err
    assert world.record is None


def test_without_any_means_to_check_the_signature_that_is_said(world: World) -> None:
    world.tools = ("curl", "sha256sum")
    done = world.run("-y")
    assert done.code == 0
    assert "nothing here can check the archive's signature" in done.err
    done = world.run("-y", "--key", world.key.public.text if world.key else "")
    assert done.code == 12


def test_an_openssl_that_is_too_old_is_not_asked(world: World) -> None:
    world.tools = ("curl", "sha256sum", "python3")
    world.program("openssl", "[ $1 = version ] && echo 'LibreSSL 3.3.6'")
    assert "checked with Python" in world.run("-y").out


def test_an_unsigned_archive_is_said_to_be_one(world: World) -> None:
    world.key = None
    world.publish()
    done = world.run("-y")
    assert done.code == 0
    assert "the archive is not signed" in done.err


def test_an_expired_index_is_refused(world: World) -> None:
    world.publish(expires=NOW - timedelta(seconds=1))
    done = world.run("-y")
    assert done.code == 12
    assert "has expired" in done.err
    world.publish(expires=None)
    assert world.run("-y").code == 0


@pytest.mark.parametrize("shell", ["dash", "mksh", "ksh", "zsh"])
def test_a_version_lower_than_before_is_a_rollback(world: World, shell: str) -> None:
    old = dict(world.files)
    world.publish(version=12, script=False)
    assert world.run("-y", shell=shell).code == 0
    world.files.update(old)
    done = world.run("-y", shell=shell)
    assert done.code == 12
    assert "rolled back: it has version 8, and it had 12 before" in done.err


def test_the_script_itself_knows_how_new_the_archive_was(world: World) -> None:
    old = dict(world.files)
    world.publish(version=12)
    world.files.update(old)
    assert "it had 12 before" in world.run("-y").err


def test_other_content_under_the_same_version_is_refused(world: World) -> None:
    assert world.run("-y").code == 0
    world.add(version="2026.12")
    world.publish()
    done = world.run("-y")
    assert done.code == 12
    assert "other content than the last time" in done.err


def test_another_archive_and_a_signature_for_something_else_are_refused(world: World) -> None:
    world.publish(archive="0" * 32, script=False)
    assert "another archive than before" in world.run("-y").err
    world.publish(file="SHA256SUMS", script=False)
    done = world.run("-y")
    assert done.code == 12
    assert "is for something else: keel archive:" in done.err


def test_the_newest_version_with_the_newest_python_is_taken(world: World) -> None:
    for version in ("2026.9", "2026.12", "2027.1rc1"):
        world.add(version=version, python="3.13.1")
    world.add(version="2026.12", python="3.11.7")
    world.publish()

    def chosen(*options: str) -> str:
        return world.run("--dry-run", *options).out.splitlines()[-2].partition(",")[0]

    end = f"Linux-{os.uname().machine}.sh"
    assert chosen() == f"Science-2026.12-py313-{end}"
    assert chosen("--python", "3.12") == f"Science-2026.11-py312-{end}"
    assert chosen("--python=3.11.7") == f"Science-2026.12-py311-{end}"
    assert chosen("--version", "2027.1rc1") == f"Science-2027.1rc1-py313-{end}"
    assert "has no science 1.0" in world.run("-y", "--version", "1.0").err


def test_of_several_products_one_must_be_named(world: World) -> None:
    world.add(name="teaching")
    world.publish()
    done = world.run("-y")
    assert done.code == 2
    assert "There are: science teaching" in done.err
    assert world.run("-y", "--name", "teaching").code == 0
    world.site = world.site.model_copy(update={"featured": "teaching"})
    world.publish()
    assert "Teaching-2026.11" in world.run("--dry-run").out


def test_an_installer_for_a_newer_glibc_is_passed_over(world: World) -> None:
    world.add(version="2026.12", glibc="2.99")
    world.publish()
    done = world.run("-y")
    assert done.code == 0
    assert "needs glibc 2.99 or newer" in done.err
    assert FILE in done.out
    assert world.run("-y", "--version", "2026.12").code == 3


@pytest.mark.parametrize(
    ("programs", "code", "words"),
    [
        ({"uname": "[ $1 = -s ] && echo FreeBSD || echo amd64"}, 3, "no installers for FreeBSD"),
        ({"uname": "[ $1 = -s ] && echo MINGW64_NT-10.0 || echo x86_64"}, 3, "install.ps1"),
        ({"uname": "[ $1 = -s ] && echo Linux || echo riscv64"}, 3, "no installers for Linux on riscv64"),
        ({"getconf": "exit 1", "ldd": "echo 'musl libc (x86_64)' >&2; exit 1"}, 3, "musl instead of glibc"),
        ({"getconf": "[ $1 = LONG_BIT ] && echo 32"}, 3, "32-bit"),
        ({"uname": "[ $1 = -s ] && echo Darwin || echo arm64", "arch": "exit 1"}, 3, "for macos-arm64"),
    ],
)
def test_systems_that_cannot_run_it_are_refused(world: World, programs: dict[str, str], code: int, words: str) -> None:
    for name, body in programs.items():
        world.program(name, body)
    done = world.run("-y")
    assert done.code == code
    assert words in done.err
    assert world.record is None


def test_a_shell_under_rosetta_gets_the_installer_for_apple_silicon(world: World) -> None:
    world.add(platform="macos-arm64", macos="11.0")
    world.add(platform="macos-x86_64", macos="10.15")
    world.publish()
    world.program("uname", "[ $1 = -s ] && echo Darwin || echo x86_64")
    world.program("sysctl", "echo 1")
    world.program("sw_vers", "echo 14.5")
    assert "MacOSX-arm64.sh" in world.run("--dry-run").out
    world.program("sysctl", "exit 1")
    assert "MacOSX-x86_64.sh" in world.run("--dry-run").out
    world.program("sw_vers", "echo 10.14.6")
    assert "needs macOS 10.15 or newer" in world.run("--dry-run").err


def test_an_intel_installer_runs_on_apple_silicon_where_there_is_no_other(world: World) -> None:
    world.add(platform="macos-x86_64", macos="10.15")
    world.publish()
    world.program("uname", "[ $1 = -s ] && echo Darwin || echo arm64")
    world.program("sw_vers", "echo 14.5")
    world.program("arch", "exit 0")
    assert "runs by Rosetta" in world.run("--dry-run").out


def test_a_file_for_another_system_is_only_downloaded(world: World) -> None:
    world.add(platform="windows-x86_64", kind="exe", content=b"MZ")
    world.publish()
    assert world.run("-y", "--platform", "windows-x86_64").code == 2
    assert world.run("--download", "--platform", "windows-x86_64").code == 0
    assert (world.root / "work/Science-2026.11-py312-Windows-x86_64.exe").read_bytes() == b"MZ"


def test_an_archive_on_a_disk_needs_no_network(world: World) -> None:
    disk = world.root / "a disk"
    (disk / "signatures").mkdir(parents=True)
    for name, content in world.files.items():
        (disk / name).write_bytes(content)
    world.tools = ("sha256sum", "minisign")
    assert world.run("-y", "--archive", str(disk)).code == 0
    (disk / "install.sh").write_bytes(world.script.read_bytes())
    done = subprocess.run(
        ["sh", "../a disk/install.sh", "-y"], cwd=world.root / "work", env=world.environment, check=False
    )
    assert done.returncode == 0
    assert world.server.requests == []


def test_the_exit_code_of_the_installer_is_passed_on(world: World) -> None:
    world.env = {"ENDS_WITH": "4"}
    assert world.run("-y").code == 4
    assert world.left_over == []


def test_without_a_terminal_it_demands_to_be_told(world: World) -> None:
    done = world.run(piped=True)
    assert done.code == 2
    assert "to go on without questions: -y" in done.err
    assert world.record is None


@pytest.mark.parametrize(("answer", "code", "record"), [("yes", 0, [""]), ("no", 8, None), ("", 8, None)])
def test_piped_into_a_shell_it_asks_the_terminal(
    world: World, answer: str, code: int, record: list[str] | None
) -> None:
    child = pexpect.spawn(
        "/bin/sh", ["-c", f"cat '{world.script}' | sh"], env=world.environment, cwd=str(world.root), timeout=20,
        encoding="utf-8",
    )  # fmt: skip
    child.expect(r"Download and run it\?")
    child.sendline(answer)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == code
    assert world.record == record


@pytest.mark.parametrize(
    ("shell", "number"),
    [("dash", signal.SIGINT), *((shell, signal.SIGTERM) for shell in SHELLS)],
)
def test_ended_by_a_signal_it_leaves_nothing_behind(world: World, shell: str, number: signal.Signals) -> None:
    waiting, let_go = threading.Event(), threading.Event()

    def slow(request: object, answer: Answer) -> Answer:
        waiting.set()
        return Answer(answer.body, length=10**6, hold=let_go)

    world.change_answer(FILE, slow)
    command = [need(SHELLS[shell][0]), *SHELLS[shell][1:], str(world.script), "-y"]
    running = subprocess.Popen(
        command, env=world.environment, cwd=world.root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    assert waiting.wait(20)
    running.send_signal(number)
    assert running.wait(20) == 128 + number
    let_go.set()
    assert world.left_over == []
    assert world.record is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--nonsense",), "unknown option: --nonsense"),
        (("--name",), "--name needs a value"),
        (("--name=",), "--name needs a value"),
        (("--python", "two"), "--python two is no version"),
        (("--name", "a b;c"), "characters that none can have"),
        (("--platform", "linux[*"), "characters that none can have"),
        (("-b",), "options of the installer follow '--'"),
    ],
)
def test_mistakes_in_options_are_told(world: World, options: Sequence[str], words: str) -> None:
    done = world.run(*options)
    assert done.code == 2
    assert words in done.err
    assert world.server.requests == []


def test_help_tells_the_options_and_asks_nobody(world: World) -> None:
    done = world.run("--help")
    assert (done.code, done.err) == (0, "")
    for option in ("--name", "--version", "--python", "--platform", "--prefix", "--archive", "--dry-run", "--yes"):
        assert option in done.out
    assert world.server.requests == []


def test_what_is_no_archive_and_what_does_not_answer_is_told(world: World) -> None:
    done = world.run("-y", "--archive", "http://127.0.0.1:1")
    assert done.code == 11
    assert "there is no archive at http://127.0.0.1:1" in done.err
    world.files["index.json"] = b"<html>"
    assert "is no archive" in world.run("-y").err
    world.files["index.json"] = b'{"schema": 2,\n'
    assert "of a newer kind" in world.run("-y").err


def test_a_name_that_leaves_the_folder_is_refused(world: World) -> None:
    world.key = None
    world.publish()
    world.files["index.json"] = world.files["index.json"].replace(FILE.encode(), b"../../evil.sh")
    done = world.run("-y")
    assert done.code == 12
    assert "the index of the archive is damaged" in done.err


def test_a_script_that_was_cut_off_on_its_way_does_nothing(world: World) -> None:
    whole = world.script.read_bytes()
    for cut in range(200, len(whole), 1511):
        world.script.write_bytes(whole[:cut])
        world.run("-y", piped=True)
        assert world.server.requests == []
    assert world.record is None
