"""Targets, settings and interpreters for tests of locks and resolution: small wheels, no network."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from builder.cache import Cache
from builder.errors import BuilderError
from builder.fetch import Fetcher
from builder.interpreters import Interpreter
from builder.lock import Lock
from builder.locking import Case, LockMode, lock_targets
from builder.report import SilentReporter
from builder.resolve import resolve
from builder.settings import Host, Settings, current_host
from builder.target import Target, targets

from .recipes import load, write

# The tools would be needed as wheels, too; pip always is.
SMALL = 'name: demo\nversion: "1.0"\nbuild_tools: false\n'


class Notes(SilentReporter):
    """Remembers steps, warnings and tables (title and rows)."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.warnings: list[str] = []
        self.tables: list[tuple[str, list[Sequence[str]]]] = []

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        self.tables.append((title, list(rows)))

    def step(self, text: str) -> None:
        self.steps.append(text)

    def warn(self, text: str) -> None:
        self.warnings.append(text)


def make_target(folder: Path, text: str, *, python: str = "3.11", platform: str = "linux-x86_64") -> Target:
    """The target of a recipe that is written to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    if "bytecode" not in text:
        text += "bytecode: none\n"  # else it matters which Pythons this machine has
    [target] = targets(load(write(folder, SMALL + text)), pythons=[python], platforms=[platform])
    return target


def make_settings(
    folder: Path, *, offline: bool = False, env: Mapping[str, str] | None = None, host: Host | None = None
) -> Settings:
    """Settings with a cache in `folder`; `env`: without any configuration of pip or uv unless given."""
    cache, reporter = Cache(folder / "cäche"), Notes()
    home = {"HOME": str(folder / "home"), "PATH": "/usr/bin:/bin", "XDG_CONFIG_DIRS": str(folder / "etc")}
    return Settings(
        cache=cache,
        fetcher=Fetcher(cache, reporter, offline=offline),
        reporter=reporter,
        host=host or current_host(),
        offline=offline,
        env={**home, "UV_HTTP_RETRIES": "0", **(env or {})},
    )


def make_interpreter(version: str = "3.11.7", *, glibc: str | None = "2.17", sha256: str = "a" * 64) -> Interpreter:
    """An interpreter that cannot be run."""
    return Interpreter(
        source="url",
        version=version,
        build="20260901",
        url="https://me:secret@host.example/python.tar.gz",
        sha256=sha256,
        tree=Path("/nonexistent"),
        glibc=glibc,
    )


def other_host(**facts: str) -> Host:
    return replace(current_host(), **facts)


def lock_target(
    target: Target,
    interpreter: Interpreter,
    settings: Settings,
    mode: LockMode,
    *,
    resolver: Callable[..., Lock] = resolve,
) -> Lock:
    """The lock of a single target; raises what `lock_targets` gives."""
    [outcome] = lock_targets([Case(target=target, interpreter=interpreter)], settings, mode, resolver=resolver)
    if isinstance(outcome, BuilderError):
        raise outcome
    return outcome
