"""Real interpreters, made relocatable, moved to an awkward place, and asked to prove it."""

import hashlib
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import certifi
import pytest

from builder.cache import Cache
from builder.elf import elf_files, read_elf
from builder.fetch import Fetcher
from builder.interpreters import Interpreter, find_interpreter
from builder.interpreters.host_facts import ask_host, check_host
from builder.interpreters.libraries import Linker
from builder.interpreters.model import UnavailableError
from builder.platforms import PLATFORMS
from builder.recipe.model import Recipe
from builder.report import SilentReporter
from builder.settings import Settings, current_host
from builder.target import Target
from tests.conftest import TEST_CACHE, need, need_root, skip_unless
from tests.interpreter_fixtures import PBS_NAME, PBS_VERSION, pbs_archive, pbs_package
from tests.unit.loopback import Answer, Request, ranged, serving

from .conftest import ODD, run

pytestmark = pytest.mark.slow

CHECKS = Path(__file__).with_name("interpreter_checks.py")
# What a machine with glibc has at the very least.
GLIBC = ("libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libutil.so.1", "libresolv.so.2")
EXTENSION = """
#include <Python.h>
static PyObject *answer(PyObject *self, PyObject *none) { return PyLong_FromLong(42); }
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, ""}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "demo", 0, -1, methods};
PyMODINIT_FUNC PyInit_demo(void) { return PyModule_Create(&module); }
"""
COMPILE = """
import shlex, subprocess, sys, sysconfig
get, words = sysconfig.get_config_var, lambda name: shlex.split(sysconfig.get_config_var(name) or "")
include = "-I" + sysconfig.get_path("include")
subprocess.check_call([*words("CC"), *words("CFLAGS"), *words("CCSHARED"), include, "-c", "demo.c", "-o", "demo.o"])
subprocess.check_call([*words("LDSHARED"), *words("LDFLAGS"), "demo.o", "-o", "demo" + get("EXT_SUFFIX")])
sys.path.insert(0, "")
import demo
print(demo.answer())
"""


def find(
    python: str,
    *,
    chosen: str | None = None,
    cache: Path | None = None,
    env: dict[str, str] | None = None,
    **recipe: object,
) -> Interpreter:
    store = Cache(cache or TEST_CACHE / "builder")
    reporter = SilentReporter()
    settings = Settings(
        cache=store,
        fetcher=Fetcher(store, reporter),
        reporter=reporter,
        host=current_host(),
        interpreter=chosen,
        env=env or {},
    )
    model = Recipe.model_validate({"name": "demo", "version": "1", **recipe})
    target = Target(recipe=model, python=python, platform=PLATFORMS[settings.host.platform_name])
    return find_interpreter(target, settings)


@dataclass(frozen=True)
class Moved:
    """An interpreter at another place. foreign: the prefix that it was configured with."""

    interpreter: Interpreter
    prefix: Path
    foreign: str

    @property
    def python(self) -> Path:
        return self.prefix / "bin" / "python3"

    def ask(self, *command: object, **more: str) -> str:
        """Run it without any environment and without a network."""
        assert os.geteuid() == 0  # need_root
        return run("unshare", "-n", self.python, "-B", *command, env=more).out


@pytest.fixture(scope="module", params=["host", "pbs layout"])
def moved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Moved:
    need_root()
    if request.param == "host":
        interpreter = find(".".join(map(str, sys.version_info[:2])), chosen="host")
        foreign = sys.base_prefix
    else:
        skip_unless(current_host().platform_name == "linux-x86_64", "the package is for linux-x86_64")
        interpreter = find("3.9", chosen=str(pbs_package()))
        foreign = "/install"
    prefix = tmp_path_factory.mktemp("moved") / ODD
    shutil.copytree(interpreter.tree, prefix, symlinks=True)
    return Moved(interpreter, prefix, foreign)


def test_everything_works_at_another_place(moved: Moved) -> None:
    found = json.loads(moved.ask("-I", CHECKS, moved.foreign))
    assert found["prefix"] == str(moved.prefix)
    assert found["tcl"] is None or found["tcl"].startswith("8.")


def test_the_modules_of_sysconfig_and_venv_run(moved: Moved, tmp_path: Path) -> None:
    assert str(moved.prefix) in moved.ask("-m", "sysconfig")
    moved.ask("-m", "venv", tmp_path / ODD)
    assert (tmp_path / ODD / "bin/pip").is_file()
    environment = Moved(moved.interpreter, tmp_path / ODD, moved.foreign)
    asked = environment.ask("-c", "import sys, ssl; print(sys.prefix); print(sys.base_prefix)")
    assert asked.splitlines() == [str(tmp_path / ODD), str(moved.prefix)]


def test_an_extension_is_built_in_the_moved_base(moved: Moved, tmp_path: Path) -> None:
    need("cc")
    (tmp_path / "demo.c").write_text(EXTENSION)
    (tmp_path / "build.py").write_text(COMPILE)
    assert run(moved.python, "-B", "build.py", cwd=tmp_path).out.strip() == "42"


def test_a_program_that_embeds_python_is_built_by_python_config(moved: Moved, tmp_path: Path) -> None:
    need("cc")
    (tmp_path / "demo.c").write_text(
        "#include <Python.h>\nint main(void) { Py_Initialize(); return Py_FinalizeEx(); }\n"
    )
    config = moved.prefix / "bin" / "python3-config"
    flags = [run(config, option, "--embed").out.strip() for option in ("--includes", "--ldflags")]
    command = f'cc {flags[0]} demo.c -o demo {flags[1]} -Wl,-rpath,"$1/lib"'
    run("sh", "-c", command, "sh", moved.prefix, cwd=tmp_path)
    run(tmp_path / "demo", env={"PYTHONHOME": str(moved.prefix)})


def test_scripts_start_the_python_beside_them(moved: Moved) -> None:
    assert "getcwd" in run(moved.prefix / "bin" / "pydoc3", "os.getcwd").out
    prefix = run(moved.prefix / "bin" / "python3-config", "--prefix").out.strip()
    assert prefix == str(moved.prefix)


def test_the_build_machine_is_in_no_text_and_no_runpath(moved: Moved) -> None:
    for path in elf_files(moved.prefix):
        elf = read_elf(path)
        assert elf is None or all(folder.startswith("$ORIGIN") for folder in elf.runpath), path
    mark = re.compile(rb"(?<![\w.)}/])" + re.escape(moved.foreign).encode() + rb"/")
    texts = [
        path for path in moved.prefix.rglob("*") if path.is_file() and path.suffix in (".py", ".pc", ".sh", ".txt", "")
    ]
    for path in texts:
        content = path.read_bytes()
        assert content[:4] == b"\x7fELF" or not mark.search(content), path


@pytest.fixture
def bare_root(moved: Moved, tmp_path: Path) -> Iterator[Path]:
    """A system with glibc, /proc and /dev/urandom, and nothing else."""
    elf = read_elf(moved.prefix / "bin" / f"python{moved.interpreter.version.rpartition('.')[0]}")
    assert elf is not None
    assert elf.loader is not None
    linker = Linker.of_this_machine()
    needed = [*GLIBC, "libcrypt.so.1"] if moved.interpreter.source == "path" else GLIBC
    for name in needed:
        found = linker.find(name, moved.prefix, elf)
        assert found is not None
        _copy(found, tmp_path)
    _copy(Path(elf.loader), tmp_path)
    for folder in ("proc", "tmp", "dev", "opt"):
        (tmp_path / folder).mkdir()
    os.mknod(tmp_path / "dev/urandom", 0o20666, os.makedev(1, 9))
    shutil.copytree(moved.prefix, tmp_path / "opt" / ODD, symlinks=True)
    shutil.copyfile(CHECKS, tmp_path / "checks.py")
    yield tmp_path
    shutil.rmtree(tmp_path / "opt")


def _copy(file: Path, root: Path) -> None:
    place = root / str(file).lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(file, place)


def inside(root: Path, *command: object) -> str:
    """Run a command in a chroot with a mount namespace of its own and no network."""
    script = '/bin/mount -t proc proc "$1/proc" && exec /usr/sbin/chroot "$@"'
    return run("unshare", "-mn", "/bin/sh", "-c", script, "sh", root, *command, env={}).out


def test_glibc_alone_is_enough(moved: Moved, bare_root: Path) -> None:
    python = f"/opt/{ODD}/bin/python3"
    found = json.loads(inside(bare_root, python, "-I", "-B", "/checks.py", moved.foreign))
    assert found["certificates"] == 0
    inside(bare_root, python, "-B", "-m", "venv", "--without-pip", "/tmp/environment")
    assert (
        inside(bare_root, "/tmp/environment/bin/python", "-c", "import sys; print(sys.prefix)").strip()
        == "/tmp/environment"
    )


def test_certificates_of_another_distribution_are_found(moved: Moved, bare_root: Path) -> None:
    bundle = bare_root / "etc/pki/tls/certs/ca-bundle.crt"
    bundle.parent.mkdir(parents=True)
    shutil.copy(certifi.where(), bundle)
    found = json.loads(inside(bare_root, f"/opt/{ODD}/bin/python3", "-I", "-B", "/checks.py", moved.foreign))
    assert found["certificates"] > 50
    assert found["cafile"] == "/etc/pki/tls/certs/ca-bundle.crt"


def test_two_copies_of_the_same_host_are_equal(tmp_path: Path) -> None:
    minor = ".".join(map(str, sys.version_info[:2]))
    first = find(minor, chosen="host", cache=tmp_path / "è 1")
    assert find(minor, chosen="host").sha256 == first.sha256
    assert first.source == "host"
    assert first.glibc is not None


def test_an_installed_folder_is_completed_like_the_host(tmp_path: Path) -> None:
    minor = ".".join(map(str, sys.version_info[:2]))
    interpreter = find(minor, chosen=sys.base_prefix, cache=tmp_path)
    assert interpreter.source == "path"
    shutil.move(interpreter.tree, tmp_path / ODD)
    out = run("env", "-i", tmp_path / ODD / "bin/python3", "-I", "-B", CHECKS, sys.base_prefix).out
    assert json.loads(out)["prefix"] == str(tmp_path / ODD)


def test_a_system_python_is_refused() -> None:
    system = Path("/usr/bin/python3")
    if not system.exists():
        pytest.skip("no Python of the system")
    with pytest.raises(UnavailableError, match="belongs to the system"):
        check_host(ask_host(system))


@pytest.mark.parametrize("source", ["url", "page", "pbs mirror"])
def test_a_real_archive_over_http(tmp_path: Path, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = pbs_archive()
    body = archive.read_bytes()
    sha256 = hashlib.sha256(body).hexdigest()

    def answer(request: Request) -> Answer:
        name = request.path.rpartition("/")[2].replace("%2B", "+")
        if name == PBS_NAME:
            return ranged(body, request)
        if name == "SHA256SUMS":
            return Answer(f"{sha256}  {PBS_NAME}\n".encode())
        return Answer(f'<a href="{PBS_NAME}">{PBS_NAME}</a><a href="SHA256SUMS">sums</a>'.encode())

    with serving(answer) as server:
        recipe: dict[str, object] = {
            "url": {"interpreter": {"url": f"{server.url}/{PBS_NAME}", "sha256": sha256}},
            "page": {"interpreter": {"page": f"{server.url}/python/"}},
            "pbs mirror": {"interpreter": {"pbs": {"mirror": server.url}}},
        }[source]
        # The catalogue's hash is that of the original, which was compressed by somebody else.
        listed = (None, (f"https://original.invalid/20220528/{PBS_NAME}", sha256))
        monkeypatch.setattr("pbs_installer.get_download_link", lambda *_, **__: listed)
        interpreter = find(PBS_VERSION, cache=tmp_path, **recipe)
    assert (interpreter.version, interpreter.sha256, interpreter.glibc) == (PBS_VERSION, sha256, "2.17")
    assert run(interpreter.tree / "bin/python3", "-B", "-c", "print(6 * 7)", env={}).out == "42\n"
