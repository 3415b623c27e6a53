"""Lists of SHA-256 hashes, as sha256sum writes and reads them."""

import re

# A name may be marked as binary by `*`, and hold spaces.
_LINE = re.compile(r"([0-9a-fA-F]{64})\b[ \t]*\*?(.*)")


def find_sum(text: str, filename: str) -> str | None:
    """The hash of `filename` in such a list (whatever folder it names), or the first hash without a name."""
    for line in text.splitlines():
        match = _LINE.match(line.strip())
        if match is not None and re.split(r"[/\\]", match[2])[-1].strip() in ("", filename):
            return match[1].lower()
    return None
