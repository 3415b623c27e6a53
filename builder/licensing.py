"""The licence that a package declares, as an SPDX expression where that can be said without guessing.

Core metadata has had three places for it: https://packaging.python.org/specifications/core-metadata/
"""

import re
from email.message import Message

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

# A longer `License` is the licence's text, not its name; its first line may still be the name.
_LONGEST_NAME = 64
_PREFIX = "License ::"
# Trove classifiers that stand for one licence of https://spdx.org/licenses only.
# "BSD License", "Apache Software License" and the like stand for several (PEP 639, appendix), and stay as they are.
_CLASSIFIERS = {
    "Boost Software License 1.0 (BSL-1.0)": "BSL-1.0",
    "CC0 1.0 Universal (CC0 1.0) Public Domain Dedication": "CC0-1.0",
    "Common Development and Distribution License 1.0 (CDDL-1.0)": "CDDL-1.0",
    "Eclipse Public License 1.0 (EPL-1.0)": "EPL-1.0",
    "Eclipse Public License 2.0 (EPL-2.0)": "EPL-2.0",
    "European Union Public Licence 1.1 (EUPL 1.1)": "EUPL-1.1",
    "European Union Public Licence 1.2 (EUPL 1.2)": "EUPL-1.2",
    "GNU Affero General Public License v3": "AGPL-3.0-only",
    "GNU Affero General Public License v3 or later (AGPLv3+)": "AGPL-3.0-or-later",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
    "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
    "GNU Lesser General Public License v2 (LGPLv2)": "LGPL-2.0-only",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.0-or-later",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
    "Historical Permission Notice and Disclaimer (HPND)": "HPND",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Mozilla Public License 1.0 (MPL)": "MPL-1.0",
    "Mozilla Public License 1.1 (MPL 1.1)": "MPL-1.1",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "PostgreSQL License": "PostgreSQL",
    "Python Software Foundation License": "PSF-2.0",
    "SIL Open Font License 1.1 (OFL-1.1)": "OFL-1.1",
    "The Unlicense (Unlicense)": "Unlicense",
    "Universal Permissive License (UPL)": "UPL-1.0",
    "Zero-Clause BSD (0BSD)": "0BSD",
    "Zope Public License": "ZPL-2.1",
    "zlib/libpng License": "Zlib",
}
# How people write them in `License`; lower case, without "the", "license", "version" and punctuation.
_NAMES = {
    "2 clause bsd": "BSD-2-Clause",
    "3 clause bsd": "BSD-3-Clause",
    "apache 2": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache software 2.0": "Apache-2.0",
    "apache2": "Apache-2.0",
    "asl 2.0": "Apache-2.0",
    "bsd 2 clause": "BSD-2-Clause",
    "bsd 3 clause": "BSD-3-Clause",
    "bsd 3": "BSD-3-Clause",
    "expat": "MIT",
    "gplv2": "GPL-2.0-only",
    "gplv2+": "GPL-2.0-or-later",
    "gplv3": "GPL-3.0-only",
    "gplv3+": "GPL-3.0-or-later",
    "hpnd": "HPND",
    "isc": "ISC",
    "iscl": "ISC",
    "lgplv3": "LGPL-3.0-only",
    "lgplv3+": "LGPL-3.0-or-later",
    "mit": "MIT",
    "modified bsd": "BSD-3-Clause",
    "mozilla public 2.0 mpl": "MPL-2.0",
    "mozilla public 2.0": "MPL-2.0",
    "mpl 2.0": "MPL-2.0",
    "mpl2": "MPL-2.0",
    "new bsd": "BSD-3-Clause",
    "psf": "PSF-2.0",
    "psfl": "PSF-2.0",
    "python software foundation": "PSF-2.0",
    "simplified bsd": "BSD-2-Clause",
    "unlicense": "Unlicense",
    "zlib": "Zlib",
    "zlib/libpng": "Zlib",
}
_NOTHING = ("", "unknown", "none", "n/a", "license", "see license", "other", "other/proprietary license")


def license_of(metadata: Message) -> str | None:
    """The licence in a wheel's METADATA: an SPDX expression, else the short text that the package gives, else None.

    `is_spdx` tells the two apart. In this order: `License-Expression` (PEP 639); `License`, if it is the name of a
    licence; the classifiers, if each of them means one licence; and their texts otherwise. Where several classifiers
    do not say whether all of them hold or any of them, the stricter reading is taken: AND.
    """
    expression = _value(metadata, "License-Expression")
    if expression:
        return as_spdx(expression) or expression
    lines = _value(metadata, "License").splitlines() or [""]
    heading = lines[0].strip()
    named = as_spdx(heading)
    if named is not None:
        return named
    classifiers = _classifiers(metadata)
    known = [_CLASSIFIERS.get(text) for text in classifiers]
    if known and None not in known:
        return " AND ".join(sorted({text for text in known if text is not None}))
    short = len(lines) == 1 and len(heading) <= _LONGEST_NAME and heading.lower() not in _NOTHING
    return heading if short else ", ".join(classifiers) or None


def as_spdx(text: str) -> str | None:
    """`text` as a canonical SPDX expression: one already, or the name of a licence that stands for one only."""
    try:
        return str(canonicalize_license_expression(text.strip()))
    except InvalidLicenseExpression:
        return _NAMES.get(_bare(text))


def is_spdx(text: str) -> bool:
    """Whether `text` is a valid SPDX expression, with nothing left to guess."""
    try:
        canonicalize_license_expression(text)
    except InvalidLicenseExpression:
        return False
    return True


def _bare(text: str) -> str:
    """ "The Apache License, Version 2.0" -> "apache 2.0" """
    words = re.sub(r"[\s,;:()\"'=_-]+", " ", text.lower()).split()
    kept = [word for word in words if word not in ("the", "license", "licence", "licensed", "version", "clauses")]
    return " ".join(dict.fromkeys(re.sub(r"^v(?=\d)", "", word) for word in kept))


def _value(metadata: Message, key: str) -> str:
    """Without its folding; a value that is not ASCII is an `email.header.Header`, not a text."""
    return str(metadata.get(key, "")).strip()


def _classifiers(metadata: Message) -> list[str]:
    """ "MIT License" of "License :: OSI Approved :: MIT License"; each once, in order."""
    lines = (str(line).strip() for line in metadata.get_all("Classifier", []))
    names = (line.rpartition("::")[2].strip() for line in lines if line.startswith(_PREFIX))
    return list(dict.fromkeys(name for name in names if name not in ("OSI Approved", "License")))
