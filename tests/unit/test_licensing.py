"""The licence that a package declares."""

from email.message import Message
from email.parser import HeaderParser

import pytest

from builder.licensing import as_spdx, is_spdx, license_of


def metadata(text: str) -> Message:
    return HeaderParser().parsestr(f"Metadata-Version: 2.1\nName: demo\n{text}\n\nLicense: not this\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("License-Expression: apache-2.0 or mit\nLicense: GPL", "Apache-2.0 OR MIT"),
        ("License: BSD-3-Clause\nClassifier: License :: OSI Approved :: BSD License", "BSD-3-Clause"),
        ("License: Apache License, Version 2.0", "Apache-2.0"),
        ("License: MIT license", "MIT"),
        ("License: BSD 3-Clause License\n        \n        Copyright 2020", "BSD-3-Clause"),
        ("License: UNKNOWN\nClassifier: License :: OSI Approved :: ISC License (ISCL)", "ISC"),
        ("Classifier: License :: OSI Approved\nClassifier: License :: OSI Approved :: MIT License", "MIT"),
        (
            "License: Dual License\nClassifier: License :: OSI Approved :: MIT License\n"
            "Classifier: License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)",
            "MIT AND MPL-2.0",
        ),
        # What several licences are called stays what it is.
        ("License: BSD\nClassifier: License :: OSI Approved :: BSD License", "BSD"),
        ("Classifier: License :: OSI Approved :: Apache Software License", "Apache Software License"),
        ("License: " + "All rights reserved. " * 9 + "\nClassifier: License :: Free for non-commercial use",
         "Free for non-commercial use"),
        ("License: Freie Lizenz für alle", "Freie Lizenz für alle"),
        ("License: UNKNOWN", None),
        ("Summary: nothing is said", None),
    ],
)  # fmt: skip
def test_the_first_place_that_names_a_licence_counts(text: str, expected: str | None) -> None:
    assert license_of(metadata(text)) == expected


def test_expressions_and_names_are_told_apart() -> None:
    assert is_spdx("MIT AND (Apache-2.0 OR BSD-2-Clause)")
    assert not is_spdx("BSD License")
    assert as_spdx("The MIT License (MIT)") == "MIT"
    assert as_spdx("LicenseRef-Acme") == "LicenseRef-Acme"
