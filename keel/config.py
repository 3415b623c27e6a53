"""Settings: the user's (`~/.keel/config.toml`) go before the base's (`keel-meta/config.toml`), which its owner makes.

Shells must find environments without starting a process, so the folders of environments are laid out for them beside
each file: `envs_dirs`, one path a line, and for csh, which cannot read files, `envs_dirs.csh`, which sets `_keel_dirs`.
"""

import contextlib
import os
import re
from typing import TYPE_CHECKING, Any, Callable, Dict, List, NamedTuple, NoReturn, Optional, Tuple

from .errors import KeelError

if TYPE_CHECKING:
    from .base import Base

FILE = "config.toml"
ENVS_DIRS = "envs_dirs"
NO_INDEX = "none"
NOWHERE = "none"
LINK_MODES = ("auto", "reflink", "hardlink", "symlink", "copy")
INSTALLERS = ("auto", "pip", "uv")


class Settings(NamedTuple):
    """What holds for one user of one base.

    envs_dirs: absolute folders, searched before the usual ones.  index_url: NO_INDEX for none; None where nobody has
    said anything (see `Base.index`).  link_mode: of LINK_MODES.  installer: of INSTALLERS; what fetches packages that
    the store does not have.  archive, archive_key: where newer versions are asked for (see `newer.archive_of`).
    """

    envs_dirs: Tuple[str, ...] = ()
    index_url: Optional[str] = None
    link_mode: str = "auto"
    installer: str = "auto"
    archive: Optional[str] = None
    archive_key: Optional[str] = None


class Setting(NamedTuple):
    """check: gives one value as it is kept, or raises KeelError.  several: whether it is a list of such values."""

    check: Callable[[str], str]
    several: bool
    text: str


def _folder(value: str) -> str:
    from .environments import check_prefix

    if not os.path.isabs(os.path.expanduser(value)):
        raise KeelError(f"envs_dirs: {value} is not an absolute path", hint="write it from the root, or with ~")
    return check_prefix(value)


def _index(value: str) -> str:
    if value == NO_INDEX or re.fullmatch(r"(https?|file)://[^\s\x00-\x1f]+", value):
        return value
    raise KeelError(f"index: {value!r} is not an address", hint=f"write https://… (or {NO_INDEX})")


def _archive(value: str) -> str:
    from .archives import normal_address

    return value if value == NOWHERE else normal_address(value)


def _key(value: str) -> str:
    from .signatures import parse_key

    if value != NOWHERE:
        parse_key(value)
    return value


def _one_of(key: str, values: Tuple[str, ...]) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value not in values:
            raise KeelError(f"{key}: {value!r} is not possible", hint=f"one of: {', '.join(values)}")
        return value

    return check


SETTINGS: Dict[str, Setting] = {
    "envs_dirs": Setting(_folder, True, "folders of environments, before the usual ones; new ones go to the first"),
    "index": Setting(_index, False, f"where pip and uv find what the store does not have; {NO_INDEX}: nowhere"),
    "link_mode": Setting(
        _one_of("link_mode", LINK_MODES), False, f"how files come out of the store: {', '.join(LINK_MODES)}"
    ),
    "installer": Setting(_one_of("installer", INSTALLERS), False, f"what uses the index: {', '.join(INSTALLERS)}"),
    "archive": Setting(_archive, False, f"where update --check asks for newer versions; {NOWHERE}: nowhere"),
    "archive_key": Setting(_key, False, f"the public key of that archive, RW…; {NOWHERE}: it is not signed"),
}
# A setting's value as kept: a text, or a list of texts.
Values = Dict[str, Any]


def user_file(base: "Base") -> Optional[str]:
    """None without a home."""
    return os.path.join(base.home, ".keel", FILE) if base.home else None


def base_file(base: "Base") -> str:
    return os.path.join(base.prefix, "keel-meta", FILE)


def load_settings(base: "Base") -> Settings:
    """The settings that hold; lays the folders of environments out where that is due. Raises KeelError for mistakes."""
    user = user_file(base)
    files = [path for path in (user, base_file(base)) if path is not None]
    found = [read_values(path) for path in files]
    for path, values in zip(files, found):
        _lay_out(path, values.get(ENVS_DIRS, []))
    folders = [folder for values in found for folder in values.get(ENVS_DIRS, [])]
    merged: Values = {}
    for values in reversed(found):
        merged.update(values)
    return Settings(
        envs_dirs=tuple(dict.fromkeys(folders)),
        index_url=merged.get("index"),
        link_mode=merged.get("link_mode", "auto"),
        installer=merged.get("installer", "auto"),
        archive=merged.get("archive"),
        archive_key=merged.get("archive_key"),
    )


def read_values(path: str) -> Values:
    """What the file at `path` says; nothing where there is none. KeelError names its mistakes."""
    try:
        with open(path, "rb") as file:
            text = file.read().decode("utf-8", "surrogateescape")
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return {}
    try:
        import tomllib
    except ImportError:  # before Python 3.11
        from ._vendor import tomli as tomllib  # type: ignore[no-redef]
    try:
        values: Values = tomllib.loads(text)
        for key in values:
            values[key] = check(key, values[key])
    except (KeelError, tomllib.TOMLDecodeError) as error:
        hint = getattr(error, "hint", None) or "mend the file, or remove it"
        raise KeelError(f"{path}: {error}", hint=hint) from error
    return values


def check(key: str, value: object) -> Any:
    """`value` (a text, or a list of texts where the setting has several) as it is kept. Raises KeelError."""
    setting = find_setting(key)
    given = value if isinstance(value, list) else [value]
    texts = [text for text in given if isinstance(text, str)]
    if isinstance(value, list) != setting.several or len(texts) != len(given):
        raise KeelError(f"{key} must be {'a list of texts' if setting.several else 'a text'}")
    checked = [setting.check(text) for text in texts]
    return checked if setting.several else checked[0]


def find_setting(key: str) -> Setting:
    if key not in SETTINGS:
        _unknown(key)
    return SETTINGS[key]


def _unknown(key: str) -> NoReturn:
    from difflib import get_close_matches  # a slow import that only a mistake needs

    near = get_close_matches(key, SETTINGS, n=1, cutoff=0.5)
    raise KeelError(
        f"there is no setting {key}", hint=f"did you mean {near[0]}?" if near else f"there are: {', '.join(SETTINGS)}"
    )


def write_values(path: str, values: Values) -> None:
    """Keep `values` in the file at `path`, in one step, and lay out what shells read. Raises OSError."""
    import json  # a JSON string is a TOML string, as DEL cannot come up

    from .staging import replace_file

    os.makedirs(os.path.dirname(path), exist_ok=True)
    lines = [f"{key} = {json.dumps(values[key], ensure_ascii=False)}\n" for key in SETTINGS if key in values]
    text = "# Settings of keel: `keel config` shows and changes them.\n" + "".join(lines)
    replace_file(path, text.encode("utf-8", "surrogateescape"))
    _lay_out(path, values.get(ENVS_DIRS, []))


def _lay_out(path: str, folders: List[str]) -> None:
    """Have the files that shells read say the same as the settings; who may not write them needs no newer ones."""
    quoted = " ".join("'" + folder.replace("'", "'\\''").replace("!", "\\!") + "'" for folder in folders)
    texts = {
        ENVS_DIRS: "".join(f"{folder}\n" for folder in folders),
        f"{ENVS_DIRS}.csh": f"set _keel_dirs = ( {quoted} )\n" if folders else "",
    }
    for name, text in texts.items():
        file = os.path.join(os.path.dirname(path), name)
        data = text.encode("utf-8", "surrogateescape")
        with contextlib.suppress(OSError):
            if not data:
                if os.path.lexists(file):
                    os.unlink(file)
            elif _read(file) != data:
                from .staging import replace_file  # seldom needed, and every command comes along here

                replace_file(file, data)


def _read(path: str) -> Optional[bytes]:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None
