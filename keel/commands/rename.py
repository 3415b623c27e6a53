"""`keel rename`."""

import argparse

from ..arguments import add_json, add_place, add_yes
from ..base import find_base
from ..console import say, say_json
from ..environments import find_environment
from ..quoting import shell_word

EXAMPLES = ("keel rename -n old new", "keel rename -p ./env ./better", "keel rename -n work /scratch/me/work")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_place(parser, required=True)
    parser.add_argument("new", metavar="NEW", help="its new name; with a slash, its new folder")
    add_yes(parser, "accepted for conda's sake; rename asks nothing")
    add_json(parser)


def run(options: argparse.Namespace, prefix: str) -> int:
    from ..rename import rename

    base = find_base(prefix)
    environment = find_environment(base, options.name, options.path)
    renamed = rename(base, environment, options.new)
    if options.json:
        say_json({"success": True, "old": environment.prefix, "name": renamed.name, "prefix": renamed.prefix})
        return 0
    say(f"{environment.prefix} is now {renamed.prefix}")
    say(f"to use it: keel activate {shell_word(renamed.label)}")
    return 0
