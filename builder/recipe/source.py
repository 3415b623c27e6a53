"""YAML with places: the data of a rendered recipe, and where in the file each part of it was written."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.constructor import SafeConstructor

from .problems import Place, Problem, RecipeMistakes, show_path
from .template import Rendered

Path = tuple[int | str, ...]

# Far beyond any recipe, and small enough that a bomb of aliases does no harm.
_MAX_NODES = 30_000
_MAX_DEPTH = 12
_EMPTY_RECIPE = "the recipe is empty; it needs at least `name` and `version`"
_TAG = "tag:yaml.org,2002:"
_SCALARS = frozenset(_TAG + name for name in ("str", "int", "float", "bool", "null", "timestamp"))
# Escapes can make what no file can hold.
_SURROGATE = re.compile("[\ud800-\udfff]")
# YAML 1.1 gives `<<` and `=` a meaning of their own; in a recipe they are plain text.
_TEXT = frozenset({_TAG + "merge", _TAG + "value"})


@dataclass(kw_only=True)
class Document:
    """A recipe's data.

    data: the top mapping, without keys that have no value.  places: of every value.  keys: of every mapping key.
    raw: how a scalar that is no text was written.  problems: mistakes that left the rest readable.
    """

    data: dict[str, Any] = field(default_factory=dict)
    places: dict[Path, Place] = field(default_factory=dict)
    keys: dict[Path, Place] = field(default_factory=dict)
    raw: dict[Path, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def as_written(self, path: Sequence[int | str]) -> Path:
        """A path in the model as one in the file: where a value stands for a list of itself, the [0] is not there."""
        key, *rest = path
        if rest[:1] == [0] and not isinstance(self.data.get(str(key)), list):
            rest = rest[1:]
        return (key, *rest)

    def known_part(self, path: Sequence[int | str]) -> Path:
        """The longest leading part of `path` that was written in the file."""
        known = tuple(path)
        while known and known not in self.places:
            known = known[:-1]
        return known


def read_document(rendered: Rendered, *, noun: str = "a recipe", empty: str | None = _EMPTY_RECIPE) -> Document:
    """Parse one rendering.

    noun: what messages call it.  empty: what is wrong with one that holds nothing, None where that is fine.
    Raises RecipeMistakes when it is not a YAML mapping that can be read at all.
    """
    node = _compose(rendered)
    reader = _Reader(rendered, noun)
    if node is None:
        if empty is None:
            return reader.document
        raise RecipeMistakes([Problem(Place(), "", empty)])
    if not isinstance(node, yaml.MappingNode):
        raise RecipeMistakes([Problem(reader.place(node), "", f"{noun} is a mapping: `key: value`, one on a line")])
    data = reader.value(node, ())
    reader.document.data = {key: value for key, value in data.items() if value is not None}
    return reader.document


def _compose(rendered: Rendered) -> yaml.Node | None:
    try:
        return yaml.compose(rendered.text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        index = mark.index if mark else 0
        raise RecipeMistakes([Problem(rendered.place(index), "", _syntax(error))]) from error
    except yaml.reader.ReaderError as error:
        message = f"the character U+{ord(rendered.text[error.position]):04X} cannot be used in YAML"
        raise RecipeMistakes([Problem(rendered.place(error.position), "", message)]) from error
    except RecursionError as error:
        raise RecipeMistakes([Problem(Place(), "", "nested too deeply")]) from error
    except (ValueError, OverflowError) as error:  # PyYAML takes escapes such as "\UFFFFFFFF" without a check
        raise RecipeMistakes([Problem(Place(), "", f"not YAML: {error}")]) from error


def _syntax(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or "it cannot be read"
    if "'\\t'" in problem:
        return "a tab; YAML is indented with spaces"
    return f"not YAML: {error.context}, {problem}" if error.context else f"not YAML: {problem}"


class _Reader:
    """Turns nodes into data, and notes places on the way."""

    def __init__(self, rendered: Rendered, noun: str) -> None:
        self.document = Document()
        self._rendered = rendered
        self._noun = noun
        self._scalars = SafeConstructor()
        self._nodes = 0

    def place(self, node: yaml.Node) -> Place:
        return self._rendered.place(node.start_mark.index)

    def value(self, node: yaml.Node, path: Path) -> Any:
        """The node's data. Raises RecipeMistakes when it is too large or too deep."""
        self._nodes += 1
        if self._nodes > _MAX_NODES or len(path) > _MAX_DEPTH:
            place = self.document.keys.get(path[:1]) or self.place(node)
            raise RecipeMistakes([Problem(place, show_path(path[:1]), "too large or nested too deeply")])
        self.document.places[path] = self.place(node)
        if isinstance(node, yaml.MappingNode) and node.tag == _TAG + "map":
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode) and node.tag == _TAG + "seq":
            return [self.value(item, (*path, number)) for number, item in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode) and node.tag in _SCALARS | _TEXT:
            return self._scalar(node, path)
        self._problem(node, path, f"the tag {node.tag.replace(_TAG, '!!')} has no meaning in {self._noun}")
        return None

    def _problem(self, node: yaml.Node, path: Path, message: str) -> None:
        self.document.problems.append(Problem(self.place(node), show_path(path), message))

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if key is None or _SURROGATE.search(key):
                self._problem(key_node, path, "a key must be text")
                continue
            here = (*path, key)
            if key in data:
                first = self.document.keys[here]
                self._problem(key_node, here, f"given twice (first in line {first.line})")
                continue
            self.document.keys[here] = self.place(key_node)
            data[key] = self.value(value_node, here)
        return data

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> Any:
        text = str(node.value)
        if _SURROGATE.search(text):
            self._problem(node, path, "holds half a character (a lone surrogate)")
            return None
        if node.tag in _TEXT or node.tag == _TAG + "str":
            return text
        self.document.raw[path] = text
        try:
            return self._scalars.construct_object(node)
        except (ValueError, OverflowError, yaml.YAMLError, LookupError, TypeError, AttributeError):
            self._problem(node, path, f'YAML cannot read {text} as a {node.tag.removeprefix(_TAG)}; quote it: "{text}"')
            return None
