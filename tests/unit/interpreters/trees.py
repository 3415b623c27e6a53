"""Small stand-ins for interpreters, and what is needed to ask for one."""

import io
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from builder.cache import Cache
from builder.fetch import Fetcher
from builder.interpreters.wanted import Wanted
from builder.lock import LockedInterpreter
from builder.platforms import PLATFORMS
from builder.recipe.model import Recipe
from builder.report import Progress, SilentReporter
from builder.settings import Host, Settings
from builder.target import Target
from builder.transfer import Patience

from .elves import write_elf

PREFIX = "/build/it's mine"
LOADER = "/lib64/ld-linux-x86-64.so.2"
SYSCONFIG = f"""\
# system configuration generated and used by the sysconfig module
build_time_vars = {{'AR': '/tools/llvm/bin/llvm-ar',
 'BINDIR': {PREFIX + "/bin"!r},
 'CC': 'x86_64-linux-gnu-gcc-12 -pthread',
 'CFLAGS': '-O3 -I/tools/deps/include '
           '-fdebug-default-version=4 -Wall',
 'HAVE_FORK': 1,
 'LDSHARED': 'clang -shared -L/tools/deps/lib -Wl,-rpath,/tools/deps/lib',
 'exec_prefix': {PREFIX!r},
 'prefix': {PREFIX!r}}}
"""
PKG_CONFIG = f"prefix={PREFIX}\nlibdir={PREFIX}/lib\nLibs: -L${{libdir}} -L/tools/lib -lpython3\n"
MAKEFILE = f"prefix=\t\t{PREFIX}\nLIBDIR=\t${{prefix}}/lib\nCC=\t\tgcc -pthread\n"


def make_prefix(
    root: Path, *, version: str = "3.11.7", machine: str = "x86_64", glibc: str = "2.17", loader: str = LOADER
) -> Path:
    """A prefix with one of everything that the builder looks at."""
    minor = version.rpartition(".")[0]
    write_elf(root / "bin" / f"python{minor}", machine=machine, loader=loader, versions=[f"GLIBC_{glibc}"])
    (root / "bin" / "python3").write_bytes((root / "bin" / f"python{minor}").read_bytes())
    texts = {
        f"include/python{minor}/patchlevel.h": f'#define PY_VERSION      "{version}"\n',
        "bin/flask": "#!/build/bin/python\n",
        "share/man/man1/python3.1": "manual",
        "share/jupyter/kernel.json": "{}",
        "lib/pkgconfig/python3.pc": PKG_CONFIG,
    }
    library = {
        "os.py": "import sys\n",
        "pydoc.py": "def cli(): pass\n",
        "ssl.py": "import sys\nimport _ssl\n",
        "_sysconfigdata__linux_x86_64-linux-gnu.py": SYSCONFIG,
        f"config-{minor}-x86_64-linux-gnu/Makefile": MAKEFILE,
        "site-packages/numpy/__init__.py": "",
        "site-packages/README.txt": "here",
        "test/test_os.py": "",
        "unittest/__init__.py": "",
        "unittest/test/test_case.py": "",
        "__pycache__/os.cpython-311.pyc": "",
        "ensurepip/_bundled/pip-1-py3-none-any.whl": "",
    }
    for name, text in [*texts.items(), *((f"lib/python{minor}/{name}", text) for name, text in library.items())]:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def pack_tar(tree: Path, archive: Path, top: str = "python") -> Path:
    """A tar.gz of `tree` under the folder `top`, with modes and links as they are."""
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        tar.add(tree, top)
    return archive


def tar_of(path: Path, *members: tarfile.TarInfo | tuple[str, bytes]) -> Path:
    """A tar archive with just these members, however strange."""
    with tarfile.open(path, "w") as tar:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                tar.addfile(member)
                continue
            info = tarfile.TarInfo(member[0])
            info.size = len(member[1])
            tar.addfile(info, io.BytesIO(member[1]))
    return path


@dataclass
class Listener(SilentReporter):
    """Remembers what it is told."""

    steps: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def step(self, text: str) -> None:
        self.steps.append(text)

    def note(self, text: str) -> None:
        self.notes.append(text)

    @contextmanager
    def progress(self, label: str, total: int, *, unit: str = "bytes") -> Iterator[Progress]:
        with SilentReporter().progress(label, total, unit=unit) as progress:
            yield progress


def wanted(
    root: Path,
    *,
    python: str = "3.11",
    platform: str = "linux-x86_64",
    chosen: str | None = None,
    env: Mapping[str, str] | None = None,
    pinned: LockedInterpreter | None = None,
    **recipe: object,
) -> Wanted:
    """A wish for an interpreter; the cache is below `root`, the builder's Python one that does not exist."""
    reporter = Listener()
    cache = Cache(root / "cache")
    host = Host(
        python_executable=root / "no-python", python_version="3.11.7", platform_name="linux-x86_64", glibc="2.36"
    )
    settings = Settings(
        cache=cache,
        fetcher=Fetcher(cache, reporter, patience=Patience(retries=0, connect_retries=0)),
        reporter=reporter,
        host=host,
        interpreter=chosen,
        env=env or {},
    )
    model = Recipe.model_validate({"name": "demo", "version": "1", **recipe})
    target = Target(recipe=model, python=python, platform=PLATFORMS[platform])
    return Wanted(target=target, settings=settings, pinned=pinned)


def listing(tree: Path) -> set[str]:
    """Everything in a tree that is not a folder."""
    paths = tree.rglob("*")
    return {path.relative_to(tree).as_posix() for path in paths if path.is_symlink() or not path.is_dir()}
