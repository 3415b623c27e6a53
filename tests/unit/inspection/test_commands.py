"""`keel-builder show`, `verify` and `diff`."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from builder.lock import Lock, LockedInterpreter, LockedWheel, write_lock
from builder.lock_inputs import Inputs
from tests.unit.locks import make_target
from tests.unit.test_cli import code_of
from tests.unit.wheels import make_wheel, sha256

from .making import FORMATS, Making


@pytest.fixture
def newer(making: Making, tmp_path: Path) -> Making:
    """The next version: demo 1.10 instead of 1.2, helper built anew and now in the base, extra instead of nothing."""
    folder = tmp_path / "new er"
    wheels = [make_wheel(folder, "demo", "1.10"), make_wheel(folder, "helper", "0.1", {"helper.py": "new = 1\n"})]
    return replace(
        making,
        folder=folder,
        wheels=[*wheels, make_wheel(folder, "extra", "3")],
        base=["demo", "helper"],
        version="2.0",
    )


@pytest.mark.parametrize("format", FORMATS)
def test_show_prints_facts_and_a_package_a_line_in_a_pipe(
    format: str, installers: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of("show", installers[format]) == 0
    out = capsys.readouterr().out
    assert "product:     demo 1.0 by Äcme" in out
    oldest = {"linux": ", glibc 2.17 or later", "macos": ", macOS 12.0 or later"}
    assert f"platform:    {FORMATS[format]}{oldest.get(FORMATS[format].split('-')[0], '')}\n" in out
    assert "packages:    1 in the base, 2 in all" in out
    rows = [line.split("\t") for line in out.splitlines() if "\t" in line]
    assert rows[0] == ["name", "version", "size", "license", "base", "sha256", "wheel"]
    assert [(row[0], row[1], row[4]) for row in rows[1:]] == [("demo", "1.2", "base"), ("helper", "0.1", "store")]


def test_show_json_is_complete(installers: dict[str, Path], making: Making, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("show", installers["pkg"], "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["schema"], shown["format"], shown["sha256"]) == (1, "pkg", sha256(installers["pkg"]))
    assert shown["interpreter"]["source"] == "pbs"
    assert (shown["glibc"], shown["macos"]) == (None, "12.0")
    assert shown["packages"][1]["wheel"] == making.wheels[1].name


def test_verify_checks_all_files_and_exits_with_10_for_one_that_is_damaged(
    installers: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "it's è.exe"
    data = installers["exe"].read_bytes()
    broken.write_bytes(data[:-50] + b"x" + data[-49:])
    assert code_of("verify", broken, *installers.values()) == 10
    said = capsys.readouterr()
    assert said.out.count("intact") == len(FORMATS)
    assert f"error: {broken}: the installer is damaged" in said.err


def test_verify_looks_at_the_hash_file_beside_an_installer(
    making: Making, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = replace(making, folder=tmp_path).write("sh")
    beside = tmp_path / f"{path.name}.sha256"
    beside.write_text(f"{sha256(path)}  {path.name}\n")
    assert code_of("verify", path) == 0
    assert f"as {beside.name} says" in capsys.readouterr().out
    beside.write_text(f"{'0' * 64} *{path.name}\n")
    assert code_of("verify", path) == 10
    assert "beside it says 000" in capsys.readouterr().err
    beside.write_text(f"{sha256(path)}  other.sh\n")
    assert code_of("verify", path) == 10


def test_diff_says_what_was_added_removed_and_changed(
    installers: dict[str, Path], newer: Making, capsys: pytest.CaptureFixture[str]
) -> None:
    after = newer.write("sh")
    assert code_of("diff", installers["sh"], after) == 0
    out = capsys.readouterr().out
    assert "added (1)\n  extra 3\n" in out
    assert (
        "changed (2)\n  demo 1.2 → 1.10\n  helper 0.1: helper-0.1-py3-none-any.whl was rebuilt; in the store only"
        in out
    )
    assert "removed" not in out
    assert code_of("diff", installers["sh"], after, "--exit-code") == 11
    capsys.readouterr()
    assert code_of("diff", after, installers["sh"], "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [package["name"] for package in found["removed"]] == ["extra"]
    assert [(change["name"], change["what"]) for change in found["changed"]] == [
        ("demo", ["version"]), ("helper", ["wheel", "base"]),
    ]  # fmt: skip
    assert found["same_target"]
    assert not found["equal"]


def test_diff_knows_no_difference_between_formats_of_one_base(
    installers: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of("diff", installers["exe"], installers["7z"], "--exit-code") == 0
    assert "The packages are the same." in capsys.readouterr().out


def test_diff_between_targets_compares_versions_and_not_files(
    installers: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of("diff", installers["exe"], installers["pkg"], "--exit-code") == 11
    out = capsys.readouterr().out
    assert "not the same" in out
    assert "The packages are the same." in out


def test_a_lock_can_be_shown_and_compared(
    installers: dict[str, Path], making: Making, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = make_target(tmp_path, "packages: [demo]\n")
    locked = LockedInterpreter(
        source="pbs", version="3.11.7", build="20260901", url=None, sha256="ab" * 32, glibc="2.17"
    )
    wheels = tuple(
        LockedWheel(name=wheel.name.split("-")[0], version=wheel.name.split("-")[1], filename=wheel.name,
                    sha256=sha256(wheel), path=wheel)
        for wheel in making.wheels
    )  # fmt: skip
    lock = Lock(
        recipe="demo", version="1.0", python="3.11", platform="linux-x86_64", inputs=Inputs.of(target, "3.11.7"),
        interpreter=locked, wheels=wheels, bytecode=target.recipe.bytecode,
    )  # fmt: skip
    path = tmp_path / "pylock.demo-py311-linux-x86_64.toml"
    write_lock(lock, path)
    assert code_of("show", path) == 0
    assert "(lock)" in capsys.readouterr().out
    assert code_of("diff", path, installers["sh"], "--exit-code") == 0


@pytest.mark.parametrize("command", ["show", "verify", "diff"])
def test_a_file_that_is_no_installer_is_an_error_of_its_own(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("hello")
    assert code_of(command, path, *([path] if command == "diff" else [])) == 10
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        f"error: {path}: it is no installer that Keel made\n"
        "hint: give a file that keel-builder built: .sh, .exe, .pkg or .7z\n"
    )
