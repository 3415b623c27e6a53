"""The licences of everything in a base: a list for programs, and all texts for people, each text once."""

import json
from collections.abc import Sequence

from .parts import Kind, Part

_SCHEMA = 1
_LINE = "=" * 120 + "\n"
_GROUPS = (
    ("Python", (Kind.INTERPRETER,)),
    ("Libraries in it, in keel and in the engine", (Kind.LIBRARY,)),
    ("Packages", (Kind.PACKAGE,)),
    ("Keel", (Kind.MANAGER, Kind.ENGINE)),
)


def licenses_json(parts: Sequence[Part]) -> bytes:
    """name, version, license (an SPDX expression, or null), what else the package says (where that is no SPDX
    expression), and the files of the base that hold its texts."""
    listed = [
        {
            "kind": part.kind.value,
            "name": part.name,
            "version": part.version,
            "license": part.license,
            **({"stated": part.stated} if part.stated and part.stated != part.license else {}),
            "text_files": [text.path for text in part.texts],
        }
        for part in parts
    ]
    return json.dumps({"schema": _SCHEMA, "packages": listed}, indent=1, ensure_ascii=False).encode() + b"\n"


def licenses_text(title: str, parts: Sequence[Part]) -> bytes:
    """A summary, then every text under the names of the parts that it came with."""
    return "".join([f"Licences of what is in {title}\n", *_summary(parts), "\n", *_bodies(parts)]).encode()


def _summary(parts: Sequence[Part]) -> list[str]:
    width = max(len(part.label) for part in parts)
    lines = []
    for heading, kinds in _GROUPS:
        rows = [f"  {part.label:<{width}}  {_license(part)}\n" for part in parts if part.kind in kinds]
        if rows:
            lines += [f"\n{heading}:\n", *rows]
    return lines


def _license(part: Part) -> str:
    if part.license:
        return part.license
    if part.stated:
        return f'unknown (it says "{part.stated}")'
    return "see its text" if part.texts else "unknown"


def _bodies(parts: Sequence[Part]) -> list[str]:
    owners: dict[str, list[str]] = {}
    for part in parts:
        for text in part.texts:
            named = owners.setdefault(text.content.strip(), [])
            line = f"{part.label}: {text.path}\n"
            if line not in named:
                named.append(line)
    return [f"{_LINE}{''.join(named)}{_LINE}\n{content}\n\n" for content, named in owners.items() if content]
