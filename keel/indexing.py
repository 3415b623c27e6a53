"""Where pip and uv look for packages: the base's shims (`keel.shims`) first of all, and an index only where one is set.

pip reads `pip.conf` in the prefix of the Python that runs it. uv reads variables, which activation sets.
"""

import contextlib
import os
import re
from typing import Dict, List, Optional

from .base import Base
from .layout import PIP_CONFIG, WINDOWS
from .shims import INDEX

_OFFLINE = """\
# Written by keel. pip finds what is bundled in the base's store; without a network there is nothing else.
# To let it use an index, run: keel config set index ADDRESS
# or write here, instead of no-index and no-cache-dir: index-url = ADDRESS
[global]
find-links = {shims}
no-index = true
# Wheels out of the store need not be kept once more.
no-cache-dir = true
"""
_ONLINE = """\
# Written by keel. pip finds what is bundled in the base's store, and all else in the index.
[global]
find-links = {shims}
index-url = {index}
"""
_PLAIN = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._~-"
_NOWHERE = "no-index"
_SHIMS = re.compile(rf"file://[^\s,]*/{re.escape(INDEX)}(?=(?:/{_NOWHERE})?/?(?:[\s,]|$))")
# A setting's continuation lines are indented.
_FIND_LINKS = re.compile(r"^find-links[ \t]*[=:].*(?:\n[ \t]+\S.*)*", re.MULTILINE)


def file_url(path: str) -> str:
    """`path` (absolute) as an address of letters, digits and `%`, `/`, `.`, `-`, `_`, `~` only.

    pip takes a space for the end of a place to look in, and uv a comma. (urllib is slow to import.)
    """
    if WINDOWS:
        drive, rest = os.path.splitdrive(path.replace("\\", "/"))
        place = drive if drive.startswith("//") else f"///{drive}"
        return f"file:{place}" + "".join(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in rest.encode())
    return "file://" + "".join(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in os.fsencode(path))


def shims_url(base: Base) -> str:
    """The folder of the base's shims."""
    return file_url(os.path.join(base.prefix, INDEX))


def pip_config(base: Base, index: Optional[str]) -> str:
    """`pip.conf`. index: its address; None for none, as pip would otherwise try for long to reach one."""
    return (_OFFLINE if index is None else _ONLINE).format(shims=shims_url(base), index=index)


def write_pip_config(base: Base, folder: str) -> None:
    """`pip.conf` of a new environment in `folder`."""
    _write(folder, pip_config(base, base.index))


def write_base_pip_config(base: Base) -> None:
    """`pip.conf` of the base itself, or, where there is one, its `find-links` for where the base is now.

    It is for everybody, as the rest of the base. Raises OSError.
    """
    if os.path.lexists(os.path.join(base.prefix, PIP_CONFIG)):
        mend_pip_config(base, base.prefix)
    else:
        _write(base.prefix, pip_config(base, index_of_base(base)), mode=0o644)


def mend_pip_config(base: Base, prefix: str) -> bool:
    """Have `pip.conf` in `prefix` (the base's or an environment's) name the base's shims where the base is now.

    Nothing else in it is touched. Gives whether it was changed. Raises OSError.
    """
    text = _read(prefix)
    mended = _FIND_LINKS.sub(lambda setting: moved_shims(base, setting[0]), text)
    if mended != text:
        _write(prefix, mended)
    return mended != text


def moved_shims(base: Base, text: str) -> str:
    """`text` (a setting of pip, a variable of uv) with the address of any base's shims made that of this base's."""
    return _SHIMS.sub(lambda _: shims_url(base), text)


def follow_index(base: Base, prefixes: List[str]) -> List[str]:
    """Have pip and uv in each of `prefixes` use the index that is set now; gives those where they did not.

    A `pip.conf` that is no longer as keel wrote it is its user's own, and stays, as does what may not be written.
    """
    changed = []
    for prefix in prefixes:
        with contextlib.suppress(OSError):
            text = _read(prefix)
            index = index_of_base(base) if prefix == base.prefix else base.index
            if text != pip_config(base, index) and _as_written(base, text):
                _write(prefix, pip_config(base, index))
                _follow_variables(base, prefix, _index_in(text), index)
                changed.append(prefix)
    return changed


def _follow_variables(base: Base, prefix: str, old: Optional[str], new: Optional[str]) -> None:
    """The same for uv, where its variables are as keel set them."""
    from .variables import change_variables, read_variables

    before, after, values = variables_for(base, old), variables_for(base, new), read_variables(prefix)
    change_variables(prefix, {name: after[name] for name in after if values.get(name) == before[name]})


def _as_written(base: Base, text: str) -> bool:
    """Whether `text` is what keel writes, with any index."""
    return text == pip_config(base, _index_in(text))


def _index_in(text: str) -> Optional[str]:
    index = re.search(r"^index-url = (.+)$", text, re.MULTILINE)
    return index[1] if index else None


def index_of_base(base: Base) -> Optional[str]:
    """The index for everybody: the settings of whoever runs this are theirs alone."""
    from .config import NO_INDEX, base_file, read_values

    url: Optional[str] = read_values(base_file(base)).get("index", base.manifest.index)
    return None if url == NO_INDEX else url


def default_variables(base: Base) -> Dict[str, str]:
    """What uv has to be told in an environment of `base`."""
    return variables_for(base, base.index)


def variables_for(base: Base, index: Optional[str]) -> Dict[str, str]:
    """The same with another index, or None.

    uv has a variable for the address of its index, but none for having no index: an address where there is nothing
    makes it say at once that a package was not found, and it still installs from addresses that are named outright.
    """
    return {
        "UV_FIND_LINKS": shims_url(base),
        "UV_DEFAULT_INDEX": index or f"{shims_url(base)}/{_NOWHERE}",
    }


def _read(prefix: str) -> str:
    try:
        with open(os.path.join(prefix, PIP_CONFIG), encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def _write(prefix: str, text: str, *, mode: Optional[int] = None) -> None:
    from .staging import replace_file

    replace_file(os.path.join(prefix, PIP_CONFIG), text.encode("utf-8", "surrogateescape"), mode=mode)
