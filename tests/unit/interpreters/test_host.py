from dataclasses import replace
from pathlib import Path

import pytest

from builder.errors import InterpreterError
from builder.interpreters import find_interpreter
from builder.interpreters.host_facts import HostFacts, check_host
from builder.interpreters.model import UnavailableError

from .elves import write_elf
from .trees import LOADER, wanted


@pytest.fixture
def facts(tmp_path: Path) -> HostFacts:
    """A Python that can be moved."""
    prefix = tmp_path / "it's è"
    return HostFacts(
        implementation="cpython", version="3.11.7", final=True, prefix=str(prefix), exec_prefix=str(prefix),
        executable=str(write_elf(prefix / "bin/python3.11", loader=LOADER)), stdlib=str(prefix / "lib/python3.11"),
        debug=False, free_threaded=False, debian=False, ensurepip=True, libdir=str(prefix / "lib"),
    )  # fmt: skip


def test_an_ordinary_build_is_accepted(facts: HostFacts) -> None:
    check_host(facts)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"implementation": "pypy"}, "is pypy, not CPython"),
        ({"final": False}, "pre-release"),
        ({"debug": True}, "debug build"),
        ({"free_threaded": True}, "free-threaded build"),
        ({"debian": True}, "belongs to the system"),
        ({"prefix": "/usr", "exec_prefix": "/usr", "stdlib": "/usr/lib/python3.11"}, "belongs to the system"),
        ({"stdlib": "/usr/lib64/python3.11"}, "unusual place"),
        ({"ensurepip": False}, "no ensurepip"),
        ({"exec_prefix": "/elsewhere"}, "elsewhere"),
    ],
)
def test_what_cannot_be_moved_is_refused(facts: HostFacts, change: dict[str, object], message: str) -> None:
    with pytest.raises(UnavailableError, match=message) as caught:
        check_host(replace(facts, **change))  # type: ignore[arg-type]
    assert caught.value.hint


@pytest.mark.parametrize(
    ("loader", "message"),
    [
        ("/lib/ld-musl-x86_64.so.1", "musl"),
        ("/nix/store/abc-glibc-2.40/lib/ld-linux-x86-64.so.2", "C library of its own"),
        (None, "not a dynamic program"),
    ],
)
def test_a_foreign_loader_is_refused(facts: HostFacts, loader: str | None, message: str) -> None:
    write_elf(Path(facts.executable), loader=loader)
    with pytest.raises(UnavailableError, match=message):
        check_host(facts)


def test_a_host_of_another_platform_is_refused_without_asking_it(tmp_path: Path) -> None:
    wish = wanted(tmp_path, platform="macos-arm64", interpreter=["host"])
    with pytest.raises(InterpreterError, match="this machine is linux-x86_64, and the target is macos-arm64"):
        find_interpreter(wish.target, wish.settings)


def test_a_host_that_does_not_answer_is_named(tmp_path: Path) -> None:
    wish = wanted(tmp_path, interpreter=["host"])
    with pytest.raises(InterpreterError, match="no-python does not answer"):
        find_interpreter(wish.target, wish.settings)
