"""The JSON Schema of recipes, for editors and other programs."""

from typing import Any

from .model import Recipe

DIALECT = "https://json-schema.org/draft/2020-12/schema"
# What a schema says about a value rather than of it.
_ABOUT = frozenset({"description", "examples", "default", "x-default"})


def json_schema() -> dict[str, Any]:
    """The schema as JSON values (draft 2020-12); every key may also be empty, which is as if it were not there.

    It says what a recipe looks like; what a schema cannot say (requirements, files that exist) is left to `check`.
    `x-default` says in words what holds where a default is not a value.
    """
    schema = Recipe.model_json_schema(mode="validation")
    required = schema["required"]
    keys = {key: _key(value, optional=key not in required) for key, value in schema["properties"].items()}
    about = {"title": "Keel recipe", "description": schema["description"].partition("\n")[0]}
    return {"$schema": DIALECT, **schema, **about, "properties": keys}


def _key(schema: dict[str, Any], *, optional: bool) -> dict[str, Any]:
    """Without titles, which only repeat the name, and without defaults that say nothing."""
    silent = {"title"} | ({"default"} if schema.get("default") is None or "x-default" in schema else set())
    kept = {key: value for key, value in schema.items() if key not in silent}
    return _or_null(kept) if optional else kept


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    null = {"type": "null"}
    about = {key: value for key, value in schema.items() if key in _ABOUT}
    core = {key: value for key, value in schema.items() if key not in _ABOUT}
    choices = core["anyOf"] if set(core) == {"anyOf"} else [core]
    return {**about, "anyOf": choices if null in choices else [*choices, null]}
