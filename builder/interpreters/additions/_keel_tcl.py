"""Tcl's and Tk's scripts, which lie in this Python's `lib` folder. Keel adds this to tkinter.

Tcl looks where it was told when it was built, then beside the program: neither helps in a moved base, or in an
environment. The same is done on Windows by `tkinter._fix`.
"""

import glob
import os

_LIB = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def _point_to(variable: str, marker: str) -> None:
    found = sorted(glob.glob(os.path.join(glob.escape(_LIB), marker)))
    if found and variable not in os.environ:
        os.environ[variable] = os.path.dirname(found[-1])


_point_to("TCL_LIBRARY", os.path.join("tcl[0-9]*.[0-9]*", "init.tcl"))
_point_to("TK_LIBRARY", os.path.join("tk[0-9]*.[0-9]*", "tk.tcl"))
