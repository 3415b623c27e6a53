"""install.sh and install.ps1."""
from .index import Index
from .site import SiteTexts


def install_sh(index: Index, site: SiteTexts) -> bytes:
    return b""


def install_ps1(index: Index, site: SiteTexts) -> bytes:
    return b""
