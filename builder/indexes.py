"""Which package indexes uv asks, in which order, and who it says it is.

The recipe's come first. Without any, uv's own configuration decides; where that names none, pip's does, so that a
company mirror that pip knows is enough. `extra-index-url` and `find-links` of pip are left out: what a set of packages
is made of belongs into its recipe.
"""

import configparser
import contextlib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from .recipe import Index

# https://docs.astral.sh/uv/reference/environment/
_UV_VARIABLES = ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL")
_UV_KEYS = ("index", "index-url", "extra-index-url", "no-index")


@dataclass(frozen=True, kw_only=True)
class Credential:
    """User name and password for the server of `url`."""

    url: str
    user: str
    password: str


@dataclass(frozen=True, kw_only=True)
class IndexChoice:
    """arguments: for uv's command line.  environment: for uv's process, complete.  credentials: for downloads."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    credentials: tuple[Credential, ...]


def choose_indexes(indexes: Sequence[Index], env: Mapping[str, str], python: Path) -> IndexChoice:
    """What the recipe's `indexes`, the environment and the configuration files say together.

    env: of the command.  python: that runs the builder (pip's configuration may lie in its virtual environment).
    """
    environment = dict(env)
    arguments: list[str] = []
    urls: list[tuple[str, str]] = []  # (name or "", URL)
    configured = list(_uv_indexes(env))
    if indexes:
        for variable in _UV_VARIABLES:
            environment.pop(variable, None)
        urls = [(index.name or "", index.url) for index in indexes]
        arguments = _in_order(urls)
    elif configured or any(env.get(variable) for variable in _UV_VARIABLES):
        urls = [*configured, *_in_variables(env)]
    elif url := pip_index_url(env, python):
        # By environment, as the address may hold a password, which others could read off a command line.
        environment["UV_DEFAULT_INDEX"] = url
        urls = [("", url)]
    credentials = [found for name, url in urls if (found := _credential(name, url, env))]
    return IndexChoice(arguments=tuple(arguments), environment=environment, credentials=tuple(credentials))


def _in_order(urls: Sequence[tuple[str, str]]) -> list[str]:
    """uv asks `--index` in order, and `--default-index` after all of them."""
    words = [f"{name}={url}" if name else url for name, url in urls]
    return [*(word for url in words[:-1] for word in ("--index", url)), "--default-index", words[-1]]


def _in_variables(env: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for variable in _UV_VARIABLES:
        for word in env.get(variable, "").split():
            match = re.fullmatch(r"(?:([\w.-]+)=)?(\S+)", word)
            if match:
                yield match[1] or "", match[2]


def _credential(name: str, url: str, env: Mapping[str, str]) -> Credential | None:
    """From the address itself, or from the variables that uv reads for an index of that name."""
    parts = urlsplit(url)
    if parts.username or parts.password:
        return Credential(url=url, user=unquote(parts.username or ""), password=unquote(parts.password or ""))
    key = re.sub(r"[^A-Z0-9]", "_", name.upper())
    user, password = env.get(f"UV_INDEX_{key}_USERNAME", ""), env.get(f"UV_INDEX_{key}_PASSWORD", "")
    return Credential(url=url, user=user, password=password) if name and (user or password) else None


def _uv_indexes(env: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """(name, URL) of the indexes in uv's configuration files, those of `[pip]` included."""
    for path in _uv_files(env):
        with contextlib.suppress(OSError, ValueError):  # uv itself complains about a bad file
            document = tomllib.loads(path.read_text(encoding="utf-8"))
            yield from _of_table(document)
            yield from _of_table(document.get("pip", {}))


def _of_table(table: Any) -> Iterator[tuple[str, str]]:
    for key in _UV_KEYS if isinstance(table, dict) else ():
        value = table.get(key)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                yield str(item.get("name", "")), str(item.get("url", ""))
            elif item:  # `no-index = true` counts as a choice, too
                yield "", str(item)


def _uv_files(env: Mapping[str, str]) -> list[Path]:
    # https://docs.astral.sh/uv/concepts/configuration-files/
    if chosen := env.get("UV_CONFIG_FILE"):
        return [Path(chosen)]
    if env.get("UV_NO_CONFIG"):
        return []
    user = env.get("APPDATA") or env.get("XDG_CONFIG_HOME") or str(_home(env) / ".config")
    system = [*env.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":"), "/etc", env.get("PROGRAMDATA", "")]
    return [*(Path(user, "uv", "uv.toml"),), *(Path(folder, "uv", "uv.toml") for folder in system if folder)]


def pip_index_url(env: Mapping[str, str], python: Path) -> str | None:
    """pip's `index-url`: PIP_INDEX_URL, else the last configuration file that has one.

    https://pip.pypa.io/en/stable/topics/configuration/
    """
    if url := env.get("PIP_INDEX_URL", "").strip():
        return url
    found = None
    for path in _pip_files(env, python):
        parser = configparser.RawConfigParser(strict=False)
        with contextlib.suppress(OSError, UnicodeDecodeError, configparser.Error):
            parser.read_string(path.read_text(encoding="utf-8"))
        for section in ("global", "install", "download"):
            for key in ("index-url", "index_url"):
                found = parser.get(section, key, fallback="").strip() or found
    return found


def _pip_files(env: Mapping[str, str], python: Path) -> Iterator[Path]:
    """From the weakest to the strongest; those of other systems simply do not exist."""
    chosen = env.get("PIP_CONFIG_FILE", "")
    if chosen in ("/dev/null", "nul", "NUL"):
        return
    home = _home(env)
    for folder in env.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":"):
        yield Path(folder, "pip", "pip.conf")
    yield Path("/etc/pip.conf")
    yield Path("/Library/Application Support/pip/pip.conf")
    yield Path(env.get("PROGRAMDATA") or "/nonexistent", "pip", "pip.ini")
    yield home / ".pip" / "pip.conf"
    yield Path(env.get("XDG_CONFIG_HOME") or home / ".config", "pip", "pip.conf")
    yield home / "Library" / "Application Support" / "pip" / "pip.conf"
    yield Path(env.get("APPDATA") or "/nonexistent", "pip", "pip.ini")
    yield python.parent.parent / "pip.conf"
    yield python.parent.parent / "pip.ini"
    if chosen:
        yield Path(chosen)


def _home(env: Mapping[str, str]) -> Path:
    return Path(env.get("HOME") or env.get("USERPROFILE") or "~").expanduser()
