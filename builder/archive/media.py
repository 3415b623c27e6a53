"""What the files of an archive are, for whoever serves them."""

from pathlib import PurePosixPath

_TEXT = "text/plain; charset=utf-8"
_TYPES = {
    ".7z": "application/x-7z-compressed",
    ".css": "text/css; charset=utf-8",
    ".exe": "application/vnd.microsoft.portable-executable",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".minisig": _TEXT,
    ".pkg": "application/octet-stream",
    ".png": "image/png",
    ".ps1": _TEXT,
    ".pub": _TEXT,
    ".sh": "application/x-sh",
    ".svg": "image/svg+xml",
    ".toml": _TEXT,
    ".txt": _TEXT,
    ".woff2": "font/woff2",
    ".xml": "application/xml",
}
# People read these in their browser before they run them, or before they believe them.
_NAMED = {"atom.xml": "application/atom+xml", "install.sh": _TEXT, "SHA256SUMS": _TEXT}


def content_type(path: str) -> str:
    """The media type of a file by its path in the archive."""
    pure = PurePosixPath(path)
    return _NAMED.get(pure.name) or _TYPES.get(pure.suffix, "application/octet-stream")
