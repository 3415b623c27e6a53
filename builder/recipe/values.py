"""The single values of a recipe: what each may be, and why one is refused.

Every function takes what YAML gave, and returns the value or raises ValueError with a message that names it.
`string_type` errors of pydantic say that something is no text; the caller knows how it was written.
"""

import glob
import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidName, InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from pydantic import ValidationInfo
from pydantic_core import PydanticKnownError

from ..platforms import PLATFORMS
from .problems import did_you_mean, kind_of

NAME_PATTERN = r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$"
VERSION_PATTERN = r"^[A-Za-z0-9]([A-Za-z0-9._+-]{0,62}[A-Za-z0-9])?$"
PYTHON_PATTERN = r"^3\.(9|1[0-4])(\.(0|[1-9][0-9]?))?$"
GLIBC_PATTERN = r"^2\.(1[7-9]|[2-9][0-9])$"
MACOS_PATTERN = r"^1[0-9](\.[0-9]{1,2})?$"
SHA256_PATTERN = r"^[0-9A-Fa-f]{64}$"
KEY_PATTERN = r"^RW[A-Za-z0-9+/]{54}$"
IDENTIFIER_PATTERN = r"^[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,9}$"
BUILD_PATTERN = r"^20[0-9]{6}$"
MAX_LINE = 200
_ENDS = "inside, at most 64 characters, first and last a letter or digit"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SPACES = re.compile(r"\s")
_MAX_PICTURE = 8 * 10**6
_GLOB = re.compile(r"[*?[]")


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What relative paths of a recipe are relative to: its folder."""

    folder: Path


def text(value: Any) -> str:
    """Any text that is not blank."""
    if not isinstance(value, str):
        raise PydanticKnownError("string_type")
    if not value.strip():
        raise ValueError("is empty")
    return value.strip()


def line(value: Any) -> str:
    """Text on one line, at most MAX_LINE characters: it ends up in file heads and dialogues."""
    words = text(value)
    if _CONTROL.search(words):
        raise ValueError("must be one line without control characters")
    if len(words) > MAX_LINE:
        raise ValueError(f"is too long: {len(words)} characters, at most {MAX_LINE}")
    return words


def matching(value: Any, pattern: str, meaning: str) -> str:
    """Text that fits `pattern`; `meaning` says in words what that is."""
    words = text(value)
    if not re.fullmatch(pattern, words):
        raise ValueError(f'"{words}" is not {meaning}')
    return words


def name(value: Any) -> str:
    return matching(value, NAME_PATTERN, f"a name: letters, digits and ._- {_ENDS}")


def version(value: Any) -> str:
    return matching(value, VERSION_PATTERN, f"a version: letters, digits and ._+- {_ENDS}")


def python_version(value: Any) -> str:
    """ "3.11" or "3.11.7"."""
    words = text(value)
    if re.fullmatch(PYTHON_PATTERN, words):
        return words
    if found := re.fullmatch(r"(\d+)\.(\d+)(\.\d+)?", words):
        older = (int(found[1]), int(found[2])) < (3, 9)
        raise ValueError(f'"{words}" is too {"old" if older else "new"}: bases have Python 3.9 to 3.14')
    raise ValueError(f'"{words}" is not a Python version such as "3.11" or "3.11.7"')


def python_minor(version: str) -> str:
    """ "3.11.7" -> "3.11"."""
    return ".".join(version.split(".")[:2])


def platform_name(value: Any) -> str:
    words = text(value)
    if words in PLATFORMS:
        return words
    close = did_you_mean(words, PLATFORMS)
    raise ValueError(f'"{words}" is not a platform; {close or "known are " + ", ".join(PLATFORMS)}')


def bytecode(value: Any) -> Any:
    """Older recipes say true and false."""
    return {True: "build", False: "none"}[value] if isinstance(value, bool) else value


def glibc(value: Any) -> str:
    return matching(value, GLIBC_PATTERN, 'a glibc version, "2.17" or later')


def macos(value: Any) -> str:
    """Normalised to two numbers: "11" is "11.0"."""
    words = matching(value, MACOS_PATTERN, 'a macOS version such as "11.0"')
    return words if "." in words else f"{words}.0"


def sha256(value: Any) -> str:
    return matching(value, SHA256_PATTERN, "a SHA-256: 64 hexadecimal digits").lower()


def public_key(value: Any) -> str:
    return matching(value, KEY_PATTERN, "a public key of minisign: 56 characters that begin with RW")


def pbs_build(value: Any) -> str:
    return matching(value, BUILD_PATTERN, 'a build of python-build-standalone such as "20250101"')


def index_name(value: Any) -> str:
    return matching(value, NAME_PATTERN, "an index's name: letters, digits and ._- inside")


def project_name(value: Any) -> str:
    """A distribution's name, normalised."""
    words = text(value)
    try:
        return canonicalize_name(words, validate=True)
    except InvalidName:
        raise ValueError(f'"{words}" is not the name of a package') from None


def url(value: Any) -> str:
    """An address without credentials; http, https or file."""
    words = text(value)
    parts = _split(words)
    if parts.scheme not in ("http", "https", "file") or _SPACES.search(words) or _CONTROL.search(words):
        raise ValueError(f'"{words}" is not a URL (http, https or file)')
    if parts.scheme != "file" and not parts.hostname:
        raise ValueError(f'"{words}" names no host')
    return words


def _split(words: str) -> SplitResult:
    try:
        parts = urlsplit(words)
        credentials = parts.username is not None or parts.password is not None
        _ = parts.port  # checks it
    except ValueError:
        raise ValueError(f'"{words}" is not a URL') from None
    if credentials:
        raise ValueError(
            "a URL in a recipe must not hold credentials; put them into ~/.netrc, "
            "or for a named index into UV_INDEX_<NAME>_USERNAME and UV_INDEX_<NAME>_PASSWORD"
        )
    return parts


def is_url(words: str) -> bool:
    """`C:\\wheels` is a folder, `https://…` is not."""
    return "://" in words


def requirement(value: Any) -> Requirement:
    """PEP 508; `name @ url` for wheels only."""
    words = text(value)
    try:
        parsed = Requirement(words)
    except InvalidRequirement as error:
        raise ValueError(f'"{words}" is not a requirement: {str(error).splitlines()[0]}') from None
    if parsed.url:
        if not parsed.url.partition("#")[0].partition("?")[0].endswith(".whl"):
            raise ValueError(f'"{words}": an address must be that of a wheel (.whl)')
        url(parsed.url)
    return parsed


def existing(value: Any, info: ValidationInfo, *, kind: str) -> Path:
    """An absolute path to a file or folder that exists; kind: "file", "folder" or "file or folder"."""
    path = absolute(_path_text(value), info)
    try:
        found = {"file": path.is_file, "folder": path.is_dir}.get(kind, path.exists)()
    except (OSError, ValueError):  # too long, or a NUL in it
        found = False
    if not found:
        raise ValueError(f'"{value}" is not a {kind}: there is no {path}')
    return path


def _path_text(value: Any) -> str:
    return text(str(value) if isinstance(value, Path) else value)  # a Path in recipes made in Python


def absolute(words: str, info: ValidationInfo) -> Path:
    """`words` from the recipe's folder."""
    return _normal(_folder(info) / words)


def _normal(path: Path) -> Path:
    # Not `resolve`: a wheel that is a symbolic link keeps its name, which means something.
    return Path(os.path.abspath(path))  # noqa: PTH100


def _folder(info: ValidationInfo) -> Path:
    surroundings: Surroundings | None = info.context
    return surroundings.folder if surroundings else Path()


def file_or_folder(value: Any, info: ValidationInfo) -> Path:
    return existing(value, info, kind="file or folder")


def license_file(value: Any, info: ValidationInfo) -> Path:
    """A text file in UTF-8."""
    path = existing(value, info, kind="file")
    try:
        path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f'"{value}" cannot be read as UTF-8 text: {error}') from None
    return path


def folder_or_url(value: Any, info: ValidationInfo) -> Path | str:
    return url(value) if is_url(_path_text(value)) else existing(value, info, kind="folder")


def constraint(value: Any, info: ValidationInfo) -> Requirement | Path:
    """A requirement, or a file of them: what ends in .txt or .in, or has a slash and no @."""
    words = _path_text(value)
    if words.endswith((".txt", ".in")) or ("@" not in words and re.search(r"[/\\]", words.partition(";")[0])):
        return existing(value, info, kind="file")
    parsed = requirement(value)
    if parsed.extras:
        raise ValueError(f'"{words}": a constraint has no extras')
    return parsed


def wheel_files(value: Any, info: ValidationInfo) -> list[Path]:
    """The wheels that a path or a pattern (`*`, `?`, `[...]`, `**`) names, sorted; at least one."""
    words = _path_text(value)
    path = absolute(words, info)
    try:
        found = [path] if path.is_file() else _expand(words, _folder(info))
    except (OSError, ValueError, RecursionError, re.error):
        found = []
    if not found:
        raise ValueError(f'"{words}" names no wheel: there is no {path}')
    for wheel in found:
        try:
            parse_wheel_filename(wheel.name)
        except InvalidWheelFilename:
            raise ValueError(f"{wheel} is not a wheel by its name") from None
    return found


def _expand(pattern: str, folder: Path) -> list[Path]:
    if not _GLOB.search(pattern):
        return []
    matches = glob.glob(pattern, root_dir=folder, recursive=True)  # noqa: PTH207 -- patterns may be absolute
    return sorted(_normal(folder / match) for match in matches)


def prefix(value: Any) -> str:
    """An absolute folder of the machine that is installed to, or one below the user's home."""
    words = line(value)
    if not re.match(r"~[/\\]|/|[A-Za-z]:[/\\]|\$HOME/|%[A-Za-z]+%\\", words):
        raise ValueError(f'"{words}" must begin with ~/, $HOME/, / or a drive')
    return words


def picture_file(value: Any, info: ValidationInfo) -> Path:
    """A PNG or BMP file of at most 8 MB."""
    path = _file_that_begins(value, info, (b"\x89PNG\r\n\x1a\n", b"BM"), "a PNG or BMP picture")
    if path.stat().st_size > _MAX_PICTURE:
        raise ValueError(f'"{value}" has more than {_MAX_PICTURE // 10**6} MB')
    return path


def icon_file(value: Any, info: ValidationInfo) -> Path:
    """An .ico file."""
    return _file_that_begins(value, info, (b"\0\0\1\0",), "an icon (.ico)")


def _file_that_begins(value: Any, info: ValidationInfo, beginnings: tuple[bytes, ...], what: str) -> Path:
    path = existing(value, info, kind="file")
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError as error:
        raise ValueError(f'"{value}" cannot be read: {error}') from None
    if not head.startswith(beginnings):
        raise ValueError(f'"{value}" is not {what}')
    return path


def windows_prefix(value: Any) -> str:
    """An absolute folder of a Windows machine, given with `~/` or `%NAME%` if need be; `/` and `\\` are the same."""
    words = line(value).replace("\\", "/")
    if not re.match(r"~/|[A-Za-z]:/|%[A-Za-z()0-9_]+%/", words):
        raise ValueError(f'"{value}" must begin with ~/, a drive or %NAME%')
    return words


def shortcut_name(value: Any) -> str:
    """What stands in the Start menu: part of a file's name there."""
    words = line(value)
    if len(words) > 64 or re.search(r'[\\/:*?"<>|]|^\s|[\s.]$', words):
        raise ValueError(f'"{words}" cannot be the name of a file of Windows')
    return words


def package_identifier(value: Any) -> str:
    """By what macOS knows a package: a domain, reversed."""
    return matching(value, IDENTIFIER_PATTERN, 'an identifier such as "com.acme.science"')


def signing_command(value: Any) -> tuple[str, ...]:
    """A command line as its words, or a list of them; `{file}` and `{signed}` in them stand for files.

    The first of these has to be there.
    """
    if isinstance(value, dict):
        raise ValueError("is a mapping, by a colon in it; put the whole command into quotes")
    words = [line(word) for word in value] if isinstance(value, list | tuple) else _split_command(line(value))
    unknown = set(re.findall(r"\{\w*\}", " ".join(words))) - {"{file}", "{signed}"}
    if unknown:
        raise ValueError(f'"{value}": {", ".join(sorted(unknown))} means nothing; there are {{file}} and {{signed}}')
    if not any("{file}" in word for word in words[1:]):
        raise ValueError(f'"{value}" does not say where the file comes in: write {{file}}')
    return tuple(words)


def _split_command(words: str) -> list[str]:
    try:
        return shlex.split(words)
    except ValueError as error:
        raise ValueError(f'"{words}" is not a command line: {error}') from None


def path_in_base(value: Any) -> str:
    """A file of the installed base, relative to its folder, with `/`."""
    words = line(value).replace("\\", "/")
    if words.startswith("/") or ":" in words or any(part in ("", ".", "..") for part in words.split("/")):
        raise ValueError(f'"{value}" must be a path within the base, such as Scripts/tool.exe')
    return words


def items(value: Any, *, single: bool = False) -> tuple[Any, ...]:
    """A list; single: one value that is no list counts as a list of one, and at least one is needed."""
    if isinstance(value, list | tuple):
        if single and not value:
            raise ValueError("needs at least one")
        return tuple(value)
    if single:
        return (value,)
    raise ValueError(f"must be a list, not {kind_of(value)}")
