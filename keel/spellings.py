"""What conda's users type and keel says otherwise. It is looked up after a command line has failed, for the hint."""

from typing import Dict, Optional, Sequence, Tuple

_CHANNELS = "keel has no channels: what the store does not have comes from an index (keel config set index ADDRESS)"
_ANYWHERE: Dict[str, str] = {
    "-c": _CHANNELS,
    "--channel": _CHANNELS,
    "--override-channels": _CHANNELS,
    "--offline": "leave it out: keel needs no network unless an index is set",
    "-q": "leave it out: keel says little, and with --json nothing else",
    "--quiet": "leave it out: keel says little, and with --json nothing else",
}
_BY_COMMAND: Dict[Tuple[str, str], str] = {
    ("config", "--add"): "keel config add KEY VALUE",
    ("config", "--append"): "keel config add KEY VALUE",
    ("config", "--get"): "keel config get KEY",
    ("config", "--prepend"): "keel config add KEY VALUE",
    ("config", "--remove"): "keel config set KEY VALUE…, with the values that stay",
    ("config", "--remove-key"): "keel config unset KEY",
    ("config", "--set"): "keel config set KEY VALUE",
    ("config", "--show"): "keel config list",
    ("config", "--show-sources"): "keel config list",
    ("config", "show"): "keel config list",
    ("create", "--force"): "remove the old one first: keel env remove -n NAME",
    ("env", "--from-history"): "keel env export tells who was asked for, and what came along",
    ("env", "--no-builds"): "leave it out: wheels have no builds",
    ("env", "activate"): "keel activate NAME",
    ("env", "rename"): "keel rename -n OLD NEW",
    ("env", "update"): "keel install -n NAME -f FILE",
    ("install", "--force-reinstall"): "to have its files as they were installed: keel check --fix",
    ("list", "--explicit"): "keel env export",
    ("list", "--export"): "keel env export --format requirements",
    ("list", "-e"): "keel env export --format requirements",
    ("uninstall", "-n"): "that removes the whole base; packages: keel remove -n NAME PACKAGE",
    ("uninstall", "-p"): "that removes the whole base; packages: keel remove -p PATH PACKAGE",
}


def condas(command: str, words: Sequence[str]) -> Optional[str]:
    """The hint for whoever has typed `words` after `command`, None if conda does not know them either."""
    for word in words:
        hint = _BY_COMMAND.get((command, word)) or (_ANYWHERE.get(word) if command != "run" else None)
        if hint:
            return hint
    if command == "uninstall" and any(not word.startswith("-") for word in words):
        return "that removes the whole base; packages: keel remove -n NAME PACKAGE"
    return None
