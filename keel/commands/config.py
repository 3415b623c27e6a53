"""`keel config`."""

import argparse
from typing import Any, Dict, List

from ..arguments import add_action, add_actions, add_json
from ..base import Base, find_base
from ..config import (
    SETTINGS,
    Values,
    base_file,
    check,
    find_setting,
    load_settings,
    read_values,
    user_file,
    write_values,
)
from ..console import say, say_json, table
from ..errors import KeelError

EXAMPLES = (
    "keel config list",
    "keel config set index https://packages.example.com/simple",
    "keel config add envs_dirs /scratch/me/envs",
    "keel config unset index",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = add_actions(parser)
    add_json(add_action(actions, "list", _list, "list all settings, what they are, and who says so"))
    get = add_action(actions, "get", _get, "print the value of a setting, a line for each value")
    get.add_argument("key", metavar="KEY")
    add_json(get)
    for name, run, several, summary in (
        ("set", _set, True, "give a setting another value (several where it is a list)"),
        ("add", _add, True, "put values to the front of a setting that is a list"),
        ("unset", _unset, False, "return a setting to what it would be otherwise"),
    ):
        change = add_action(actions, name, run, summary)
        change.add_argument("key", metavar="KEY", help=", ".join(SETTINGS))
        if several:
            change.add_argument("values", nargs="+", metavar="VALUE")
        change.add_argument("--base", action="store_true", help="for everybody who uses this base (its owner only)")
    parser.epilog = f"{parser.epilog}\n\nsettings:\n" + "\n".join(
        f"  {key:<12}{setting.text}" for key, setting in SETTINGS.items()
    )


def _list(options: argparse.Namespace, prefix: str) -> int:
    base = find_base(prefix)
    values = _effective(base)
    if options.json:
        say_json({key: {"value": values[key], "from": _origin(base, key)} for key in SETTINGS})
        return 0
    rows = [[key, _shown(values[key]), _origin(base, key)] for key in SETTINGS]
    for line in table(rows, ["setting", "value", "from"]):
        say(line)
    return 0


def _get(options: argparse.Namespace, prefix: str) -> int:
    find_setting(options.key)
    value = _effective(find_base(prefix))[options.key]
    if options.json:
        say_json(value)
        return 0
    for line in value if isinstance(value, list) else [value]:
        if line is not None:
            say(line)
    return 0


def _effective(base: Base) -> Dict[str, Any]:
    settings = load_settings(base)
    return {
        "envs_dirs": list(settings.envs_dirs),
        "index": base.index,
        "link_mode": settings.link_mode,
        "installer": settings.installer,
        **_archive(base),
    }


def _archive(base: Base) -> Dict[str, Any]:
    from ..newer import archive_of

    source = archive_of(base)
    return {"archive": source.address if source else None, "archive_key": source.key if source else None}


def _origin(base: Base, key: str) -> str:
    """The files that say what `key` is: several may name folders, else the first one counts."""
    user = user_file(base)
    files = [path for path in (user, base_file(base)) if path is not None and key in read_values(path)]
    if files:
        return ", ".join(files if SETTINGS[key].several else files[:1])
    recorded = base.manifest.archive or {}
    from_recipe = {
        "index": base.manifest.index,
        "archive": recorded.get("url"),
        "archive_key": recorded.get("public_key"),
    }
    return "the recipe" if from_recipe.get(key) else "default"


def _shown(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value or "")


def _set(options: argparse.Namespace, prefix: str) -> int:
    setting = find_setting(options.key)
    if not setting.several and len(options.values) > 1:
        raise KeelError(f"{options.key} has one value", hint=f"keel config set {options.key} {options.values[0]}")
    return _change(options, prefix, {options.key: options.values if setting.several else options.values[0]})


def _add(options: argparse.Namespace, prefix: str) -> int:
    if not find_setting(options.key).several:
        raise KeelError(f"{options.key} is no list", hint=f"keel config set {options.key} VALUE")
    now: List[str] = read_values(_file(options, find_base(prefix))).get(options.key, [])
    added: List[str] = check(options.key, options.values)
    return _change(options, prefix, {options.key: list(dict.fromkeys([*added, *now]))})


def _unset(options: argparse.Namespace, prefix: str) -> int:
    find_setting(options.key)
    return _change(options, prefix, {})


def _change(options: argparse.Namespace, prefix: str, new: Values) -> int:
    """Give `options.key` the value in `new`, or none where that is empty."""
    base = find_base(prefix)
    path = _file(options, base)
    values = read_values(path)
    values.pop(options.key, None)
    values.update({key: check(key, value) for key, value in new.items()})
    write_values(path, values)
    say(f"{options.key}: {_shown(_effective(base)[options.key]) or 'not set'} ({path})")
    if options.key == "index":
        _tell_environments(find_base(prefix))
    return 0


def _tell_environments(base: Base) -> None:
    """Neither pip nor uv reads keel's settings."""
    from ..environments import list_environments
    from ..indexing import follow_index

    changed = follow_index(base, [environment.prefix for environment in list_environments(base)])
    if changed:
        say(f"pip and uv use {'it' if base.index else 'none'} in {', '.join(changed)}")


def _file(options: argparse.Namespace, base: Base) -> str:
    path = base_file(base) if options.base else user_file(base)
    if path is None:
        raise KeelError("HOME is not set, so there is no place for your settings", hint="set HOME, or say --base")
    return path
