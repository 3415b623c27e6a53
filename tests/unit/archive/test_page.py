"""The pages as text: escaping, what changed, the same bytes every time."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from builder.archive.colours import DARK_GROUNDS, LIGHT_GROUNDS, contrast, dark_palette, light_palette
from builder.archive.index import Entry, Index, Package, Product
from builder.archive.page import file_size, render_site
from builder.archive.search_data import PackageSets, files_script, packages_script
from builder.archive.site import Picture, SiteTexts
from builder.archive.views import Lines, products
from tests.unit.archive import page_samples

EVIL = "</title></script><script>alert('x')</script><img src=x onerror=\"y\">'\"&{{ 7 * 7 }}\\'"
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'"
SITE = SiteTexts(url="https://python.acme.example/")


class Elements(HTMLParser):
    """Every element's name with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def rendered(index: Index, site: SiteTexts = SITE) -> dict[str, bytes]:
    return dict(render_site(index, site))


def pages(index: Index, site: SiteTexts = SITE) -> dict[str, str]:
    return {path: content.decode() for path, content in rendered(index, site).items() if path.endswith(".html")}


def hostile() -> Index:
    """Every text that an installer or a company may choose is one that would like to be a script."""
    entries = [
        replace(
            entry,
            packages=(Package(name=EVIL, version=EVIL, license=EVIL),),
            store=(Package(name=f"b{EVIL}", version=EVIL, license=None),),
            interpreter=replace(entry.interpreter, source=EVIL, build=EVIL),
        )
        for entry in page_samples.company(1).installers
    ]
    product = Product(company=EVIL, description=EVIL, homepage="javascript:alert(1)")
    return replace(page_samples.index(entries), products={"acme-science": product, "minimal": product})


def test_hostile_texts_show_as_text() -> None:
    site = SiteTexts(title=EVIL, company=EVIL, intro=EVIL, footer=EVIL)
    plain = pages(page_samples.company(1))
    for path, text in pages(hostile(), site).items():
        elements = Elements(text).found
        assert [tag for tag, _ in elements if tag == "script"] == ["script"], path
        assert not any(name.startswith("on") for _, attributes in elements for name in attributes)
        assert not any("javascript:" in (attributes.get("href") or "") for _, attributes in elements)
        assert {tag for tag, _ in elements} <= {tag for tag, _ in Elements(plain[path]).found} | {"p", "div"}
        assert "49" not in text.replace("2849", "") or "{{ 7 * 7 }}" in text


def test_hostile_texts_are_data_to_the_script() -> None:
    sets = PackageSets(hostile().installers)
    script = packages_script(sets).decode("ascii")
    literal = re.fullmatch(r"keelPackages\(JSON\.parse\('(.*)'\)\);\n", script)
    assert literal is not None
    unescaped = re.sub(r"\\(.)", r"\1", literal[1])
    assert set(json.loads(unescaped)) == {EVIL, f"b{EVIL}"}


def test_the_policy_allows_nothing_but_the_archives_own_files() -> None:
    for path, text in pages(page_samples.company(1)).items():
        policy = next(
            attributes["content"] for _, attributes in Elements(text).found if "http-equiv" in attributes
        )
        assert policy == POLICY
        for tag, attributes in Elements(text).found:
            assert "style" not in attributes, path
            if tag in ("script", "link", "img", "source"):
                address = attributes.get("src") or attributes.get("href") or attributes.get("srcset") or ""
                assert "//" not in address


def test_every_link_within_the_archive_leads_somewhere() -> None:
    index = page_samples.company(2)
    site = rendered(index)
    written = {"index.json", "SHA256SUMS", "SHA256SUMS.minisig", "minisign.pub", ".files.json", "atom.xml"}
    known = {*site, *written, *(entry.file for entry in index.installers)}
    known |= {document.name for entry in index.installers for document in entry.documents.values()}
    for path, text in pages(index).items():
        for _, attributes in Elements(text).found:
            address = (attributes.get("href") or attributes.get("src") or "").partition("#")[0]
            if address and ":" not in address:
                folder = Path(path).parent
                target = folder.parent / address.removeprefix("../") if address.startswith("../") else folder / address
                assert target.as_posix() in known, (path, address)


def test_the_same_index_gives_the_same_bytes() -> None:
    assert rendered(page_samples.company()) == rendered(page_samples.company())


def test_an_installers_page_does_not_change_when_another_product_is_published() -> None:
    before = page_samples.company(2)
    more = page_samples.entry(
        "other", "1", "3.12.9", "linux-x86_64", "sh", page_samples.packages(("numpy",), 0), page_samples.START
    )
    after = replace(before, installers=(more, *before.installers), version=9)
    old, new = pages(before), pages(after)
    assert all(old[path] == new[path] for path in old if path.startswith("installers/"))


def test_an_empty_archive_says_so() -> None:
    assert "Nothing has been published here yet." in pages(page_samples.index([]))["index.html"]


def test_more_files_than_one_page_holds_are_on_further_ones() -> None:
    index = page_samples.company(9)
    site = pages(index)
    listed = [
        attributes["href"].removeprefix("../")  # type: ignore[union-attr]
        for path in ("index.html", "files/2.html")
        for _, attributes in Elements(site[path]).found
        if attributes.get("class") == "file"
    ]
    assert listed[:250] == [entry.file for entry in index.installers[:250]]
    assert "files/2.html" in site["index.html"]


def line_of(entries: Callable[[], Index]) -> list[Entry]:
    return [
        entry
        for entry in entries().installers
        if (entry.name, entry.platform, entry.python_minor) == ("acme-science", "linux-x86_64", "3.13")
    ]


def test_what_changed_is_told_since_the_version_before() -> None:
    newest, middle, oldest = line_of(page_samples.company)
    packages = (*newest.packages[1:], Package(name="zzz", version="1", license=None))
    newest = replace(newest, packages=packages, python="3.13.2")
    lines = Lines([newest, oldest, middle])
    changes = lines.changes(newest)
    assert changes is not None
    assert changes.previous is middle
    assert changes.summary == "Python 3.13.2 (was 3.13.1), 10 packages updated, 1 added, 1 removed"
    assert {change.kind for change in changes.lines} == {"added", "removed", "updated"}
    assert lines.changes(oldest) is None
    assert lines.newer(oldest) is newest
    assert lines.newer(newest) is None


def test_a_version_that_was_published_late_is_not_the_newest() -> None:
    newest, _, oldest = line_of(page_samples.company)
    late = replace(oldest, file="Acme-science-2026.9.1.sh", version="2026.9.1")
    lines = Lines([late, newest, oldest])
    assert lines.newer(late) is newest
    changes = lines.changes(newest)
    assert changes is not None
    assert changes.previous is late


def test_the_table_of_newest_files_says_where_a_system_has_an_older_version() -> None:
    science, minimal = products(page_samples.company(), "acme-science")
    assert (science.name, science.version, science.pythons) == ("acme-science", "2026.11", ("3.13", "3.12"))
    versions = {row.platform: row.version for row in science.rows}
    assert versions["windows-x86_64"] == "2026.11"
    assert versions["windows-arm64"] == "2026.10"
    assert [entry.format for entry in science.rows[2].cells[0]] == ["pkg", "sh"]
    assert products(page_samples.company(), "minimal")[0] == minimal


def test_the_script_gets_sets_as_runs() -> None:
    entries = page_samples.company().installers
    sets = PackageSets(entries)
    rows = json.loads(re.sub(r"\\(.)", r"\1", files_script(entries, sets).decode()[len("keelFiles(JSON.parse('") : -5]))
    assert len(rows["rows"]) == len(entries)
    assert all(sets.all[row[8]] == entry.packages for row, entry in zip(rows["rows"], entries, strict=True))


@pytest.mark.parametrize("accent", ["#0b5c8a", "#ffff00", "#000000", "#ffffff", "#ff0000", "#7f7f7f"])
def test_any_colour_of_a_company_can_be_read(accent: str) -> None:
    for palette, grounds in ((light_palette(accent), LIGHT_GROUNDS), (dark_palette(accent), DARK_GROUNDS)):
        assert contrast(palette.on_fill, palette.fill) >= 4.5
        assert all(contrast(palette.link, ground) >= 4.5 for ground in grounds)


def test_pictures_are_published_under_names_with_their_hash() -> None:
    logo = Picture(suffix=".png", content=b"\x89PNG\r\n\x1a\n")
    site = rendered(page_samples.company(1), SITE.model_copy(update={"logo": logo, "logo_dark": logo, "icon": logo}))
    found = [path for path in site if path.endswith(".png")]
    assert len(found) == 3
    text = site["index.html"].decode()
    assert all(path in text for path in found)


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (999_949, "999.9 kB"), (999_950, "1.0 MB")],
)
def test_sizes_are_told_in_decimal_units(size: int, words: str) -> None:
    assert file_size(size) == words
