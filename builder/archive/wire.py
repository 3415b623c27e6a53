"""`index.json` as it is on disk: schema 1 of docs/archive-format.md. `index_file` turns it into an `Index` and back.

docs/archive-index.schema.json is made from this model (tools/write_reference.py).
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema

from .index import DocumentKind, InstallerFormat

SCHEMA = 1
# Safe on every file system and in URLs as it is. Names come from other people's archives, so that this is also what
# keeps a download inside its folder.
FILE_NAME = r"^[A-Za-z0-9_][A-Za-z0-9._+!-]{0,199}$"
_STAMP = "%Y-%m-%dT%H:%M:%SZ"


def stamp(moment: datetime) -> str:
    """`2026-11-24T18:00:00Z`; fractions of a second are dropped."""
    return moment.astimezone(UTC).strftime(_STAMP)


def parse_stamp(text: str) -> datetime:
    """The inverse; raises ValueError."""
    return datetime.strptime(text, _STAMP).replace(tzinfo=UTC)


FileName = Annotated[str, Field(pattern=FILE_NAME)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Number = Annotated[int, Field(ge=0)]
Moment = Annotated[
    AwareDatetime,
    AfterValidator(lambda moment: moment.astimezone(UTC).replace(microsecond=0)),
    PlainSerializer(stamp),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


class _Wire(BaseModel):
    """Keys that a newer writer adds are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class InstallerLine(_Wire):
    """An installer."""

    file: FileName = Field(description="Name of the file, in the archive's root.")
    format: InstallerFormat
    size: Number = Field(description="Bytes.")
    sha256: Sha256
    modified: Moment = Field(description="When the file was last changed before it was published.")
    published: Moment = Field(description="When it was first in an index of this archive.")
    name: str = Field(description="The recipe's name.")
    version: str = Field(description="The recipe's version.")
    python: str = Field(description="Full version of the interpreter.")
    platform: str = Field(description="`linux-x86_64`, `macos-arm64`, `windows-x86_64`, …")
    glibc: str | None = Field(default=None, description="The oldest glibc that will do.")
    macos: str | None = Field(default=None, description="The oldest macOS that will do.")
    windows: str | None = Field(default=None, description="The oldest Windows that will do.")
    interpreter: Number = Field(description="Number of `interpreters`.")
    packages: Number = Field(description="Number of `sets`: what the base holds.")
    store: Number = Field(description="Number of `sets`: what can be installed offline besides.")


class InterpreterLine(_Wire):
    """Where a Python came from."""

    source: str
    version: str
    build: str
    sha256: str


class ProductLine(_Wire):
    """What the newest installer of a name says about itself."""

    company: str | None = None
    description: str | None = None
    homepage: str | None = None


class SetLine(_Wire):
    """A set of packages: that of an earlier one, without some and with some."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    start: Number | None = Field(default=None, alias="from", description="Number of an earlier set; none: nothing.")
    remove: tuple[Number, ...] = Field(default=(), description="Numbers of `packages`.")
    add: tuple[Number, ...] = Field(default=(), description="Numbers of `packages`.")


PackageLine = Annotated[
    tuple[str, str, Number | None], Field(description="Name, version, and a number of `licenses` or null.")
]
DocumentLine = Annotated[tuple[Number, Sha256], Field(description="Size in bytes, SHA-256.")]


class IndexFile(_Wire):
    """The index of an archive of installers made by Keel."""

    format_version: Literal[1] = Field(alias="schema")
    archive: str = Field(pattern=r"^[0-9a-f]{32}$", description="Tells this archive from every other; stays.")
    version: int = Field(ge=1, description="Counts up by one with every publishing.")
    generated: Moment
    expires: Moment | None = Field(description="When clients stop to trust this index; null: never.")
    key: str | None = Field(description="The public key (minisign's) that signs this index; null: unsigned.")
    latest: dict[FileName, FileName] = Field(description="Stable name -> file.")
    installers: tuple[InstallerLine, ...] = Field(description="Newest first.")
    products: dict[str, ProductLine] = Field(default={}, description="By the recipe's name.")
    interpreters: tuple[InterpreterLine, ...]
    licenses: tuple[str, ...] = Field(description="SPDX expressions, or the beginning of what a package says.")
    packages: tuple[PackageLine, ...]
    sets: tuple[SetLine, ...]
    documents: dict[FileName, dict[DocumentKind, DocumentLine]] = Field(
        default={}, description="File name of installers without extension -> kind -> document."
    )


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of index.json."""
    schema = IndexFile.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Index of a Keel archive"}
