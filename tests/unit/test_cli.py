"""The command line: exit codes, where messages go, and what is printed for machines."""

import json
from pathlib import Path

import pytest

from builder.cache import AREAS
from builder.cli import main

from .matrix import MINOR, Matrix, make_matrix

LABEL = f"py{MINOR.replace('.', '')}"
RECIPE = """\
name: demo
version: "1"
python: "3.11"
platforms: [linux-x86_64]
packages: [numpy, "pywin32; sys_platform == 'win32'"]
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "it's è.yaml"
    path.write_text(RECIPE, encoding="utf-8")
    return path


def code_of(*arguments: object) -> int:
    """The exit code of a command line; 0 when it just returns."""
    try:
        main([str(argument) for argument in arguments])
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_check_lists_the_targets_of_a_good_recipe(recipe: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("check", recipe) == 0
    assert capsys.readouterr().out == "Demo-1-py311-Linux-x86_64  (2 packages)\n"


def test_check_reports_all_mistakes_on_stderr_and_exits_with_2(
    recipe: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe.write_text(RECIPE.replace("packages", "pakages").replace('"1"', "1.10"), encoding="utf-8")
    assert code_of("check", recipe) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert f"error: {recipe}:" in said.err
    assert "did you mean `packages`?" in said.err
    assert "quote it" in said.err
    assert "hint:" in said.err


def test_the_schema_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("schema") == 0
    assert "packages" in json.loads(capsys.readouterr().out)["properties"]


@pytest.mark.parametrize("words", [(), ("--help",), ("build", "--help"), ("cache", "clean", "-h"), ("--version",)])
def test_help_and_version_exit_with_0(words: tuple[str, ...]) -> None:
    assert code_of(*words) == (0 if words else 2)


@pytest.mark.parametrize(
    "words",
    [
        ("nonsense",),
        ("build",),
        ("build", "--jobs", "0", "x"),
        ("check", "/does/not/exist.yaml"),
        ("cache", "clean", "x"),
    ],
)
def test_wrong_usage_exits_with_2(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of(*words) == 2
    assert capsys.readouterr().err


def test_a_format_that_does_not_exist_is_named_with_those_that_do(
    recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of("build", recipe, "--format", "zip", "--cache", tmp_path / "cache") == 1
    assert 'no installer format "zip"' in capsys.readouterr().err


def test_the_cache_is_measured_and_cleaned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "downloads" / ("0" * 64)
    file.parent.mkdir()
    file.write_bytes(bytes(2_000_000))
    assert code_of("cache", "info", "--json", "--cache", tmp_path) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["path"] == str(tmp_path)
    assert told["areas"] == {area: {"files": 0, "bytes": 0} for area in AREAS} | {
        "downloads": {"files": 1, "bytes": 2_000_000}
    }
    assert code_of("cache", "clean", "--older-than", "1", "--cache", tmp_path) == 0
    assert file.exists()
    assert code_of("cache", "clean", "--cache", tmp_path) == 0
    assert not file.exists()
    assert capsys.readouterr().out.endswith("freed 2.0 MB\n")


def test_a_bug_is_told_apart_from_a_mistake(
    recipe: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("of course")

    monkeypatch.setattr("builder.commands.check.targets", broken)
    assert code_of("check", recipe) == 1
    assert "ZeroDivisionError: of course" in capsys.readouterr().err


@pytest.fixture
def matrix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Matrix:
    made = make_matrix(tmp_path)
    made.interpreters()
    made.recipe(more="bytecode: none\n")
    monkeypatch.setenv("UV_CONFIG_FILE", str(tmp_path / "uv.toml"))
    monkeypatch.setenv("KEEL_CACHE", str(tmp_path / "cache"))
    return made


def test_a_dry_run_prints_the_plan_and_a_build_the_installers(
    matrix: Matrix, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe, dist = matrix.folder / "demo.yaml", matrix.folder / "dist"
    assert code_of("build", recipe, "--all", "--dry-run", "--output", dist) == 0
    said = capsys.readouterr()
    assert [line.split()[:2] for line in said.out.splitlines()[2:]] == [
        [f"{LABEL}-linux-x86_64", "sh"],
        [f"{LABEL}-linux-aarch64", "sh"],
        [f"{LABEL}-windows-x86_64", "exe"],
    ]
    assert not dist.exists()
    assert code_of("build", recipe, "--all", "--output", dist) == 0
    said = capsys.readouterr()
    assert [Path(line).suffix for line in said.out.splitlines()] == [".sh", ".sh", ".exe", ".7z"]
    assert "to be built:" in said.err
    assert said.err.splitlines()[-4].split() == [
        "target",
        "Python",
        "packages",
        "bytecode",
        "size",
        "time",
        "reused",
        "result",
    ]


def test_a_target_that_fails_decides_the_exit_code(matrix: Matrix, capsys: pytest.CaptureFixture[str]) -> None:
    broken = matrix.folder / "pythons" / f"linux-aarch64-{MINOR}.tar.gz"
    broken.write_bytes(b"no archive")
    recipe, dist = matrix.folder / "demo.yaml", matrix.folder / "dist"
    code = code_of("build", recipe, "--output", dist)
    assert code not in (0, 12)
    assert not dist.exists()
    capsys.readouterr()
    assert code_of("build", recipe, "--output", dist, "--keep-going") == 12
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 2
    assert f"error: 1 of 3 targets failed:\n{LABEL}-linux-aarch64: " in said.err
    assert code_of("lock", recipe) == code
    assert len(capsys.readouterr().out.splitlines()) == 2
