"""The script that comes out of the templates."""

import io
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder import engine as engines
from builder.errors import BuilderError
from builder.installers import FORMATS, find_format, sh
from builder.installers.cksum import posix_checksum
from builder.installers.shell import quote
from builder.platforms import PLATFORMS
from builder.resources import TEMPLATES
from tests.conftest import need, skip_unless

from .conftest import FACTS, Box, BoxMaker, StubPayload, make_installer

UNIX = TEMPLATES / "unix"
HOSTILE = 'x\'; touch evil; echo "$(touch evil)`touch evil`" \\\n@@name@@ {{ name }} {% if %} # \u00e8'


def fake_target(platform: str) -> Any:
    """As much of a target as formats look at."""
    return SimpleNamespace(platform=PLATFORMS[platform], stem="Starter-2026.11-py311-Linux-x86_64")


@given(st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"])))
@settings(max_examples=40, deadline=None)
def test_a_quoted_text_is_one_word_of_shell(text: str) -> None:
    script = f"printf '%s.' {quote(text)}".encode()
    assert subprocess.run(["sh"], input=script, capture_output=True, check=True).stdout.decode() == f"{text}."


@pytest.mark.parametrize("text", ["nul\0", "half a letter \ud800"])
def test_what_no_script_can_hold_is_refused(text: str) -> None:
    with pytest.raises(BuilderError, match="cannot be written into a shell script"):
        quote(text)


def test_line_ends_of_a_license_become_plain() -> None:
    assert quote("a\r\nb\rc") == "'a\nb\nc'"


def test_no_fact_can_inject_commands(make_box: BoxMaker, box: Box) -> None:
    texts = dict.fromkeys(("name", "title", "version", "company", "python", "label", "license"), HOSTILE)
    make_installer(box.installer, **texts)
    assert box.run("--version").out == f"{HOSTILE} {HOSTILE} (Python {HOSTILE}, {HOSTILE})\n"
    assert box.run("--help").code == 0
    assert box.run(text="yes\n~/x\nno\n").code == 0
    assert not list(box.root.rglob("evil"))


def shellcheck(script: bytes) -> None:
    # It lies beside the Python of the development environment.
    program = shutil.which("shellcheck", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    skip_unless(program, "shellcheck is not installed")
    done = subprocess.run([str(program), "-s", "sh", "-"], input=script, capture_output=True, check=False)
    assert done.stdout.decode() == ""


def test_shellcheck_finds_nothing_in_the_templates() -> None:
    names = ["first_block.sh", *sh.SCRIPT]
    shellcheck(b"".join((UNIX / name).read_bytes() for name in names))


def test_shellcheck_finds_nothing_in_a_rendered_script(tmp_path: Path) -> None:
    data = make_installer(tmp_path / "x.sh", license="Be nice.").read_bytes()
    shellcheck(data[: data.index(b"\nexit\n") + 6])


def test_templates_are_short_and_have_plain_line_ends() -> None:
    for path in UNIX.glob("*.sh"):
        lines = path.read_bytes().split(b"\n")
        assert len(lines) < 400
        assert b"\r" not in path.read_bytes()


def test_the_same_facts_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = make_installer(tmp_path / "1"), make_installer(tmp_path / "2")
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 4097, 20_000])
def test_parts_start_at_blocks_and_the_engine_keeps_its_size(tmp_path: Path, size: int) -> None:
    engine = bytes(range(256)) * 100
    stream = io.BytesIO()
    sh.write_parts(StubPayload(), FACTS, engine[:size], stream)
    data = stream.getvalue()
    literals = dict(line.split()[0].split("=") for line in data[:4096].decode().splitlines() if line[:7] in KEYS)
    start, offset = int(literals["script_blocks"]) * 4096, int(literals["payload_offset"])
    assert data[start : start + int(literals["engine_size"])] == engine[:size]
    assert start + int(literals["engine_blocks"]) * 4096 == offset
    assert data[offset:].startswith(b"\x89KEEL")
    assert len(data) == int(literals["file_size"])


KEYS = {"script_", "engine_", "payload", "file_si"}


@pytest.mark.parametrize("data", [b"", b"a", b"keel" * 1000, bytes(70_000)])
def test_the_checksum_is_that_of_cksum(data: bytes) -> None:
    done = subprocess.run([need("cksum")], input=data, capture_output=True, check=True)
    assert posix_checksum(data) == int(done.stdout.split()[0])


@pytest.mark.parametrize("platform", ["linux-x86_64", "linux-aarch64", "macos-x86_64", "macos-arm64"])
def test_sh_is_made_for_linux_and_macos(platform: str) -> None:
    target = fake_target(platform)
    assert find_format("sh", target) is FORMATS["sh"]
    assert FORMATS["sh"].filename(target) == "Starter-2026.11-py311-Linux-x86_64.sh"
    assert sh.render_script(FACTS)


def test_sh_is_not_made_for_windows() -> None:
    with pytest.raises(BuilderError, match="windows-arm64 has no sh installers"):
        find_format("sh", fake_target("windows-arm64"))


def test_a_format_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(BuilderError, match='no installer format "rpm"') as caught:
        find_format("rpm", fake_target("linux-x86_64"))
    assert caught.value.hint == "there is: sh, pkg, exe, 7z"


def test_a_missing_engine_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(engines, "_PREBUILT", tmp_path)
    with pytest.raises(BuilderError, match="no engine for linux-x86_64") as caught:
        engines.read_engine(PLATFORMS["linux-x86_64"])
    assert "build_engine" in str(caught.value.hint)
