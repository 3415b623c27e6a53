"""A recipe for several platforms and Pythons, with interpreters and wheels that are made here."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from builder.plan import Choice, Plan, make_plan
from builder.recipe import RecipeFile
from builder.settings import Settings

from .interpreters.trees import make_prefix, pack_tar
from .interpreters.windows_trees import make_complete
from .locks import make_settings
from .recipes import load
from .wheels import make_wheel

TAGS = {
    "linux-x86_64": "manylinux_2_17_x86_64",
    "linux-aarch64": "manylinux_2_17_aarch64",
    "windows-x86_64": "win_amd64",
}
MINOR = f"{sys.version_info[0]}.{sys.version_info[1]}"
# No Python of this minor version is a final one yet, or on anybody's PATH.
ABSENT = "3.14"


@dataclass
class Matrix:
    """A folder with a recipe; settings: what its builds are run with."""

    folder: Path
    settings: Settings
    platforms: tuple[str, ...] = ("linux-x86_64", "linux-aarch64", "windows-x86_64")
    pythons: tuple[str, ...] = (MINOR,)
    name: str = "demo"
    interpreter_key: str = "{path: 'pythons/{{ platform }}-{{ python }}.tar.gz'}"

    def wheel(
        self, name: str, version: str, *, platform: str | None = None, python: str = MINOR, **facts: object
    ) -> Path:
        """A wheel in the wheelhouse, for all targets or for one."""
        tag = "py3-none-any"
        if platform is not None:
            tag = f"cp{python.replace('.', '')}-cp{python.replace('.', '')}-{TAGS[platform]}"
        return make_wheel(self.folder / "wheelhouse", name, version, tag=tag, **facts)  # type: ignore[arg-type]

    def interpreters(self) -> None:
        """One for each target."""
        for python in self.pythons:
            for platform in self.platforms:
                self.interpreter(platform, python)

    def interpreter(self, platform: str, python: str) -> None:
        tree = self.folder / "trees" / f"{platform}-{python}"
        version = f"{python}.1"
        if "windows" in platform:
            make_complete(tree, version=version)
        else:
            make_prefix(tree, version=version, machine=platform.partition("-")[2])
        (self.folder / "pythons").mkdir(exist_ok=True)
        pack_tar(tree, self.folder / "pythons" / f"{platform}-{python}.tar.gz")

    def recipe(self, packages: str = "[alpha]", more: str = "") -> RecipeFile:
        path = self.folder / f"{self.name}.yaml"
        path.write_text(
            f'name: {self.name}\nversion: "1"\nbuild_tools: false\ncompression: fast\n'
            f"python: {list(self.pythons)}\nplatforms: {list(self.platforms) or ''}\npackages: {packages}\n"
            f"find_links: [wheelhouse]\ninterpreter: {self.interpreter_key}\n{more}",
            encoding="utf-8",
        )
        return load(path)

    def plan(self, packages: str = "[alpha]", more: str = "", **choice: Sequence[str]) -> Plan:
        return make_plan([self.recipe(packages, more)], Choice(**choice))  # type: ignore[arg-type]


def make_matrix(folder: Path) -> Matrix:
    """With pip and alpha 1.0 in its wheelhouse."""
    (folder / "uv.toml").write_text("no-index = true\n")
    place = folder / 'it\'s "a" mätrix'
    place.mkdir()
    matrix = Matrix(place, make_settings(folder, env={"UV_CONFIG_FILE": str(folder / "uv.toml")}))
    matrix.wheel("pip", "26.0")
    matrix.wheel("alpha", "1.0")
    return matrix
