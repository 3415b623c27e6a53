"""Small stand-ins for Pythons for Windows, in the layouts in which they are offered."""

import io
import struct
import zipfile
from pathlib import Path

_MACHINES = {"x86_64": 0x8664, "arm64": 0xAA64, "x86": 0x014C}


def write_pe(path: Path, *, machine: str = "x86_64", version: tuple[int, int, int, int] | None = None) -> None:
    """As much of a Windows program as tells its machine and its file version."""
    head = b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + struct.pack("<H", _MACHINES[machine]) + bytes(18)
    info = b""
    if version is not None:
        major, minor, third, fourth = version
        info = struct.pack("<II4H", 0xFEEF04BD, 0x00010000, minor, major, fourth, third)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(head + info)


def _programs(root: Path, machine: str, version: str) -> None:
    major, minor, micro = map(int, version.split("."))
    for name in ("python.exe", "pythonw.exe", "python3.dll", "vcruntime140.dll"):
        write_pe(root / name, machine=machine)
    write_pe(root / f"python{major}{minor}.dll", machine=machine, version=(major, minor, micro * 1000 + 150, 1013))


def make_complete(root: Path, *, version: str = "3.11.9", machine: str = "x86_64") -> Path:
    """As in a NuGet package's `tools`, or python-build-standalone's `python`."""
    _programs(root, machine, version)
    for name in (
        "DLLs/_ssl.pyd",
        "DLLs/_testcapi.pyd",
        "DLLs/_ssl.pdb",
        "Lib/__pycache__/os.cpython-311.pyc",
        "Lib/ensurepip/__init__.py",
        "Lib/os.py",
        "Lib/site-packages/pip/__init__.py",
        "Lib/test/test_os.py",
        "Lib/tkinter/__init__.py",
        "Lib/venv/__init__.py",
        "Lib/venv/scripts/nt/python.exe",
        "Scripts/pip.exe",
        "Tools/scripts/2to3.py",
        "include/Python.h",
        "libs/python311.lib",
        "tcl/tcl8.6/init.tcl",
        "LICENSE.txt",
        "pip.exe",
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())
    return root


def make_embeddable(root: Path, *, version: str = "3.11.9", machine: str = "x86_64") -> Path:
    """As in python.org's embeddable zip."""
    _programs(root, machine, version)
    for name in ("_ssl.pyd", "libssl-3.dll", "LICENSE.txt", "python.cat", "python311._pth"):
        (root / name).write_bytes(name.encode())
    tag = "".join(version.split(".")[:2])
    with zipfile.ZipFile(root / f"python{tag}.zip", "w") as library:
        for name in ("os.pyc", "json/__init__.pyc", "unittest/test/x.pyc", "site-packages/README.txt"):
            library.writestr(name, name)
    return root


def zip_of(root: Path, folder: str = "") -> bytes:
    """The tree as a zip, below `folder`."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for path in sorted(root.rglob("*")):
            if path.is_file():
                archive.write(path, f"{folder}{path.relative_to(root).as_posix()}")
    return stream.getvalue()
