"""What is asked of every source, and the checks that all of them share."""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..fetch import Fetcher
from ..platforms import glibc_tuple
from ..settings import Settings
from ..target import Target
from .model import UnavailableError
from .normalise import VERSION
from .shelf import Shelved

if TYPE_CHECKING:  # `builder.lock` speaks about interpreters, too
    from ..lock import LockedInterpreter


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """An interpreter for `target`; with `pinned`, exactly the one of the lock."""

    target: Target
    settings: Settings
    pinned: "LockedInterpreter | None" = None

    @property
    def fetcher(self) -> Fetcher:
        """One that gives up soon: there may be another source."""
        return self.settings.fetcher.impatient()

    @property
    def version(self) -> str:
        """ "3.11", or, pinned by the recipe or a lock, "3.11.7"."""
        return self.pinned.version if self.pinned else self.target.python

    def check_version(self, found: str, name: str) -> None:
        """Raises UnavailableError unless `found` ("3.11.7") is what is wanted."""
        if found != self.version and not found.startswith(self.version + "."):
            raise UnavailableError(f"{name} is Python {found}, and {self.version} is wanted")

    def check(self, shelved: Shelved, name: str) -> None:
        """Raises UnavailableError for another version, or for one that needs a newer system than the recipe allows."""
        self.check_version(shelved.version, name)
        recipe = self.target.recipe
        for key, what, need, allowed in (
            ("glibc", "glibc", shelved.glibc, recipe.glibc),
            ("macos", "macOS", shelved.macos, recipe.macos),
        ):
            if need and allowed and glibc_tuple(need) > glibc_tuple(allowed):
                raise UnavailableError(
                    f"{name} needs {what} {need}, and the recipe allows {allowed}",
                    hint=f'say `{key}: "{need}"` in the recipe, or take one that was built for older systems',
                )

    def key(self, *parts: object) -> str:
        """A name in the cache for what is made from `parts` for the target's platform."""
        text = "\0".join(str(part) for part in (VERSION, self.target.platform.name, *parts))
        return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
