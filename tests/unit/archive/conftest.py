"""Real installers, made once."""

from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
import pytest

from builder.archive.folder import FolderPlace
from builder.archive.object_store import ObjectPlace
from builder.archive.place import Place, open_place
from tests.unit.inspection.making import Making
from tests.unit.wheels import make_wheel


@pytest.fixture(scope="session")
def installers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """By version: 1.0, 1.1 and 2.0rc1 for Linux; "exe" and "7z": 1.1 for Windows."""
    folder = tmp_path_factory.mktemp("archive") / "it's è"
    wheels = [make_wheel(folder, "demo", "1.2", {"demo.py": "x = 1\n"}), make_wheel(folder, "helper", "0.1")]

    def make(version: str, format: str = "sh") -> Path:
        return Making(folder=folder, wheels=wheels, base=["demo"], version=version).write(format)

    made = {version: make(version) for version in ("1.0", "1.1", "2.0rc1")}
    return {**made, "exe": make("1.1", "exe"), "7z": make("1.1", "7z")}


@pytest.fixture
def folder(tmp_path: Path) -> FolderPlace:
    return FolderPlace(tmp_path / "an 'archive' è")


@pytest.fixture
def memory() -> Iterator[ObjectPlace]:
    filesystem = fsspec.filesystem("memory")
    filesystem.store.clear()
    yield open_place("memory://archive/it's è")  # type: ignore[misc]
    filesystem.store.clear()


@pytest.fixture(params=["folder", "memory"])
def place(request: pytest.FixtureRequest) -> Place:
    found: Callable[[], Place] = request.getfixturevalue(request.param)
    return found  # type: ignore[return-value]
