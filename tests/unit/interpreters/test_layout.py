from pathlib import Path

import pytest

from builder.errors import InterpreterError
from builder.interpreters.layout import check_platform, find_layout
from builder.platforms import PLATFORMS

from .machos import compiled, fat
from .trees import make_prefix

LINUX = PLATFORMS["linux-x86_64"]


@pytest.mark.parametrize("place", ["", "python", "python/install", "Python 3.11 (è)", "package/python"])
def test_a_prefix_is_found_at_the_usual_places(tmp_path: Path, place: str) -> None:
    make_prefix(tmp_path / place, version="3.11.7")
    layout = find_layout(tmp_path, "a.tar.gz")
    assert layout.prefix == tmp_path / place
    assert (layout.minor, layout.version) == ("3.11", "3.11.7")


def test_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "README").write_text("hello")
    with pytest.raises(InterpreterError, match=r"a\.zip does not look like a Python"):
        find_layout(tmp_path, "a.zip")


def test_two_pythons_in_one_prefix_are_refused(tmp_path: Path) -> None:
    make_prefix(tmp_path, version="3.11.7")
    make_prefix(tmp_path, version="3.12.1")
    with pytest.raises(InterpreterError, match=r"several Pythons: python3\.11, python3\.12"):
        find_layout(tmp_path, "a.zip")


def test_a_free_threaded_python_is_refused(tmp_path: Path) -> None:
    make_prefix(tmp_path)
    (tmp_path / "lib/python3.11").rename(tmp_path / "lib/python3.13t")
    with pytest.raises(InterpreterError, match="free-threaded"):
        find_layout(tmp_path, "a.zip")


def test_the_program_must_fit_the_platform(tmp_path: Path) -> None:
    make_prefix(tmp_path / "arm", machine="aarch64", loader="/lib/ld-linux-aarch64.so.1")
    make_prefix(tmp_path / "musl", loader="/lib/ld-musl-x86_64.so.1")
    make_prefix(tmp_path / "right")
    check_platform(find_layout(tmp_path / "right", "x"), LINUX, "x")
    for name, what in (("arm", "linux-aarch64, not for linux-x86_64"), ("musl", "linux-x86_64 with musl")):
        with pytest.raises(InterpreterError, match=what):
            check_platform(find_layout(tmp_path / name, name), LINUX, name)


def test_mac_programs_are_told_by_their_cpu(tmp_path: Path) -> None:
    make_prefix(tmp_path)
    (tmp_path / "bin/python3.11").write_bytes(compiled("program", "arm64"))
    check_platform(find_layout(tmp_path, "x"), PLATFORMS["macos-arm64"], "x")
    with pytest.raises(InterpreterError, match=r"for macos-arm64, not for macos-x86_64"):
        check_platform(find_layout(tmp_path, "x"), PLATFORMS["macos-x86_64"], "x")


def test_a_universal_program_is_for_both_cpus_of_macos(tmp_path: Path) -> None:
    make_prefix(tmp_path)
    (tmp_path / "bin/python3.11").write_bytes(fat(compiled("program", "arm64"), compiled("program", "x86_64")))
    for platform in ("macos-arm64", "macos-x86_64"):
        check_platform(find_layout(tmp_path, "x"), PLATFORMS[platform], "x")
    with pytest.raises(InterpreterError, match="for macos-arm64 and macos-x86_64, not for linux-x86_64"):
        check_platform(find_layout(tmp_path, "x"), PLATFORMS["linux-x86_64"], "x")
