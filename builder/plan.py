"""What is to be built, as a value: every target of the recipes that were named, and the formats of its installers."""

from collections.abc import Sequence
from dataclasses import dataclass

from .errors import BuilderError
from .installers import FORMATS, default_format, find_format, fitting_formats
from .locking import lock_path
from .recipe import RecipeFile
from .target import Target, targets


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What the command line asks for. everything: all platforms and formats.  pythons, platforms, formats: these
    instead of all; empty: as the recipe and `everything` say."""

    everything: bool = False
    pythons: Sequence[str] = ()
    platforms: Sequence[str] = ()
    formats: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Row:
    """One target, and the formats that its installers are made in."""

    target: Target
    formats: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class RecipeRows:
    """The rows of one recipe. siblings: its other targets that have a lock, which counts for `consistency`."""

    rows: tuple[Row, ...]
    siblings: tuple[Target, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """Everything that one command builds, in this order."""

    recipes: tuple[RecipeRows, ...]

    @property
    def rows(self) -> tuple[Row, ...]:
        return tuple(row for recipe in self.recipes for row in recipe.rows)


def make_plan(files: Sequence[RecipeFile], choice: Choice) -> Plan:
    """The plan for some recipes. Raises RecipeError with what is wrong in one, BuilderError where nothing is to be
    built, or two recipes would write the same file."""
    plan = Plan(recipes=tuple(_of_recipe(file, choice) for file in files))
    stems = [row.target.stem.lower() for row in plan.rows]
    twice = sorted({stem for stem in stems if stems.count(stem) > 1})
    if twice:
        raise BuilderError(
            f"two recipes make the same installers: {', '.join(twice)}", hint="give them different names or versions"
        )
    return plan


def _of_recipe(file: RecipeFile, choice: Choice) -> RecipeRows:
    platforms = choice.platforms or (file.all_platforms if choice.everything else None)
    found = targets(file, pythons=choice.pythons or None, platforms=platforms)
    rows = tuple(Row(target=target, formats=formats) for target in found if (formats := _formats(target, choice)))
    if not rows or any(name not in FORMATS for name in choice.formats):
        for name in choice.formats:
            find_format(name, found[0])  # says why not
    return RecipeRows(rows=rows, siblings=_siblings(file, found))


def _formats(target: Target, choice: Choice) -> tuple[str, ...]:
    """Each target has those of the wanted formats that are made for its platform, if any."""
    fitting = fitting_formats(target)
    if choice.formats:
        return tuple(name for name in dict.fromkeys(choice.formats) if name in fitting)
    return fitting if choice.everything else (default_format(target),)


def _siblings(file: RecipeFile, chosen: Sequence[Target]) -> tuple[Target, ...]:
    """Those whose lock lies beside the recipe."""
    labels = {target.label for target in chosen}
    others = targets(file, platforms=file.all_platforms)
    return tuple(target for target in others if target.label not in labels and lock_path(target).is_file())
