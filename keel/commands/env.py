"""`keel env`: what there is, and what is to go."""

import argparse
import os
from typing import TYPE_CHECKING, Optional

from ..arguments import add_action, add_actions, add_json, add_manner, add_place, add_yes, chosen
from ..base import find_base
from ..console import confirm, say, say_json, star, table
from ..environments import active_prefix, find_environment, list_environments
from ..errors import KeelError
from .env_config import add_config

if TYPE_CHECKING:
    from ..arguments import Actions

FORMATS = ("pylock", "requirements", "json")
EXAMPLES = (
    "keel env list --json",
    "keel env export -n work -o pylock.toml",
    "keel env create -f pylock.toml",
    "keel env remove -n work",
    "keel env config vars set -n work NAME=VALUE",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = add_actions(parser)
    add_json(add_action(actions, "list", list_all, "list the base and its environments; '*' marks the active one"))
    remove = add_action(
        actions,
        "remove",
        remove_all,
        "remove an environment with everything in it",
        ["keel env remove -n work", "keel env remove -y -p ./env"],
    )
    add_place(remove, required=True)
    add_yes(remove)
    add_json(remove)
    _add_export(actions)
    _add_create(actions)
    add_config(actions)


def _add_export(actions: "Actions") -> None:
    export = add_action(
        actions,
        "export",
        _export,
        "write down exactly what is in an environment, to make it again elsewhere",
        ["keel env export -n work -o pylock.toml", "keel env export --format requirements"],
    )
    add_place(export, required=False)
    export.add_argument("--format", choices=FORMATS, help="of the file (pylock, or what the name of FILE says)")
    export.add_argument("-o", "--output", "-f", "--file", metavar="FILE", dest="output", help="else standard output")
    add_json(export)


def _add_create(actions: "Actions") -> None:
    create = add_action(
        actions,
        "create",
        _create,
        "create the environment that a file describes",
        ["keel env create -f pylock.toml", "keel env create -f requirements.txt -n work"],
    )
    add_place(create, required=False)
    create.add_argument(
        "-f", "--file", required=True, metavar="FILE", help="what keel env export wrote, a lock, or requirements.txt"
    )
    add_manner(create)


def list_all(options: argparse.Namespace, prefix: str) -> int:
    """For `keel info --envs`, too."""
    base = find_base(prefix)
    environments = list_environments(base)
    active = active_prefix()
    if options.json:
        say_json(
            {
                "envs": [environment.prefix for environment in environments],
                "active": active,
                "environments": [
                    {
                        "name": environment.name,
                        "prefix": environment.prefix,
                        "active": environment.prefix == active,
                        "base": environment.is_base(base),
                    }
                    for environment in environments
                ],
            }
        )
        return 0
    known = any(environment.prefix == active for environment in environments)
    rows = [[one.name or "", "*" if one.prefix == active else "", one.prefix] for one in environments]
    if active is not None and not known:
        rows.append(["", "*", active])
    for index, line in enumerate(table(rows, ["name", " ", "path"])):
        say(star(line) if index and rows[index - 1][1] else line)
    return 0


def remove_all(options: argparse.Namespace, prefix: str) -> int:
    """For `keel remove --all`, too."""
    from ..environments import check_removable, remove_environment

    base = find_base(prefix)
    environment = find_environment(base, options.name, options.path)
    check_removable(base, environment)
    if not options.yes and not confirm(f"Remove the environment {environment.prefix} with everything in it?"):
        raise KeelError("nothing was removed", hint="to remove it without a question: -y")
    remove_environment(base, environment)
    if options.json:
        say_json({"success": True, "name": environment.name, "prefix": environment.prefix})
    else:
        say(f"removed {environment.prefix}")
    return 0


def _export(options: argparse.Namespace, prefix: str) -> int:
    from ..exporting import export
    from ..staging import replace_file

    base = find_base(prefix)
    environment = chosen(base, options)
    kind = options.format or ("json" if options.json else _kind_of(options.output))
    text = export(base, environment, kind)
    if options.output is None:
        say(text.rstrip("\n"))
        return 0
    replace_file(os.path.abspath(options.output), text.encode("utf-8", "surrogateescape"))
    say(f"wrote {options.output}")
    return 0


def _kind_of(path: Optional[str]) -> str:
    return {".txt": "requirements", ".json": "json"}.get(os.path.splitext(path or "")[1].lower(), "pylock")


def _create(options: argparse.Namespace, prefix: str) -> int:
    from ..pythons import check_python
    from ..wanted import wanted
    from .create import create_wanted

    base = find_base(prefix)
    check_python(base, options.python)
    what = wanted(base, (), [options.file])
    if options.name is None and options.path is None:
        options.name = what.name
        if what.name is None:
            raise KeelError(
                f"{options.file} names no environment", hint=f"name it: keel env create -f {options.file} -n NAME"
            )
    return create_wanted(base, options, what)
