"""The archive: a static site that offers installers, to people and to programs (docs/archive-format.md)."""
