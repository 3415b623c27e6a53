"""Makes what a Python knows about itself depend on where it lies: sysconfig, the Makefile, pkg-config, PEP 739."""

import ast
import json
import re
from collections.abc import Callable
from pathlib import Path

from ..errors import InterpreterError
from .buildpaths import BuildPaths
from .layout import Layout

# Stands for the prefix while values are rewritten; no value holds it.
_MARK = "\0"
_SYSCONFIG = """\
# system configuration generated and used by the sysconfig module; the prefix is where this file lies
import os.path

_prefix = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
build_time_vars = {{
{variables}
}}
"""
_MAKE_PREFIX = "$(abspath $(dir $(lastword $(MAKEFILE_LIST)))/../../..)"
_ASSIGNMENT = re.compile(r"(?P<name>\w+)(?P<middle>\s*=[ \t]*)(?P<value>.*)")
_PC_LINE = re.compile(r"(?P<name>[\w.]+)(?P<middle>\s*[=:][ \t]*)(?P<value>.*)")


def relocate(layout: Layout) -> None:
    """Rewrite all files that know the configured prefix. Raises InterpreterError for a damaged `_sysconfigdata`."""
    build = BuildPaths(prefixes=())
    for path in sorted(layout.stdlib.glob("_sysconfigdata*.py")):
        variables = read_variables(path)
        build = BuildPaths.of(variables)
        path.write_text(_sysconfigdata(variables, build), encoding="utf-8")
    for makefile in sorted(layout.stdlib.glob("config-*/Makefile")):
        _rewrite(makefile, lambda text: _makefile(text, build))
    for file in sorted(layout.prefix.glob("lib/pkgconfig/*.pc")):
        _rewrite(file, lambda text: _pkg_config(text, build))
    for setup in sorted(layout.stdlib.glob("config-*/Setup*")):
        _rewrite(setup, lambda text: "\n".join(build.clean("", line, "$(prefix)") for line in text.split("\n")))
    for path in sorted(layout.stdlib.glob("config-*/*.py")):
        _rewrite(path, lambda text: re.sub(r"\A#!.*\n", "#!/usr/bin/env python3\n", text))
    _relocate_details(layout, build)


def configured_prefixes(prefix: Path) -> tuple[str, ...]:
    """What the Python at `prefix` was configured with, the longest first; none of what has been rewritten already."""
    files = sorted(prefix.glob("lib/python3*/_sysconfigdata*.py"))
    return tuple(folder for path in files for folder in BuildPaths.of(read_variables(path)).prefixes)


def read_variables(path: Path) -> dict[str, object]:
    """`build_time_vars` of a `_sysconfigdata` file, without running it. Raises InterpreterError."""
    try:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
                return _literal(node.value)
    except (SyntaxError, ValueError) as error:
        raise InterpreterError(f"{path.name} cannot be read: {error}", hint="is the archive damaged?") from error
    raise InterpreterError(f"{path.name} holds no variables", hint="is the archive damaged?")


def _literal(node: ast.Dict) -> dict[str, object]:
    found = {}
    for key, value in zip(node.keys, node.values, strict=True):
        if key is None:
            raise ValueError("a variable has no name")
        found[str(ast.literal_eval(key))] = _value(value)
    return found


def _value(node: ast.expr) -> object:
    """A literal; the name `_prefix`, of a file that has been rewritten before, becomes the mark."""
    if isinstance(node, ast.BinOp):
        return f"{_value(node.left)}{_value(node.right)}"
    return _MARK if isinstance(node, ast.Name) else ast.literal_eval(node)


def _sysconfigdata(variables: dict[str, object], build: BuildPaths) -> str:
    lines = []
    for name, value in sorted(variables.items()):
        text = repr(value)
        if isinstance(value, str):
            text = _expression(build.clean(name, value, _MARK))
        lines.append(f" {name!r}: {text},")
    return _SYSCONFIG.format(variables="\n".join(lines))


def _expression(value: str) -> str:
    """Python source for a text with marks: `_prefix + '/lib'`."""
    first, *others = value.split(_MARK)
    parts = [repr(first)] if first or not others else []
    for text in others:
        parts += ["_prefix", repr(text)] if text else ["_prefix"]
    return " + ".join(parts)


def _makefile(text: str, build: BuildPaths) -> str:
    lines = []
    for line in text.split("\n"):
        match = _ASSIGNMENT.fullmatch(line)
        if match is None:
            lines.append(build.replace(line, "$(prefix)"))
        elif match["name"] == "prefix":
            lines.append(f"prefix=\t\t{_MAKE_PREFIX}")
        else:
            lines.append(match["name"] + match["middle"] + build.clean(match["name"], match["value"], "$(prefix)"))
    return "\n".join(lines)


def _pkg_config(text: str, build: BuildPaths) -> str:
    """`${pcfiledir}` is where the .pc file lies (pkg-config(1), pkgconf's pc(5))."""
    lines = []
    for line in text.split("\n"):
        match = _PC_LINE.fullmatch(line)
        if match is None:
            lines.append(line)
        elif match["name"] == "prefix":
            lines.append("prefix=${pcfiledir}/../..")
        else:
            lines.append(match["name"] + match["middle"] + build.clean(match["name"], match["value"], "${prefix}"))
    return "\n".join(lines)


def _relocate_details(layout: Layout, build: BuildPaths) -> None:
    """`build-details.json` (PEP 739): a relative base_prefix counts from the file, other paths from base_prefix.

    The sysconfig variables in JSON (3.14) have no such means; nothing reads them, so they go.
    """
    for path in layout.stdlib.glob("_sysconfig_vars*.json"):
        path.unlink()
    details = layout.stdlib / "build-details.json"
    if not details.is_file():
        return
    try:
        content = json.loads(details.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InterpreterError(f"{details.name} cannot be read: {error}", hint="is the archive damaged?") from error
    known = BuildPaths(prefixes=(str(content.get("base_prefix", "")), *build.prefixes))
    relative = {key: _relative(value, known) for key, value in content.items()} | {"base_prefix": "../.."}
    details.write_text(json.dumps(relative, indent=2) + "\n", encoding="utf-8")


def _relative(value: object, build: BuildPaths) -> object:
    if isinstance(value, dict):
        return {key: _relative(item, build) for key, item in value.items()}
    if isinstance(value, list):
        return [_relative(item, build) for item in value]
    if isinstance(value, str) and value.startswith("/"):
        return build.clean("", value, ".").removeprefix("./")
    return value


def _rewrite(path: Path, change: Callable[[str], str]) -> None:
    """Change a text file; bytes that are not UTF-8 stay as they are."""
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    path.write_bytes(change(text).encode("utf-8", "surrogateescape"))
