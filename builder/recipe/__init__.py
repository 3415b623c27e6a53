"""From a recipe's file to validated recipes, one for each target.

A recipe is rendered (Jinja2), parsed (YAML) and validated (pydantic): once without a target, which gives name, version,
Python versions and platforms, and then for each target, which may not change those.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..platforms import PLATFORMS
from .archive import ARCHIVE_KEYS
from .findings import problems_of
from .interpreters import INTERPRETER_KEYS, HostSource, PageSource, PathSource, PbsSource, Source, UrlSource
from .model import Index, Recipe, RecipeHead
from .pkg import PKG_KEYS, PkgInstaller
from .problems import Place, Problem, RecipeMistakes, read_text, recipe_error
from .schema import json_schema
from .signing import SIGNING_KEYS, Signing
from .source import Document, read_document
from .template import Template
from .trust import TRUST_KEYS, UNKNOWN, Licenses, Tests
from .values import Surroundings, items, platform_name, python_minor, python_version
from .windows import WINDOWS_KEYS, Shortcut, WindowsInstaller

__all__ = [
    "UNKNOWN", "HostSource", "Index", "Licenses", "PageSource", "PathSource", "PbsSource", "PkgInstaller", "Recipe",
    "RecipeFile", "RecipeHead", "Shortcut", "Signing", "Source", "Tests", "UrlSource", "WindowsInstaller",
    "json_schema", "load_recipe",
]  # fmt: skip

_HEAD = tuple(RecipeHead.model_fields)
_NESTED_KEYS = {
    "indexes": tuple(Index.model_fields),
    "interpreter": INTERPRETER_KEYS,
    "windows": WINDOWS_KEYS,
    "archive": ARCHIVE_KEYS,
    "pkg": PKG_KEYS,
    "signing": SIGNING_KEYS,
    **TRUST_KEYS,
}


@dataclass(frozen=True, kw_only=True)
class RecipeFile:
    """A recipe that has been read.

    path: as it was given.  sha256: of the file's bytes.  head: name, version, Python versions and platforms, filled in.
    all_platforms: those that it names; all that there are where it names none.
    """

    path: Path
    sha256: str
    head: RecipeHead
    all_platforms: tuple[str, ...]
    _template: Template
    _env: Mapping[str, str]

    @property
    def folder(self) -> Path:
        """Where the recipe and its locks lie; absolute."""
        return self.path.absolute().parent

    def for_target(self, python: str, platform: str) -> Recipe:
        """The recipe rendered for one target: "3.11" or "3.11.7", and a platform's name. Raises RecipeError."""
        return self.for_targets([(python, platform)])[0]

    def for_targets(self, wanted: Iterable[tuple[str, str]]) -> list[Recipe]:
        """The same for several; the RecipeError holds the problems of all."""
        recipes: list[Recipe] = []
        problems: list[Problem] = []
        for python, platform in wanted:
            try:
                recipes.append(self._render(python, platform))
            except RecipeMistakes as mistakes:
                problems += mistakes.problems
        if problems:
            raise recipe_error(self.path, problems)
        return recipes

    def _render(self, python: str, platform: str) -> Recipe:
        minor = python_minor(python)
        document = read_document(self._template.render(self._env, python=minor, platform=platform))
        filled = {"python": self.head.python, "platforms": self.head.platforms}
        recipe = _validate(document, {**filled, **document.data}, self.folder)
        changed = [key for key in _HEAD if getattr(recipe, key) != getattr(self.head, key)]
        if changed:
            raise RecipeMistakes(
                Problem(
                    document.keys.get((key,), Place()),
                    key,
                    f"is not the same for all targets; for Python {minor} on {platform} it is "
                    f"{_shown(getattr(recipe, key))} instead of {_shown(getattr(self.head, key))}",
                )
                for key in changed
            )
        return recipe


def load_recipe(path: Path, *, env: Mapping[str, str], default_python: str, default_platform: str) -> RecipeFile:
    """Read the recipe at `path`.

    env: what templates know as `env`.  default_python, default_platform: for recipes that name none ("3.11",
    "linux-x86_64").  Raises RecipeError with all problems, one a line: `file:line:column: key: what is wrong`. Where
    the template asks for the target, the keys that may differ are validated by `RecipeFile.for_targets`.
    """
    folder = path.absolute().parent
    defaults = {"python": [default_python], "platforms": [default_platform]}
    try:
        text, sha256 = read_text(path)
        template = Template(text)
        head, named = _read_head(template, env, defaults, folder)
    except RecipeMistakes as mistakes:
        raise recipe_error(path, mistakes.problems) from None
    return RecipeFile(
        path=path,
        sha256=sha256,
        head=head,
        all_platforms=head.platforms if "platforms" in named else tuple(PLATFORMS),
        _template=template,
        _env=dict(env),
    )


def _read_head(
    template: Template, env: Mapping[str, str], defaults: Mapping[str, Any], folder: Path
) -> tuple[RecipeHead, frozenset[str]]:
    """What is the same for all targets (the whole recipe where nothing depends on them), and the keys that the recipe
    itself has; raises RecipeMistakes."""
    document = read_document(template.render(env))
    data = {**defaults, **document.data}
    named = frozenset(document.data)
    try:
        return _validate(document, data, folder), named
    except RecipeMistakes as mistakes:
        if not template.depends_on_target:
            raise
        # Without a target the other keys may be incomplete, which is no mistake.
        certain = [problem for problem in mistakes.problems if problem.certain]
        if certain:
            raise RecipeMistakes([*certain, *_problems_of_one_target(template, env, data, folder)]) from None
    return RecipeHead.model_validate({key: data[key] for key in _HEAD if key in data}), named


def _problems_of_one_target(
    template: Template, env: Mapping[str, str], data: Mapping[str, Any], folder: Path
) -> Sequence[Problem]:
    """What is wrong for the first target that `data` names; nothing where it names none."""
    try:
        python, *_ = (python_version(version) for version in items(data["python"], single=True))
        platform, *_ = (platform_name(name) for name in items(data["platforms"], single=True))
        document = read_document(template.render(env, python=python_minor(python), platform=platform))
        _validate(document, {**data, **document.data}, folder)
    except RecipeMistakes as mistakes:
        return mistakes.problems
    except ValueError:
        return ()
    return ()


def _validate(document: Document, data: Mapping[str, Any], folder: Path) -> Recipe:
    """The validated recipe. Raises RecipeMistakes with the document's problems and the model's findings."""
    try:
        recipe = Recipe.model_validate(data, context=Surroundings(folder=folder))
    except ValidationError as error:
        raise RecipeMistakes([*document.problems, *problems_of(error, document, _keys_beside, certain=_HEAD)]) from None
    if document.problems:
        raise RecipeMistakes(document.problems)
    return recipe


def _keys_beside(path: Sequence[int | str]) -> Iterable[str]:
    """The keys that a mapping may have which has the key at the end of `path`."""
    return Recipe.model_fields if len(path) == 1 else _NESTED_KEYS.get(str(path[0]), ())


def _shown(value: object) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)
