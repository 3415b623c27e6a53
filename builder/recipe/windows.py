"""The recipe's key `windows`: what only the installers for Windows (.exe) need."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema

from .types import IconFile, Line, Model, PathInBase, PictureFile, ShortcutName, WindowsPrefix, each, listed


class Shortcut(Model):
    """An entry of the Start menu."""

    name: ShortcutName = Field(description="What it is called there.", examples=["Jupyter Lab"])
    target: PathInBase = Field(
        description="The program that it starts, in the base.", examples=["Scripts/jupyter-lab.exe"]
    )
    arguments: Line | None = Field(default=None, description="What follows the program on its command line.")
    icon: PathInBase | None = Field(default=None, description="An icon in the base; else the program's own.")


def _shortcut(value: Any, info: ValidationInfo) -> Shortcut:
    return Shortcut.model_validate(value, context=info.context)


Shortcuts = Annotated[
    tuple[Shortcut, ...],
    each(_shortcut, once={"name": lambda shortcut: shortcut.name.lower()}),
    listed(Shortcut.model_json_schema()),
]


class WindowsInstaller(Model):
    """What only the installers for Windows need."""

    default_prefix: WindowsPrefix | None = Field(
        default=None, description="Folder that is proposed to one user; `%NAME%` in it is expanded."
    )
    default_prefix_all_users: WindowsPrefix | None = Field(
        default=None, description="Folder that is proposed for all users, normally `%ProgramFiles%/<Name>`."
    )
    welcome_picture: PictureFile | None = Field(
        default=None, description="PNG or BMP (relative to the recipe) for the first page, about 164 x 384 pixels."
    )
    icon: IconFile | None = Field(default=None, description="An .ico file (relative to the recipe).")
    add_to_path: bool = Field(default=False, description="Whether adding to PATH is proposed.")
    register_python: bool = Field(default=True, description="Whether registering as a Python is proposed.")
    shortcuts: Shortcuts = Field(default=(), description="Further entries of the Start menu.")


WINDOWS_KEYS = (*WindowsInstaller.model_fields, *Shortcut.model_fields)


def _windows(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, WindowsInstaller):
        return value
    return WindowsInstaller.model_validate(value, context=info.context)


Windows = Annotated[
    WindowsInstaller,
    BeforeValidator(_windows),
    WithJsonSchema(WindowsInstaller.model_json_schema(), mode="validation"),
]
