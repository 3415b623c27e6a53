"""What commands have in common: how help looks, options, and what the command line knows as values."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from ..cache import Cache, default_cache_root
from ..console import ConsoleReporter
from ..fetch import Fetcher
from ..recipe import RecipeFile, load_recipe
from ..settings import Settings, available_cores, current_host

OUT = Console(soft_wrap=True, highlight=False)
"""Results: tables and colours on a terminal, plain text in a pipe."""

_ERR = Console(stderr=True, soft_wrap=True, highlight=False)

RECIPE = click.argument("recipe", type=click.Path(path_type=Path))
RECIPES = click.argument("recipes", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="RECIPE...")
FILE = click.argument("file", type=click.Path(path_type=Path))

verbose_option = click.option(
    "-v", "--verbose", is_flag=True, expose_value=False, help="Show tracebacks of unexpected failures."
)


class Command(click.Command):
    """A command whose help ends with examples, as they are typed."""

    def format_epilog(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        if self.epilog:
            with formatter.section("Examples"):
                for line in self.epilog.strip().splitlines():
                    formatter.write(f"  {line.strip()}\n")


def print_error(message: str, hint: str | None) -> None:
    """As every error is shown, on stderr."""
    _ERR.print("[red]error:[/red] ", end="")
    _ERR.print(message, markup=False)
    if hint:
        _ERR.print("[cyan]hint:[/cyan] ", end="")
        _ERR.print(hint, markup=False)


def cache_option(parameter: str) -> Callable[..., Any]:
    """`--cache FOLDER`, passed on as `parameter`."""
    return click.option(
        "--cache", parameter, type=click.Path(path_type=Path), help="Cache folder [default: KEEL_CACHE or the user's]."
    )


def common_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Options of every command that fetches or builds."""
    for option in (
        verbose_option,
        click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors and results."),
        cache_option("cache"),
        click.option("--offline", is_flag=True, help="Use nothing but the cache."),
    ):
        function = option(function)
    return function


def target_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Options of every command that works for targets of a recipe."""
    for option in (
        click.option(
            "--interpreter", help="host, pbs, python.org, or an archive or folder, instead of the recipe's sources."
        ),
        click.option("--platform", "platforms", multiple=True, help="Only this platform [repeatable]."),
        click.option("--python", "pythons", multiple=True, help="This Python version [repeatable]."),
    ):
        function = option(function)
    return common_options(function)


def load(recipe: Path) -> RecipeFile:
    """The recipe, read with this host's Python and platform as defaults. Raises RecipeError."""
    host = current_host()
    return load_recipe(recipe, env=os.environ, default_python=host.python_minor, default_platform=host.platform_name)


def settings_from(options: dict[str, Any]) -> Settings:
    """What the command line knows, as one value that is passed in from here on."""
    reporter = ConsoleReporter(Console(stderr=True, highlight=False, quiet=options["quiet"]))
    store = Cache(options["cache"] or default_cache_root(os.environ))
    return Settings(
        cache=store,
        fetcher=Fetcher(store, reporter, offline=options["offline"]),
        reporter=reporter,
        offline=options["offline"],
        interpreter=options.get("interpreter"),
        host=current_host(),
        jobs=options.get("jobs") or available_cores(),
        tests=not options.get("no_tests"),
        env=dict(os.environ),
    )
