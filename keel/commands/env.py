"""`keel env`: what there is, and what is to go."""

import argparse

from ..arguments import add_action, add_actions, add_json, add_place, add_yes
from ..base import find_base
from ..console import confirm, say, say_json, star, table
from ..environments import active_prefix, find_environment, list_environments
from ..errors import KeelError
from .env_config import add_config

EXAMPLES = ("keel env list --json", "keel env remove -n work", "keel env config vars set -n work NAME=VALUE")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = add_actions(parser)
    add_json(add_action(actions, "list", _list, "list the base and its environments; '*' marks the active one"))
    remove = add_action(
        actions, "remove", _remove, "remove an environment with everything in it",
        ["keel env remove -n work", "keel env remove -y -p ./env"],
    )
    add_place(remove, required=True)
    add_yes(remove)
    add_json(remove)
    add_config(actions)


def _list(options: argparse.Namespace, prefix: str) -> int:
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


def _remove(options: argparse.Namespace, prefix: str) -> int:
    from ..environments import check_removable, remove_environment

    base = find_base(prefix)
    environment = find_environment(base, options.name, options.path)
    check_removable(base, environment)
    if not options.yes and not confirm(f"Remove the environment {environment.prefix} with everything in it?"):
        raise KeelError("nothing was removed", hint="to remove it without a question: -y")
    remove_environment(environment)
    if options.json:
        say_json({"success": True, "name": environment.name, "prefix": environment.prefix})
    else:
        say(f"removed {environment.prefix}")
    return 0
