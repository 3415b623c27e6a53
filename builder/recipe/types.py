"""The types that the recipe's model is made of: checks of `values` together with their JSON Schema."""

from collections.abc import Callable, Hashable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo, WithJsonSchema
from pydantic_core import InitErrorDetails, PydanticKnownError, ValidationError

from ..platforms import PLATFORMS
from . import values


class Model(BaseModel):
    """Base of all parts of a recipe: frozen, keyword-only, no unknown keys, nothing converted silently."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, arbitrary_types_allowed=True)


def schema(**keywords: Any) -> WithJsonSchema:
    """What the JSON Schema says of a text."""
    return WithJsonSchema({"type": "string", **keywords}, mode="validation")


def listed(item: dict[str, Any], *, single: bool = False) -> WithJsonSchema:
    """JSON Schema of a list; single: one item may stand for itself."""
    several: dict[str, Any] = {"type": "array", "items": item}
    if single:
        several = {"anyOf": [*item.get("anyOf", [item]), {**several, "minItems": 1}]}
    return WithJsonSchema(several, mode="validation")


Text = Annotated[str, BeforeValidator(values.text), schema()]
Line = Annotated[str, BeforeValidator(values.line), schema(maxLength=values.MAX_LINE)]
Name = Annotated[str, BeforeValidator(values.name), schema(pattern=values.NAME_PATTERN)]
Version = Annotated[str, BeforeValidator(values.version), schema(pattern=values.VERSION_PATTERN)]
Glibc = Annotated[str, BeforeValidator(values.glibc), schema(pattern=values.GLIBC_PATTERN)]
Macos = Annotated[str, BeforeValidator(values.macos), schema(pattern=values.MACOS_PATTERN)]
Sha256 = Annotated[str, BeforeValidator(values.sha256), schema(pattern=values.SHA256_PATTERN)]
PbsBuild = Annotated[str, BeforeValidator(values.pbs_build), schema(pattern=values.BUILD_PATTERN)]
IndexName = Annotated[str, BeforeValidator(values.index_name), schema(pattern=values.NAME_PATTERN)]
Url = Annotated[str, BeforeValidator(values.url), schema(format="uri")]
PublicKey = Annotated[str, BeforeValidator(values.public_key), schema(pattern=values.KEY_PATTERN)]
Prefix = Annotated[str, BeforeValidator(values.prefix), schema(maxLength=values.MAX_LINE)]
WindowsPrefix = Annotated[str, BeforeValidator(values.windows_prefix), schema(maxLength=values.MAX_LINE)]
ShortcutName = Annotated[str, BeforeValidator(values.shortcut_name), schema(maxLength=64)]
PathInBase = Annotated[str, BeforeValidator(values.path_in_base), schema(maxLength=values.MAX_LINE)]
PictureFile = Annotated[Path, BeforeValidator(values.picture_file), schema()]
IconFile = Annotated[Path, BeforeValidator(values.icon_file), schema()]
LicenseFile = Annotated[Path, BeforeValidator(values.license_file), schema()]
PackageIdentifier = Annotated[
    str, BeforeValidator(values.package_identifier), schema(pattern=values.IDENTIFIER_PATTERN)
]
FileOrFolder = Annotated[Path, BeforeValidator(values.file_or_folder), schema()]


Bytecode = Annotated[
    Literal["auto", "build", "install", "none"],
    BeforeValidator(values.bytecode),
    WithJsonSchema({"enum": ["auto", "build", "install", "none", True, False]}, "validation"),
]


Parse = Callable[[Any, ValidationInfo], Any]
Key = Callable[[Any], Hashable]


def each(parse: Parse, *, single: bool = False, once: Mapping[str, Key] | None = None) -> BeforeValidator:
    """Reads a list item by item; all mistakes in it are reported, each at its place.

    parse: raises ValueError.  single: a value that is no list is a list of one, and an empty list is refused.
    once: what no two items may share, by a word for it (None is never shared).
    """

    def read(value: Any, info: ValidationInfo) -> tuple[Any, ...]:
        items = values.items(value, single=single)
        found = []
        findings: list[InitErrorDetails] = []
        first: dict[tuple[str, Hashable], int] = {}
        for number, item in enumerate(items):
            try:
                parsed = parse(item, info)
            except ValidationError as error:
                findings += _below(number, error)
            except ValueError as error:
                findings.append(_finding(number, item, error))
            else:
                found.append(parsed)
                for what, key in (once or {}).items():
                    shared = key(parsed)
                    earlier = first.setdefault((what, shared), number)
                    if shared is not None and earlier != number:
                        findings.append(_finding(number, item, ValueError(f"the same {what} as [{earlier}]")))
        if findings:
            raise ValidationError.from_exception_data("recipe", findings)  # becomes part of the whole recipe's
        return tuple(found)

    return BeforeValidator(read)


def _finding(number: int, item: object, error: ValueError) -> InitErrorDetails:
    if isinstance(error, PydanticKnownError):
        return InitErrorDetails(type=error.type, loc=(number,), input=item)
    return InitErrorDetails(type="value_error", loc=(number,), input=item, ctx={"error": error})


def _below(number: int, error: ValidationError) -> Iterator[InitErrorDetails]:
    for found in error.errors(include_url=False):
        place = (number, *found["loc"])
        yield InitErrorDetails(type=found["type"], loc=place, input=found["input"], ctx=found.get("ctx", {}))


def _package(requirement: Requirement) -> tuple[str, str]:
    # Under different markers a package may be listed more than once: different versions for different targets.
    return canonicalize_name(requirement.name), str(requirement.marker or "")


def _each_once(found: tuple[list[Path], ...]) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(path for paths in found for path in paths))


Pythons = Annotated[
    tuple[str, ...],
    each(lambda value, _: values.python_version(value), single=True, once={"minor version": values.python_minor}),
    listed({"type": "string", "pattern": values.PYTHON_PATTERN}, single=True),
]
Platforms = Annotated[
    tuple[str, ...],
    each(lambda value, _: values.platform_name(value), single=True, once={"platform": str}),
    listed({"type": "string", "enum": list(PLATFORMS)}, single=True),
]
Packages = Annotated[
    tuple[Requirement, ...],
    each(lambda value, _: values.requirement(value), once={"package": _package}),
    listed({"type": "string"}),
]
ProjectNames = Annotated[
    tuple[str, ...],
    each(lambda value, _: values.project_name(value), once={"package": str}),
    listed({"type": "string"}),
]
Constraints = Annotated[tuple[Requirement | Path, ...], each(values.constraint), listed({"type": "string"})]
FindLinks = Annotated[tuple[Path | str, ...], each(values.folder_or_url), listed({"type": "string"})]
Wheels = Annotated[
    tuple[Path, ...],
    BeforeValidator(_each_once),
    each(values.wheel_files),
    listed({"type": "string"}),
]
