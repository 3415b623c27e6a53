"""The archive: a static site that offers installers, and what people and programs read there (docs/archive-format.md)."""
