"""Reading installers without running them: what is in them, and whether they are intact."""

from ..errors import InstallerFileError
from .installer import Installer, Package, open_installer

__all__ = ["Installer", "InstallerFileError", "Package", "open_installer"]
