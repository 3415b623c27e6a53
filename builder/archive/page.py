"""The pages that people see: the same index and the same texts give the same bytes.

`index.html` and `files/2.html` … list the files, `installers/<file>.html` describes each, `assets/` holds style, script
and what the script looks things up in, all under names with a hash: what is new never meets an old one in a browser's
cache.
"""

import hashlib
import re
import shlex
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ..resources import TEMPLATES
from ..target import title_of
from . import views
from .bootstrap import default_name, install_ps1, install_sh
from .colours import dark_palette, light_palette
from .index import Entry, Index
from .search_data import PackageSets, files_script, packages_script
from .site import Picture, SiteTexts
from .tables import Tables

_FOLDER = TEMPLATES / "archive"
# On a page without JavaScript; with it, as many at a time.
PAGE_ROWS = 200
# No text of ours, and none of YAML's, holds it.
_MARK = Markup("\0")


def render_site(index: Index, site: SiteTexts) -> Iterator[tuple[str, bytes]]:
    """Paths and contents of all that people and shells read; `index.html`, which leads to the rest, comes last."""
    renderer = _Renderer(index, site)
    yield from renderer.assets()
    yield from renderer.installers()
    yield from renderer.older()
    yield "install.sh", install_sh(index, site)
    yield "install.ps1", install_ps1(index, site)
    yield "index.html", renderer.front()


@dataclass(kw_only=True)
class _Assets:
    """Paths in the archive."""

    style: str = ""
    script: str = ""
    icon: str = ""
    files: str = ""
    packages: str = ""
    logo: str | None = None
    logo_dark: str | None = None
    contents: dict[str, bytes] = field(default_factory=dict)

    def add(self, stem: str, suffix: str, content: bytes) -> str:
        path = f"assets/{stem}-{hashlib.sha256(content).hexdigest()[:12]}{suffix}"
        self.contents[path] = content
        return path

    def add_picture(self, stem: str, picture: Picture | None) -> str | None:
        return self.add(stem, picture.suffix, picture.content) if picture else None


class _Renderer:
    def __init__(self, index: Index, site: SiteTexts) -> None:
        self._index = index
        self._site = site
        self._entries = index.installers
        self._lines = views.Lines(index.installers)
        self._environment = _environment()
        self._tables = Tables()
        self._frames: dict[str, list[str]] = {}
        self._environment.globals.update(
            index=index,
            site=site,
            brand=site.company or site.title,
            heading=f"{site.title} – {site.company}" if site.company else site.title,
            assets=self._assets,
            page_rows=PAGE_ROWS,
            page_count=max(1, -(-len(self._entries) // PAGE_ROWS)),
            verify_template=views.VERIFY_TEMPLATE % index.key,
        )
        self._environment.filters["fill"] = self._fill

    @cached_property
    def _assets(self) -> _Assets:
        site = self._site
        light, dark = light_palette(site.accent), dark_palette(site.accent)
        sets = PackageSets(self._entries)
        assets = _Assets()
        style = _plain("archive.css", light=light, dark=dark)
        assets.style = assets.add("archive", ".css", style)
        assets.script = assets.add("archive", ".js", (_FOLDER / "archive.js").read_bytes())
        assets.files = assets.add("files", ".js", files_script(self._entries, sets))
        assets.packages = assets.add("packages", ".js", packages_script(sets))
        own_icon = Picture(suffix=".svg", content=_plain("keel.svg", fill=light.fill, on_fill=light.on_fill))
        icon = site.icon or own_icon
        assets.icon = assets.add("icon", icon.suffix, icon.content)
        assets.logo = assets.add_picture("logo", site.logo)
        assets.logo_dark = assets.add_picture("logo-dark", site.logo_dark)
        return assets

    def assets(self) -> Iterator[tuple[str, bytes]]:
        yield from self._assets.contents.items()

    def front(self) -> bytes:
        entries = self._entries
        products = views.products(self._index, self._site.featured)
        return self._page(
            "index.html",
            root="",
            products=products,
            default_name=default_name(self._index, self._site),
            entries=entries[:PAGE_ROWS],
            platforms=[name for name in views.PLATFORM_TITLES if any(entry.platform == name for entry in entries)],
            pythons=sorted({entry.python_minor for entry in entries}, key=views.python_key, reverse=True),
            formats=sorted({entry.format for entry in entries}),
        )

    def older(self) -> Iterator[tuple[str, bytes]]:
        for start in range(PAGE_ROWS, len(self._entries), PAGE_ROWS):
            number = start // PAGE_ROWS + 1
            entries = self._entries[start : start + PAGE_ROWS]
            yield _page_path(number), self._page("older.html", root="../", number=number, entries=entries)

    def installers(self) -> Iterator[tuple[str, bytes]]:
        by_stem: dict[str, list[Entry]] = defaultdict(list)
        for entry in self._entries:
            by_stem[entry.stem].append(entry)
        for entry in self._entries:
            siblings = [other for other in by_stem[entry.stem] if other is not entry]
            yield f"installers/{entry.file}.html", self._installer(entry, siblings)

    def _installer(self, entry: Entry, siblings: Sequence[Entry]) -> bytes:
        changes = self._lines.changes(entry)
        return self._page(
            "installer.html",
            root="../",
            entry=entry,
            title=title_of(entry.name),
            product=self._index.products.get(entry.name),
            siblings=siblings,
            newest=self._lines.newer(entry),
            changes=changes,
            changes_table=self._tables.changes(changes.lines, changes.previous.version) if changes else None,
            documents=views.documents(entry),
            tables=self._tables,
        )

    def _page(self, name: str, *, root: str, **values: object) -> bytes:
        """A template's blocks in the frame that is the same for all pages of a folder. root: the way to the archive."""
        template = self._environment.get_template(name)
        context = template.new_context({**values, "root": root})
        title, main = ("".join(template.blocks[block](context)) for block in ("title", "main"))
        head, middle, foot = self._frame(root)
        return f"{head}{title}{middle}{main}{foot}".encode()

    def _frame(self, root: str) -> list[str]:
        if root not in self._frames:
            text = self._environment.get_template("layout.html").render(root=root, title=_MARK, main=_MARK)
            self._frames[root] = text.split(_MARK)
        return self._frames[root]

    def _fill(self, template: str, file: str, sha256: str) -> str:
        """A command with its words. Without an address of the archive, the line that fetches is left to the script."""
        base = self._site.url
        lines = [line for line in template.split("\n") if base or ("{url}" not in line and "{base}" not in line)]
        words = {"url": shlex.quote(f"{base}{file}"), "base": base or "", "file": shlex.quote(file)}
        filled = "\n".join(lines).replace("{name}", file).replace("{sha256}", sha256)
        for name, word in words.items():
            filled = filled.replace(f"{{{name}}}", word)
        return filled


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        command_template=views.command_template,
        iso=_iso,
        moment=_moment,
        page_path=_page_path,
        paragraphs=_paragraphs,
        platform=views.PLATFORM_TITLES.__getitem__,
        size=file_size,
        thousands="{:,}".format,
        web=views.web,
    )
    return environment


def _plain(template: str, **values: object) -> bytes:
    """A file that is not HTML; nothing in it comes from outside but checked colours."""
    return _environment().get_template(template).render(values).encode("utf-8")


def _page_path(number: int) -> str:
    return "index.html" if number == 1 else f"files/{number}.html"


def _paragraphs(text: str) -> Markup:
    """Paragraphs are parted by blank lines."""
    parts = re.split(r"\n\s*\n", text.strip())
    return Markup("\n").join(Markup("<p>{}</p>").format(part) for part in parts)


def _iso(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _moment(time: datetime) -> str:
    """As in Anaconda's archive."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def file_size(size: int) -> str:
    """ "183.5 MB"; the script's `fileSize` says the same."""
    value, unit = float(size), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 999.95:
            break
        value, unit = value / 1000, larger
    return f"{size} bytes" if unit == "bytes" else f"{value:.1f} {unit}"
