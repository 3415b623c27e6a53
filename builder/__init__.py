"""Makes installers: recipe -> targets -> lock -> fetch -> units -> frames -> payload -> installers."""

from keel import __version__

__all__ = ["__version__"]
