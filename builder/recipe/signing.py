"""The recipe's key `signing`: commands that sign finished installers."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema

from . import values
from .types import Model, each, listed

Command = tuple[str, ...]
Commands = Annotated[
    tuple[Command, ...],
    each(lambda value, _: values.signing_command(value), single=True),
    listed({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}, single=True),
]


class Signing(Model):
    """The commands of each format that can hold a signature, run one after the other."""

    pkg: Commands = Field(default=(), description="For packages of macOS.")
    exe: Commands = Field(default=(), description="For setup programs of Windows.")

    def commands(self, suffix: str) -> tuple[Command, ...]:
        """Those for files that end like that (".pkg"), each as a list of words with `{file}` and `{signed}` in them."""
        found: tuple[Command, ...] = getattr(self, suffix.removeprefix("."), ())
        return found


SIGNING_KEYS = tuple(Signing.model_fields)


def _signing(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, Signing):
        return value
    return Signing.model_validate(value, context=info.context)


SigningCommands = Annotated[
    Signing,
    BeforeValidator(_signing),
    WithJsonSchema(Signing.model_json_schema(), mode="validation"),
]
