"""A picture of a command in a terminal, for the documentation: runs it for real and draws the last screen as SVG.

    python tools/terminal_picture.py docs/build.svg -- ./run build recipes/starter.yaml
"""

import argparse
import re
import sys
from pathlib import Path

import pexpect
import pyte
from rich.console import Console
from rich.style import Style
from rich.text import Text

COLUMNS, LINES = 100, 60


def screen_of(command: list[str]) -> pyte.Screen:
    """What a terminal of COLUMNS x LINES shows when `command` has ended."""
    screen = pyte.Screen(COLUMNS, LINES)
    stream = pyte.ByteStream(screen)
    child = pexpect.spawn(command[0], command[1:], dimensions=(LINES, COLUMNS), timeout=1800, env=None)
    while True:
        try:
            stream.feed(child.read_nonblocking(65536, timeout=1800))
        except pexpect.EOF:
            break
    child.close()
    if child.exitstatus:
        sys.exit(f"{command} ended with {child.exitstatus}")
    return screen


def style_of(cell: pyte.screens.Char) -> Style:
    color = None if cell.fg == "default" else cell.fg.replace("brown", "yellow")
    if color and re.fullmatch("[0-9a-f]{6}", color):
        color = f"#{color}"
    return Style(color=color, bold=cell.bold, italic=cell.italics)


def draw(screen: pyte.Screen, command: list[str], title: str) -> str:
    """SVG text."""
    last = max((row for row in range(LINES) if screen.display[row].strip()), default=0)
    with Path("/dev/null").open("w") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, force_terminal=True, color_system="truecolor")
        console.print(Text("$ " + " ".join(command), style="bold"))
        for row in range(last + 1):
            line = Text()
            for column in range(COLUMNS):
                cell = screen.buffer[row][column]
                line.append(cell.data, style_of(cell))
            line.rstrip()
            console.print(line)
        return console.export_svg(title=title)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--title", default="keel")
    parser.add_argument("--shown", help="the command as the picture shows it")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    shown = options.shown.split() if options.shown else options.command
    options.picture.write_text(draw(screen_of(options.command), shown, options.title), encoding="utf-8")


if __name__ == "__main__":
    main()
