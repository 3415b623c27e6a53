"""The recipe's key `interpreter`: where the interpreter of a base comes from."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo

from .problems import did_you_mean, kind_of
from .types import FileOrFolder, Model, PbsBuild, PublicKey, Sha256, Url, each, listed


class PbsSource(Model):
    """python-build-standalone, by the catalogue of pbs-installer."""

    mirror: Url | None = Field(default=None, description="Base address of a mirror of the releases.")
    build: PbsBuild | None = Field(
        default=None, description="The release to take the interpreter from, by its date.", examples=["20250101"]
    )
    sha256: Sha256 | None = Field(
        default=None, description="Expected SHA-256, for what the catalogue lists without one."
    )


class PythonOrgSource(Model):
    """python.org's own builds for Windows."""

    package: Literal["full", "embeddable"] | None = Field(
        default=None,
        description="`full`: the complete one (a zip or a NuGet package); `embeddable`: without venv, tkinter, headers "
        "and sources. Otherwise the complete one of the newest patch, where there is one.",
    )
    mirror: Url | None = Field(default=None, description="Base address of a mirror of python.org/ftp/python.")
    sha256: Sha256 | None = Field(default=None, description="Expected SHA-256 of the archive.")


class HostSource(Model):
    """The Python that runs the builder, made relocatable."""


class UrlSource(Model):
    """An archive at an address."""

    url: Url = Field(description="Address of the archive (tar.gz, tar.zst, tar.xz, tar.bz2, zip, 7z).")
    sha256: Sha256 = Field(description="The archive's SHA-256.")


class PathSource(Model):
    """An archive, or a folder that holds an interpreter."""

    path: FileOrFolder = Field(description="Where it lies, relative to the recipe.")
    sha256: Sha256 | None = Field(default=None, description="The archive's SHA-256.")


class PageSource(Model):
    """A directory listing, such as a company mirror, or an archive that `keel-builder publish` made: of either the
    newest matching Python is taken."""

    page: Url = Field(description="Address of the listing or the archive.")
    public_key: PublicKey | None = Field(default=None, description="The key that the archive must be signed with.")
    sha256: Sha256 | None = Field(default=None, description="Expected SHA-256 of the archive.")


class PbsEntry(Model):
    """python-build-standalone with options."""

    pbs: PbsSource = Field(description="The options.")


class PythonOrgEntry(Model):
    """python.org's builds with options."""

    python_org: PythonOrgSource = Field(alias="python.org", description="The options.")


Source = PbsSource | PythonOrgSource | HostSource | UrlSource | PathSource | PageSource
_MAPPINGS: dict[str, type[Model]] = {
    "pbs": PbsEntry,
    "python.org": PythonOrgEntry,
    "url": UrlSource,
    "path": PathSource,
    "page": PageSource,
}
INTERPRETER_KEYS = tuple(dict.fromkeys([*_MAPPINGS, *PbsSource.model_fields, *PythonOrgSource.model_fields]))
_WORDS: dict[str, type[PbsSource] | type[PythonOrgSource] | type[HostSource]] = {
    "pbs": PbsSource,
    "python.org": PythonOrgSource,
    "host": HostSource,
}


def _source(value: Any, info: ValidationInfo) -> Any:
    """The model of a word (`pbs`, `python.org`, `host`) or of a mapping, which its key tells apart."""
    if isinstance(value, Source):
        return value
    if isinstance(value, str):
        if value not in _WORDS:
            close = did_you_mean(value, _WORDS)
            raise ValueError(f'"{value}" is not a source of interpreters; {close or "pbs, python.org and host are"}')
        return _WORDS[value]()
    if not isinstance(value, Mapping):
        raise ValueError(
            f"must be pbs, python.org, host, or a mapping with {', '.join(_MAPPINGS)}, not {kind_of(value)}"
        )
    kinds = [key for key in _MAPPINGS if key in value]
    if len(kinds) != 1:
        raise ValueError(f"needs one of {', '.join(_MAPPINGS)}, and has {' and '.join(kinds) or 'none'}")
    found = _MAPPINGS[kinds[0]].model_validate(value, context=info.context)
    if isinstance(found, PbsEntry):
        return found.pbs
    return found.python_org if isinstance(found, PythonOrgEntry) else found


def _schema() -> dict[str, Any]:
    """JSON Schema of one source; without references, so that it can stand inside the recipe's."""
    mappings: list[dict[str, Any]] = [model.model_json_schema() for model in (UrlSource, PathSource, PageSource)]
    with_options: tuple[tuple[str, type[Model], type[Model]], ...] = (
        ("pbs", PbsEntry, PbsSource),
        ("python.org", PythonOrgEntry, PythonOrgSource),
    )
    entries = [
        {
            "type": "object",
            "title": entry.__name__,
            "description": entry.__doc__,
            "properties": {word: options.model_json_schema()},
            "required": [word],
            "additionalProperties": False,
        }
        for word, entry, options in with_options
    ]
    return {"anyOf": [{"type": "string", "enum": list(_WORDS)}, *mappings, *entries]}


Sources = Annotated[tuple[Source, ...], each(_source, single=True), listed(_schema(), single=True)]
