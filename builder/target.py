"""One recipe x one Python version x one platform: what one installer is made for."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import RecipeError
from .platforms import PLATFORMS, Platform
from .recipe import Recipe, RecipeFile
from .recipe.values import platform_name, python_minor, python_version


def title_of(name: str) -> str:
    """A recipe's name as people read it: `Starter`."""
    return name[0].upper() + name[1:]


@dataclass(frozen=True, kw_only=True)
class Target:
    """recipe: rendered for this target.  python: "3.11" or, pinned by the recipe, "3.11.7".

    folder: the recipe's, where its locks lie.  recipe_sha256: of its file's bytes, "" for a recipe that has no file.
    """

    recipe: Recipe
    python: str
    platform: Platform
    folder: Path = Path()
    recipe_sha256: str = ""

    @property
    def python_minor(self) -> str:
        """ "3.11" """
        return python_minor(self.python)

    @property
    def title(self) -> str:
        """The recipe's name as people read it: `Starter`."""
        return title_of(self.recipe.name)

    @property
    def label(self) -> str:
        """Which of the recipe's targets it is: `py311-linux-x86_64`."""
        return f"py{self.python_minor.replace('.', '')}-{self.platform.name}"

    @property
    def stem(self) -> str:
        """File name of the target's installers without suffix: `Starter-2026.11-py311-Linux-x86_64`."""
        return f"{self.title}-{self.recipe.version}-py{self.python_minor.replace('.', '')}-{self.platform.label}"

    @property
    def lock_name(self) -> str:
        """`pylock.starter-py311-linux-x86_64.toml` (PEP 751: the part between has no dots)."""
        recipe = self.recipe.name.replace(".", "-")
        return f"pylock.{recipe}-{self.label}.toml"


def targets(
    file: RecipeFile, *, pythons: Sequence[str] | None = None, platforms: Sequence[str] | None = None
) -> list[Target]:
    """Every Python version on every platform, in the recipe's order.

    pythons, platforms: these instead of all of the recipe's; those that the recipe does not name are taken as well
    ("3.12" means the recipe's "3.12.9" where it pins that).  Raises RecipeError for unknown ones, and with
    the problems of all targets.
    """
    chosen = [_of_recipe(version, file.head.python) for version in _known(pythons, python_version)]
    named = _known(platforms, platform_name)
    pairs = [
        (python, platform)
        for python in dict.fromkeys(chosen if pythons else file.head.python)
        for platform in dict.fromkeys(named if platforms else file.head.platforms)
    ]
    return [
        Target(
            recipe=recipe, python=python, platform=PLATFORMS[platform], folder=file.folder, recipe_sha256=file.sha256
        )
        for recipe, (python, platform) in zip(file.for_targets(pairs), pairs, strict=True)
    ]


def _known(words: Iterable[str] | None, check: Callable[[str], str]) -> list[str]:
    """Each of the command line's `words`, checked."""
    try:
        return [check(word) for word in words or ()]
    except ValueError as error:
        raise RecipeError(str(error)) from None


def _of_recipe(version: str, listed: Sequence[str]) -> str:
    return next((other for other in listed if version in (other, python_minor(other))), version)
