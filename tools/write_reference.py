"""Write what is made from the code: docs/recipe.schema.json and the keys in docs/recipe.md from the recipe's model,
docs/archive-index.schema.json from the model of an archive's index, the text of `keel --help`, which `cmd/keel` shows
without starting Python, and the words that tab completion offers.

    .venv/bin/python tools/write_reference.py

What stands outside the two marks in docs/recipe.md is written by hand and stays.
"""

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import yaml  # noqa: E402

from builder.archive.wire import json_schema as archive_schema  # noqa: E402
from builder.recipe.schema import json_schema  # noqa: E402
from keel.overview import overview  # noqa: E402
from tools.completion_words import words_text  # noqa: E402

SCHEMA = ROOT / "docs" / "recipe.schema.json"
ARCHIVE_SCHEMA = ROOT / "docs" / "archive-index.schema.json"
PAGE = ROOT / "docs" / "recipe.md"
HELP = ROOT / "installer_templates" / "base" / "keel-meta" / "help" / "keel.txt"
WORDS = ROOT / "installer_templates" / "base" / "keel-meta" / "shell" / "completion" / "words.txt"
BEGIN = "<!-- keys: written by tools/write_reference.py -->\n"
END = "<!-- end of keys -->\n"


def schema_text() -> str:
    """The content of docs/recipe.schema.json."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def archive_schema_text() -> str:
    """The content of docs/archive-index.schema.json."""
    return json.dumps(archive_schema(), indent=2, ensure_ascii=False) + "\n"


def help_text() -> str:
    """The content of keel-meta/help/keel.txt."""
    return overview() + "\n"


def page_text(current: str) -> str:
    """The content of docs/recipe.md, given the current one. Raises ValueError when the marks are missing."""
    before, begin, rest = current.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{PAGE} has lost its marks")
    return f"{before}{BEGIN}\n{_keys(json_schema())}\n{END}{after}"


def _keys(schema: dict[str, Any]) -> str:
    required = schema["required"]
    rows = ["| key | value | default |", "|---|---|---|"]
    for name, key in schema["properties"].items():
        rows.append(f"| [`{name}`](#{name}) | {_kind(key)} | {_default(key, name in required)} |")
    sections = [_section(name, key) for name, key in schema["properties"].items()]
    return "\n".join(rows) + "\n\n" + "\n".join(sections)


def _section(name: str, key: dict[str, Any]) -> str:
    examples = "\n# or\n".join(f"{name}: {_flow(one, inside=False)}" for one in key.get("examples", ()))
    block = f"\n```yaml\n{examples}\n```\n" if examples else ""
    return f"### {name}\n\n{key['description']}\n{block}"


def _flow(value: Any, *, inside: bool = True) -> str:
    """A value as one writes it on a line; inside: of a list or mapping. Text is quoted only where YAML needs it."""
    if isinstance(value, list):
        return f"[{', '.join(_flow(item) for item in value)}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, bool):
        return str(value).lower()
    try:
        plain = yaml.safe_load(f"[{value}]" if inside else value) == ([value] if inside else value)
    except yaml.YAMLError:
        plain = False
    quote = "'" if '"' in value else '"'
    looks_like_a_number = value[:1].isdigit()
    return value if plain and not looks_like_a_number else f"{quote}{value}{quote}"


def _kind(key: dict[str, Any]) -> str:
    """What a value may be, in words: "text or list"."""
    words: list[str] = []
    for choice in key.get("anyOf", [key]):
        if "enum" in choice:
            word = ", ".join(f"`{one if isinstance(one, str) else json.dumps(one)}`" for one in choice["enum"])
        else:
            word = {"string": "text", "array": "list", "object": "mapping", "boolean": "true or false"}.get(
                choice["type"], ""
            )
        if word and word not in words:
            words.append(word)
    return " or ".join(words)


def _default(key: dict[str, Any], required: bool) -> str:
    if required:
        return "**required**"
    if "x-default" in key:
        return str(key["x-default"]).replace("<", "&lt;")
    default = key.get("default")
    return "–" if default in (None, []) else f"`{json.dumps(default)}`".replace('"', "")


def main() -> None:
    SCHEMA.write_text(schema_text(), encoding="utf-8")
    ARCHIVE_SCHEMA.write_text(archive_schema_text(), encoding="utf-8")
    PAGE.write_text(page_text(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    HELP.parent.mkdir(exist_ok=True)
    HELP.write_text(help_text(), encoding="utf-8")
    WORDS.write_text(words_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
