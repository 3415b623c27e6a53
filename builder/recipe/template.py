"""Jinja2 in recipes: rendering that can neither read files nor run anything, and that keeps the source's line numbers.

Each newline of the source is followed through the rendering by a private-use character in front of it, which says
the line it comes from; so loops and conditions may change the number of lines, and a mistake in the rendered text is
still reported where it was written.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NoReturn

import jinja2
from jinja2 import meta, nodes
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from jinja2.sandbox import ImmutableSandboxedEnvironment

from .problems import Place, Problem, RecipeMistakes

# A recipe of 10,000 packages fits; a runaway loop does not.
MAX_CHARACTERS = 256 * 1024
_TARGET_VARIABLES = frozenset({"python", "platform"})
_VARIABLES = ("env", "python", "platform")
# `lipsum` and `random` would make a recipe mean something else every time.
_GLOBALS = ("range", "dict", "namespace")

# Supplementary private use area A: one character for each line that a source within MAX_LINES can have.
_FIRST_MARK = 0xF0000
MAX_LINES = 0xFFFD
_MARKS = re.compile(f"[{chr(_FIRST_MARK)}-{chr(_FIRST_MARK + MAX_LINES)}]")


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """A rendering: its text, the source's lines, and for each line of the text its line (from 0) in the source."""

    text: str
    source: tuple[str, ...]
    origins: tuple[int, ...]

    def place(self, index: int) -> Place:
        """The place in the source of the text's character `index`.

        The column is the first one of the source's line where Jinja2 wrote what lies before the character.
        """
        number = self.text.count("\n", 0, index)
        start = self.text.rfind("\n", 0, index) + 1
        before = self.text[start:index]
        line = min(self.origins[min(number, len(self.origins) - 1)], len(self.source) - 1)
        source = self.source[line]
        column = len(before) if source.startswith(before) else len(source) - len(source.lstrip())
        return Place(line=line + 1, column=column + 1)


class Template:
    """A recipe's text, ready to be rendered. Raises RecipeMistakes for template syntax errors and oversized text."""

    def __init__(self, text: str) -> None:
        self._source = tuple(re.split(r"\r\n|\r|\n", text))
        if len(text) > MAX_CHARACTERS or len(self._source) > MAX_LINES:
            raise RecipeMistakes([Problem(Place(), "", f"a recipe has at most {MAX_CHARACTERS // 1024} KiB of text")])
        for number, line in enumerate(self._source):
            if found := _MARKS.search(line):
                message = f"the private-use character U+{ord(found[0]):X} cannot be used in a recipe"
                raise RecipeMistakes([Problem(Place(line=number + 1, column=found.start() + 1), "", message)])
        self._environment = _environment()
        try:
            tree = self._environment.parse(text + "\n")
            self._template = self._environment.from_string(tree)
        except jinja2.TemplateSyntaxError as error:
            self._fail(error.lineno, f"template syntax: {error.message}")
        except Exception as error:  # Jinja2 also compiles what Python then refuses, such as huge nesting
            self._fail(1, f"template syntax: {_in_words(error)}")
        self.depends_on_target = _asks_for_target(tree)

    def render(self, env: Mapping[str, str], *, python: str | None = None, platform: str | None = None) -> Rendered:
        """Render for a target, or for none, when `python` and `platform` are undefined, empty and false.

        env: environment variables.  Raises RecipeMistakes.
        """
        variables = {
            "env": _Variables(env),
            "python": NotYetKnown(name="python") if python is None else python,
            "platform": NotYetKnown(name="platform") if platform is None else platform,
        }
        chunks: list[str] = []
        size = 0
        try:
            for chunk in self._template.generate(variables):
                chunks.append(chunk)
                size += len(chunk)
                if size > MAX_CHARACTERS + MAX_LINES:
                    self._fail(1, f"the rendered recipe is longer than {MAX_CHARACTERS // 1024} KiB")
        except RecipeMistakes:
            raise
        except Exception as error:  # a template is a program of the recipe's author, and can fail in any way
            self._fail(_template_line(error), _in_words(error))
        return self._unmark("".join(chunks))

    def _fail(self, line: int, message: str) -> NoReturn:
        source = self._source[min(line, len(self._source)) - 1]
        place = Place(line=line, column=len(source) - len(source.lstrip()) + 1)
        raise RecipeMistakes([Problem(place, "", message)])

    def _unmark(self, text: str) -> Rendered:
        lines = text.split("\n")
        origins: list[int] = []
        origin = len(self._source) - 1
        for line in reversed(lines):  # a newline out of a variable has no mark: its line belongs to the next one's
            marks = _MARKS.findall(line)
            origin = ord(marks[-1]) - _FIRST_MARK if marks else origin
            origins.append(origin)
        return Rendered(text=_MARKS.sub("", text), source=self._source, origins=tuple(reversed(origins)))


class _LineMarks(Extension):
    """Puts each source line's mark in front of the newline that ends it."""

    def filter_stream(self, stream: TokenStream) -> Iterable[Token]:
        for token in stream:
            yield Token(token.lineno, "data", _mark(token.value, token.lineno)) if token.type == "data" else token


def _mark(data: str, lineno: int) -> str:
    lines = data.split("\n")
    marked = [line + chr(_FIRST_MARK + lineno - 1 + number) for number, line in enumerate(lines[:-1])]
    return "\n".join([*marked, lines[-1]])


class _Variables(dict[str, str]):
    """`env` of a template."""


class _Missing(jinja2.StrictUndefined):
    """An unknown name in a template: any use of it is an error that says what was meant."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        name = str(self._undefined_name)
        if self._undefined_hint:
            return self._undefined_hint
        if isinstance(self._undefined_obj, _Variables):
            return (
                f"the environment variable {name} is not set; "
                f'set it, or give a default: {{{{ env.{name} | default("...") }}}}'
            )
        if self._undefined_obj is not jinja2.utils.missing:
            return f"{type(self._undefined_obj).__name__} has no {name!r}"
        close = difflib.get_close_matches(name, _VARIABLES, n=1)
        known = f"did you mean `{close[0]}`?" if close else f"a recipe knows {', '.join(_VARIABLES)}"
        return f"{name!r} is undefined; {known}"


class NotYetKnown(jinja2.ChainableUndefined):
    """`python` and `platform` in the rendering that finds the targets: empty, false, unequal to everything."""

    __slots__ = ()

    def _itself(self, *_: object, **__: object) -> "NotYetKnown":
        return self

    def _false(self, _: object) -> bool:
        return False

    __call__ = __add__ = __radd__ = __mod__ = __getitem__ = _itself  # type: ignore[assignment]
    __lt__ = __le__ = __gt__ = __ge__ = __eq__ = _false  # type: ignore[assignment]
    __contains__ = _false

    def __ne__(self, other: object) -> bool:
        return True

    def __int__(self) -> int:  # type: ignore[override]  # the base class raises
        return 0

    def __float__(self) -> float:  # type: ignore[override]
        return 0.0

    def __hash__(self) -> int:
        return 0


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        undefined=_Missing, extensions=[_LineMarks], keep_trailing_newline=True, autoescape=False, cache_size=0
    )
    environment.globals = {name: environment.globals[name] for name in _GLOBALS}
    del environment.filters["random"]
    return environment


def _asks_for_target(tree: nodes.Template) -> bool:
    return bool(meta.find_undeclared_variables(tree) & _TARGET_VARIABLES)


def _template_line(error: BaseException) -> int:
    """The template's line (from 1) that was running; Jinja2 has rewritten the traceback to show it."""
    line = 1
    traceback = error.__traceback__
    while traceback is not None:
        if "__jinja_exception__" in traceback.tb_frame.f_globals:
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line


def _in_words(error: Exception) -> str:
    if isinstance(error, jinja2.TemplateError):
        return error.message or type(error).__name__
    if isinstance(error, TypeError) and "no loader" in str(error):
        return "a recipe cannot include other files"
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
