"""The JSON Schema of recipes, for editors and other programs."""

from typing import Any

from .recipe_model import Recipe

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """The schema as JSON values (draft 2020-12).

    It says what a recipe looks like; what a schema cannot say (requirements, files that exist) is left to `check`.
    """
    schema = Recipe.model_json_schema(mode="validation")
    return {"$schema": DIALECT, **schema, "title": "Keel recipe"}
