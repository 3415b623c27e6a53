"""Scripts that find the python beside themselves: the same bytes in a base, in every environment and after a move.

A POSIX script starts as shell code inside a Python string, so `sh` starts the right interpreter with the file itself,
and Python skips what `sh` has read. The string is the module's first statement, hence its docstring; `rewrite_script`
therefore gives `__doc__` back to scripts that wheels bring along.
"""

import io
from typing import TYPE_CHECKING, List, Optional, Tuple

if TYPE_CHECKING:
    import ast

# No process is started unless the script was reached through a symbolic link.
HEADER = b"""\
#!/bin/sh
''':'
[ -L "$0" ] && exec "$(dirname -- "$(realpath -- "$0")")/python" "$0" "$@"
case $0 in */*) exec "${0%/*}/python" "$0" "$@" ;; esac
exec ./python "$0" "$@"
' '''
"""

_ENTRY_POINT = """\
import sys
from {module} import {root}
if __name__ == "__main__":
    sys.exit({attribute}())
"""


def entry_point_script(module: str, attribute: str) -> bytes:
    """The script of an entry point `module:attribute` (https://packaging.python.org/specifications/entry-points/)."""
    body = _ENTRY_POINT.format(module=module, root=attribute.split(".")[0], attribute=attribute)
    return HEADER + body.encode()


def is_python_script(data: bytes) -> bool:
    """Whether an installer is to replace the first line: `#!python` or `#!pythonw`, per the wheel specification."""
    return data.startswith(b"#!python")


def is_gui_script(data: bytes) -> bool:
    """Whether a Python script asks for a Python without a console."""
    return data.startswith(b"#!pythonw")


def windows_script(data: bytes) -> bytes:
    """A Python script as Windows can use it: its first line names no folder (https://peps.python.org/pep-0397/)."""
    return b"#!/usr/bin/env python" + data[len(b"#!pythonw" if is_gui_script(data) else b"#!python") :]


def rewrite_script(data: bytes) -> bytes:
    """The relocatable form of a Python script, whose own first line is dropped if it is a `#!` line.

    `__doc__`, `from __future__` imports and the meaning of non-UTF-8 sources are kept; the result is UTF-8 with `\\n`
    newlines. A script that this Python cannot parse (Python 2) gets the header and is otherwise left alone.
    """
    try:
        source = _decode(data)
    except (SyntaxError, UnicodeDecodeError, LookupError):
        return HEADER + data.split(b"\n", 1)[-1] if data.startswith(b"#!") else HEADER + data
    if source.startswith("#!"):
        source = source.partition("\n")[2]
    return HEADER + _keep_docstring(source.encode())


def _decode(data: bytes) -> str:
    import tokenize  # only few wheels bring scripts of their own

    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    return data.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")


def _keep_docstring(source: bytes) -> bytes:
    import ast

    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError):
        return source
    docstring = body[0] if body and _is_docstring(body[0]) else None
    future = _last_future_import(body[1:] if docstring else body)
    if docstring is None:
        return _insert(source, _end(source, future), b"; __doc__ = None") if future else b"__doc__ = None\n" + source
    start, end = _start(source, docstring), _end(source, docstring)
    if future is None:
        return _insert(source, start, b"__doc__ = ")
    # Only comments may stand between the header and a future import: the docstring moves behind the last of them.
    text, behind = source[start:end], _end(source, future)
    cut_to = _start(source, body[1]) if body[1].lineno == docstring.end_lineno else end
    return source[:start] + b"\n" * text.count(b"\n") + source[cut_to:behind] + b"; __doc__ = " + text + source[behind:]


def _is_docstring(node: "ast.stmt") -> bool:
    import ast

    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _last_future_import(body: "List[ast.stmt]") -> "Optional[ast.stmt]":
    import ast

    last = None
    for node in body:
        if not (isinstance(node, ast.ImportFrom) and node.module == "__future__"):
            break
        last = node
    return last


def _start(source: bytes, node: "ast.stmt") -> int:
    return _offset(source, (node.lineno, node.col_offset))


def _end(source: bytes, node: "ast.stmt") -> int:
    assert node.end_lineno is not None  # ast.parse always sets both
    assert node.end_col_offset is not None
    return _offset(source, (node.end_lineno, node.end_col_offset))


def _offset(source: bytes, place: Tuple[int, int]) -> int:
    """Byte offset of `ast`'s (line from 1, column in UTF-8 bytes)."""
    line, column = place
    return sum(len(text) + 1 for text in source.split(b"\n")[: line - 1]) + column


def _insert(source: bytes, at: int, text: bytes) -> bytes:
    return source[:at] + text + source[at:]
