"""Scripts on Windows: programs of the library `installer` (distlib's launchers) with the script as a zip behind them.

Such a program starts the Python that the `#!` line between program and zip names, with itself as the argument; in that
line `<launcher_dir>` is the folder of the program (https://github.com/pypa/distlib, PC/launcher.c), so that it works
wherever it lies and is never rewritten.
"""

from typing import NamedTuple

# Where a base keeps the programs of this module (console.exe, gui.exe) and the python.exe of environments.
LAUNCHERS = "keel-meta/launchers"
_ENTRY_POINT = """\
import sys
from {module} import {root}
if __name__ == "__main__":
    sys.argv[0] = sys.argv[0][:-4] if sys.argv[0].lower().endswith(".exe") else sys.argv[0]
    sys.exit({attribute}())
"""
# The oldest time that a zip can hold: the same script is the same bytes.
_TIME = (1980, 1, 1, 0, 0, 0)


class Launchers(NamedTuple):
    r"""console, gui: the programs.  python: from the folder of scripts to that of python.exe: `..\` in a base, "" in an
    environment."""

    console: bytes
    gui: bytes
    python: str

    def __repr__(self) -> str:
        return f"Launchers({len(self.console)}, {len(self.gui)}, {self.python!r})"

    def entry_point(self, module: str, attribute: str, *, gui: bool) -> bytes:
        """The script of an entry point `module:attribute`."""
        code = _ENTRY_POINT.format(module=module, root=attribute.split(".")[0], attribute=attribute)
        return self.script(code.encode(), gui=gui)

    def script(self, code: bytes, *, gui: bool) -> bytes:
        """A program that runs the Python source `code`."""
        import io  # slow imports that Windows alone needs
        import zipfile

        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr(zipfile.ZipInfo("__main__.py", _TIME), code)
        return self.with_zip(stream.getvalue(), gui=gui)

    def with_zip(self, archive: bytes, *, gui: bool) -> bytes:
        """A program that runs the `__main__.py` in a zip."""
        program = self.gui if gui else self.console
        python = "pythonw.exe" if gui else "python.exe"
        return program + f"#!<launcher_dir>\\{self.python}{python}\n".encode() + archive
