"""Variables of an environment: set while it is active, and as before afterwards.

They are kept in `<env>/etc/keel/vars.json` (names and texts) and laid out beside it for the shells that cannot read
JSON, as calls of a helper which each shell's integration defines: `_keel_set NAME 'value'`.
"""

import contextlib
import os
import re
import sys
from typing import Dict, Iterable, Iterator, Mapping, Tuple

from . import quoting
from .batch import batch_lines
from .errors import KeelError
from .folder_lock import in_turn

FOLDER = "etc/keel"
FILE = f"{FOLDER}/vars.json"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Names that activation itself changes, or that a shell gives a meaning of its own: in any case of letters, since
# Windows knows none; and just so in zsh (whose `path` is PATH) and fish.
_RESERVED_PREFIXES = ("KEEL_", "_KEEL_", "VIRTUAL_ENV", "_OLD_VIRTUAL_", "BASH_", "FISH_")
_RESERVED = re.compile(
    r"_|BASHOPTS|BASHPID|CDPATH|COLUMNS|COMSPEC|DIRSTACK|EGID|ENV|ERRNO|EUID|FPATH|FUNCNAME|GID|GROUPS"
    r"|HOME|HOSTNAME|IFS|LINENO|LINES|LOGNAME|OLDPWD|OPTARG|OPTIND|PATH|PATHEXT|POSIXLY_CORRECT|PPID"
    r"|PROMPT|PROMPT2|PROMPT3|PROMPT4|PROMPT_COMMAND|PS1|PS2|PS3|PS4|PWD|PYTHONHOME|RANDOM|RPROMPT|RPS1"
    r"|SECONDS|SHELL|SHELLOPTS|SHLVL|SYSTEMROOT|TERM|UID|USER|USERNAME|ZDOTDIR"
)
_SPECIAL = re.compile(
    r"aliases|argv|builtins|commands|dirstack|fignore|functions|histchars|history|hostname|jobdirs"
    r"|jobstates|jobtexts|mailpath|manpath|module_path|modules|nameddirs|options|parameters|pipestatus"
    r"|psvar|signals|status|umask|userdirs|version|watch|widgets"
)


def check_variable(name: str, value: str) -> None:
    """KeelError where an environment cannot have the variable."""
    if _NAME.fullmatch(name) is None:
        raise KeelError(
            f"{name!r} cannot be a variable's name",
            hint="names are made of letters, digits and '_', and do not start with a digit",
        )
    upper = name.upper()
    if _SPECIAL.fullmatch(name) or _RESERVED.fullmatch(upper) or upper.startswith(_RESERVED_PREFIXES):
        raise KeelError(f"{name} cannot be set by an environment: shells, or keel, need it", hint="use another name")
    if "\0" in value:
        raise KeelError(f"the value of {name} holds a NUL character, which no variable can")
    if sys.platform == "win32" and re.search(r"[\r\n]", value):
        raise KeelError(f"the value of {name} holds a line break, which cmd.exe cannot set", hint="write one line")


def read_variables(prefix: str) -> Dict[str, str]:
    """The variables of the environment at `prefix`, by name. KeelError for a file that is damaged."""
    path = os.path.join(prefix, FILE)
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            text = file.read()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    import json

    try:
        values = json.loads(text)
        if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
            raise ValueError("it must hold one object of texts")
        for name, value in values.items():
            check_variable(name, value)
    except (KeelError, ValueError) as error:
        raise KeelError(f"{path}: {error}", hint="mend the file, or remove it to have no variables") from error
    return dict(sorted(values.items()))


def write_variables(prefix: str, values: Mapping[str, str]) -> None:
    """Have exactly `values` in the environment at `prefix`; each file is replaced in one step. KeelError, OSError."""
    from .staging import replace_file

    for name in values:
        check_variable(name, values[name])
    folder = os.path.join(prefix, FOLDER)
    if values:
        os.makedirs(folder, exist_ok=True)
    for name, data in _files(dict(sorted(values.items()))):
        path = os.path.join(folder, name)
        if values:
            replace_file(path, data)
        else:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                os.unlink(path)


def change_variables(prefix: str, new: Mapping[str, str], gone: Iterable[str] = ()) -> Dict[str, str]:
    """Set `new` and take `gone` away, safe against others who do so at the same time; gives what there is then."""
    for name in new:
        check_variable(name, new[name])
    gone = list(gone)
    if not new and not os.path.isdir(os.path.join(prefix, FOLDER)):
        return {}
    os.makedirs(os.path.join(prefix, FOLDER), exist_ok=True)
    with in_turn(os.path.join(prefix, FOLDER)):
        values = {**read_variables(prefix), **new}
        for name in gone:
            values.pop(name, None)
        write_variables(prefix, values)
    return dict(sorted(values.items()))


def moved_variables(values: Mapping[str, str], old: Iterable[str], new: str) -> Dict[str, str]:
    """`values` with every path in one of the folders `old` (a clone's source, say) leading to `new` instead."""
    places = "|".join(re.escape(path) for path in sorted(old, key=len, reverse=True))
    pattern = re.compile(rf"""(^|[:;,='"\s]|//)(?:{places})(?=[/:;,'"\s]|$)""")
    return {name: pattern.sub(lambda match: match[1] + new, value) for name, value in values.items()}


def _files(values: Mapping[str, str]) -> Iterator[Tuple[str, bytes]]:
    """(name, content) of each file; the one that counts comes last, so that it says nothing that the others do not."""
    import json

    for name, quote in (("vars.sh", quoting.sh), ("vars.fish", quoting.fish), ("vars.csh", quoting.csh)):
        calls = "".join(f"_keel_set {key} {quote(values[key])}\n" for key in values)
        yield name, f"# Written by keel out of vars.json.\n{calls}".encode("utf-8", "surrogateescape")
    if sys.platform == "win32":
        yield "vars.bat", batch_lines(values).encode("utf-8", "surrogateescape")
    text = json.dumps(values, indent=2, ensure_ascii=False) + "\n"
    yield os.path.basename(FILE), text.encode("utf-8", "surrogateescape")
