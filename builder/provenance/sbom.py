"""The bill of materials of a base, as CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/), for tools that look for
vulnerabilities and licences. The same base gives the same bytes: no time stamp, and a serial number from the content.
"""

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .parts import Kind, Part

if TYPE_CHECKING:
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component
    from cyclonedx.model.license import License

_NAMESPACE = uuid.UUID("a3a1f0a4-6f0e-5d8c-9a42-6b1d2f0f6c1e")
_PLACEHOLDER = uuid.UUID(int=0)


def sbom(
    *, name: str, version: str, builder: str, company: str | None, facts: Mapping[str, str], parts: Sequence[Part]
) -> bytes:
    """The document. name, version: of the recipe.  builder: its version.  facts: what is to be said of the whole."""
    from cyclonedx.model.bom import Bom, BomMetaData  # a second to import, and needed by `build` only
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.model.contact import OrganizationalEntity
    from cyclonedx.model.tool import ToolRepository

    whole = Component(
        type=ComponentType.APPLICATION,
        name=name,
        version=version,
        bom_ref=f"base:{name}@{version}",
        supplier=OrganizationalEntity(name=company) if company else None,
        properties=_properties(facts),
    )
    tool = Component(type=ComponentType.APPLICATION, name="keel-builder", version=builder, bom_ref="tool:keel-builder")
    document = Bom(
        serial_number=_PLACEHOLDER, metadata=BomMetaData(component=whole, tools=ToolRepository(components=[tool]))
    )
    components = {_ref(part): _component(part) for part in parts}
    document.components.update(components.values())
    _connect(document, whole, components, parts)
    return _serialised(document)


def _serialised(document: "Bom") -> bytes:
    """Without the time that the library notes, and with a serial number from everything else."""
    from cyclonedx.output.json import JsonV1Dot6

    values = json.loads(JsonV1Dot6(document).output_as_string())
    values["metadata"].pop("timestamp", None)
    values["serialNumber"] = uuid.uuid5(_NAMESPACE, json.dumps(values, sort_keys=True)).urn
    return json.dumps(values, indent=1, ensure_ascii=False).encode() + b"\n"


def _ref(part: Part) -> str:
    """A name within the document."""
    return f"{part.kind.value}:{part.name}" + (f"@{part.version}" if part.version else "")


def _component(part: Part) -> "Component":
    from cyclonedx.model import HashAlgorithm, HashType
    from cyclonedx.model.component import Component, ComponentScope, ComponentType

    types = {Kind.PACKAGE: ComponentType.LIBRARY, Kind.LIBRARY: ComponentType.LIBRARY}
    return Component(
        type=types.get(part.kind, ComponentType.APPLICATION),
        name=part.name,
        version=part.version,
        bom_ref=_ref(part),
        scope=ComponentScope.REQUIRED if part.in_base else ComponentScope.OPTIONAL,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=part.sha256)] if part.sha256 else [],
        licenses=_licenses(part),
        purl=_purl(part),
        cpe=_cpe(part),
        properties=_properties(_facts(part)),
    )


def _licenses(part: Part) -> "list[License]":
    from cyclonedx.model.license import DisjunctiveLicense, LicenseAcknowledgement, LicenseExpression
    from cyclonedx.spdx import is_expression, is_supported_id

    how = LicenseAcknowledgement.CONCLUDED if part.concluded else LicenseAcknowledgement.DECLARED
    told = part.license or part.stated
    if told is None:
        return []
    if part.license is not None and is_supported_id(told):
        return [DisjunctiveLicense(id=told, acknowledgement=how)]
    if part.license is not None and is_expression(told):
        return [LicenseExpression(told, acknowledgement=how)]
    return [DisjunctiveLicense(name=told, acknowledgement=how)]


def _purl(part: Part) -> Any:
    """https://github.com/package-url/purl-spec"""
    from packageurl import PackageURL

    if part.kind is Kind.PACKAGE or "vendored" in part.note:
        return PackageURL("pypi", name=part.name, version=part.version)
    return PackageURL("generic", name=part.name, version=part.version)


def _cpe(part: Part) -> str | None:
    vendor, product = part.cpe or ("", "")
    return f"cpe:2.3:a:{vendor}:{product}:{part.version}:*:*:*:*:*:*:*" if product and part.version else None


def _facts(part: Part) -> dict[str, str]:
    found = {"kind": part.kind.value, **part.note}
    if part.source:
        found["source"] = part.source
    if part.file:
        found["file"] = part.file
    if part.kind is Kind.PACKAGE:
        found["place"] = "base" if part.in_base else "store"
    if part.files:
        found["found-in"] = ", ".join(part.files)
    if part.license and part.stated and part.stated != part.license:
        found["license-stated"] = part.stated
    return found


def _properties(facts: Mapping[str, str]) -> Any:
    from cyclonedx.model import Property

    return [Property(name=f"keel:{name}", value=value) for name, value in sorted(facts.items())]


def _connect(document: "Bom", whole: "Component", components: "dict[str, Component]", parts: Sequence[Part]) -> None:
    """Who needs whom. The whole needs what was asked for and what nothing else needs; every part is reached from it."""
    needs = {_ref(part): [_ref(other) for other in _needed(part, parts)] for part in parts}
    reached = {other for others in needs.values() for other in others}
    for part in parts:
        ref = _ref(part)
        document.register_dependency(components[ref], [components[other] for other in needs[ref]])
    first = [components[_ref(part)] for part in parts if part.wanted or _ref(part) not in reached]
    document.register_dependency(whole, first)


def _needed(part: Part, parts: Iterable[Part]) -> list[Part]:
    others = [other for other in parts if other.name in part.needs and other is not part]
    if part.kind is Kind.PACKAGE:
        return [other for other in others if other.kind is Kind.PACKAGE]
    return [other for other in others if other.kind is Kind.LIBRARY]
