"""Which targets a recipe has, and how the command line selects or replaces them."""

from pathlib import Path

import pytest

from builder.errors import RecipeError
from builder.target import Target, targets

from .recipes import HEAD, load, write

TWO_BY_TWO = HEAD + 'python: ["3.11", "3.12.9"]\nplatforms: [macos-arm64, linux-x86_64]\n'


def names(found: list[Target]) -> list[tuple[str, str]]:
    return [(target.python, target.platform.name) for target in found]


def test_every_python_is_built_for_every_platform_in_the_recipes_order(tmp_path: Path) -> None:
    found = targets(load(write(tmp_path, TWO_BY_TWO)))
    assert names(found) == [
        ("3.11", "macos-arm64"),
        ("3.11", "linux-x86_64"),
        ("3.12.9", "macos-arm64"),
        ("3.12.9", "linux-x86_64"),
    ]
    assert {target.folder for target in found} == {tmp_path}


@pytest.mark.parametrize(
    ("pythons", "platforms", "expected"),
    [
        (["3.11"], ["linux-x86_64"], [("3.11", "linux-x86_64")]),
        (["3.12"], ["linux-x86_64"], [("3.12.9", "linux-x86_64")]),
        (["3.12.1"], ["linux-x86_64"], [("3.12.1", "linux-x86_64")]),
        (["3.11.4"], ["linux-x86_64"], [("3.11.4", "linux-x86_64")]),
        (["3.13", "3.13"], ["windows-arm64"], [("3.13", "windows-arm64")]),
        (None, ["linux-x86_64"], [("3.11", "linux-x86_64"), ("3.12.9", "linux-x86_64")]),
    ],
)
def test_the_command_line_selects_or_replaces(
    tmp_path: Path, pythons: list[str] | None, platforms: list[str] | None, expected: list[tuple[str, str]]
) -> None:
    assert names(targets(load(write(tmp_path, TWO_BY_TWO)), pythons=pythons, platforms=platforms)) == expected


def test_unknown_names_on_the_command_line_are_answered_with_the_closest(tmp_path: Path) -> None:
    file = load(write(tmp_path, TWO_BY_TWO))
    with pytest.raises(RecipeError, match=r'"linux-x64" is not a platform; did you mean `linux-x86_64`\?'):
        targets(file, platforms=["linux-x64"])
    with pytest.raises(RecipeError, match=r'"3\.8" is too old'):
        targets(file, pythons=["3.8"])


def test_installers_and_locks_are_named_after_the_target(tmp_path: Path) -> None:
    text = TWO_BY_TWO.replace("name: demo", "name: acme.science")
    target = targets(load(write(tmp_path, text)), pythons=["3.12"], platforms=["macos-arm64"])[0]
    assert target.stem == "Acme.science-1.0-py312-MacOSX-arm64"
    assert target.lock_name == "pylock.acme-science-py312-macos-arm64.toml"
