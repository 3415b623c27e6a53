"""`keel kernel`: environments for notebooks."""

import argparse
import os

from ..arguments import add_action, add_actions, add_json, add_yes
from ..base import find_base
from ..console import confirm, say, say_json, table
from ..environments import find_environment
from ..errors import KeelError
from ..kernels import add_kernel, list_kernels, remove_kernel

EXAMPLES = ("keel kernel add work", "keel kernel list", "keel kernel remove keel-work")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = add_actions(parser)
    add = add_action(
        actions,
        "add",
        _add,
        "let Jupyter start notebooks in an environment",
        ["keel kernel add work", "keel kernel add ./env --name mine --display-name 'My own'"],
    )
    add.add_argument("environment", metavar="ENV", help="a name, a folder, or base")
    add.add_argument("--name", help="the kernel's name (keel-ENV)")
    add.add_argument("--display-name", metavar="TEXT", help="what Jupyter shows: 'Python (ENV)'")
    add_json(add)
    add_json(add_action(actions, "list", _list, "list the kernels that keel has made"))
    remove = add_action(actions, "remove", _remove, "take a kernel out of Jupyter; the environment stays")
    remove.add_argument("kernel", metavar="KERNEL", help="its name, as keel kernel list shows it")
    add_yes(remove)
    add_json(remove)


def _add(options: argparse.Namespace, prefix: str) -> int:
    base = find_base(prefix)
    environment = find_environment(base, options.environment)
    kernel = add_kernel(base, environment, name=options.name, display_name=options.display_name)
    if options.json:
        say_json({"success": True, **kernel._asdict()})
        return 0
    say(f"Jupyter has the kernel {kernel.name}, shown as {kernel.display_name}")
    return 0


def _list(options: argparse.Namespace, prefix: str) -> int:
    kernels = list_kernels(find_base(prefix))
    if options.json:
        say_json([{**kernel._asdict(), "exists": os.path.isdir(kernel.prefix)} for kernel in kernels])
        return 0
    rows = [
        [one.name, one.display_name, one.prefix + ("" if os.path.isdir(one.prefix) else " (gone)")] for one in kernels
    ]
    for line in table(rows, ["name", "shown as", "environment"]):
        say(line)
    return 0


def _remove(options: argparse.Namespace, prefix: str) -> int:
    kernels = {kernel.name: kernel for kernel in list_kernels(find_base(prefix))}
    if options.kernel not in kernels:
        known = f"there is: {', '.join(kernels)}" if kernels else "keel has made none: keel kernel add ENV"
        raise KeelError(f"keel has made no kernel {options.kernel}", hint=known)
    if not options.yes and not confirm(f"Remove the kernel {kernels[options.kernel].folder}?"):
        raise KeelError("nothing was removed", hint="to remove it without a question: -y")
    remove_kernel(kernels[options.kernel])
    if options.json:
        say_json({"success": True, **kernels[options.kernel]._asdict()})
        return 0
    say(f"removed {kernels[options.kernel].folder}")
    return 0
