"""Which licences a recipe lets in."""

from pathlib import Path

import pytest

from builder.errors import PolicyError
from builder.provenance.parts import Kind, Part, Text
from builder.provenance.policy import check_licenses, unknown_licenses
from builder.recipe import Licenses
from tests.unit.recipes import HEAD, problems, recipe_of


def part(license: str | None, name: str = "app", **facts: str) -> Part:
    return Part(kind=Kind.PACKAGE, name=name, version="1.0", license=license, source="index", **facts)  # type: ignore[arg-type]


def accepted(license: str | None, *, deny: tuple[str, ...] = (), allow: tuple[str, ...] = ()) -> bool:
    try:
        check_licenses([part(license)], Licenses(deny=deny, allow=allow))
    except PolicyError:
        return False
    return True


def test_without_rules_everything_is_accepted() -> None:
    assert accepted("GPL-3.0-only")
    assert accepted(None)


def test_denied_licences_are_refused_by_identifier_and_by_pattern() -> None:
    assert not accepted("GPL-3.0-only", deny=("GPL-3.0-only",))
    assert not accepted("AGPL-3.0-or-later", deny=("AGPL-*",))
    assert not accepted("gpl-2.0-only", deny=("GPL-*",))
    assert accepted("LGPL-2.1-only", deny=("GPL-*",))
    assert accepted(None, deny=("GPL-*",))
    assert not accepted(None, deny=("unknown",))


def test_of_a_choice_one_is_enough_and_of_a_combination_all_are_needed() -> None:
    assert accepted("MIT OR GPL-3.0-only", deny=("GPL-*",))
    assert not accepted("MIT AND GPL-3.0-only", deny=("GPL-*",))
    assert accepted("BSD-3-Clause AND (GPL-2.0-only OR MIT)", deny=("GPL-*",))
    assert not accepted("BSD-3-Clause AND (GPL-2.0-only OR GPL-3.0-only)", deny=("GPL-*",))


def test_allow_alone_is_a_closed_list_and_beside_deny_a_list_of_exceptions() -> None:
    assert accepted("MIT", allow=("MIT", "BSD-*"))
    assert accepted("BSD-2-Clause", allow=("MIT", "BSD-*"))
    assert not accepted("Apache-2.0", allow=("MIT", "BSD-*"))
    assert not accepted(None, allow=("MIT",))
    exception = "GPL-3.0-or-later WITH GCC-exception-3.1"
    assert not accepted(exception, deny=("GPL-*",))
    assert accepted(exception, deny=("GPL-*",), allow=("GPL-* WITH GCC-exception-*",))
    assert not accepted("GPL-3.0-or-later", deny=("GPL-*",), allow=("GPL-* WITH GCC-exception-*",))


def test_every_offender_is_named_with_its_licence() -> None:
    parts = [part("GPL-3.0-only", "one"), part("MIT", "fine"), part(None, "two", stated="Proprietary")]
    parts.append(part("MIT AND GPL-2.0-only AND (GPL-3.0-only OR LGPL-2.1-only)", "three"))
    with pytest.raises(PolicyError) as caught:
        check_licenses(parts, Licenses(deny=("GPL-*", "unknown")))
    assert caught.value.message.splitlines() == [
        "the recipe's `licenses` refuses 3 parts of the base:",
        "  one 1.0: GPL-3.0-only",
        '  two 1.0: unknown; it says "Proprietary"',
        "  three 1.0: MIT AND GPL-2.0-only AND (GPL-3.0-only OR LGPL-2.1-only) (refused: GPL-2.0-only)",
    ]
    assert "overrides" in str(caught.value.hint)


def test_the_warning_names_packages_that_nobody_can_tell_and_libraries_without_a_text() -> None:
    library = Part(kind=Kind.LIBRARY, name="libodd", version=None)
    told = Part(kind=Kind.LIBRARY, name="libtold", version=None, texts=(Text(path="x", content="Free."),))
    warning = unknown_licenses([part("MIT", "fine"), part(None, "two", stated="BSD-ish"), library, told])
    assert warning is not None
    assert warning.startswith('licence unknown: two ("BSD-ish"), libodd.')
    assert unknown_licenses([part("MIT"), told]) is None


def test_the_recipes_keys_are_checked_and_made_canonical(tmp_path: Path) -> None:
    text = "licenses: {deny: [gpl-3.0-only, 'AGPL-*', Unknown], overrides: {Foo_Bar: apache-2.0 or mit}}\n"
    licenses = recipe_of(tmp_path, HEAD + text).licenses
    assert licenses.deny == ("GPL-3.0-only", "AGPL-*", "unknown")
    assert licenses.overrides == {"foo-bar": "Apache-2.0 OR MIT"}
    wrong = "licenses:\n  deny: [GLP-3.0, 'a b']\n  denny: []\n  overrides: {x: BSD}\n"
    lines = problems(tmp_path, HEAD + wrong)
    assert [line.split(": ", 2)[1] for line in lines] == [
        "licenses.deny[0]", "licenses.deny[1]", "licenses.denny", "licenses.overrides",
    ]  # fmt: skip
    assert "did you mean `deny`?" in lines[2]
