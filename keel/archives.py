"""Reading an archive, the static site that offers installers: docs/archive-format.md, "How a program reads an archive".

The index is believed once its signature fits the key that came with the base, and it is neither expired nor older
than what this user has seen there before (`seen`). Without a key it is taken as it is, and called unsigned.
"""

import hashlib
import json
import os
import re
import time
from typing import Any, Dict, NamedTuple, Optional, Tuple
from urllib.parse import quote, urlsplit

from .errors import KeelError
from .seen import Known, compare_and_remember
from .signatures import parse_key, verify

_SCHEMA = 1
# Seconds: for a server's next bytes, and for all of a file.
_PATIENCE, _LONGEST = 5.0, 30.0
_LARGEST = 32 * 2**20
_AGAIN = "nothing else of keel needs it; try again when there is a network"
ASK = "ask whoever publishes the archive"
_FILE = re.compile(r"[A-Za-z0-9_+!-][A-Za-z0-9._+!-]*")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_STATEMENT = re.compile(r"keel archive:([0-9a-f]{32}) file:(\S+) version:([1-9][0-9]*) expires:(\S+)")


class Offer(NamedTuple):
    """An installer of an archive. file: its name there.  python: full version."""

    file: str
    format: str
    size: int
    sha256: str
    name: str
    version: str
    python: str
    platform: str


class Archive(NamedTuple):
    """address: without a slash at its end.  version: of its index.  signed: whether that was verified."""

    address: str
    version: int
    generated: str
    signed: bool
    offers: Tuple[Offer, ...]

    def url(self, offer: Offer) -> str:
        return f"{self.address}/{quote(offer.file, safe='+!')}"


class _Index(NamedTuple):
    """archive: its id.  expires: None for never."""

    archive: str
    version: int
    generated: str
    expires: Optional[str]
    offers: Tuple[Offer, ...]


def normal_address(words: str) -> str:
    """The address of an archive as people name it: a folder's path becomes a file URL; no file name, no last slash.

    Raises KeelError.
    """
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", words):
        from pathlib import Path  # a slow import that few need

        words = Path(os.path.abspath(os.path.expanduser(words))).as_uri()
    parts = urlsplit(words)
    if parts.scheme not in ("http", "https", "file") or "@" in parts.netloc or parts.query or parts.fragment:
        raise KeelError(
            f"{words} is no address of an archive",
            hint="it begins with https://, http:// or file://, and has no user name, query or fragment",
        )
    return re.sub(r"/+(index\.(html|json))?$", "", words)


def read_archive(address: str, key: Optional[str], memory: Optional[str]) -> Archive:
    """What the archive at an address (http, https, file) offers.

    key: the text of the public key that must have signed it, None if nobody knows one.  memory: the file that keeps
    what was seen before, None for nowhere.  Raises KeelError: one line that says what failed.
    """
    data = _get(address, "index.json", _LARGEST)
    index = _parse(data, address)
    if key is not None:
        _check_signature(address, data, index, key)
    if index.expires is not None and index.expires <= time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()):
        raise KeelError(
            f"{address}: its index has expired; it was good until {index.expires}",
            hint=f"{ASK} to renew it; or is this computer's clock wrong?",
        )
    if memory is not None:
        known = Known(index.archive, key, index.version, hashlib.sha256(data).hexdigest())
        compare_and_remember(address, known, memory)
    return Archive(address, index.version, index.generated, key is not None, index.offers)


def _check_signature(address: str, data: bytes, index: _Index, key: str) -> None:
    """The signature lies under a name whose bytes never change, so that it always belongs to this index."""
    public = parse_key(key)
    signature = _get(address, f"signatures/index-{index.version}.minisig", 4096).decode("utf-8", "replace")
    try:
        comment = verify(data, signature, public)
    except KeelError as error:
        raise KeelError(f"{address}: {error.message}", hint=ASK) from error
    match = _STATEMENT.fullmatch(comment)
    if match is None or match.groups() != (index.archive, "index.json", str(index.version), index.expires or "never"):
        raise KeelError(f"{address}: its signature is for something else: {comment[:200]}", hint=ASK)


def _parse(data: bytes, address: str) -> _Index:
    try:
        values: Dict[str, Any] = json.loads(data)
        schema = values["schema"]
        if schema != _SCHEMA:
            raise KeelError(f"{address} has schema {schema}; this keel knows {_SCHEMA}")
        expires = values["expires"]
        times = [values["generated"], *([] if expires is None else [expires])]
        if not all(_TIME.fullmatch(text) for text in times) or not re.fullmatch("[0-9a-f]{32}", values["archive"]):
            raise ValueError("a time or its id is malformed")
        if not isinstance(values["version"], int) or values["version"] < 1:
            raise ValueError("its version is malformed")
        offers = tuple(_offer(line) for line in values["installers"])
        return _Index(values["archive"], values["version"], values["generated"], expires, offers)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise KeelError(
            f"{address} is no archive of Keel, or its index is damaged: {error}", hint="check the address"
        ) from error


def _offer(line: Dict[str, Any]) -> Offer:
    texts = [line[key] for key in ("file", "format", "sha256", "name", "version", "python", "platform")]
    if not all(isinstance(text, str) and text.isprintable() for text in texts) or not isinstance(line["size"], int):
        raise ValueError("an installer in it is malformed")
    if not _FILE.fullmatch(line["file"]):
        raise ValueError(f"{line['file']!r} is no name of a file")
    return Offer(**{key: line[key] for key in Offer._fields})


def _get(address: str, name: str, limit: int) -> bytes:
    """A small file of the archive. Raises KeelError."""
    import http.client  # these take long to import
    import urllib.error
    import urllib.request

    url = f"{address}/{name}"
    try:
        with urllib.request.urlopen(url, timeout=_PATIENCE) as answer:  # noqa: S310  # see normal_address
            return _read(answer, url, limit)
    except urllib.error.HTTPError as error:
        missing = error.code in (404, 410)
        raise KeelError(
            f"{url}: the server says {error.code} {error.reason}",
            hint="is there an archive at that address?" if missing else _AGAIN,
        ) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        text = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
        raise KeelError(f"{url} cannot be read: {text}", hint=_AGAIN) from error


def _read(answer: Any, url: str, limit: int) -> bytes:
    """All of it, in time: a server that sends a byte now and then would never run into a timeout."""
    end = time.monotonic() + _LONGEST
    data = b""
    while True:
        piece: bytes = answer.read1(2**16)
        if not piece:
            return data
        data += piece
        if len(data) > limit:
            raise KeelError(f"{url} is larger than such a file can be", hint="check the address")
        if time.monotonic() > end:
            raise KeelError(f"{url} takes longer than {_LONGEST:.0f} s to arrive", hint=_AGAIN)
