"""archive.yaml: a company's name, logo, texts, colour and links on its archive page. Every key may be left out."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, ValidationError, ValidationInfo

from ..recipe.findings import problems_of
from ..recipe.problems import RecipeMistakes, read_text, recipe_error
from ..recipe.source import read_document
from ..recipe.template import Rendered
from ..recipe.types import Line, Model, Name, Text, each
from ..recipe.values import Surroundings, existing, line, matching, url

# A page that people load over a phone's network.
_MAX_PICTURE = 512 * 1024
_PICTURES = {".svg": b"<", ".png": b"\x89PNG\r\n\x1a\n"}
# A sea blue that is ours as long as a company has none.
DEFAULT_ACCENT = "#0b5c8a"


class Picture(Model):
    """A picture of the page. suffix: ".svg" or ".png"."""

    suffix: str
    content: bytes


def _colour(value: Any) -> str:
    return matching(value, r"#[0-9A-Fa-f]{6}", 'a colour such as "#0b5c8a"').lower()


def _picture(value: Any, info: ValidationInfo) -> Picture:
    path = existing(value, info, kind="file")
    suffix = path.suffix.lower()
    if suffix not in _PICTURES:
        raise ValueError(f'"{value}" is neither .svg nor .png')
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ValueError(f'"{value}" cannot be read: {error.strerror}') from None
    if not content.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(_PICTURES[suffix].lstrip()):
        raise ValueError(f'"{value}" is not a picture of the kind that its name says')
    if len(content) > _MAX_PICTURE:
        raise ValueError(f'"{value}" has {len(content) // 1024} kB, at most {_MAX_PICTURE // 1024}')
    return Picture(suffix=suffix, content=content)


def _language(value: Any) -> str:
    return matching(value, r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", 'a language such as "en" or "de-CH" (BCP 47)')


def _base_url(value: Any) -> str:
    """The archive's own address: http or https, with a slash at its end."""
    words = url(value)
    parts = urlsplit(words)
    if parts.scheme == "file" or parts.query or parts.fragment or not words.isascii():
        raise ValueError(f'"{words}" is not the address of a folder (http or https, without ? and #)')
    return words.rstrip("/") + "/"


def _link_url(value: Any) -> str:
    words = line(value)
    return words if re.fullmatch(r"mailto:[^\s<>]+@[^\s<>]+", words) else _web(words)


def _web(words: str) -> str:
    if urlsplit(words).scheme not in ("http", "https"):
        raise ValueError(f'"{words}" begins with none of http:, https:, mailto:')
    return url(words)


class Link(Model):
    """A link in the head of the page."""

    text: Line
    url: Annotated[str, BeforeValidator(_link_url)]


def _link(value: Any, info: ValidationInfo) -> Link:
    return Link.model_validate(value, context=info.context)


class SiteTexts(Model):
    """What a company may say on its archive page; docs/archive-page.md describes the keys."""

    title: Line = "Python installers"
    company: Line | None = None
    intro: Text | None = None
    footer: Text | None = None
    url: Annotated[str, BeforeValidator(_base_url)] | None = None
    featured: Name | None = None
    accent: Annotated[str, BeforeValidator(_colour)] = DEFAULT_ACCENT
    logo: Annotated[Picture, BeforeValidator(_picture)] | None = None
    logo_dark: Annotated[Picture, BeforeValidator(_picture)] | None = None
    icon: Annotated[Picture, BeforeValidator(_picture)] | None = None
    language: Annotated[str, BeforeValidator(_language)] = "en"
    links: Annotated[tuple[Link, ...], each(_link)] = Field(default=())


def load_site(path: Path | None) -> SiteTexts:
    """The texts in the file at `path`, or those of a page that nobody has described.

    Relative paths in it are relative to its folder. Raises RecipeError with all problems, one a line:
    `file:line:column: key: what is wrong`.
    """
    if path is None:
        return SiteTexts()
    try:
        return _read(path)
    except RecipeMistakes as mistakes:
        raise recipe_error(path, mistakes.problems, hint="docs/archive-page.md describes every key") from None


def _read(path: Path) -> SiteTexts:
    text, _ = read_text(path, noun="archive.yaml")
    lines = tuple(text.split("\n"))
    rendered = Rendered(text=text, source=lines, origins=tuple(range(len(lines))))
    document = read_document(rendered, noun="archive.yaml", empty=None)
    try:
        texts = SiteTexts.model_validate(document.data, context=Surroundings(folder=path.absolute().parent))
    except ValidationError as error:
        raise RecipeMistakes([*document.problems, *problems_of(error, document, _keys_beside)]) from None
    if document.problems:
        raise RecipeMistakes(document.problems)
    return texts


def _keys_beside(path: Sequence[int | str]) -> Iterable[str]:
    return SiteTexts.model_fields if len(path) == 1 else Link.model_fields
