"""What tab completion offers, as lines that shells can read: made from the parsers of keel's commands.

A line is `COMMAND|WORD|KIND|SUMMARY`. COMMAND: what is typed after keel so far ("env config vars"; empty at first).
WORD: a command (KIND is then `command`), an option, or `*` for what is no option. KIND says what a value is: `env`,
`package`, `file`, `dir`, `words:` with the words, or `text`, for which there is nothing to offer; it is empty for an
option without one.
"""

import argparse
from collections.abc import Iterator
from importlib import import_module

from keel.arguments import Parser
from keel.commands import COMMANDS
from keel.config import SETTINGS
from keel.shells import SHELLS

_KINDS = {
    "ENV": "env",
    "COMMAND…": "file",
    "FILE": "file",
    "PATH": "dir",
    "DIR": "dir",
    "PACKAGE": "package",
    "SHELL": f"words:{' '.join(SHELLS)}",
    "KEY": f"words:{' '.join(SETTINGS)}",
}
# Where -n names an environment that is not there yet.
_NEW = ("create", "env create")


def words_text() -> str:
    """The content of keel-meta/shell/completion/words.txt."""
    lines = ["|-h||show what keel can do", "|--help||show what keel can do", "|--version||show the version"]
    lines += [f"|{name}|command|{command.summary}" for name, command in COMMANDS.items()]
    lines += ["|help|command|tell more about a command", f"help|*|words:{' '.join(COMMANDS)}|"]
    for name in COMMANDS:
        parser = Parser(prog=f"keel {name}")
        import_module(f"keel.commands.{name}").add_arguments(parser)
        lines += _lines(name, parser)
    return "".join(f"{line}\n" for line in lines)


def _lines(command: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        summary = (action.help or "").replace("\n", " ") % vars(action) if action.help else ""
        if isinstance(action, argparse._SubParsersAction):
            for listed in action._choices_actions:
                yield f"{command}|{listed.dest}|command|{listed.help}"
            for name, below in action.choices.items():
                yield from _lines(f"{command} {name}", below)
        elif action.help is not argparse.SUPPRESS:
            kind = "" if action.nargs == 0 else _kind(command, action)
            for word in action.option_strings or ["*"]:
                yield f"{command}|{word}|{kind}|{summary}"


def _kind(command: str, action: argparse.Action) -> str:
    if action.choices is not None:
        return f"words:{' '.join(map(str, action.choices))}"
    if action.metavar == "NAME" and action.option_strings == ["-n", "--name"]:
        return "text" if command in _NEW else "env"
    return _KINDS.get(str(action.metavar), "text")
