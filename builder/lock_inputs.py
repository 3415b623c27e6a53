"""What a lock depends on besides the interpreter: a change in any of it makes the lock unfit."""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

from packaging.requirements import Requirement

from .errors import RecipeError
from .target import Target

# What pip needs to build from source distributions without a network.
_BUILD_TOOLS = ("flit-core", "hatchling", "poetry-core", "setuptools", "wheel")
_ALWAYS = ("pip",)


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """The requirements of a target, and what limits how they are met.

    packages: as the recipe has them, for this target and without markers.  tools: those that every store gets.
    constraints: requirements, those of files included.  sources: SHA-256 over indexes, find-links and local wheels.
    """

    packages: tuple[str, ...]
    tools: tuple[str, ...]
    constraints: tuple[str, ...]
    build_from_source: tuple[str, ...]
    glibc: str
    macos: str
    sources: str

    @classmethod
    def of(cls, target: Target, python: str) -> Self:
        """Those of a target whose interpreter has the full version `python`. Raises RecipeError."""
        recipe = target.recipe
        requirements = recipe.requirements_for(target.platform.marker_environment(python))
        return cls(
            packages=tuple(sorted(map(str, requirements))),
            tools=(*_ALWAYS, *(_BUILD_TOOLS if recipe.build_tools else ())),
            constraints=tuple(sorted(_constraints(recipe.constraints))),
            build_from_source=tuple(sorted(recipe.build_from_source)),
            glibc=(recipe.glibc or "") if target.platform.system == "linux" else "",
            macos=(recipe.macos or "") if target.platform.system == "macos" else "",
            sources=_sources(target),
        )

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Self:
        """Back from `table()`. Raises KeyError, TypeError or ValueError if it is something else."""
        values: dict[str, Any] = {}
        for field in fields(cls):
            value = table[field.name.replace("_", "-")]
            values[field.name] = tuple(map(str, value)) if isinstance(value, list) else str(value)
        return cls(**values)

    def table(self) -> dict[str, Any]:
        """As a lock holds it."""
        values = {field.name.replace("_", "-"): getattr(self, field.name) for field in fields(self)}
        return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}

    @property
    def digest(self) -> str:
        """SHA-256 of everything."""
        return hashlib.sha256(json.dumps(self.table(), sort_keys=True).encode()).hexdigest()

    def differences(self, other: "Inputs") -> list[str]:
        """What has changed from `self` to `other`, one a line: "packages: + numpy>=2, - scipy"."""
        found = []
        for field in fields(self):
            old, new = getattr(self, field.name), getattr(other, field.name)
            if old != new:
                found.append(f"{field.name}: {_change(old, new)}")
        return found


def _change(old: Any, new: Any) -> str:
    if isinstance(old, tuple):
        added = [f"+ {item}" for item in new if item not in old]
        return ", ".join([*added, *(f"- {item}" for item in old if item not in new)])
    if len(new) == 64:
        return "indexes, find_links or the content of local wheels"
    return f"{old or 'none'} in the lock, {new or 'none'} in the recipe"


def _constraints(entries: Iterable[Requirement | Path]) -> Iterable[str]:
    for entry in entries:
        if isinstance(entry, Requirement):
            yield str(entry)
            continue
        try:
            lines = entry.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise RecipeError(f"{entry} cannot be read: {error}") from error
        for line in lines:
            # As pip reads it: a comment starts at the beginning of the line or after a space.
            text = f" {line}".split(" #", 1)[0].strip()
            if text:
                yield text


def _sources(target: Target) -> str:
    """A digest, as addresses and paths do not belong into what is shipped; the same wherever the recipe lies."""
    recipe = target.recipe
    lines = [f"index {index.name or ''} {index.url}" for index in recipe.indexes]
    for place in recipe.find_links:
        lines.append(f"find-links {place if isinstance(place, str) else os.path.relpath(place, target.folder)}")
    for wheel in recipe.wheels:
        lines.append(f"wheel {wheel.name} {hashlib.sha256(wheel.read_bytes()).hexdigest()}")
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
