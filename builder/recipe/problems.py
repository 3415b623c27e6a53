"""What is wrong with a recipe: each mistake with its place, and the model's findings in words."""

import difflib
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import RecipeError

# The userinfo of a URL: credentials never reach a message.
_USERINFO = re.compile(r"(?<=//)[^@\s]*@")
# What people who know other tools write.
_OTHER_TOOLS = {
    "channels": "indexes",
    "dependencies": "packages",
    "index_url": "indexes",
    "license_file": "license",
    "requirements": "packages",
    "specs": "packages",
}


@dataclass(frozen=True, kw_only=True, order=True)
class Place:
    """A place in a file; both count from 1."""

    line: int = 1
    column: int = 1


@dataclass(frozen=True)
class Problem:
    """One mistake.

    path: where in the recipe's structure (`packages[3]`), or "".  certain: whether it is one whatever the target is.
    """

    place: Place
    path: str
    message: str
    certain: bool = True

    def line(self, file: Path) -> str:
        """`recipes/x.yaml:12:5: packages[3]: ...`"""
        where = f"{file}:{self.place.line}:{self.place.column}: "
        what = f"{self.path}: {self.message}" if self.path else self.message
        return _printable(where + _USERINFO.sub("***@", what))


class RecipeMistakes(Exception):  # noqa: N818 -- carries what becomes one RecipeError once the file's name is known
    """The problems of one rendering."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(problem.message for problem in self.problems))


def _printable(text: str) -> str:
    """On one line, and without what could steer a terminal or cannot be encoded."""
    text = " ".join(text.split())
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def read_text(path: Path, *, noun: str = "recipe") -> tuple[str, str]:
    """The file's text (UTF-8), and the SHA-256 of its bytes. noun: what messages call it.

    Raises RecipeError or RecipeMistakes.
    """
    try:
        data = path.read_bytes()
        return data.decode("utf-8-sig"), hashlib.sha256(data).hexdigest()
    except OSError as error:
        raise RecipeError(
            f"{path} cannot be read: {error.strerror}", hint=f"give the path of a {noun} (YAML)"
        ) from None
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode("utf-8", "replace")
        place = Place(line=before.count("\n") + 1, column=len(before) - before.rfind("\n"))
        raise RecipeMistakes([Problem(place, "", f"the {noun} is not UTF-8 text; save it as UTF-8")]) from None


def recipe_error(
    file: Path, problems: Iterable[Problem], *, hint: str = "docs/recipe.md describes every key"
) -> RecipeError:
    """All problems as one error: in the order of their places, each once."""
    lines = dict.fromkeys(
        problem.line(file) for problem in sorted(problems, key=lambda problem: (problem.place, problem.path))
    )
    return RecipeError("\n".join(lines), hint=hint)


def show_path(path: Sequence[int | str]) -> str:
    """`("packages", 3)` -> `packages[3]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """The closest of the `known` names as a question, or None when nothing is close."""
    close = difflib.get_close_matches(name.lower(), list(known), n=1)
    return f"did you mean `{close[0]}`?" if close else None


def kind_of(value: object) -> str:
    """What YAML made of a value, in words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    return {dict: "a mapping", list: "a list", str: "text", int: "a number", float: "a number"}.get(
        type(value), f"a {type(value).__name__}"
    )


def not_text(value: object, raw: str | None) -> str:
    """Why `value` is no text, and that quoting mends it. raw: as it was written, for a plain YAML scalar."""
    if value is None:
        return "is empty"
    if raw is None:
        return f"must be text, not {kind_of(value)}"
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    if shown == raw:
        return f'must be text; quote it ("{raw}"): YAML reads it as {kind_of(value)}'
    what = {bool: "", int: "the number ", float: "the number "}.get(type(value), f"the {type(value).__name__} ")
    return f'must be text; quote it ("{raw}"): YAML reads {raw} as {what}{shown}'


def finding_in_words(error: Any, known: Iterable[str], raw: str | None) -> str:
    """One of pydantic's findings.  known: the keys of the mapping it was found in.  raw: see `not_text`."""
    value = error["input"]
    context = error.get("ctx", {})
    match error["type"]:
        case "missing":
            return "is required"
        case "extra_forbidden":
            return f"unknown key; {_closest_key(str(error['loc'][-1]), list(known))}"
        case "string_type":
            return not_text(value, raw)
        case "bool_type":
            return f"must be true or false, not {kind_of(value)}"
        case "literal_error":
            return _not_among(value, context["expected"])
        case "model_type" | "dict_type" | "model_attributes_type":
            return f"must be a mapping, not {kind_of(value)}"
        case "value_error":
            return str(context["error"])
    return str(error["msg"])


def _closest_key(key: str, known: Sequence[str]) -> str:
    meant = _OTHER_TOOLS.get(key.lower().replace("-", "_"))
    if meant in known:
        return f"did you mean `{meant}`?"
    return did_you_mean(key, known) or f"known are {', '.join(known)}"


def _not_among(value: object, expected: str) -> str:
    names = re.findall(r"'([^']*)'", expected)
    close = did_you_mean(value, names) if isinstance(value, str) else None
    return f"must be one of {', '.join(names)}" + (f"; {close}" if close else f", not {value!r}")
