"""install.sh and install.ps1: the scripts of `installer_templates/archive`, with what they know of this archive put in.

The templates are scripts themselves, for shellcheck and parsers: a value stands in them as `'@name@'`, and is one word.
"""

import shlex
from collections.abc import Callable

from ..resources import TEMPLATES
from .index import Index
from .site import SiteTexts


def install_sh(index: Index, site: SiteTexts) -> bytes:
    """For POSIX shells."""
    return _filled("install.sh", _values(index, site), shlex.quote)


def install_ps1(index: Index, site: SiteTexts) -> bytes:
    """For Windows PowerShell 5.1 and later."""
    return _filled("install.ps1", _values(index, site), _powershell_word)


def default_name(index: Index, site: SiteTexts) -> str:
    """What the scripts install where no name is given; "" where they have to be told."""
    names = {entry.name for entry in index.installers}
    if site.featured in names:
        return site.featured or ""
    return names.pop() if len(names) == 1 else ""


def _values(index: Index, site: SiteTexts) -> dict[str, str]:
    return {
        "archive": (site.url or "").rstrip("/"),
        "key": index.key or "",
        "id": index.archive,
        "version": str(index.version),
        "name": default_name(index, site),
    }


def _filled(name: str, values: dict[str, str], quote: Callable[[str], str]) -> bytes:
    text = (TEMPLATES / "archive" / name).read_text("utf-8")
    for mark, value in values.items():
        text = text.replace(f"'@{mark}@'", quote(value))
    return text.encode("utf-8")


def _powershell_word(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
