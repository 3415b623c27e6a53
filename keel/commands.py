"""What each command does, once the command line is understood. Slow imports wait until they are needed."""

import os
import time
from argparse import Namespace
from typing import TYPE_CHECKING, List

from . import __version__
from .base import Base, find_base, users_base
from .console import confirm, say, say_json, size, star, table, warn
from .environments import Environment, active_prefix, find_environment, list_environments
from .errors import KeelError

if TYPE_CHECKING:
    from .building import Created


def create(options: Namespace, prefix: str) -> int:
    from .building import destination

    base = find_base(prefix)
    started = time.monotonic()
    if options.clone is not None and (options.packages or options.no_pip):
        raise KeelError("a clone is exact: packages and --no-pip cannot be given with --clone")
    environment = destination(base, name=options.name, path=options.path)
    done = _cloned(base, environment, options) if options.clone is not None else _created(base, environment, options)
    if options.json:
        say_json(
            {
                "success": True,
                "name": environment.name,
                "prefix": environment.prefix,
                "packages": [{"name": name, "version": version} for name, version in done.packages],
                "linked": done.linked,
                "copied": done.copied,
                "copied_bytes": done.copied_bytes,
            }
        )
        return 0
    count = f"{len(done.packages)} package{'' if len(done.packages) == 1 else 's'}"
    copied = f", {done.copied} copied ({size(done.copied_bytes)})" if done.copied else ", none copied"
    say(f"created {environment.prefix}")
    say(f"{count}, {done.linked} files linked{copied}, in {time.monotonic() - started:.2f} s")
    say(f"to use it: keel activate {_shell_word(environment.label)}")
    return 0


def _created(base: Base, environment: Environment, options: Namespace) -> "Created":
    from .create import create as create_from_store

    return create_from_store(base, environment, options.packages, with_pip=not options.no_pip, copy=options.copy)


def _cloned(base: Base, environment: Environment, options: Namespace) -> "Created":
    from .clone import clone

    return clone(base, environment, find_environment(base, options.clone), copy=options.copy)


def _shell_word(text: str) -> str:
    from shlex import quote

    return quote(text)


def env_list(options: Namespace, prefix: str) -> int:
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
    rows = [[one.label, "*" if one.prefix == active else "", one.prefix] for one in environments]
    if active is not None and not known:
        rows.append(["", "*", active])
    for index, line in enumerate(table(rows, ["name", " ", "path"])):
        say(star(line) if index and rows[index - 1][1] else line)
    return 0


def env_remove(options: Namespace, prefix: str) -> int:
    from .environments import check_removable, remove_environment

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


def list_packages(options: Namespace, prefix: str) -> int:
    from .installed import installed

    base = find_base(prefix)
    if options.bundled:
        return _list_bundled(base, options)
    environment = _chosen(base, options)
    packages = installed(environment.prefix, base)
    if options.json:
        say_json([{"name": one.name, "version": one.version, "source": one.source} for one in packages])
        return 0
    say(f"packages of {environment.label} ({environment.prefix})")
    for line in table([[one.name, one.version, one.source] for one in packages], ["name", "version", "source"]):
        say(line)
    return 0


def _list_bundled(base: Base, options: Namespace) -> int:
    units = base.manifest.units
    if options.json:
        say_json([{"name": unit.name, "version": unit.version, "base": unit.base} for unit in units])
        return 0
    rows = [[unit.name, unit.version, "in the base" if unit.base else "in the store"] for unit in units]
    for line in table(rows, ["name", "version", "where"]):
        say(line)
    return 0


def _chosen(base: Base, options: Namespace) -> Environment:
    """The environment that -n or -p name, else the active one, else the base."""
    if options.name is not None or options.path is not None:
        return find_environment(base, options.name, options.path)
    active = active_prefix()
    try:
        return find_environment(base, path=active) if active else find_environment(base, "base")
    except KeelError:
        return find_environment(base, "base")


def info(options: Namespace, prefix: str) -> int:
    base = find_base(prefix)
    manifest = base.manifest
    values = {
        "base": base.prefix,
        "name": manifest.name,
        "version": manifest.version,
        "company": manifest.company,
        "description": manifest.description,
        "homepage": manifest.homepage,
        "platform": manifest.platform,
        "python": manifest.python,
        "interpreter": manifest.interpreter,
        "keel": __version__,
        "active": active_prefix(),
        "envs_dirs": base.envs_dirs(),
        "writable": base.writable(),
        "packages": len([unit for unit in manifest.units if unit.base]),
        "store": len(manifest.units),
        "index": manifest.index,
        "shell_integration": "KEEL_SHLVL" in os.environ,
    }
    if options.json:
        say_json(values)
        return 0
    company = f"({manifest.company})" if manifest.company else ""
    about = (("about", manifest.description), ("homepage", manifest.homepage))
    rows = [
        ["base", base.prefix + ("" if base.writable() else " (not writable for you)")],
        ["product", f"{manifest.name} {manifest.version} {company}".rstrip()],
        *([label, text] for label, text in about if text),
        ["python", f"{manifest.python} ({manifest.interpreter.get('source', 'unknown')}), {manifest.platform}"],
        ["keel", __version__],
        ["active", active_prefix() or "none"],
        ["environments", f"{len(list_environments(base)) - 1}, new ones go to {base.envs_dirs()[0]}"],
        ["packages", f"{values['packages']} in the base, {values['store']} in the store"],
        ["index", manifest.index or "none (offline)"],
    ]
    for name, value in rows:
        say(f"{name + ':':<14}{value}")
    return 0


def activate(options: Namespace, prefix: str) -> int:
    """Comes here only without the shell function, or when that has found no such environment."""
    base = find_base(prefix)
    environment = find_environment(base, options.environment or "base")
    raise KeelError(
        "'keel activate' changes the shell that it is typed in, and keel's shell function is not loaded there",
        hint=_how_to_load(base, f"keel activate {_shell_word(environment.label)}"),
    )


def deactivate(options: Namespace, prefix: str) -> int:
    del options
    raise KeelError(
        "'keel deactivate' changes the shell that it is typed in, and keel's shell function is not loaded there",
        hint=_how_to_load(find_base(prefix), "keel deactivate"),
    )


def _how_to_load(base: Base, then: str) -> str:
    file = _shell_word(os.path.join(base.prefix, "etc", "profile.d", "keel.sh"))
    keel = _shell_word(os.path.join(base.prefix, "cmd", "keel"))
    return f"run: . {file}; {then}\n      to have it in every new shell: {keel} init"


def init(options: Namespace, prefix: str) -> int:
    from . import shells

    base = find_base(prefix)
    if options.all and options.shells:
        raise KeelError("name shells, or say --all, not both")
    if options.reverse and (options.all or not options.shells):
        files = shells.all_start_up_files(os.environ)
    else:
        names = list(shells.SHELLS) if options.all else shells.check_shells(options.shells, os.environ)
        files = [path for name in names for path in shells.start_up_files(name, os.environ)]
    plan = shells.plan_reverse if options.reverse else shells.plan_init
    changes = [plan(path, base.prefix) for path in files]
    for change in changes:
        if not options.dry_run:
            shells.apply(change)
        say(f"{_said(change.action, options.dry_run):<13} {change.path}")
    if not options.reverse and not options.dry_run:
        say("new shells have 'keel activate'; for this one: . " + _shell_word(f"{base.prefix}/etc/profile.d/keel.sh"))
    return 0


def _said(action: str, dry_run: bool) -> str:
    done = {"add": "initialised", "refresh": "refreshed", "remove": "restored", "none": "unchanged"}
    return f"would {action}" if dry_run and action != "none" else done[action]


def uninstall(options: Namespace, prefix: str) -> int:
    from .uninstall import carry_out, plan_removal

    removal = plan_removal(users_base(prefix))
    question: List[str] = []
    if removal.inside:
        question += ["These environments are in the base and go with it:", *(one.label for one in removal.inside)]
    if removal.others:
        question += ["These were put into its folder later and go as well:", *removal.others]
    if not options.yes:
        for line in question:
            warn(line if line.endswith(":") else f"  {line}")
        if not confirm(f"Remove {prefix}?"):
            raise KeelError("nothing was removed", hint="to remove it without a question: keel uninstall -y")
    for path in carry_out(removal):
        say(f"restored {path}")
    say(f"removed {prefix}" + (", but for what was there before" if os.path.isdir(prefix) else ""))
    if removal.outside:
        say("These environments are elsewhere and have lost their Python; remove them yourself:")
        for environment in removal.outside:
            say(f"  {environment.prefix}")
    return 0
