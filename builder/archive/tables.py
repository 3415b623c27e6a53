"""HTML tables of what is in installers. 10,000 pages have two million rows, so each row and each table is made once.

Sets of packages are told apart by identity: an index holds each set once, and outlives these tables.
"""

from collections.abc import Iterable, Sequence

from markupsafe import Markup, escape

from .index import Package
from .views import Change, licences


class Tables:
    """For one index."""

    def __init__(self) -> None:
        self._rows: dict[int, str] = {}
        self._packages: dict[int, Markup] = {}
        self._licences: dict[int, Markup] = {}
        self._changes: dict[Change, str] = {}

    def packages(self, packages: tuple[Package, ...]) -> Markup:
        """Name, version and licence of each."""
        key = id(packages)
        if key not in self._packages:
            caption = f"{len(packages)} package{'' if len(packages) == 1 else 's'}"
            rows = map(self._package_row, packages)
            self._packages[key] = _table("packages", caption, ("Package", "Version", "Licence"), rows)
        return self._packages[key]

    def licences(self, packages: tuple[Package, ...]) -> Markup:
        """How many packages have which licence."""
        key = id(packages)
        if key not in self._licences:
            rows = (_row(licence or "not told by the package", str(count)) for licence, count in licences(packages))
            self._licences[key] = _table("licences", "Licences of the packages", ("Licence", "Packages"), rows)
        return self._licences[key]

    def changes(self, changes: Sequence[Change], since: str) -> Markup:
        """Before and now. since: the version before."""
        rows = map(self._change_row, changes)
        return _table("changes", f"Changes since {since}", ("Package", "Before", "Now"), rows)

    def _package_row(self, package: Package) -> str:
        row = self._rows.get(id(package))
        if row is None:
            row = self._rows[id(package)] = _row(package.name, package.version, package.license or "not told")
        return row

    def _change_row(self, change: Change) -> str:
        row = self._changes.get(change)
        if row is None:
            now = change.now or "removed"
            row = _row(change.name, change.before or "new", now, kind=change.kind)
            self._changes[change] = row
        return row


def _row(first: str, *others: str, kind: str = "") -> str:
    start = f'<tr class="{kind}">' if kind else "<tr>"
    return f'{start}<th scope="row">{escape(first)}</th>{"".join(f"<td>{escape(other)}</td>" for other in others)}</tr>'


def _table(kind: str, caption: str, columns: Iterable[str], rows: Iterable[str]) -> Markup:
    head = "".join(f'<th scope="col">{column}</th>' for column in columns)
    body = "\n".join(rows)
    return Markup(  # noqa: S704 -- what comes from outside was escaped
        f'<table class="{kind}">\n<caption>{escape(caption)}</caption>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody>\n</table>"
    )
