"""The recipe's key `pkg`: what only the packages for macOS (.pkg) need."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema

from .types import Model, PackageIdentifier


class PkgInstaller(Model):
    """What only the packages for macOS need."""

    identifier: PackageIdentifier | None = Field(
        default=None, description="By what macOS knows the package, normally a domain of yours, reversed."
    )
    shortcut: bool = Field(default=True, description="Whether a shortcut in Applications is proposed.")
    initialize_shell: bool = Field(default=False, description="Whether initialising the shell is proposed.")


PKG_KEYS = tuple(PkgInstaller.model_fields)


def _pkg(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, PkgInstaller):
        return value
    return PkgInstaller.model_validate(value, context=info.context)


Pkg = Annotated[
    PkgInstaller,
    BeforeValidator(_pkg),
    WithJsonSchema(PkgInstaller.model_json_schema(), mode="validation"),
]
