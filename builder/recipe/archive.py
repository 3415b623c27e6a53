"""The recipe's key `archive`: where the installers will be published, so that bases can ask for newer versions."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema

from .types import Model, PublicKey, Url


class ArchiveSource(Model):
    """The archive that the installers will be published on."""

    url: Url = Field(description="Its address.", examples=["https://get.acme.example/python"])
    public_key: PublicKey | None = Field(
        default=None,
        description="The key that it is signed with: what `keel-builder key public` prints.",
    )


ARCHIVE_KEYS = (*ArchiveSource.model_fields,)


def _archive(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, ArchiveSource):
        return value
    return ArchiveSource.model_validate({"url": value} if isinstance(value, str) else value, context=info.context)


Archive = Annotated[
    ArchiveSource,
    BeforeValidator(_archive),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "format": "uri"}, ArchiveSource.model_json_schema()]}, mode="validation"
    ),
]
