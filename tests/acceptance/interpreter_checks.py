"""Run by an interpreter about itself, wherever it lies: prints what it found as JSON, fails on the first surprise."""

import importlib
import json
import os
import sys
import sysconfig
from pathlib import Path


def extension_modules():
    """Every extension module of the standard library can be imported."""
    names = {path.name.split(".")[0] for path in Path(sysconfig.get_path("stdlib"), "lib-dynload").glob("*.so")}
    names |= set(sys.builtin_module_names) - {"xxsubtype"}
    for name in sorted(names):
        importlib.import_module(name)
    return len(names)


def libraries():
    """The modules that stand on libraries of their own do real work."""
    import bz2
    import ctypes
    import hashlib
    import lzma
    import sqlite3
    import ssl
    import uuid
    import zlib

    for codec in (bz2, lzma, zlib):
        assert codec.decompress(codec.compress(b"keel")) == b"keel"
    assert sqlite3.connect(":memory:").execute("select 6 * 7").fetchone() == (42,)
    assert ctypes.CDLL(None).getpid() == os.getpid()
    assert hashlib.new("sha3_256", b"").hexdigest().startswith("a7ffc6f8")
    assert uuid.uuid1().version == 1
    context = ssl.create_default_context()
    return {"certificates": len(context.get_ca_certs()), "cafile": ssl.get_default_verify_paths().cafile}


def tcl():
    """Tcl's version, which takes its scripts to tell; None without tkinter."""
    try:
        import tkinter
    except ImportError:
        return None
    return tkinter.Tcl().eval("info patchlevel")


def paths(foreign):
    """sysconfig names nothing outside of the prefix."""
    prefix = sys.base_prefix
    for name, path in sysconfig.get_paths().items():
        assert path.startswith(prefix), (name, path)
    for name, value in sysconfig.get_config_vars().items():
        assert name == "userbase" or foreign + "/" not in str(value) + "/", (name, value)
    assert Path(sysconfig.get_config_h_filename()).is_file()
    assert Path(sysconfig.get_makefile_filename()).is_file()


if __name__ == "__main__":
    paths(sys.argv[1])
    found = {"prefix": sys.prefix, "extensions": extension_modules(), "tcl": tcl()}
    found.update(libraries())
    print(json.dumps(found))
