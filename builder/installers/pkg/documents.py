"""The texts of a package: what Installer reads, what it shows, and the scripts that it runs."""

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, StrictUndefined

from ...recipe import PkgInstaller
from ...resources import TEMPLATES
from ...target import Target
from ..facts import InstallerFacts
from ..shell import UNIX, Tokens, facts_tokens, render

MACOS = TEMPLATES / "macos"
_COMMON = (
    MACOS / "head.sh", *(UNIX / name for name in ("facts.sh", "output.sh", "paths.sh", "system.sh")), MACOS / "place.sh"
)  # fmt: skip
SCRIPTS = {name: (*_COMMON, MACOS / f"{name}.sh") for name in ("preinstall", "postinstall")}
# What the packages lay down lies here until the base is installed, in the folder that was chosen (/ for all users, or a
# home): not in a folder that everybody can write to, since what lies there is run as root.
_STAGING_PARENT = "Library/Application Support"
BASE = "base"
_SHELL = (
    "Makes keel activate known to every new terminal, by a line in the start-up file of your shell (keel init). "
    "keel init --reverse takes it out again."
)
_SHORTCUT = "A file to double-click, which opens a terminal in which the base is activated."
_CPUS = {"arm64": "Apple silicon", "x86_64": "an Intel CPU"}


@dataclass(frozen=True, kw_only=True)
class Component:
    """One of the packages that a product holds.

    folder: its name in the archive.  choice: what it is in the Distribution.  kilobytes: disk space that it needs.
    required, selected: whether it can be left out, and whether it is proposed.
    """

    identifier: str
    folder: str
    choice: str
    title: str
    description: str
    kilobytes: int
    required: bool
    selected: bool


@dataclass(frozen=True, kw_only=True)
class Package:
    """What a package says of itself.

    identifier: of the product.  home_prefix: below a user's home.  system_prefix: for all users.  folder_name: in a
    folder of the user's choice.
    """

    target: Target
    facts: InstallerFacts
    identifier: str
    home_prefix: str
    system_prefix: str

    @classmethod
    def of(cls, target: Target, facts: InstallerFacts) -> "Package":
        """The package of a target."""
        options = target.recipe.pkg or PkgInstaller()
        base = options.identifier or "keel." + re.sub(r"[^A-Za-z0-9-]+", "-", facts.name).lower()
        home_prefix, system_prefix = _prefixes(facts)
        return cls(
            target=target,
            facts=facts,
            # Bases of different Pythons are installed beside each other.
            identifier=f"{base}.py{target.python_minor.replace('.', '')}",
            home_prefix=home_prefix,
            system_prefix=system_prefix,
        )

    @property
    def folder_name(self) -> str:
        return posixpath.basename(self.home_prefix)

    @property
    def staging_folder(self) -> str:
        return f"{_STAGING_PARENT}/{self.identifier}"

    def components(self, kilobytes: int) -> tuple[Component, ...]:
        """The base, which needs so much disk space, and one for each choice, which lays down a mark of its name."""
        options = self.target.recipe.pkg or PkgInstaller()
        title = self.facts.title
        base = Component(
            identifier=f"{self.identifier}.{BASE}",
            folder=f"{BASE}.pkg",
            choice=BASE,
            title=f"{title} {self.facts.version}",
            description=f"Python {self.facts.python} with its packages, and the environment manager keel.",
            kilobytes=kilobytes,
            required=True,
            selected=True,
        )
        choices = (
            ("shell", "Initialise the shell", _SHELL, options.initialize_shell),
            ("shortcut", f"{title} Prompt in Applications", _SHORTCUT, options.shortcut),
        )
        return base, *(
            Component(
                identifier=f"{self.identifier}.{choice}",
                folder=f"{choice}.pkg",
                choice=choice,
                title=words,
                description=description,
                kilobytes=1,
                required=False,
                selected=selected,
            )
            for choice, words, description, selected in choices
        )

    def scripts(self) -> dict[str, bytes]:
        """preinstall and postinstall of the base. Raises BuilderError for text that no script can hold."""
        tokens: Tokens = {
            **facts_tokens(self.facts),
            "home_prefix": self.home_prefix,
            "system_prefix": self.system_prefix,
            "folder_name": self.folder_name,
            "staging_folder": self.staging_folder,
            "packages": "\n".join(component.identifier for component in self.components(0)),
        }
        return {name: render(pieces, tokens) for name, pieces in SCRIPTS.items()}

    def package_info(self, component: Component, files: int, scripts: Sequence[str]) -> bytes:
        """PackageInfo. files: number of paths in the Payload."""
        return _render(
            "PackageInfo.xml",
            identifier=component.identifier,
            version=self.facts.version,
            files=files,
            kilobytes=component.kilobytes,
            scripts=scripts,
        )

    def distribution(self, components: Sequence[Component]) -> bytes:
        """Distribution: what Installer shows and checks."""
        facts = self.facts
        return _render(
            "Distribution.xml",
            title=facts.title,
            version=facts.version,
            machine=facts.machine,
            macos=facts.macos,
            license=facts.license,
            identifier=self.identifier,
            # The marks of choices have to be there when the base's postinstall looks for them.
            components=sorted(components, key=lambda component: component.required),
        )

    def pages(self) -> dict[str, bytes]:
        """What Installer shows, by file name."""
        facts, recipe = self.facts, self.target.recipe
        names = ["welcome.html", *(["license.html"] if facts.license else []), "conclusion.html"]
        texts = {
            "title": facts.title,
            "version": facts.version,
            "company": facts.company,
            "description": recipe.description,
            "homepage": recipe.homepage,
            "python": facts.python,
            "files": facts.installed_files,
            "megabytes": -(-facts.installed_bytes // 10**6),
            "cpu": _CPUS[facts.machine],
            "macos": facts.macos,
            "license": (facts.license or "").strip(),
            "home_prefix": self.home_prefix,
            "system_prefix": self.system_prefix,
            "folder_name": self.folder_name,
        }
        return {name: _render(name, **texts) for name in names}


def _prefixes(facts: InstallerFacts) -> tuple[str, str]:
    """From the recipe's `default_prefix`: the folder below a user's home, and the one for all users."""
    prefix = posixpath.normpath(facts.default_prefix)
    if prefix.startswith("/") and "$" not in prefix and len(prefix) > 1:
        return posixpath.basename(prefix), prefix
    below = re.sub(r"\A(~|\$HOME)/", "", prefix)
    if re.search(r"[$\\%]|\A[A-Za-z]:|\A/", below) or ".." in facts.default_prefix.split("/"):
        below = facts.name
    return below, f"/opt/{posixpath.basename(below)}"


def _render(name: str, **values: Any) -> bytes:
    environment = Environment(autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True)
    return environment.from_string((MACOS / name).read_text(encoding="utf-8")).render(values).encode()
