"""Where the files lie that end up in installers: beside this package, in a checkout as in site-packages."""

from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent

TEMPLATES = _ROOT / "installer_templates"
KEEL = _ROOT / "keel"
