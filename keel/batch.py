"""Text for cmd.exe: the file that sets an environment's variables."""

from typing import List, Mapping

from . import quoting

# cmd.exe reads a batch file in the code page of its console. Only values beyond ASCII are worth the two processes.
_UTF8 = (
    '@for /f "tokens=2 delims=:." %%C in (\'"%SystemRoot%\\System32\\chcp.com"\') do @set "_keel_codepage=%%C"',
    '@if defined _keel_codepage "%SystemRoot%\\System32\\chcp.com" 65001 >nul',
)
_AS_BEFORE = (
    '@if defined _keel_codepage "%SystemRoot%\\System32\\chcp.com" %_keel_codepage% >nul',
    '@set "_keel_codepage="',
)


def batch_lines(variables: Mapping[str, str]) -> str:
    """`vars.bat`, which cmd/keel.bat runs on activation: name -> value of each variable; CR LF ends each line.

    Values have one line. What a variable was goes into `_KEEL_OLD_<level>_<name>`, and the names into
    `_KEEL_VARS_<level>`, by which they are restored; whoever runs the file says in `_keel_level` which level that is.
    """
    lines: List[str] = [f'@set "_KEEL_VARS_%_keel_level%={" ".join(variables)}"'] if variables else []
    for name, value in variables.items():
        lines += [f'@set "_KEEL_OLD_%_keel_level%_{name}=%{name}%"', f'@set "{name}={quoting.cmd(value)}"']
    if not "".join(lines).isascii():
        lines = [*_UTF8, *lines, *_AS_BEFORE]
    return "".join(f"{line}\r\n" for line in lines)
