"""An installer of each format, made once."""

from pathlib import Path

import pytest

from tests.unit.wheels import make_wheel

from .making import FORMATS, Making


@pytest.fixture(scope="session")
def making(tmp_path_factory: pytest.TempPathFactory) -> Making:
    folder = tmp_path_factory.mktemp("inspect") / "it's è"
    # Large enough for damage to have a place in it that is not in some header.
    noise = bytes((number * number >> 3) & 255 for number in range(50_000))
    wheels = [
        make_wheel(folder, "demo", "1.2", {"demo.py": "x = 1\n", "demo/data.bin": noise}, scripts={"demo": "demo:x"}),
        make_wheel(folder, "helper", "0.1"),
    ]
    return Making(folder=folder, wheels=wheels, base=["demo"])


@pytest.fixture(scope="session")
def installers(making: Making) -> dict[str, Path]:
    return {format: making.write(format) for format in FORMATS}
