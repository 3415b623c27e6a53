"""Helpers for tests of recipes."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from builder.errors import RecipeError
from builder.recipe import Recipe, RecipeFile, load_recipe
from builder.target import targets

HEAD = 'name: demo\nversion: "1.0"\n'
Write = Callable[[str], Path]


def load(path: Path, env: Mapping[str, str] | None = None) -> RecipeFile:
    return load_recipe(path, env=env or {}, default_python="3.11", default_platform="linux-x86_64")


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "recipe.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    return path


def recipe_of(folder: Path, text: str, env: Mapping[str, str] | None = None) -> Recipe:
    """The recipe of the first target."""
    return targets(load(write(folder, text), env))[0].recipe


def problems(folder: Path, text: str | bytes, env: Mapping[str, str] | None = None) -> list[str]:
    """Every mistake that is found in `text`, without the file's name: `3:10: version: …`."""
    path = write(folder, text)
    with pytest.raises(RecipeError) as caught:
        targets(load(path, env))
    lines = caught.value.message.splitlines()
    assert all(line.startswith(f"{path}:") for line in lines), lines
    return [line.removeprefix(f"{path}:") for line in lines]
