"""archive.yaml: what a company says of itself, and mistakes in it with their places."""

from pathlib import Path

import pytest

from builder.archive.site import SiteTexts, load_site
from builder.errors import RecipeError
from tests.conftest import ROOT

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"/>'


def written(folder: Path, text: str) -> Path:
    (folder / "logo.svg").write_bytes(SVG)
    file = folder / "archive.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_without_a_file_and_with_an_empty_one_there_are_defaults(tmp_path: Path) -> None:
    assert load_site(None) == load_site(written(tmp_path, "# nothing yet\n")) == SiteTexts()


def test_everything_that_it_may_say(tmp_path: Path) -> None:
    folder = tmp_path / "it's è"
    folder.mkdir()
    site = load_site(
        written(
            folder,
            """\
title: Acme Python
company: Ácme & Söhne
intro: |
  One.

  Two.
url: https://python.acme.example/a
featured: acme-science
accent: "#0B6E4F"
logo: logo.svg
language: de-CH
links:
  - {text: Help, url: https://help.acme.example}
  - {text: Mail, url: "mailto:python@acme.example"}
""",
        )
    )
    assert site.url == "https://python.acme.example/a/"
    assert site.accent == "#0b6e4f"
    assert site.logo is not None
    assert site.logo.content == SVG
    assert [link.url for link in site.links] == ["https://help.acme.example", "mailto:python@acme.example"]


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("titel: x", "1:1: titel: unknown key; did you mean `title`?"),
        ("title: 3.10", '1:8: title: must be text; quote it ("3.10"): YAML reads 3.10 as the number 3.1'),
        ("accent: blue", '1:9: accent: "blue" is not a colour such as "#0b5c8a"'),
        ("logo: none.svg", '1:7: logo: "none.svg" is not a file'),
        ("logo: archive.yaml", '1:7: logo: "archive.yaml" is neither .svg nor .png'),
        ("url: ftp://x.example", "is not a URL (http, https or file)"),
        ("url: file:///srv", "is not the address of a folder"),
        ("url: https://me:secret@x.example", "must not hold credentials"),
        ("links: [{text: x, url: 'javascript:alert(1)'}]", "1:24: links[0].url:"),
        ("links: [{text: x, url: 'https://x.example', more: 1}]", "links[0].more: unknown key"),
        ("links: [{text: x}]", "links[0].url: is required"),
        ("- a list", "1:1: archive.yaml is a mapping"),
        ("title: [a", "not YAML"),
    ],
)
def test_mistakes_are_told_with_their_places(tmp_path: Path, text: str, mistake: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(RecipeError) as caught:
        load_site(file)
    assert mistake in str(caught.value)
    assert "secret" not in str(caught.value).replace("must not hold", "")
    assert caught.value.hint == "docs/archive-page.md describes every key"


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(RecipeError) as caught:
        load_site(written(tmp_path, "accent: blue\nlogo: none.svg\nnonsense: 1\n"))
    assert len(str(caught.value).splitlines()) == 3


def test_a_picture_must_be_what_its_name_says_and_small(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(SVG)
    (tmp_path / "b.svg").write_bytes(SVG + b" " * 600_000)
    for name, mistake in (("a.png", "is not a picture of the kind"), ("b.svg", "585 kB, at most 512")):
        with pytest.raises(RecipeError, match=mistake):
            load_site(written(tmp_path, f"icon: {name}"))


def test_every_key_is_documented() -> None:
    text = (ROOT / "docs" / "archive-page.md").read_text("utf-8")
    for key in SiteTexts.model_fields:
        assert f"| `{key}` |" in text, key
