"""The `keel-builder` command: the only module that prints, colours, and picks exit codes."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from . import __version__
from .build import build_target, lock_only
from .cache import AREAS, Cache, default_cache_root
from .console import ConsoleReporter
from .errors import BuilderError
from .fetch import Fetcher
from .locking import LockMode
from .recipe import RecipeFile, json_schema, load_recipe
from .settings import Settings, current_host
from .target import Target, targets

_OUT = Console(soft_wrap=True, highlight=False)
_ERR = Console(stderr=True, soft_wrap=True, highlight=False)
_RECIPE = click.argument("recipe", type=click.Path(path_type=Path))


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with one of the codes of docs/exit-codes.md."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        command.main(words, prog_name="keel-builder", standalone_mode=False)
    except BuilderError as error:
        _print_error(error.message, error.hint)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        _print_error("interrupted", None)
        sys.exit(130)
    except Exception as error:  # a bug: say so, and show where on request
        if {"-v", "--verbose"} & set(words):
            raise
        _print_error(f"{type(error).__name__}: {error}", "this should not happen; run again with -v for the traceback")
        sys.exit(1)


def _print_error(message: str, hint: str | None) -> None:
    _ERR.print("[red]error:[/red] ", end="")
    _ERR.print(message, markup=False)
    if hint:
        _ERR.print("[cyan]hint:[/cyan] ", end="")
        _ERR.print(hint, markup=False)


class _Command(click.Command):
    """A command whose help ends with examples, as they are typed."""

    def format_epilog(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        if self.epilog:
            with formatter.section("Examples"):
                for line in self.epilog.strip().splitlines():
                    formatter.write(f"  {line.strip()}\n")


def _shared(function: Callable[..., Any]) -> Callable[..., Any]:
    """Options of every command that works for targets."""
    for option in (
        click.option(
            "-v", "--verbose", is_flag=True, expose_value=False, help="Show tracebacks of unexpected failures."
        ),
        click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors and results."),
        click.option(
            "--cache", type=click.Path(path_type=Path), help="Cache folder [default: KEEL_CACHE or the user's]."
        ),
        click.option("--offline", is_flag=True, help="Use nothing but the cache."),
        click.option(
            "--interpreter", help="host, pbs, python.org, or an archive or folder, instead of the recipe's sources."
        ),
        click.option("--platform", "platforms", multiple=True, help="Only this platform [repeatable]."),
        click.option("--python", "pythons", multiple=True, help="This Python version [repeatable]."),
    ):
        function = option(function)
    return function


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="keel-builder")
def command() -> None:
    """Your own Anaconda, out of wheels: one recipe, offline installers with an environment manager."""


@command.command(
    cls=_Command,
    epilog="""
    keel-builder build recipes/starter.yaml
    keel-builder build recipes/starter.yaml --python 3.12 --output /srv/installers
    keel-builder build recipes/data-science.yaml --locked --offline
    """,
)
@_RECIPE
@click.option(
    "--format",
    "formats",
    multiple=True,
    help="Installer format [repeatable; default: exe for Windows, sh elsewhere].",
)
@click.option(
    "--output", type=click.Path(path_type=Path), default=Path("dist"), show_default=True, help="Folder for the result."
)
@click.option("--locked", is_flag=True, help="Build exactly what the lock says; fail if it does not fit the recipe.")
@click.option("--jobs", type=click.IntRange(min=1), help="Threads for packing [default: one a core].")
@_shared
def build(recipe: Path, formats: tuple[str, ...], output: Path, locked: bool, **options: Any) -> None:
    """Build the installers of RECIPE."""
    file, settings = _prepare(recipe, options)
    mode = LockMode.LOCKED if locked else LockMode.UPDATE
    for target in _targets(file, options):
        for path in build_target(target, settings, mode=mode, formats=formats, output=output):
            _OUT.print(str(path), markup=False)


@command.command(
    cls=_Command,
    epilog="""
    keel-builder lock recipes/starter.yaml
    keel-builder lock recipes/starter.yaml --upgrade
    """,
)
@_RECIPE
@click.option("--upgrade", is_flag=True, help="Take the newest versions instead of keeping those of the lock.")
@_shared
def lock(recipe: Path, upgrade: bool, **options: Any) -> None:
    """Write the lock of each target of RECIPE, next to it, without building."""
    file, settings = _prepare(recipe, options)
    for target in _targets(file, options):
        path = lock_only(target, settings, mode=LockMode.UPGRADE if upgrade else LockMode.UPDATE)
        _OUT.print(str(path), markup=False)


@command.command(cls=_Command, epilog="keel-builder check recipes/starter.yaml")
@_RECIPE
def check(recipe: Path) -> None:
    """Report every mistake in RECIPE, each with its place; list its targets if there is none."""
    file = _load(recipe)
    for target in targets(file):
        _OUT.print(f"{target.stem}  ({len(target.recipe.packages)} packages)", markup=False)


@command.command(cls=_Command, epilog="keel-builder schema > recipe.schema.json")
def schema() -> None:
    """Print the JSON Schema of recipes, for editors."""
    click.echo(json.dumps(json_schema(), indent=2))


@command.group()
def cache() -> None:
    """Look at the cache, or clean it."""


_CACHE = click.option(
    "--cache", "root", type=click.Path(path_type=Path), help="Cache folder [default: KEEL_CACHE or the user's]."
)


@cache.command(cls=_Command, epilog="keel-builder cache info --json")
@_CACHE
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def info(root: Path | None, as_json: bool) -> None:
    """What the cache holds."""
    place = root or default_cache_root(os.environ)
    rows = Cache(place).info()
    if as_json:
        areas = {area: {"files": files, "bytes": size} for area, files, size in rows}
        click.echo(json.dumps({"path": str(place), "areas": areas}, indent=1))
        return
    table = Table("area", "files", "MB", box=None, title=str(place), title_justify="left")
    for area, files, size in rows:
        table.add_row(area, str(files), f"{size / 1e6:.1f}")
    _OUT.print(table)


@cache.command(
    cls=_Command,
    epilog="""
    keel-builder cache clean
    keel-builder cache clean frames --older-than 30
    """,
)
@_CACHE
@click.argument("areas", nargs=-1, type=click.Choice(AREAS))
@click.option("--older-than", type=click.FloatRange(min=0), help="Only what has not been used for this many days.")
def clean(root: Path | None, areas: tuple[str, ...], older_than: float | None) -> None:
    """Remove cached files: all AREAS, or those named."""
    seconds = None if older_than is None else older_than * 86_400
    freed = Cache(root or default_cache_root(os.environ)).clean(areas or AREAS, older_than=seconds)
    _OUT.print(f"freed {freed / 1e6:.1f} MB", markup=False)


def _load(recipe: Path) -> RecipeFile:
    host = current_host()
    return load_recipe(
        recipe,
        env=os.environ,
        default_python=".".join(host.python_version.split(".")[:2]),
        default_platform=host.platform_name,
    )


def _targets(file: RecipeFile, options: dict[str, Any]) -> list[Target]:
    return targets(file, pythons=options["pythons"] or None, platforms=options["platforms"] or None)


def _prepare(recipe: Path, options: dict[str, Any]) -> tuple[RecipeFile, Settings]:
    """What the command line knows, as values that are passed in from here on."""
    file = _load(recipe)
    root = options["cache"] or default_cache_root(os.environ)
    reporter = ConsoleReporter(Console(stderr=True, highlight=False, quiet=options["quiet"]))
    store = Cache(root)
    settings = Settings(
        cache=store,
        fetcher=Fetcher(store, reporter, offline=options["offline"]),
        reporter=reporter,
        offline=options["offline"],
        interpreter=options["interpreter"],
        host=current_host(),
        jobs=options.get("jobs") or len(os.sched_getaffinity(0)),
        env=dict(os.environ),
    )
    return file, settings
