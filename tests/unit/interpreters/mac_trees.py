"""A Python for macOS in the layout of python-build-standalone: its programs are real Mach-O files, and small."""

import re
from pathlib import Path

from .machos import compiled

VERSION = "3.11.7"
# As python-build-standalone's own says it, with what names the machine that built it.
SYSCONFIG = """\
# system configuration generated and used by the sysconfig module
build_time_vars = {'AR': '/Users/runner/tools/llvm/bin/llvm-ar',
 'BLDSHARED': '/Users/runner/tools/llvm/bin/clang -bundle -undefined dynamic_lookup -arch arm64',
 'CC': '/Users/runner/tools/llvm/bin/clang -pthread',
 'CFLAGS': '-arch arm64 -mmacosx-version-min=11.0 -Wno-nullability-completeness -isysroot '
           '/Applications/Xcode_15.2.app/Contents/Developer/Platforms/MacOSX.platform/Developer/SDKs/MacOSX14.2.sdk '
           '-fPIC -I/Users/runner/tools/deps/include -O3',
 'EXT_SUFFIX': '.cpython-311-darwin.so',
 'INCLUDEPY': '/install/include/python3.11',
 'LDLIBRARY': 'libpython3.11.dylib',
 'LDSHARED': 'clang -bundle -undefined dynamic_lookup -arch arm64 -L/Users/runner/tools/deps/lib',
 'LIBDIR': '/install/lib',
 'MACOSX_DEPLOYMENT_TARGET': '11.0',
 'exec_prefix': '/install',
 'prefix': '/install'}
"""
MAKEFILE = "prefix=\t\t/install\nLIBDIR=\t$(prefix)/lib\nMACOSX_DEPLOYMENT_TARGET=11.0\n"
PKG_CONFIG = "prefix=/install\nlibdir=${prefix}/lib\nLibs: -L${libdir} -lpython3.11\n"


def make_mac_prefix(root: Path, machine: str = "arm64") -> Path:
    """A prefix as it comes out of an install_only archive."""
    minor = VERSION.rpartition(".")[0]
    binaries = {
        f"bin/python{minor}": compiled("program", machine, loads=(f"/install/lib/libpython{minor}.dylib",)),
        f"lib/libpython{minor}.dylib": compiled("library", machine, identity=f"/install/lib/libpython{minor}.dylib"),
        "lib/libtcl8.6.dylib": compiled("library", machine, identity="/install/lib/libtcl8.6.dylib"),
        f"lib/python{minor}/lib-dynload/_tkinter.cpython-311-darwin.so": compiled(
            "module", machine, loads=("/install/lib/libtcl8.6.dylib",)
        ),
        f"lib/python{minor}/lib-dynload/_testcapi.cpython-311-darwin.so": compiled("module", machine),
    }
    texts = {
        f"include/python{minor}/patchlevel.h": f'#define PY_VERSION      "{VERSION}"\n',
        "bin/python3-config": "#!/bin/sh\n",
        "bin/2to3": "#!/install/bin/python3.11\n",
        "lib/pkgconfig/python3.pc": PKG_CONFIG,
        f"lib/python{minor}/os.py": "import sys\n",
        f"lib/python{minor}/pydoc.py": "def cli(): pass\n",
        f"lib/python{minor}/ssl.py": "import sys\nimport _ssl\n",
        f"lib/python{minor}/_sysconfigdata__darwin_darwin.py": _for(machine, SYSCONFIG),
        f"lib/python{minor}/config-{minor}-darwin/Makefile": _for(machine, MAKEFILE),
        f"lib/python{minor}/site-packages/pip/__init__.py": "",
        f"lib/python{minor}/ensurepip/_bundled/pip-1-py3-none-any.whl": "",
        f"lib/python{minor}/test/test_os.py": "",
    }
    for name, data in [*binaries.items(), *((name, text.encode()) for name, text in texts.items())]:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
        (root / name).chmod(0o755 if name in binaries else 0o644)
    for name in ("python3", "python"):
        (root / "bin" / name).symlink_to(f"python{minor}")
    return root


def _for(machine: str, text: str) -> str:
    return text if machine == "arm64" else re.sub(r"\b11\.0\b", "10.15", text.replace("arm64", machine))
