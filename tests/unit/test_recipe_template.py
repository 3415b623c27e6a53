"""Jinja2 in recipes: what templates know, what they may not do, and where their mistakes are shown."""

from pathlib import Path

import pytest

from builder.errors import RecipeError
from builder.recipe import PathSource
from builder.recipe.problems import Place
from builder.recipe.template import Template

from .recipes import HEAD, load, problems, recipe_of, write

PER_PLATFORM = HEAD + """\
python: ["3.11", "3.12.9"]
platforms: [linux-x86_64, macos-arm64]
packages:
  - numpy
{% if platform == "macos-arm64" %}
  - appnope
{% elif platform %}
  - {{ platform[:5] }}-only
{% endif %}
company: "{{ python }} on {{ platform }}"
"""


def test_templates_know_environment_python_and_platform(tmp_path: Path) -> None:
    file = load(write(tmp_path, PER_PLATFORM + "homepage: https://{{ env.HOST }}/\n"), {"HOST": "a.example"})
    mac = file.for_target("3.12.9", "macos-arm64")
    linux = file.for_target("3.11", "linux-x86_64")
    assert list(map(str, mac.packages)) == ["numpy", "appnope"]
    assert list(map(str, linux.packages)) == ["numpy", "linux-only"]
    assert (mac.company, linux.company) == ("3.12 on macos-arm64", "3.11 on linux-x86_64")
    assert mac.homepage == "https://a.example/"


@pytest.mark.parametrize(
    "expression",
    [
        "python",
        "platform",
        'platform == "linux-x86_64"',
        'platform.startswith("linux")',
        '"linux" in platform',
        'python.split(".")[1] | int >= 12',
        'python >= "3.9" or python < "3.9"',
        "platform is defined",
        "(python ~ platform) | length",
    ],
)
def test_without_a_target_python_and_platform_are_empty_and_false(expression: str) -> None:
    template = Template("{{ 'yes' if " + expression + " else 'no' }}")
    assert template.render({}).text == "no\n"


def test_keys_that_need_the_target_are_not_validated_without_it(tmp_path: Path) -> None:
    (tmp_path / "python-3.11-linux-x86_64.tar.gz").touch()
    text = HEAD + "interpreter: {path: 'python-{{ python }}-{{ platform }}.tar.gz'}\n"
    path = tmp_path / "python-3.11-linux-x86_64.tar.gz"
    assert recipe_of(tmp_path, text).interpreter == (PathSource.model_construct(path=path, sha256=None),)


def test_mistakes_of_all_targets_are_reported_together_each_once(tmp_path: Path) -> None:
    text = HEAD + """\
platforms: [linux-x86_64, macos-arm64]
packages:
  - both >>1
  - "{{ 'linux >>1' if platform == 'linux-x86_64' else 'fine' }}"
  - "{{ 'macos >>1' if platform == 'macos-arm64' else 'also-fine' }}"
"""
    found = problems(tmp_path, text)
    assert [line.split(" is not")[0] for line in found] == [
        '5:5: packages[0]: "both >>1"',
        '6:5: packages[1]: "linux >>1"',
        '7:5: packages[2]: "macos >>1"',
    ]


def test_mistakes_of_the_head_do_not_hide_those_of_a_target(tmp_path: Path) -> None:
    text = 'nmae: demo\nversion: "1"\ncompany: 3\n{% if platform %}\npackages: [a >>1]\n{% endif %}\n'
    assert [line.split(": ")[0:2] for line in problems(tmp_path, text)] == [
        ["1:1", "name"], ["1:1", "nmae"], ["3:10", "company"], ["5:12", "packages[0]"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            'name: demo{{ platform }}\nversion: "1"\n',
            "1:1: name: is not the same for all targets; for Python 3.11 on linux-x86_64 it is demolinux-x86_64 "
            "instead of demo",
        ),
        (
            HEAD + '{% if python %}\npython: "3.12"\n{% endif %}\n',
            "4:1: python: is not the same for all targets; for Python 3.11 on linux-x86_64 it is 3.12 instead of 3.11",
        ),
    ],
)
def test_a_target_cannot_change_what_makes_the_targets(tmp_path: Path, text: str, expected: str) -> None:
    assert problems(tmp_path, text) == [expected]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("company: {{ evn.X }}", "'evn' is undefined; did you mean `env`?"),
        ("company: {{ nothing }}", "'nothing' is undefined; a recipe knows env, python, platform"),
        (
            "company: {{ env.X }}",
            'the environment variable X is not set; set it, or give a default: {{ env.X | default("...") }}',
        ),
        ("company: {{ env['X'] }}", "the environment variable X is not set"),
        ("company: {{ 1 / 0 }}", "ZeroDivisionError: division by zero"),
        ("company: {{ }}", "template syntax: Expected an expression, got 'end of print statement'"),
        ("{% if env %}", "template syntax: Unexpected end of template."),
        ("company: {{ 'x' | shout }}", "template syntax: No filter named 'shout'."),
    ],
)
def test_a_mistake_in_a_template_is_shown_at_its_line(tmp_path: Path, line: str, expected: str) -> None:
    (found,) = problems(tmp_path, HEAD + "\n# {# a comment #}\n" + line + "\n")
    assert found.startswith(f"5:1: {expected}")


def test_a_mistake_inside_a_macro_is_shown_where_it_is_written(tmp_path: Path) -> None:
    text = HEAD + "{% macro who() %}\n  {{ nobody }}\n{% endmacro %}\n\ncompany: {{ who() }}\n"
    assert problems(tmp_path, text)[0].startswith("4:3: 'nobody' is undefined")


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ env.__class__ }}",
        "{{ cycler.__init__.__globals__.os.system('touch ran') }}",
        "{{ self.__init__.__globals__ }}",
        "{{ env.update({'A': 'b'}) }}",
        "{{ lipsum() }}",
        "{{ [1, 2] | random }}",
        "{% include 'recipe.yaml' %}",
        "{% import '/etc/passwd' as p %}",
        "{% extends 'x' %}",
        "{{ '%s' | attr('__class__') }}",
        "{{ '{0.__class__}'.format(1).x }}",
        "{{ platform.__class__.__mro__ | list | first + python.__init__.__globals__ }}",
        "{% for i in range(99999) %}{% for k in range(99999) %}xxxxxxxxxx{% endfor %}{% endfor %}",
        "{{ range(999999999) | join }}",
    ],
)
def test_a_template_can_neither_read_nor_run_nor_flood(tmp_path: Path, template: str) -> None:
    assert len(problems(tmp_path, HEAD + f"company: x {template}\n")) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["recipe.yaml"]


def test_lines_are_those_of_the_file_whatever_the_template_does(tmp_path: Path) -> None:
    text = HEAD + """\
{# a comment
    of two lines -#}

packages:
{% for name in ["a", "b", "c >>1"] %}
  - {{ name }}
{% endfor %}
{%- for name in [] %}
  - gone
{%- endfor %}
{% filter upper %}
  - d
{% endfilter %}
{% raw %}
  - e
{% endraw %}
  - f >>1
company: 3
"""
    assert [line.split(" is not ")[0] for line in problems(tmp_path, text)] == [
        '8:5: packages[2]: "c >>1"',
        '19:5: packages[5]: "f >>1"',
        '20:10: company: must be text; quote it ("3"): YAML reads it as a number',
    ]


def test_newlines_out_of_variables_belong_to_the_line_that_asked_for_them(tmp_path: Path) -> None:
    text = HEAD + "packages:\n{{ env.LIST }}\ncompany: 3\n"
    found = problems(tmp_path, text, {"LIST": "  - a\n  - b >>1\n  - c"})
    assert [line.split(": ")[0] for line in found] == ["4:1", "5:10"]


def test_a_place_behind_an_expression_is_the_beginning_of_its_line() -> None:
    rendered = Template("  a: {{ env.X }}: [b]\n").render({"X": "longer than the expression"})
    assert rendered.place(rendered.text.index("a:")) == Place(line=1, column=3)
    assert rendered.place(rendered.text.index("[b]")) == Place(line=1, column=3)


def test_marks_of_lines_never_stay_in_the_text() -> None:
    text = "a\n{% set x %}b\nc\n{% endset %}{{ x | replace('\n', ' ') }}\n{{ x }}d\n"
    assert Template(text).render({}).text == "a\nb c \nb\nc\nd\n\n"


def test_a_private_use_character_is_refused(tmp_path: Path) -> None:
    assert problems(tmp_path, HEAD + "company: \U000f0001\n") == [
        "3:10: the private-use character U+F0001 cannot be used in a recipe"
    ]


def test_an_override_that_breaks_the_recipe_is_reported(tmp_path: Path) -> None:
    file = load(write(tmp_path, HEAD + "{% if python == '3.13' %}\npackages: [a >>1]\n{% endif %}\n"))
    assert file.for_target("3.12", "linux-x86_64").packages == ()
    with pytest.raises(RecipeError, match=r'recipe\.yaml:4:12: packages\[0\]: "a >>1"'):
        file.for_target("3.13", "linux-x86_64")
