"""`keel env config vars`: the variables that an environment sets while it is active."""

import argparse
import os
from typing import TYPE_CHECKING, Dict, List

from ..arguments import Parser, add_action, add_actions, add_json, add_place, chosen, sentence
from ..base import find_base
from ..console import say, say_json
from ..environments import Environment, active_prefix, check_own
from ..errors import KeelError
from ..quoting import shell_word

if TYPE_CHECKING:
    from ..arguments import Actions

_SUMMARY = "variables that an environment sets while it is active"
_EXAMPLES = (
    "keel env config vars set -n work DATA=/srv/data MODE=fast",
    "keel env config vars list -n work",
    "keel env config vars unset -n work MODE",
)


def add_config(actions: "Actions") -> None:
    """`config` and what is below it, among the commands of `keel env`."""
    config = actions.add_parser("config", help=_SUMMARY, description=sentence(_SUMMARY), examples=_EXAMPLES)
    variables: Parser = add_actions(config).add_parser(
        "vars", help=_SUMMARY, description=sentence(_SUMMARY), examples=_EXAMPLES
    )
    changes = add_actions(variables)
    listing = add_action(changes, "list", _list, "list the variables of an environment", _EXAMPLES[1:2])
    setting = add_action(changes, "set", _set, "set variables of an environment", _EXAMPLES[:1])
    setting.add_argument("variables", nargs="+", metavar="NAME=VALUE")
    unsetting = add_action(changes, "unset", _unset, "take variables away from an environment", _EXAMPLES[2:])
    unsetting.add_argument("variables", nargs="+", metavar="NAME")
    for command in (listing, setting, unsetting):
        add_place(command, required=False)
        add_json(command)


def _list(options: argparse.Namespace, prefix: str) -> int:
    from ..variables import read_variables  # not for those who only list environments

    environment = chosen(find_base(prefix), options)
    values = read_variables(environment.prefix)
    if options.json:
        say_json(values)
        return 0
    for name in values:
        say(f"{name}={shell_word(values[name])}")
    return 0


def _set(options: argparse.Namespace, prefix: str) -> int:
    new: Dict[str, str] = {}
    for word in options.variables:
        name, equals, value = word.partition("=")
        if not equals:
            raise KeelError(f"{word} has no value", hint=f"write: {shell_word(f'{word}=VALUE')}")
        new[name] = value
    return _change(options, prefix, new, [])


def _unset(options: argparse.Namespace, prefix: str) -> int:
    return _change(options, prefix, {}, options.variables)


def _change(options: argparse.Namespace, prefix: str, new: Dict[str, str], gone: List[str]) -> int:
    from ..variables import FOLDER, change_variables, read_variables

    base = find_base(prefix)
    environment = chosen(base, options)
    check_own(environment, os.path.join(environment.prefix, FOLDER))
    unknown = [name for name in gone if name not in read_variables(environment.prefix)]
    if unknown:
        raise KeelError(
            f"{environment.label} has no variable {', '.join(unknown)}",
            hint=f"see: keel env config vars list {environment.option}",
        )
    values = change_variables(environment.prefix, new, gone)
    if options.json:
        say_json(values)
        return 0
    for name in new:
        say(f"{name}={shell_word(new[name])}")
    for name in gone:
        say(f"{name} is not set any more")
    if _is_active(environment):
        say(f"re-activate to have it in this shell: keel activate {shell_word(environment.label)}")
    return 0


def _is_active(environment: Environment) -> bool:
    active = active_prefix()
    return active is not None and os.path.realpath(active) == os.path.realpath(environment.prefix)
