"""The text of `keel --help`. `tools/write_reference.py` puts it into a file that `cmd/keel` shows without Python."""

from .commands import COMMANDS

_HEAD = """\
usage: keel COMMAND [OPTION…]

Environments out of this base's own store, with no network."""

_FOOT = """\
examples:
  keel create -n work numpy pandas     a new environment with bundled packages
  keel activate work                   use it in this shell ('keel deactivate' leaves it)
  keel create -n copy --clone work     an exact copy
  keel env list                        all environments
  keel list -n work                    what is installed in one
  keel env remove -n work              remove it
  keel init                            have 'keel activate' in every new shell

'keel COMMAND --help' tells more about a command, 'keel --version' the version."""


def overview() -> str:
    """Without a newline at its end."""
    width = max(map(len, COMMANDS))
    lines = [_HEAD]
    group = ""
    for name, command in COMMANDS.items():
        if command.group != group:
            group = command.group
            lines.append(f"\n{group}:")
        lines.append(f"  {name:<{width}}  {command.summary}")
    return "\n".join([*lines, "", _FOOT])
