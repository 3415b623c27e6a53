"""Several targets in one command, and bytecode that the installer makes: built, installed, compared."""

from pathlib import Path

import pytest

from tests.unit.loopback import Answer, Request, serving

from .conftest import Done, install, keel_builder, run
from .windows_bases import MINOR, NATIVE, PYTHON, pages

PLATFORMS = "[linux-x86_64, windows-x86_64, macos-arm64]"
RECIPE = """\
name: all
version: "1"
python: "{minor}"
platforms: {platforms}
packages: [rich]
build_tools: false
compression: fast
bytecode: {bytecode}
interpreter: [host, {{python.org: {{mirror: '{mirror}'}}}}]
"""


def build(folder: Path, *options: object, platforms: str, bytecode: str = "auto", code: int = 0) -> Done:
    """`keel-builder build` with a Python for Linux (this one) and one for Windows (python.org's, from a mirror)."""
    content = pages(PYTHON)

    def answer(request: Request) -> Answer:
        return Answer(content.get(request.path, b""), status=200 if request.path in content else 404)

    with serving(answer) as server:
        recipe = folder / "all.yaml"
        mirror = f"{server.url}/ftp/python"
        recipe.write_text(RECIPE.format(minor=MINOR, platforms=platforms, bytecode=bytecode, mirror=mirror))
        return keel_builder("build", recipe, "--output", folder / "dist", *options, code=code)


@pytest.mark.skipif(not NATIVE, reason="the host's Python is another minor version than the one for Windows")
def test_one_command_makes_what_can_be_made_and_tells_the_rest(tmp_path: Path) -> None:
    done = build(tmp_path, "--all", "--keep-going", platforms=PLATFORMS, code=12)
    stem = f"All-1-py{MINOR.replace('.', '')}"
    names = [f"{stem}-Linux-x86_64.sh", f"{stem}-Windows-x86_64.exe", f"{stem}-Windows-x86_64.7z"]
    assert [Path(line).name for line in done.out.splitlines()] == names
    assert all(Path(line).is_file() for line in done.out.splitlines())
    assert "1 of 3 targets failed" in done.err
    assert f"py{MINOR.replace('.', '')}-macos-arm64: no source has Python {MINOR} for macos-arm64" in done.err
    [linux, windows, macos] = done.err.split("result:")[1].splitlines()[2:5]
    assert linux.split()[-1] == "sh"
    assert windows.split()[-2:] == ["exe", "7z"]
    assert macos.split()[-1] == "failed"
    assert f"build {MINOR}." in windows  # the host's Python has made its bytecode


def pycs(base: Path) -> set[str]:
    return {path.relative_to(base).as_posix() for path in base.rglob("*.pyc")}


def test_an_installer_without_bytecode_makes_it_as_it_would_have_been_shipped(tmp_path: Path) -> None:
    bases = {}
    for bytecode in ("build", "install"):
        folder = tmp_path / bytecode
        folder.mkdir()
        installer = Path(build(folder, platforms="[linux-x86_64]", bytecode=bytecode).out.strip())
        bases[bytecode] = folder / "it's a base è"
        said = install(installer, bases[bytecode])
        assert ("compiling modules" in said.out) == (bytecode == "install")
        assert said.err == ""
    made = pycs(bases["install"])
    assert made == pycs(bases["build"])
    assert len(made) > 1000
    base = bases["install"]
    one = base / sorted(name for name in made if "site-packages/rich/" in name)[0]
    assert one.stat().st_nlink > 1
    run(base / "cmd/keel", "check", env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"})
    sizes = [path.stat().st_size for path in sorted(tmp_path.glob("*/dist/*.sh"))]
    assert sizes[1] < sizes[0]
