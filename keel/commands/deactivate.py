"""`keel deactivate`, where it does not come to the shell function."""

import argparse

from ..base import find_base
from ..shells import not_loaded

EXAMPLES = ("keel deactivate",)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    del parser  # there is nothing to choose


def run(options: argparse.Namespace, prefix: str) -> int:
    del options
    raise not_loaded(find_base(prefix), "keel deactivate")
