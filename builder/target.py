"""One recipe x one Python version x one platform: what one installer is made for."""

from dataclasses import dataclass

from .platforms import Platform
from .recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class Target:
    """recipe: rendered for this target.  python: "3.11" or, pinned by the recipe, "3.11.7"."""

    recipe: Recipe
    python: str
    platform: Platform

    @property
    def python_minor(self) -> str:
        """ "3.11" """
        return ".".join(self.python.split(".")[:2])

    @property
    def stem(self) -> str:
        """File name of the target's installers without suffix: `Starter-2026.11-py311-Linux-x86_64`."""
        name = self.recipe.name[0].upper() + self.recipe.name[1:]
        return f"{name}-{self.recipe.version}-py{self.python_minor.replace('.', '')}-{self.platform.label}"

    @property
    def lock_name(self) -> str:
        """`pylock.starter-py311-linux-x86_64.toml` (PEP 751: the part between has no dots)."""
        recipe = self.recipe.name.replace(".", "-")
        return f"pylock.{recipe}-py{self.python_minor.replace('.', '')}-{self.platform.name}.toml"
