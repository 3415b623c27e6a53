"""The recipe's keys `licenses` and `tests`: what may be in a base, and what it must be able to do."""

import re
from typing import Annotated, Any

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema

from . import values
from .problems import kind_of
from .types import Model, each, listed

# For what nobody could name; `builder.provenance.policy` asks for it.
UNKNOWN = "unknown"
_MODULE_PATTERN = r"^[^\W\d]\w*(\.[^\W\d]\w*)*$"
_PATTERN = re.compile(r"[A-Za-z0-9.+*?-]+( WITH [A-Za-z0-9.+*?-]+)?")
_MOST_SECONDS = 24 * 3600


def license_expression(value: Any) -> str:
    """An SPDX expression (https://spdx.github.io/spdx-spec/v3.0.1/annexes/spdx-license-expressions/), canonical."""
    words = values.line(value)
    try:
        return str(canonicalize_license_expression(words))
    except InvalidLicenseExpression:
        raise ValueError(
            f'"{words}" is not an SPDX expression such as "MIT" or "Apache-2.0 OR MIT" (https://spdx.org/licenses)'
        ) from None


def license_pattern(value: Any) -> str:
    """An SPDX identifier, perhaps with an exception; a pattern of them (`GPL-*`); or "unknown"."""
    words = values.line(value)
    if words.lower() == UNKNOWN:
        return UNKNOWN
    if not _PATTERN.fullmatch(words):
        raise ValueError(f'"{words}" is not an SPDX identifier, and not a pattern of them such as "GPL-*"')
    return words if re.search(r"[*?]", words) else license_expression(words)


def module(value: Any) -> str:
    """`numpy` or `numpy.linalg`."""
    return values.matching(value, _MODULE_PATTERN, "the name of a module")


def seconds(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _MOST_SECONDS:
        raise ValueError(f"must be a number of seconds, from 1 to {_MOST_SECONDS}")
    return value


def _overrides(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise ValueError(f"must be a mapping of packages to SPDX expressions, not {kind_of(value)}")
    return {values.project_name(name): license_expression(text) for name, text in value.items()}


Patterns = Annotated[
    tuple[str, ...],
    each(lambda value, _: license_pattern(value), once={"pattern": str.lower}),
    listed({"type": "string"}),
]
Modules = Annotated[
    tuple[str, ...],
    each(lambda value, _: module(value), once={"module": str}),
    listed({"type": "string", "pattern": _MODULE_PATTERN}),
]
Commands = Annotated[tuple[str, ...], each(lambda value, _: values.text(value)), listed({"type": "string"})]
Overrides = Annotated[
    dict[str, str],
    BeforeValidator(_overrides),
    WithJsonSchema({"type": "object", "additionalProperties": {"type": "string"}}, mode="validation"),
]
Seconds = Annotated[
    int,
    BeforeValidator(seconds),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": _MOST_SECONDS}, mode="validation"),
]


class Licenses(Model):
    """Which licences may be in a base."""

    deny: Patterns = Field(default=(), description="SPDX identifiers that stop a build; `*` and `?` are patterns.")
    allow: Patterns = Field(
        default=(), description="With `deny`, exceptions to it; without, the only ones that may be there."
    )
    overrides: Overrides = Field(
        default_factory=dict, description="Package -> SPDX expression that holds instead of its own word."
    )


class Tests(Model):
    """What a finished base must be able to do."""

    imports: Modules = Field(default=(), description="Modules that are imported, each in a Python of its own.")
    commands: Commands = Field(default=(), description="Commands that must exit with 0, run by the system's shell.")
    timeout: Seconds = Field(default=300, description="Seconds that each import and each command may take.")

    def __bool__(self) -> bool:
        """Whether there is anything to run."""
        return bool(self.imports or self.commands)


TRUST_KEYS = {"licenses": tuple(Licenses.model_fields), "tests": tuple(Tests.model_fields)}


def _reader(kind: type[Model]) -> BeforeValidator:
    def read(value: Any, info: ValidationInfo) -> Model:
        return value if isinstance(value, kind) else kind.model_validate(value, context=info.context)

    return BeforeValidator(read)


LicenseRules = Annotated[Licenses, _reader(Licenses), WithJsonSchema(Licenses.model_json_schema(), mode="validation")]
TestRules = Annotated[Tests, _reader(Tests), WithJsonSchema(Tests.model_json_schema(), mode="validation")]
