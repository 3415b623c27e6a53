"""publish, key and serve as they are typed."""

import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pexpect
import pytest

from builder.archive import keys
from builder.archive.folder import FolderPlace
from builder.archive.index import Index
from builder.archive.minisign import parse_public

from ...conftest import ROOT
from ..test_cli import code_of
from .making import CHEAP, KEY, read_as_a_client

Installers = dict[str, Path]


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KEEL_KEY_PASSPHRASE", "pässword")
    monkeypatch.delenv("KEEL_KEY", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "acme's è.key"
    path.write_bytes(KEY.to_file("pässword", CHEAP))
    return path


def published(path: Path = Path("archive")) -> Index | None:
    """Of today, as tests of the library have times of their own."""
    from datetime import UTC, datetime

    return read_as_a_client(FolderPlace(path), now=datetime.now(UTC))


def test_publish_makes_a_signed_archive(installers: Installers, key: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("publish", installers["1.0"], "--to", "archive", "--key", key) == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[0] == "added: Demo-1.0-py311-Linux-x86_64.sh"
    assert re.search(r"archive: version 1, 1 installer, signed by 0706050403020100, good until \d{4}-", said.out)
    assert published() is not None
    assert Path("archive/index.html").read_text("utf-8").startswith("<!DOCTYPE html>")


def test_publish_says_how_install_sh_learns_the_address(
    installers: Installers, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of("publish", installers["1.0"], "--to", "archive", "--key", key) == 0
    assert "`url: https://…` in archive.yaml" in " ".join(capsys.readouterr().err.split())
    Path("archive.yaml").write_text("url: https://python.acme.example\n")
    assert code_of("publish", "--to", "archive", "--key", key, "--site", "archive.yaml") == 0
    assert "archive.yaml" not in capsys.readouterr().err


def test_verify_tells_a_signature_that_was_not_checked_from_none(
    installers: Installers, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of("publish", installers["1.0"], "--to", "signed", "--key", key) == 0
    assert code_of("publish", installers["1.0"], "--to", "open") == 0
    assert code_of("verify", "--archive", "signed") == code_of("verify", "--archive", "open") == 0
    out = capsys.readouterr().out
    assert "1 installer, its signature not checked" in out
    assert "1 installer, not signed" in out


def test_the_key_can_come_from_the_environment(
    installers: Installers, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEEL_KEY", str(key))
    assert code_of("publish", installers["1.0"], "--to", "archive", "-q") == 0
    assert published() is not None


def test_an_archive_that_was_put_back_is_noticed(
    installers: Installers, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of("publish", installers["1.0"], "--to", "archive", "--key", key) == 0
    shutil.copytree("archive", "copy")
    assert code_of("publish", installers["1.1"], "--to", "archive", "--key", key) == 0
    shutil.rmtree("archive")
    Path("copy").rename("archive")
    assert code_of("publish", installers["1.1"], "--to", Path("archive").absolute(), "--key", key) == 9
    assert "rolled back: version 1 is older than 2" in capsys.readouterr().err
    assert code_of("publish", installers["1.1"], "--to", "archive", "--key", key, "--forget") == 0


def test_publish_without_a_key_says_so(installers: Installers, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("publish", installers["1.0"], "--to", "archive") == 0
    assert "note: the archive is not signed" in capsys.readouterr().err


def test_a_dry_run_changes_nothing(installers: Installers, key: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("publish", installers["1.0"], "--to", "archive", "--key", key, "--dry-run") == 0
    assert "would be added: Demo-1.0-" in capsys.readouterr().out
    assert not Path("archive").exists()


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["{1.1}", "--key", "gone.key"], 9, "the key gone.key cannot be read: No such file"),
        (["{1.1}", "--key", "{1.0}"], 9, "not a secret key of minisign"),
        (["{1.1}"], 9, "is signed, and no key was given"),
        (["{1.1}", "--key", "{key}", "--prune", "weeks=3"], 2, '"weeks=3" is no rule'),
        (["{1.1}", "--key", "{key}", "--site", "gone.yaml"], 2, "gone.yaml"),
        (["gone.sh", "--key", "{key}"], 10, "gone.sh does not exist"),
        (["{key}", "--key", "{key}"], 10, "it is no installer that Keel made"),
        (["{1.1}", "--key", "{key}", "--withdraw", "x.sh"], 6, "not in the archive: x.sh"),
    ],
)
def test_mistakes_are_explained_and_change_nothing(
    installers: Installers, key: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int, message: str
) -> None:
    assert code_of("publish", installers["1.0"], "--to", "archive", "--key", key) == 0
    before = {path: path.read_bytes() for path in Path("archive").rglob("*") if path.is_file()}
    capsys.readouterr()
    given = {"{key}": key, **{f"{{{name}}}": path for name, path in installers.items()}}
    assert code_of("publish", *(given.get(word, word) for word in words), "--to", "archive") == code
    said = capsys.readouterr().err
    assert message in said
    assert "hint:" in said or code == 2
    assert {path: path.read_bytes() for path in Path("archive").rglob("*") if path.is_file()} == before


def test_a_wrong_passphrase_changes_nothing(
    installers: Installers, key: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEEL_KEY_PASSPHRASE", "password")
    assert code_of("publish", installers["1.0"], "--to", "archive", "--key", key) == 9
    assert "the passphrase of the secret key is wrong" in capsys.readouterr().err
    assert not Path("archive").exists()


def test_without_a_terminal_the_passphrase_must_be_given(
    installers: Installers, key: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KEEL_KEY_PASSPHRASE")
    assert code_of("publish", installers["1.0"], "--to", "archive", "--key", key) == 9
    assert "set KEEL_KEY_PASSPHRASE in the environment" in capsys.readouterr().err
    monkeypatch.setenv("KEEL_KEY_PASSPHRASE", "")
    assert code_of("publish", installers["1.0"], "--to", "archive", "--key", key) == 9
    assert "the passphrase is empty" in capsys.readouterr().err


def test_a_new_key_is_shown_as_users_pin_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builder.commands.key.make_key", lambda *words: keys.make_key(*words, CHEAP))
    assert code_of("key", "new", "--output", "x.key") == 0
    text = capsys.readouterr().out.strip()
    assert parse_public(text) == parse_public(Path("x.pub").read_text())
    for file in ("x.pub", "x.key"):
        assert code_of("key", "public", file) == 0
        assert capsys.readouterr().out.strip() == text
    assert code_of("key", "new", "--output", "x.key") == 6


def test_on_a_terminal_the_passphrase_is_asked_for_and_not_shown(key: Path) -> None:
    environ = {name: value for name, value in os.environ.items() if name != "KEEL_KEY_PASSPHRASE"}
    command = [sys.executable, "-m", "builder", "key", "public", str(key)]
    child = pexpect.spawn(command[0], command[1:], env={**environ, "PYTHONPATH": str(ROOT)}, timeout=60)
    child.expect("passphrase of .*key: ")
    child.sendline("pässword")
    child.expect(re.escape(KEY.public.text))
    child.expect(pexpect.EOF)
    assert b"ssword" not in (child.before or b"")
    child.close()
    assert child.exitstatus == 0


def test_serve_prints_its_address_and_ends_with_control_c(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_bytes(b"<p>hello")
    command = [sys.executable, "-m", "builder", "serve", str(tmp_path), "--port", "0"]
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as process:
        assert process.stdout is not None
        try:
            address = process.stdout.readline().split()[0]
            with urllib.request.urlopen(address, timeout=20) as answer:
                assert answer.read() == b"<p>hello"
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(20)
            finally:
                process.kill()
    assert process.returncode == 0


def test_serve_says_why_it_cannot_listen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("serve", tmp_path, "--host", "203.0.113.1", "--port", "0") == 1
    assert "cannot listen on 203.0.113.1" in capsys.readouterr().err
