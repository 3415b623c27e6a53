"""The record of a base: what it is made of, from where, under which licences, and how it was built.

It goes into every base (`keel-meta/`), and beside its installers. The same lock gives the same bytes.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from keel import __version__

from ..interpreters import Interpreter
from ..interpreters.archive import file_name
from ..lock import Lock, public_lock
from ..record_names import BESIDE, BUILD, LICENSES, LICENSES_TEXT, LOCK, SBOM, TESTS
from ..settings import Settings
from ..target import Target
from ..units import WheelUnit
from .build_info import build_info
from .bundled import bundled_libraries, interpreter_texts
from .own import own_parts
from .packages import package_parts
from .parts import Kind, Part
from .policy import check_licenses, unknown_licenses
from .sbom import sbom
from .texts import licenses_json, licenses_text

__all__ = ["Record", "describe"]


@dataclass(frozen=True, kw_only=True)
class Record:
    """files: path in the base -> bytes.  unknown: the warning about licences that nobody can tell, or None."""

    files: Mapping[str, bytes]
    unknown: str | None

    def beside(self, stem: str) -> dict[str, bytes]:
        """File name -> bytes of what lies beside the installers called `stem`."""
        return {f"{stem}{ending}": self.files[path] for path, ending in BESIDE.items()}


def describe(
    target: Target, interpreter: Interpreter, lock: Lock, units: Sequence[WheelUnit], settings: Settings
) -> Record:
    """The record of a base of these `units`. Raises PolicyError for licences that the recipe refuses."""
    recipe = target.recipe
    parts = _parts(target, interpreter, units, settings)
    check_licenses(parts, recipe.licenses)
    sources = {part.name: part.source or "" for part in parts if part.kind is Kind.PACKAGE}
    locked = public_lock(lock, sources).encode()
    files = {
        LOCK: locked,
        SBOM: sbom(
            name=recipe.name,
            version=recipe.version,
            builder=__version__,
            company=recipe.company,
            facts={"platform": target.platform.name, "python": interpreter.version},
            parts=parts,
        ),
        LICENSES: licenses_json(parts),
        LICENSES_TEXT: licenses_text(f"{target.title} {recipe.version} ({target.platform.label})", parts),
        BUILD: build_info(target, lock, locked, parts),
    }
    if recipe.tests:
        files[TESTS] = json.dumps(recipe.tests.model_dump(), indent=1, ensure_ascii=False).encode() + b"\n"
    return Record(files=files, unknown=unknown_licenses(parts))


def _parts(target: Target, interpreter: Interpreter, units: Sequence[WheelUnit], settings: Settings) -> list[Part]:
    """Everything in the base: the interpreter and its libraries, the packages by name, keel and the engine."""
    environment = target.platform.marker_environment(interpreter.version)
    requirements = target.recipe.requirements_for(environment)
    packages = package_parts(units, requirements, environment, settings.cache.root / "wheels")
    libraries = bundled_libraries(interpreter)
    parts = [
        _interpreter(interpreter, libraries),
        *libraries,
        *sorted(packages, key=lambda part: part.name),
        *own_parts(target.platform),
    ]
    return _overridden(parts, target.recipe.licenses.overrides, settings)


def _overridden(parts: Sequence[Part], overrides: Mapping[str, str], settings: Settings) -> list[Part]:
    """The parts with the licences that the recipe knows better; one for what is not there is a mistake, or old."""
    missing = sorted(set(overrides) - {part.name for part in parts})
    if missing:
        settings.reporter.warn(f"licenses.overrides names what is not in this set: {', '.join(missing)}")
    return [
        replace(part, license=overrides[part.name], concluded=True) if part.name in overrides else part
        for part in parts
    ]


def _interpreter(interpreter: Interpreter, libraries: Sequence[Part]) -> Part:
    return Part(
        kind=Kind.INTERPRETER,
        name="python",
        version=interpreter.version,
        license="Python-2.0.1",
        concluded=True,
        texts=tuple(interpreter_texts(interpreter.tree)),
        source=interpreter.source,
        file=file_name(interpreter.url) if interpreter.url else None,
        sha256=interpreter.sha256,
        needs=tuple(library.name for library in libraries),
        cpe=("python", "python"),
        note={"build": interpreter.build} if interpreter.build else {},
    )
