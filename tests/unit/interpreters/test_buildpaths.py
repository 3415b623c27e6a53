import pytest

from builder.interpreters.buildpaths import BuildPaths

HERE = BuildPaths.of({"prefix": "/opt/py/3.11", "exec_prefix": "/opt/py/3.11"})


@pytest.mark.parametrize(
    ("variable", "value", "clean"),
    [
        ("LIBDIR", "/opt/py/3.11/lib", "@/lib"),
        ("prefix", "/opt/py/3.11", "@"),
        ("SIBLING", "/opt/py/3.11.2/lib", "lib"),
        ("CC", "gcc -pthread", "cc -pthread"),
        ("CC", "/usr/bin/x86_64-linux-gnu-gcc-12", "cc"),
        ("CC", "clang", "cc"),
        ("CXX", "/tools/llvm/bin/clang++ -pthread", "c++ -pthread"),
        ("AR", "/tools/llvm/bin/llvm-ar", "ar"),
        ("RANLIB", "gcc-ranlib", "ranlib"),
        ("LDSHARED", "gcc -shared -L/opt/py/3.11/lib -Wl,-rpath,/opt/py/3.11/lib", "cc -shared"),
        ("CFLAGS", "-O2 -I/tools/include -isystem /tools/x -fdebug-default-version=4 -Wall", "-O2 -Wall"),
        ("CFLAGS", "-ffile-prefix-map=/build=. -fprofile-use=/build/code.prof -g", "-g"),
        ("CPPFLAGS", "-I. -I./Include", "-I. -I./Include"),
        ("LDFLAGS", "-Wl,--exclude-libs,ALL -Wl,-z,relro", "-Wl,--exclude-libs,ALL -Wl,-z,relro"),
        ("INSTALL", "/usr/bin/install -c", "/usr/bin/install -c"),
        ("COVERAGE_INFO", "/home/me/Python-3.11/coverage.info", "coverage.info"),
        ("TZPATH", "/usr/share/zoneinfo:/usr/lib/zoneinfo", "/usr/share/zoneinfo:/usr/lib/zoneinfo"),
        ("DESTDIRS", "/opt/py/3.11 /opt/py/3.11/lib", "@ @/lib"),
        ("WASM_STDLIB", "./opt/py/3.11/lib/os.py", ".@/lib/os.py"),
        ("CONFIG_ARGS", "'--prefix=/opt/py/3.11' '--with-lto' 'LDFLAGS=-L/x -lm'", "'--with-lto' 'LDFLAGS= -lm'"),
        ("CONFIG_ARGS", "'not closed", ""),
        ("EXT_SUFFIX", ".cpython-311-x86_64-linux-gnu.so", ".cpython-311-x86_64-linux-gnu.so"),
    ],
)
def test_the_build_machine_leaves_a_value(variable: str, value: str, clean: str) -> None:
    assert HERE.clean(variable, value, "@") == clean


def test_a_prefix_with_spaces_is_replaced() -> None:
    odd = BuildPaths.of({"prefix": "/opt/my py"})
    assert odd.clean("LIBDIR", "/opt/my py/lib", "@") == "@/lib"
