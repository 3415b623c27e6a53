"""`keel remove`."""

import argparse

from ..arguments import UsageError, add_json, add_place, add_yes, chosen
from ..base import find_base
from ..console import confirm, say, say_json, warn
from ..errors import KeelError

EXAMPLES = ("keel remove -n work pandas", "keel remove -y numpy pandas", "keel remove --force numpy")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_place(parser, required=False)
    parser.add_argument("packages", nargs="*", metavar="PACKAGE", help="an installed package")
    parser.add_argument("--all", action="store_true", help="the environment itself, as keel env remove")
    parser.add_argument("--force", action="store_true", help="even where other packages need it")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    add_yes(parser)
    add_json(parser)


def run(options: argparse.Namespace, prefix: str) -> int:
    from ..installed import normalised
    from ..packages import check_changeable, check_installed, remove
    from ..planning import needed_by

    if bool(options.packages) == options.all:
        raise UsageError("say which packages, or --all", hint="like: keel remove -n work pandas")
    if options.all:
        return _remove_environment(options, prefix)
    base = find_base(prefix)
    environment = chosen(base, options)
    named = options.name is not None or options.path is not None
    check_changeable(base, environment, named=named, command="keel remove")
    names = list(dict.fromkeys(normalised(name) for name in options.packages))
    there = check_installed(base, environment, names)
    needed = needed_by(there, names)
    problems = [f"{name} is needed by {', '.join(others)}" for name, others in sorted(needed.items())]
    if problems and not options.force:
        others = sorted({other for group in needed.values() for other in group})
        raise KeelError(
            "\n".join(problems),
            hint=f"remove these as well: keel remove {' '.join([*names, *others])} (or break them: --force)",
        )
    for problem in problems:
        warn(f"warning: {problem}")
    labels = [there[name].label for name in names]
    if not (options.yes or options.dry_run) and not confirm(f"Remove {', '.join(labels)} from {environment.label}?"):
        raise KeelError("nothing was removed", hint="to remove it without a question: -y")
    if not options.dry_run:
        remove(base, environment, names)
    if options.json:
        gone = [{"name": name, "version": there[name].version} for name in names]
        said = {"name": environment.name, "prefix": environment.prefix, "dry_run": options.dry_run}
        say_json({"success": True, **said, "removed": gone, "broken": needed})
        return 0
    would = "would remove" if options.dry_run else "removed"
    say(f"{would} {', '.join(labels)} from {environment.label}")
    return 0


def _remove_environment(options: argparse.Namespace, prefix: str) -> int:
    from .env import remove_all

    if options.name is None and options.path is None:
        raise UsageError("--all removes an environment; say which", hint="like: keel remove -n work --all")
    if options.dry_run or options.force:
        raise UsageError("--all goes with -y and --json only", hint="see: keel env remove --help")
    return remove_all(options, prefix)
