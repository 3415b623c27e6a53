"""The JSON Schema, the reference page, and the recipes that are shipped."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from builder.recipe import Recipe, json_schema
from builder.target import targets
from tools.completion_words import words_text
from tools.write_reference import HELP, PAGE, SCHEMA, WORDS, help_text, page_text, schema_text

from ..conftest import ROOT
from .recipes import HEAD, load, recipe_of

RECIPES = sorted((ROOT / "recipes").glob("*.yaml"))


def errors(data: Any) -> list[str]:
    return [error.json_path for error in Draft202012Validator(json_schema()).iter_errors(data)]


def test_the_written_files_are_current() -> None:
    assert SCHEMA.read_text("utf-8") == schema_text(), "run tools/write_reference.py"
    assert HELP.read_text("utf-8") == help_text(), "run tools/write_reference.py"
    assert WORDS.read_text("utf-8") == words_text(), "run tools/write_reference.py"
    assert PAGE.read_text("utf-8") == page_text(PAGE.read_text("utf-8")), "run tools/write_reference.py"


def test_the_schema_is_valid_and_describes_every_key() -> None:
    schema = json_schema()
    Draft202012Validator.check_schema(schema)
    assert list(schema["properties"]) == list(Recipe.model_fields)
    assert all(key["description"] for key in schema["properties"].values())
    assert schema["required"] == ["name", "version"]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (HEAD, []),
        (HEAD + "packages:\npython: '3.11'\ninterpreter: pbs\n", []),
        (HEAD + "interpreter: [host, {pbs: {build: '20250101'}}]\nindexes: [https://a.example/s]\n", []),
        ("name: demo\nversion: 1.0\n", ["$.version"]),
        (HEAD + "pakages: []\n", ["$"]),
        (HEAD + "python: '3.8'\n", ["$.python"]),
        (HEAD + "platforms: [linux]\n", ["$.platforms"]),
        (HEAD + "interpreter: {url: https://a.example/x}\n", ["$.interpreter"]),
        (HEAD + "compression: bset\n", ["$.compression"]),
    ],
)
def test_the_schema_accepts_recipes_and_refuses_mistakes(text: str, where: list[str]) -> None:
    assert errors(yaml.safe_load(text)) == where


@pytest.mark.parametrize("name", [name for name in Recipe.model_fields if Recipe.model_fields[name].examples])
def test_examples_of_keys_are_right(tmp_path: Path, name: str) -> None:
    for file in ("EULA.txt", "constraints.txt", "wheels/a-1-py3-none-any.whl"):
        (tmp_path / "recipe" / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "recipe" / file).touch()
    (tmp_path / "wheelhouse").mkdir()
    for example in Recipe.model_fields[name].examples or []:
        data = {"name": "demo", "version": "1.0", name: example}
        assert errors(data) == []
        assert name in recipe_of(tmp_path / "recipe", yaml.safe_dump(data)).model_fields_set


def test_the_pages_own_recipes_are_right(tmp_path: Path) -> None:
    blocks = re.findall(r"```yaml\n(name:.*?)```", PAGE.read_text("utf-8").partition("## Keys")[0], re.DOTALL)
    assert blocks
    for block in blocks:
        recipe_of(tmp_path, block)


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_the_shipped_recipes_are_right_and_name_the_schema(path: Path) -> None:
    recipe = targets(load(path))[0].recipe
    assert recipe.name == path.stem
    assert errors(yaml.safe_load(path.read_text("utf-8"))) == []
    schema = path.read_text("utf-8").splitlines()[0].removeprefix("# yaml-language-server: $schema=")
    assert (path.parent / schema).resolve() == SCHEMA


def test_the_three_recipes_are_shipped() -> None:
    assert {"starter", "minimal", "data-science"} <= {path.stem for path in RECIPES}
