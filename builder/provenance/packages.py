"""What the wheels of a base say about themselves: licences and their texts, and what each of them needs."""

import re
import textwrap
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from email.message import Message
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from ..licensing import as_spdx, is_spdx, license_of
from ..lock import LockedWheel
from ..units import WheelUnit
from .bundled import decode
from .parts import Kind, Part, Text

# In the root of a .dist-info; everything below licenses/ (PEP 639) and license_files/ is a licence by its place.
_LICENSE_FILE = re.compile(r"(licen[cs]es?|copying|copyright|notice|authors)([._-].*)?", re.IGNORECASE)
_LICENSE_FOLDERS = ("licenses/", "license_files/")
_MOST_TEXT = 2**20
_BSD = "redistribution and use in source and binary forms, with or without modification, are permitted"
# What only one licence's text says: (licence, its family in what people call it, sentences, its most words).
_SENTENCES = (
    ("BSD-3-Clause", "bsd", (_BSD, "be used to endorse or promote products derived from"), 400),
    ("BSD-2-Clause", "bsd", (_BSD,), 300),
    ("Apache-2.0", "apache", ("apache license version 2.0, january 2004",), 1800),
    ("MIT", "mit", ("permission is hereby granted, free of charge, to any person obtaining a copy",), 300),
    ("ISC", "isc", ("permission to use, copy, modify, and/or distribute this software for any purpose",), 200),
)


def package_parts(
    units: Sequence[WheelUnit],
    requirements: Iterable[Requirement],
    environment: Mapping[str, str],
    built: Path,
) -> list[Part]:
    """A part for each wheel, in the order of `units`.

    requirements: the recipe's, for this target.  environment: every marker variable of the target.
    built: the folder of wheels that were built from source.
    """
    wanted = list(requirements)
    addresses = {canonicalize_name(requirement.name) for requirement in wanted if requirement.url}
    stated = {unit.locked.name: unit.files.metadata() for unit in units}
    needs = _needs(stated, wanted, environment)
    return [
        _part(unit, stated[name], _source(unit.locked, addresses, built), needs[name])
        for unit in units
        for name in [unit.locked.name]
    ]


def _source(wheel: LockedWheel, addresses: Iterable[str], built: Path) -> str:
    """Where a wheel came from, without an address; what a shipped lock says, in the words of whoever shipped it."""
    if wheel.source is not None:
        return wheel.source
    if wheel.path is None:
        return "url" if wheel.name in addresses else "index"
    return "built" if built in wheel.path.parents else "file"


def _part(unit: WheelUnit, metadata: Message, source: str, needs: tuple[str, ...]) -> Part:
    texts = _texts(unit, metadata)
    stated = license_of(metadata)
    expression = stated if stated and is_spdx(stated) else None
    recognised = None if expression else _recognised(stated, texts)
    return Part(
        kind=Kind.PACKAGE,
        name=unit.locked.name,
        version=unit.locked.version,
        license=recognised or expression,
        stated=stated,
        concluded=recognised is not None,
        texts=texts,
        source=source,
        file=unit.locked.filename,
        sha256=unit.locked.sha256,
        in_base=unit.base,
        wanted=unit.requested,
        needs=needs,
    )


def _texts(unit: WheelUnit, metadata: Message) -> tuple[Text, ...]:
    """The licence files of a wheel; where it has none, the text that its metadata holds."""
    start = f"{unit.files.dist_info}/"
    listed = {str(name) for name in metadata.get_all("License-File", [])}
    names = [name for name in unit.files.names if name.startswith(start) and _is_license(name[len(start) :], listed)]
    texts = [Text(path=f"{unit.store}/{name}", content=decode(data)) for name, data in unit.read(names)]
    told = str(metadata.get("License", ""))
    if not texts and "\n" in told.strip():
        first, _, rest = told.strip().partition("\n")
        texts = [Text(path=f"{unit.store}/{start}METADATA", content=f"{first}\n{textwrap.dedent(rest)}\n")]
    return tuple(text for text in texts if len(text.content) < _MOST_TEXT)


def _is_license(name: str, listed: set[str]) -> bool:
    return name in listed or name.startswith(_LICENSE_FOLDERS) or bool(_LICENSE_FILE.fullmatch(name))


def _recognised(stated: str | None, texts: Iterable[Text]) -> str | None:
    """The licence of a package that names none, or only a family ("BSD License"), by the sentences of its one text."""
    bodies = [_words(text.content) for text in texts if "authors" not in text.path.rpartition("/")[2].lower()]
    if len(bodies) != 1:
        return None
    for license, family, sentences, most in _SENTENCES:
        fits = all(sentence in bodies[0] for sentence in sentences) and bodies[0].count(" ") < most
        if fits and (stated is None or family in stated.lower()):
            return as_spdx(license)
    return None


def _words(text: str) -> str:
    return " ".join(text.lower().split())


def _needs(
    stated: Mapping[str, Message], wanted: Iterable[Requirement], environment: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    """name -> names of the packages that it needs here, with the extras that anybody asks of it.

    stated: name -> metadata.
    """
    requires = {name: list(_requirements(metadata)) for name, metadata in stated.items()}
    extras: dict[str, set[str]] = defaultdict(set)
    waiting = list(wanted)
    needs: dict[str, set[str]] = {name: set() for name in requires}
    while waiting:
        for requirement in waiting:
            extras[canonicalize_name(requirement.name)] |= requirement.extras
        waiting = []
        for name, requirements in requires.items():
            for requirement in requirements:
                other = str(canonicalize_name(requirement.name))
                if other not in requires or not _holds(requirement, environment, extras[name]):
                    continue
                needs[name].add(other)
                if requirement.extras - extras[other]:
                    waiting.append(requirement)
    return {name: tuple(sorted(others - {name})) for name, others in needs.items()}


def _requirements(metadata: Message) -> Iterable[Requirement]:
    for value in metadata.get_all("Requires-Dist", []):
        try:
            yield Requirement(str(value))
        except InvalidRequirement:  # `assemble` refuses it where it matters
            continue


def _holds(requirement: Requirement, environment: Mapping[str, str], extras: Iterable[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({**environment, "extra": extra}) for extra in ("", *sorted(extras)))
