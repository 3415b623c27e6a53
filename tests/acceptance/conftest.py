"""Real installers, built once a session from the shipped recipes and installed into awkward places."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from builder.cache import Cache
from tests.conftest import ROOT, TEST_CACHE

if TYPE_CHECKING:
    from .wine import Wine

LIBRARY = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
ODD = 'it\'s "odd" è 中 片'


@dataclass(frozen=True)
class Done:
    """A finished program: exit code, and what it said on both streams."""

    code: int
    out: str
    err: str


def run(
    *command: object,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    code: int | None = 0,
    text: str | None = None,
    timeout: float = 600,
) -> Done:
    """Run a program to its end; fails unless it exits with `code` (None: any). Standard input is `text`, or empty."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=env,
        input=text or "",
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    result = Done(done.returncode, done.stdout, done.stderr)
    assert code is None or done.returncode == code, f"{command}: {result}"
    return result


def keel_builder(*arguments: object, cache: Path | None = None, code: int | None = 0) -> Done:
    """The command as users run it, with a cache that outlives the session."""
    env = {**os.environ, "KEEL_CACHE": str(cache or TEST_CACHE / "builder")}
    return run(sys.executable, "-m", "builder", *arguments, cwd=ROOT, env=env, code=code, timeout=1800)


def build(recipe: Path, output: Path, *options: object) -> Path:
    """Build the one installer of `recipe` and return its path."""
    done = keel_builder("build", recipe, "--output", output, *options)
    return Path(done.out.strip())


def clean_environment(home: Path, **more: str) -> dict[str, str]:
    """What a user's shell would have, and nothing of this session."""
    return {"HOME": str(home), "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", **more}


def install(installer: Path, prefix: Path, *options: str, code: int | None = 0, shell: Sequence[str] = ("sh",)) -> Done:
    home = prefix.parent
    return run(*shell, installer, "-b", "-p", prefix, *options, env=clean_environment(home), code=code)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests of a folder that share an installer or a base run in one process, after each other."""
    for item in items:
        if Path(__file__).parent in item.path.parents and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group("acceptance"))


@pytest.fixture(scope="session")
def setup_wine(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Wine]":
    """A Windows of its own, for all tests of the installer."""
    from .wine import Wine, make_wine

    made = Wine(tmp_path_factory.mktemp("wine"))
    make_wine(made)
    yield made
    made.close()


@pytest.fixture(scope="session")
def frame_cache(tmp_path_factory: pytest.TempPathFactory) -> Cache:
    """For the frames of small installers."""
    return Cache(tmp_path_factory.mktemp("frames"))


@pytest.fixture(scope="session")
def starter_installer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`recipes/starter.yaml` with the Python that runs the tests."""
    return build(ROOT / "recipes/starter.yaml", tmp_path_factory.mktemp("dist"), "--interpreter", "host")


@pytest.fixture(scope="session")
def starter_base(starter_installer: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The prefix of an installed starter base; shared: tests must not change it, or put back what they did."""
    prefix = tmp_path_factory.mktemp("base") / ODD
    install(starter_installer, prefix)
    return prefix


def contents(folder: Path) -> dict[str, str]:
    """Path -> hash of every file below `folder`."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


class Keel:
    """The base's `keel`, and the environments that a test makes with it."""

    def __init__(self, prefix: Path, home: Path) -> None:
        self.prefix = prefix
        self.env = clean_environment(home)

    def __call__(self, *arguments: object, code: int = 0) -> str:
        done = run(self.prefix / "cmd/keel", *arguments, env=self.env, code=code)
        return done.out if code == 0 else done.err

    def path(self, name: str) -> Path:
        return self.prefix / "envs" / name

    def run(self, name: str, program: str, *arguments: object, code: int = 0) -> str:
        return run(self.path(name) / "bin" / program, *arguments, env=self.env, code=code).out


@pytest.fixture
def keel(starter_base: Path, tmp_path: Path) -> Iterator[Keel]:
    """Fails the test if it changes the store; removes its environments."""
    store = contents(starter_base / "pkgs")
    yield Keel(starter_base, tmp_path)
    for folder in (starter_base / "envs").iterdir():
        shutil.rmtree(folder)
    assert contents(starter_base / "pkgs") == store


from tests.acceptance.wine_session import wine  # noqa: E402, F401  # the fixture; it needs `Done` from above
