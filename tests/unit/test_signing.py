"""Commands of a recipe that sign an installer: what they get, and what becomes of what they leave."""

import sys
from pathlib import Path

import pytest

from builder.errors import OutputError, RecipeError
from builder.recipe import Recipe
from builder.signing import sign
from tests.unit.recipes import load, write

HEAD = 'name: demo\nversion: "1.0"\nplatforms: macos-arm64\n'
SIGN = "import sys; open(sys.argv[2], 'wb').write(open(sys.argv[1], 'rb').read() + b' signed')"


def python(code: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code, *arguments)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a folder" / ".Demo.pkg.x.part"
    path.parent.mkdir()
    path.write_bytes(b"xar! data")
    return path


def left(file: Path) -> list[str]:
    return sorted(path.name for path in file.parent.iterdir())


def test_commands_get_the_file_under_its_own_name_one_after_the_other(file: Path) -> None:
    show = "import sys, os; open(sys.argv[1], 'ab').write(b' ' + os.path.basename(sys.argv[1]).encode())"
    sign(file, "Demo.pkg", [python(SIGN, "{file}", "{signed}"), python(show, "{file}")], file.parent)
    assert file.read_bytes() == b"xar! data signed Demo.pkg"
    assert left(file) == [file.name]


def test_commands_run_in_the_recipes_folder_and_the_file_may_be_given_by_a_relative_path(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sign.py").write_text(SIGN)
    monkeypatch.chdir(file.parent)
    sign(Path(file.name), "Demo.pkg", [(sys.executable, "sign.py", "{file}", "{signed}")], tmp_path)
    assert file.read_bytes() == b"xar! data signed"


def test_without_commands_a_file_stays_as_it_is(file: Path) -> None:
    sign(file, "Demo.pkg", [], file.parent)
    assert file.read_bytes() == b"xar! data"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (("no-such-program", "{file}"), "no-such-program, which is to sign, cannot be run: No such file"),
        (python("print('no identity found'); exit(3)", "{file}"), "(?s)failed with code 3.*no identity found"),
        (python("", "{file}", "{signed}"), "has not written Demo.pkg"),
        (python("import sys; open(sys.argv[2], 'w').write('oops')", "{file}", "{signed}"), "is not an installer"),
        (python("import sys, os; os.unlink(sys.argv[1])", "{file}"), "is not an installer"),
    ],
    ids=["missing", "failing", "nothing written", "something else", "removed"],
)
def test_a_command_that_does_not_sign_stops_the_build(file: Path, command: tuple[str, ...], message: str) -> None:
    with pytest.raises(OutputError, match=message) as caught:
        sign(file, "Demo.pkg", [command], file.parent)
    assert caught.value.hint is not None
    assert "signing" in caught.value.hint
    assert not [name for name in left(file) if name != file.name]


def recipe(folder: Path, text: str) -> Recipe:
    return load(write(folder, HEAD + text)).for_target("3.11", "macos-arm64")


def test_a_recipe_gives_commands_for_each_format(tmp_path: Path) -> None:
    text = """\
signing:
  pkg:
    - [productsign, --sign, 'Developer ID Installer: Acme "Corp"', "{file}", "{signed}"]
    - "productsign --sign 'Developer ID Installer: Acme' {file} {signed}"
    - xcrun stapler staple {file}
  exe: osslsigncode sign -in {file} -out {signed}
"""
    signing = recipe(tmp_path, text).signing
    assert signing is not None
    assert signing.commands(".pkg") == (
        ("productsign", "--sign", 'Developer ID Installer: Acme "Corp"', "{file}", "{signed}"),
        ("productsign", "--sign", "Developer ID Installer: Acme", "{file}", "{signed}"),
        ("xcrun", "stapler", "staple", "{file}"),
    )
    assert signing.commands(".exe") == (("osslsigncode", "sign", "-in", "{file}", "-out", "{signed}"),)
    assert signing.commands(".sh") == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("signing: {pkg: [productsign]}", "write {file}"),
        ("signing: {pkg: ['sign {file} {output}']}", "{output} means nothing"),
        ("""signing: {pkg: ["sign 'x {file}"]}""", "not a command line"),
        ("signing: {pkg: [sign --as Acme: Corp]}", "put the whole command into quotes"),
        ("signing: {sh: ['x {file}']}", 'signing.sh: unknown key'),
        ("pkg: {identifier: acme}", 'such as "com.acme.science"'),
        ("pkg: {initialise_shell: true}", 'did you mean `initialize_shell`'),
    ],
)
def test_mistakes_are_named_with_the_next_step(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(RecipeError) as caught:
        recipe(tmp_path, text + "\n")
    assert words in caught.value.message
