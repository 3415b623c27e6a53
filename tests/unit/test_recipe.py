"""What a recipe says, and how its mistakes are reported."""

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement
from pydantic import ValidationError

from builder.errors import RecipeError
from builder.platforms import PLATFORMS
from builder.recipe import HostSource, Index, PageSource, PathSource, PbsSource, Recipe, UrlSource
from builder.target import targets

from .recipes import HEAD, load, problems, recipe_of, write

SHA256 = "0123456789abcdef" * 4


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / """Über "uns"'s [n] {{ß}} 片"""
    path.mkdir()
    return path


def test_a_name_and_a_version_make_a_recipe(folder: Path) -> None:
    recipe = recipe_of(folder, HEAD)
    assert (recipe.name, recipe.version) == ("demo", "1.0")
    assert (recipe.python, recipe.platforms) == (("3.11",), ("linux-x86_64",))
    assert recipe.interpreter == (PbsSource(),)
    assert recipe.compression == "best"
    assert recipe.bytecode == "auto"
    assert recipe.build_tools
    assert (recipe.default_prefix, recipe.index, recipe.license, recipe.glibc) == ("~/demo", None, None, None)


def test_a_key_without_a_value_is_no_key(folder: Path) -> None:
    assert recipe_of(folder, HEAD + "packages:\n  # nothing yet\nglibc:\npython: ~\n") == recipe_of(folder, HEAD)


def test_one_python_and_one_platform_need_no_list(folder: Path) -> None:
    recipe = recipe_of(folder, HEAD + 'python: "3.12.9"\nplatforms: macos-arm64\ninterpreter: host\n')
    assert recipe.python == ("3.12.9",)
    assert recipe.platforms == ("macos-arm64",)
    assert recipe.interpreter == (HostSource(),)


def test_every_source_of_interpreters_has_its_model(folder: Path) -> None:
    (folder / "python.tar.gz").touch()
    text = f"""
interpreter:
  - pbs
  - host
  - pbs: {{mirror: "https://mirror.example/pbs", build: "20250101", sha256: "{SHA256.upper()}"}}
  - url: https://mirror.example/python.tar.gz
    sha256: {SHA256}
  - path: python.tar.gz
  - page: https://mirror.example/
"""
    assert recipe_of(folder, HEAD + text).interpreter == (
        PbsSource(),
        HostSource(),
        PbsSource(mirror="https://mirror.example/pbs", build="20250101", sha256=SHA256),
        UrlSource(url="https://mirror.example/python.tar.gz", sha256=SHA256),
        PathSource.model_construct(path=folder / "python.tar.gz", sha256=None),
        PageSource(page="https://mirror.example/"),
    )


def test_paths_are_relative_to_the_recipe_and_patterns_are_expanded(folder: Path) -> None:
    for name in ("wheels/b-1-py3-none-any.whl", "wheels/a-1-py3-none-any.whl", "eula.txt", "limits.txt"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("x==1\n")
    recipe = recipe_of(
        folder,
        HEAD + "license: eula.txt\nwheels: ['wheels/*.whl', ./wheels/a-1-py3-none-any.whl]\n"
        "find_links: [wheels, 'https://wheels.example/']\nconstraints: [limits.txt, 'numpy <3']\n",
    )
    assert recipe.license == folder / "eula.txt"
    assert recipe.wheels == (folder / "wheels/a-1-py3-none-any.whl", folder / "wheels/b-1-py3-none-any.whl")
    assert recipe.find_links == (folder / "wheels", "https://wheels.example/")
    assert recipe.constraints == (folder / "limits.txt", Requirement("numpy<3"))


def test_indexes_keep_their_order_and_names(folder: Path) -> None:
    recipe = recipe_of(folder, HEAD + "indexes:\n - https://a.example/simple\n - {name: lab, url: https://b.example/s}\n")
    assert recipe.indexes == (Index(url="https://a.example/simple"), Index(name="lab", url="https://b.example/s"))


def test_markers_are_evaluated_for_the_target_alone(folder: Path) -> None:
    recipe = recipe_of(
        folder,
        HEAD + """
packages:
  - numpy
  - pywin32 >=300 ; sys_platform == "win32"
  - appnope ; platform_system == "Darwin" and platform_machine == "arm64"
  - tomli[extra] ; python_version < "3.11"
""",
    )

    def chosen(platform: str, python: str) -> list[str]:
        return list(map(str, recipe.requirements_for(PLATFORMS[platform].marker_environment(python))))

    assert chosen("linux-x86_64", "3.11.7") == ["numpy"]
    assert chosen("windows-x86_64", "3.12.1") == ["numpy", "pywin32>=300"]
    assert chosen("macos-arm64", "3.10.13") == ["numpy", "appnope", "tomli[extra]"]
    assert len(recipe.packages) == 4


def test_a_recipe_cannot_be_changed(folder: Path) -> None:
    with pytest.raises(ValidationError):
        recipe_of(folder, HEAD).name = "other"


def test_a_macos_version_has_two_numbers(folder: Path) -> None:
    assert recipe_of(folder, HEAD + 'macos: "11"').macos == "11.0"


def test_all_mistakes_are_reported_at_once_with_their_places(folder: Path) -> None:
    text = """\
# a comment
nmae: foo
version: 1.10
python: [3.10, "3.11"]
platforms: [linux-x86_65]
packages:
  - numpy
  - pandas >>2
  - NumPy >1
  - 3
  -
compression: bset
bytecode: yes please
version: "2"
interpreter: {url: "https://mirror.example/python.tar.gz", sha: 1}
"""
    # What packaging says about a requirement differs between its versions.
    assert [re.sub("(?<=a requirement: ).*", "…", line) for line in problems(folder, text)] == [
        "2:1: name: is required",
        "2:1: nmae: unknown key; did you mean `name`?",
        '3:10: version: must be text; quote it ("1.10"): YAML reads 1.10 as the number 1.1',
        '4:10: python[0]: must be text; quote it ("3.10"): YAML reads 3.10 as the number 3.1',
        '5:13: platforms[0]: "linux-x86_65" is not a platform; did you mean `linux-x86_64`?',
        '8:5: packages[1]: "pandas >>2" is not a requirement: …',
        "9:5: packages[2]: the same package as [0]",
        '10:5: packages[3]: must be text; quote it ("3"): YAML reads it as a number',
        "11:4: packages[4]: is empty",
        "12:14: compression: must be one of best, fast; did you mean `best`?",
        "13:11: bytecode: must be one of auto, build, install, none, not 'yes please'",
        "14:1: version: given twice (first in line 3)",
        "15:14: interpreter.sha256: is required",
        "15:60: interpreter.sha: unknown key; did you mean `sha256`?",
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("glibc: 2.28", 'glibc: must be text; quote it ("2.28"): YAML reads it as a number'),
        ('glibc: "2.5"', 'glibc: "2.5" is not a glibc version, "2.17" or later'),
        ("macos: 11", 'macos: must be text; quote it ("11"): YAML reads it as a number'),
        ("company: no", 'company: must be text; quote it ("no"): YAML reads no as false'),
        ("company: 2026-11-01", 'company: must be text; quote it ("2026-11-01"): YAML reads it as a date'),
        ("company: 2026-13-51", 'company: YAML cannot read 2026-13-51 as a timestamp; quote it: "2026-13-51"'),
        ('company: "a\\nb"', "company: must be one line without control characters"),
        ('python: "2.7"', 'python: "2.7" is too old: bases have Python 3.9 to 3.14'),
        ('python: "3.8.18"', 'python: "3.8.18" is too old: bases have Python 3.9 to 3.14'),
        ('python: "3.15"', 'python: "3.15" is too new: bases have Python 3.9 to 3.14'),
        ("python: latest", 'python: "latest" is not a Python version such as "3.11" or "3.11.7"'),
        ('python: ["3.11", "3.11.4"]', "python[1]: the same minor version as [0]"),
        ("platforms: []", "platforms: needs at least one"),
        ("packages: numpy", "packages: must be a list, not text"),
        ("packages: [{numpy: 2}]", "packages[0]: must be text, not a mapping"),
        ("packages: ['{0} x']", 'packages[0]: "{0} x" is not a requirement: Expected package name'),
        ("packages: [a @ https://x.example/a.zip]", 'packages[0]: "a @ https://x.example/a.zip": an address must'),
        ("packages: [a @ git+https://x.example/a]", 'packages[0]: "a @ git+https://x.example/a": an address must'),
        ("specs: [numpy]", "specs: unknown key; did you mean `packages`?"),
        ("license: eula.txt", 'license: "eula.txt" is not a file: there is no '),
        ("find_links: [wheels]", 'find_links[0]: "wheels" is not a folder: there is no '),
        ("wheels: [wheels/*.whl]", 'wheels[0]: "wheels/*.whl" names no wheel: there is no '),
        ("constraints: ['limits.txt']", 'constraints[0]: "limits.txt" is not a file: there is no '),
        ("constraints: ['numpy[all] <2']", 'constraints[0]: "numpy[all] <2": a constraint has no extras'),
        ("build_from_source: [a b]", 'build_from_source[0]: "a b" is not the name of a package'),
        ("interpreter: hsot", 'interpreter: "hsot" is not a source of interpreters; did you mean `host`?'),
        ("interpreter: {url: https://x.example/y}", "interpreter.sha256: is required"),
        ("interpreter: [{pbs: {mirorr: x}}]", "interpreter[0].pbs.mirorr: unknown key; did you mean `mirror`?"),
        (
            "interpreter: {path: x, page: y}",
            "interpreter: needs one of pbs, python.org, url, path, page, and has path and page",
        ),
        ("indexes: [https://a.example/s, https://a.example/s]", "indexes[1]: the same URL as [0]"),
        ("indexes: [ftp://a.example/s]", 'indexes[0]: "ftp://a.example/s" is not a URL (http, https or file)'),
        ("homepage: 'https://'", 'homepage: "https://" names no host'),
        ("default_prefix: opt/demo", 'default_prefix: "opt/demo" must begin with ~/, $HOME/, / or a drive'),
        ("windows: {icon: eula.ico}", 'windows.icon: "eula.ico" is not a file: there is no '),
        ("windows: {welcome_picture: recipe.yaml}", 'windows.welcome_picture: "recipe.yaml" is not a PNG'),
        ("windows: {shortcut: []}", "windows.shortcut: unknown key; did you mean `shortcuts`?"),
        ("windows: {default_prefix: opt/x}", 'windows.default_prefix: "opt/x" must begin with ~/, a drive or %NAME%'),
        ("windows: {shortcuts: [{name: a/b, target: x.exe}]}", 'windows.shortcuts[0].name: "a/b" cannot be the name'),
        ("windows: {shortcuts: [{name: a, target: ../x}]}", 'windows.shortcuts[0].target: "../x" must be a path'),
        ("windows: {shortcuts: [{name: a}]}", "windows.shortcuts[0].target: is required"),
        ("company: !!python/name:os.system x", "company: the tag !!python/name:os.system has no meaning in a recipe"),
        ("company: &a [*a]", "company: too large or nested too deeply"),
        ("? [a]\n: b", "a key must be text"),
    ],
)
def test_a_mistake_is_named_with_what_to_do(folder: Path, line: str, expected: str) -> None:
    (found,) = problems(folder, HEAD + line)
    assert expected in found
    assert found.startswith("3:")


@pytest.mark.parametrize("name", ["", "-a", "a-", ".a", "a b", "a/b", "ä", "x" * 65])
def test_a_name_must_fit_into_file_names(folder: Path, name: str) -> None:
    (found,) = problems(folder, f'name: "{name}"\nversion: "1"\n')
    assert found.startswith("1:7: name: ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1:1: the recipe is empty; it needs at least `name` and `version`"),
        ("# only a comment\n", "1:1: the recipe is empty; it needs at least `name` and `version`"),
        ("- name: a\n", "1:1: a recipe is a mapping: `key: value`, one on a line"),
        ("name: a\n\tversion: b\n", "2:1: a tab; YAML is indented with spaces"),
        ("name: a\nversion: [1\n", "3:1: not YAML: while parsing a flow sequence, expected ',' or ']'"),
        ("name: *x\n", "1:7: not YAML: found undefined alias 'x'"),
        ("name: a\n---\nname: b\n", "2:1: not YAML: expected a single document in the stream, but"),
        (b"name: a\ncompany: \xe9\n", "2:10: the recipe is not UTF-8 text; save it as UTF-8"),
        ("name: a\x07\n", "1:8: the character U+0007 cannot be used in YAML"),
        ("[" * 5000, "1:1: nested too deeply"),
        ("#" * 300_000, "1:1: a recipe has at most 256 KiB of text"),
    ],
)
def test_what_is_no_recipe_at_all_is_one_problem(folder: Path, text: str | bytes, expected: str) -> None:
    (found,) = problems(folder, text)
    assert found.startswith(expected)


def test_a_bomb_of_aliases_is_refused_quickly(folder: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    (found,) = problems(folder, "\n".join(lines))
    assert "too large" in found


def test_a_recipe_that_cannot_be_read_is_named(folder: Path) -> None:
    with pytest.raises(RecipeError, match=r"missing\.yaml cannot be read: No such file"):
        load(folder / "missing.yaml")
    with pytest.raises(RecipeError, match="cannot be read: Is a directory"):
        load(folder)


@pytest.mark.parametrize(
    "line",
    [
        "indexes: [https://me:s3cret@a.example/simple]",
        "index: https://s3cret@a.example/simple",
        "find_links: ['https://me:s3cret@a.example/']",
        "packages: ['a @ https://me:s3cret@a.example/a-1-py3-none-any.whl']",
        "packages: ['a @ git+https://s3cret@a.example/a']",
        "packages: ['https://me:s3cret@a.example/a.whl']",
        "interpreter: {page: 'https://me:s3cret@a.example/'}",
        "indexes: ['https://me:s3cret/with/slash@a.example/']",
    ],
)
def test_credentials_are_refused_and_not_repeated(folder: Path, line: str) -> None:
    (found,) = problems(folder, HEAD + line)
    assert "s3cret" not in found


def test_credentials_are_sent_to_where_they_belong(folder: Path) -> None:
    (found,) = problems(folder, HEAD + "indexes: [https://me:s3cret@a.example/simple]")
    assert ".netrc" in found
    assert "UV_INDEX_<NAME>_PASSWORD" in found


def test_a_message_cannot_steer_the_terminal(folder: Path) -> None:
    (found,) = problems(folder, HEAD + '"\\e[31mx": 1')
    assert found.isprintable()
    assert "\\x1b[31mx: unknown key" in found


def test_half_a_character_is_refused(folder: Path) -> None:
    assert problems(folder, HEAD + 'company: "\\ud800"\n"\\udfff": 1\n') == [
        "3:10: company: holds half a character (a lone surrogate)",
        "4:1: a key must be text",
    ]


def test_a_byte_order_mark_and_windows_newlines_do_no_harm(folder: Path) -> None:
    assert recipe_of(folder, "\ufeff" + HEAD.replace("\n", "\r\n")).name == "demo"
    found = problems(folder, "\ufeffname: 1\r\nversion: 1\r\n")
    assert [line.split(": must")[0] for line in found] == ["1:7: name", "2:10: version"]


KEYS = st.sampled_from([*Recipe.model_fields, "url", "path", "sha256", "x"])
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.sampled_from(
    ["3.11", "numpy", "pbs", "linux-x86_64", "https://a.example/", "*", ".", "a @ https://[", "x; y", "\x00", "\ud800"]
))
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)
YAML_LIKE = st.text(alphabet="abn:-[]{}&*!|>%@'\"#?,.\\ \n\t0123~<=;/äß\u2028\U000f0001", max_size=60)
JINJA_LIKE = st.lists(st.sampled_from([
    "{{", "}}", "{%", "%}", "{#", "#}", " env", ".X", "['X']", " python", " platform", " if ", " endif ", "for x in ",
    " endfor ", " == ", "'a'", " | default('z')", " | int", "(", ")", ".__class__", "\n", "name: a", "version: ",
]), max_size=14).map("".join)  # fmt: skip


def read_or_refuse(folder: Path, text: str) -> None:
    path = write(folder, text)
    message = ""
    try:
        assert targets(load(path, {"X": "x\n y"}))
    except RecipeError as error:
        message = error.message
    assert all(line.startswith(f"{path}:") for line in message.splitlines())
    assert message.replace("\n", "").isprintable()


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.one_of(st.text(max_size=60), YAML_LIKE, YAML_LIKE.map((HEAD + "company: ").__add__), JINJA_LIKE))
@example(text="name: ~\n? !!map x\n: 3")
@example(text='"\\UFFFFFFFF": 1')
@example(text="a: 0x_\nb: .\nc: 1e999999\nd: 190:20:30\ne: 0b_\nf: =\n<<: *g")
@example(text="{{ platform.a.b(python[1:2] + 'x', 3) ~ (python < 3) ~ (3 in platform) }}")
@example(text="{{ " + "(" * 500 + ")" * 500 + " }}")
def test_any_text_is_a_recipe_or_a_recipe_error(folder: Path, text: str) -> None:
    read_or_refuse(folder, text)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.dictionaries(KEYS, VALUES, max_size=5))
def test_any_data_is_a_recipe_or_a_recipe_error(folder: Path, data: dict[str, object]) -> None:
    read_or_refuse(folder, HEAD + yaml.safe_dump(data))
