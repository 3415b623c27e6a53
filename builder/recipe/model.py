"""The recipe: every key that it may have, each described once.

The JSON Schema and docs/recipe.md are made from this model (tools/write_reference.py).
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from packaging.requirements import Requirement
from pydantic import Field, ValidationInfo

from .archive import Archive
from .interpreters import PbsSource, Sources
from .pkg import Pkg
from .signing import SigningCommands
from .trust import UNKNOWN, LicenseRules, Licenses, TestRules, Tests
from .types import (
    Bytecode,
    Constraints,
    FindLinks,
    Glibc,
    IndexName,
    LicenseFile,
    Line,
    Macos,
    Model,
    Name,
    Packages,
    Platforms,
    Prefix,
    ProjectNames,
    Pythons,
    Text,
    Url,
    Version,
    Wheels,
    each,
    listed,
)
from .windows import Windows


class Index(Model):
    """A package index."""

    url: Url = Field(description="Address of the index, without credentials.")
    name: IndexName | None = Field(
        default=None,
        description="A name; credentials come from `UV_INDEX_<NAME>_USERNAME` and `UV_INDEX_<NAME>_PASSWORD`.",
    )


def _index(value: Any, info: ValidationInfo) -> Index:
    return Index.model_validate({"url": value} if isinstance(value, str) else value, context=info.context)


Indexes = Annotated[
    tuple[Index, ...],
    each(_index, once={"URL": lambda index: index.url, "name": lambda index: index.name}),
    listed({"anyOf": [{"type": "string", "format": "uri"}, Index.model_json_schema()]}),
]


class RecipeHead(Model):
    """What a recipe says alike for all its targets."""

    name: Name = Field(
        description="Short name of the set. Installers, locks and the default folder are named after it.",
        examples=["acme-science"],
    )
    version: Version = Field(
        description="Version of the set as a whole, of your own choosing. Quote it: YAML reads 1.10 as the number 1.1.",
        examples=["2026.11"],
    )
    python: Pythons = Field(
        default=(),
        description=(
            "One installer is made for each of these versions: a minor version takes the newest patch that can be had, "
            "a full one pins it. Quote it: YAML reads 3.10 as the number 3.1. 3.9 to 3.14 are supported."
        ),
        examples=[["3.11", "3.12"], "3.12.9"],
        json_schema_extra={"x-default": "the Python that runs the builder"},
    )
    platforms: Platforms = Field(
        default=(),
        description="One installer is made for each of these platforms (and each Python version).",
        examples=[["linux-x86_64", "macos-arm64", "windows-x86_64"]],
        json_schema_extra={"x-default": "the platform that runs the builder"},
    )
    consistency: Literal["strict", "per-target"] = Field(
        default="strict",
        description=(
            "Whether all targets get the same version of each package. `strict`: the newest one that all of them can "
            "have; a recipe for which there is none fails. `per-target`: each gets its newest, and locks record the "
            "differences."
        ),
    )


class Recipe(RecipeHead):
    """Your own Anaconda, out of wheels: which Python and which packages, and how the installers are made.

    Relative paths have been resolved against the recipe's folder. `load_recipe` fills in `python` and `platforms`.
    """

    packages: Packages = Field(
        default=(),
        description=(
            "What the base holds, as requirements (PEP 508), with everything they need. Markers are evaluated for the "
            "target. `name @ url` takes a wheel from an address. pip is always there."
        ),
        examples=[["numpy", "pandas >=2", 'pywin32 ; sys_platform == "win32"']],
    )
    constraints: Constraints = Field(
        default=(),
        description=(
            "Limits on versions of packages that are needed, wherever they come from: requirements, or paths "
            "of constraints files (relative to the recipe; they end in .txt or .in or have a slash)."
        ),
        examples=[["urllib3 <3", "constraints.txt"]],
    )
    wheels: Wheels = Field(
        default=(),
        description=(
            "Wheels of your own that packages may come from: paths relative to the recipe, with `*`, `?` and `**`. "
            "List the packages themselves in `packages`."
        ),
        examples=[["wheels/*.whl"]],
    )
    find_links: FindLinks = Field(
        default=(),
        description="Folders of wheels (relative to the recipe) and addresses of pages that link to wheels.",
        examples=[["../wheelhouse"]],
    )
    indexes: Indexes = Field(
        default=(),
        description=(
            "Package indexes in the order in which they are asked; the first one takes the place of the configured "
            "one. Each is a URL, or a mapping with `url` and `name`. Credentials come from the environment or a netrc "
            "file, never from the recipe."
        ),
        examples=[["https://packages.acme.example/simple", {"name": "lab", "url": "https://lab.acme.example/simple"}]],
    )
    build_from_source: ProjectNames = Field(
        default=(),
        description=(
            "Packages that may be built from their source distribution where no wheel fits; possible only when the "
            "builder runs on the target's platform and Python."
        ),
        examples=[["legacy-package"]],
    )
    interpreter: Sources = Field(
        default_factory=lambda: (PbsSource(),),
        description=(
            "Where the interpreter comes from; the first source that has one is used, which is printed and recorded. "
            "`pbs`: python-build-standalone, with options `{pbs: {mirror, build, sha256}}`. `python.org`: its builds "
            "for Windows, with options `{python.org: {package, mirror, sha256}}`. `host`: the Python that runs the "
            "builder. `{url, sha256}` or `{path, sha256}`: an archive. `{page}`: a directory listing."
        ),
        examples=[["pbs", "host"], {"page": "https://mirror.acme.example/python/"}],
        json_schema_extra={"default": ["pbs"]},
    )
    glibc: Glibc | None = Field(
        default=None,
        description=(
            "Oldest glibc that the Linux installers must run on. Without it, what the interpreter and the wheels need "
            "is the minimum. Quote it."
        ),
        examples=["2.28"],
    )
    macos: Macos | None = Field(
        default=None,
        description=(
            "Oldest macOS that the macOS installers must run on: wheels for newer ones are not taken, and the "
            "installers refuse older ones. Without it that is 11.0 on Apple silicon and 10.15 on Intel. Quote it."
        ),
        examples=["11.0"],
    )
    build_tools: bool = Field(
        default=True,
        description=(
            "Whether setuptools, wheel, hatchling, flit-core and poetry-core are in the store, so that source "
            "distributions can be built offline. They are not in the base unless listed in `packages`."
        ),
    )
    bytecode: Bytecode = Field(
        default="auto",
        description=(
            "Where modules are compiled (.pyc), for faster first starts. `build`: when the installer is built, which "
            "makes it larger; needs a Python of the target's minor version on this machine, and stops without one. "
            "`install`: by the installer's last step, on all cores. `auto`: as `build` where that is possible, else as "
            "`install`. `none`: never. `true` and `false` are older words for `build` and `none`."
        ),
    )
    compression: Literal["best", "fast"] = Field(
        default="best",
        description=(
            "`best` makes the smallest installers: small packages are packed together, and so is bytecode, so that a "
            "change in one has its group packed anew. `fast` builds in a fraction of the time, each package by itself."
        ),
    )
    company: Line | None = Field(
        default=None, description="Who offers the installers; shown by them.", examples=["Acme Corporation"]
    )
    description: Text | None = Field(
        default=None, description="What the set is for.", examples=["Python for the numerics team"]
    )
    homepage: Url | None = Field(
        default=None, description="Where users find more.", examples=["https://science.acme.example"]
    )
    license: LicenseFile | None = Field(
        default=None,
        description="A text file (UTF-8, relative to the recipe) whose terms a user must accept when installing.",
        examples=["EULA.txt"],
    )
    licenses: LicenseRules = Field(
        default_factory=Licenses,
        description=(
            "Which licences may be in the base; a build that meets another one stops before it compresses anything, "
            "and names every package. `deny`: SPDX identifiers or patterns of them (`GPL-*`), or `unknown` for those "
            "that nobody can tell. `allow`: with `deny`, exceptions to it; alone, the only ones that may be there. Of "
            "a choice (`MIT OR GPL-2.0-only`) one is enough. `overrides`: for a package, the expression that holds "
            "instead of what it says of itself. The interpreter's own libraries count, too."
        ),
        examples=[
            {"deny": ["AGPL-*", "GPL-*", UNKNOWN], "allow": ["GPL-* WITH GCC-exception-*"]},
            {"overrides": {"legacy-package": "BSD-3-Clause"}},
        ],
        json_schema_extra={"x-default": "–"},
    )
    tests: TestRules = Field(
        default_factory=Tests,
        description=(
            "What the finished base must be able to do: it is installed into a temporary folder and tried before the "
            "installer is put into the output folder, wherever the builder can run the target (elsewhere the build "
            "says so). `imports`: modules. `commands`: for the system's shell, with the base's programs first on PATH. "
            "`timeout`: seconds for each of them (300). The installer's option `-t` runs them on the user's machine."
        ),
        examples=[{"imports": ["numpy", "pandas"], "commands": ["python -m pip check", "jupyter --version"]}],
        json_schema_extra={"x-default": "–"},
    )
    default_prefix: Prefix = Field(
        default_factory=lambda found: f"~/{found.get('name', '')}",
        description="Folder that the installers propose: absolute, or below the user's home (`~/…`).",
        examples=["~/acme-science", "/opt/acme-science"],
        json_schema_extra={"x-default": "~/<name>"},
    )
    windows: Windows | None = Field(
        default=None,
        description=(
            "What only the installers for Windows need. `default_prefix`, `default_prefix_all_users`: the folders that "
            "are proposed (`~/<name>` and `%ProgramFiles%/<Name>`). `welcome_picture`: PNG or BMP, about 164 x 384 "
            "pixels. `icon`: an .ico file. `add_to_path`, `register_python`: what is proposed (false and true). "
            "`shortcuts`: further entries of the Start menu, each with `name`, `target` (a program in the base), "
            "`arguments` and `icon`."
        ),
        examples=[
            {
                "default_prefix": "~/acme-science",
                "add_to_path": True,
                "shortcuts": [{"name": "Jupyter Lab", "target": "Scripts/jupyter-lab.exe"}],
            }
        ],
    )
    pkg: Pkg | None = Field(
        default=None,
        description=(
            "What only the packages for macOS (.pkg) need. `identifier`: by what macOS knows the package, normally a "
            "domain of yours, reversed (`keel.<name>`). `initialize_shell`, `shortcut`: whether these are proposed "
            "(false and true)."
        ),
        examples=[{"identifier": "com.acme.science", "initialize_shell": True}],
    )
    signing: SigningCommands | None = Field(
        default=None,
        description=(
            "Commands that sign a finished installer before it is put into the output folder, by format (`pkg`, "
            "`exe`), run one after the other in the recipe's folder, without a shell. `{file}` is the installer; a "
            "command with `{signed}` writes the signed one there, which then takes its place, and one without changes "
            "or only reads the file. Secrets belong into the environment or a keychain."
        ),
        examples=[
            {
                "pkg": [
                    "productsign --sign 'Developer ID Installer: Acme Corporation' {file} {signed}",
                    "xcrun notarytool submit --keychain-profile acme --wait {file}",
                    "xcrun stapler staple {file}",
                ]
            }
        ],
    )
    archive: Archive | None = Field(
        default=None,
        description=(
            "The archive that the installers will be published on, so that `keel update --check` knows where to ask "
            "for a newer version: its `url`, and the `public_key` that it is signed with; a URL alone where it is not "
            "signed."
        ),
        examples=[
            {
                "url": "https://get.acme.example/python",
                "public_key": "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3",
            }
        ],
    )
    index: Url | None = Field(
        default=None,
        description=(
            "Index that pip uses in the installed base and its environments. Without it they know only what is "
            "bundled, and fail at once for anything else."
        ),
        examples=["https://packages.acme.example/simple"],
    )

    def requirements_for(self, marker_environment: Mapping[str, str]) -> list[Requirement]:
        """The packages that apply to a target, without their markers.

        marker_environment: complete, as `Platform.marker_environment` gives it.
        """
        found = []
        for package in self.packages:
            if package.marker is None or package.marker.evaluate(dict(marker_environment)):
                requirement = Requirement(str(package))
                requirement.marker = None
                found.append(requirement)
        return found
