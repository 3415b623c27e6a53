"""A real base for Windows, built here out of python.org's embeddable package and real wheels, and used under Wine."""

import json
import shutil
from pathlib import Path

import py7zr
import pytest

from builder.interpreters import find_interpreter
from tests.unit.interpreters.trees import wanted
from tests.windows_fixtures import PYTHON_313, embeddable_archive

from .windows_bases import NATIVE, ODD, PYTHON, WindowsBase, build_wintest
from .wine_session import Wine

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wine")]


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The portable archive of the recipe."""
    return build_wintest(tmp_path_factory.mktemp("windows recipe"), "7z")


@pytest.fixture(scope="session")
def base(wine: Wine, archive: Path) -> WindowsBase:
    with py7zr.SevenZipFile(archive) as content:
        content.extractall(wine.drive / "unpacked")
    prefix = wine.drive / ODD
    (wine.drive / "unpacked" / archive.stem).rename(prefix)
    return WindowsBase(wine, prefix)


@pytest.fixture(scope="session")
def work(base: WindowsBase) -> str:
    """The name of an environment with numpy, orjson and pip."""
    out = base.keel("create", "-n", "work", "numpy", "orjson").out
    assert "none copied" in out
    return "work"


def test_the_first_keel_completes_a_portable_base(base: WindowsBase) -> None:
    if (base.prefix / "keel-meta/unlinked.json").exists():
        assert f"completing {base.path('')}, once" in base.keel("list").err
    packages = base.keel("list").out
    assert "numpy   1.26.4   bundled" in packages
    manifest = json.loads((base.prefix / "keel-meta/manifest.json").read_text())
    assert (manifest["interpreter"]["source"], manifest["interpreter"]["build"]) == ("python.org", "embeddable")
    assert manifest["interpreter"]["lacks"] == "venv, tkinter, headers, sources"
    assert (base.prefix / "Lib/site-packages/numpy/__init__.py").stat().st_nlink >= 2
    assert (base.prefix / "Scripts/pip.exe").is_file()
    caches = list((base.prefix / "Lib/site-packages/yaml").glob(f"__pycache__/*.cpython-{PYTHON.tag}.pyc"))
    assert bool(caches) == NATIVE


def test_compiled_wheels_work_in_the_base(base: WindowsBase) -> None:
    base.keel("list")
    base.python("-c", "import ssl, sqlite3, ctypes, asyncio, lzma, decimal")
    code = "import numpy, orjson, yaml; print(numpy.arange(4).sum(), orjson.dumps([1]), yaml.__with_libyaml__)"
    assert base.python("-c", code).out == "6 b'[1]' True\n"


def test_venv_says_what_to_use_instead(base: WindowsBase) -> None:
    assert "use keel create" in base.python("-m", "venv", "x", code=1).err


def test_an_environment_is_a_venv_with_a_python_of_its_own(base: WindowsBase, work: str) -> None:
    names = ("prefix", "base_prefix", "executable", "_base_executable")
    code = f"import sys, numpy; print(*(getattr(sys, name) for name in {names}), sep='\\n')"
    assert base.python("-c", code, env=work).out.splitlines() == [
        base.path(f"envs/{work}"),
        base.path(""),
        base.path(f"envs/{work}/Scripts/python.exe"),
        base.path("python.exe"),
    ]
    program = base.prefix / f"envs/{work}/Scripts/python.exe"
    assert program.stat().st_size <= 60 * 1024
    assert program.stat().st_nlink == 1


def test_arguments_streams_and_exit_codes_pass_through(base: WindowsBase, work: str) -> None:
    code = "import sys; print(sys.argv[1:], sys.stdin.read()); sys.stderr.write('err\\n'); sys.exit(42)"
    done = base.python("-c", code, 'a "b', "", "è 中", env=work, text="hello", code=42)
    assert (done.out, done.err) == ("['a \"b', '', 'è 中'] hello\n", "err\n")
    assert base.python("-c", "import os; os._exit(7)", env=work, code=7).out == ""


def test_processes_of_an_environment_belong_to_it(base: WindowsBase, work: str) -> None:
    script = base.wine.drive / "pool.py"
    script.write_text(
        "import multiprocessing, sys\n"
        "def where(number): return number * number, sys.prefix\n"
        "if __name__ == '__main__':\n"
        "    with multiprocessing.Pool(2) as pool: print(pool.map(where, [1, 2]))\n"
    )
    prefix = base.path(f"envs/{work}")
    assert base.python(base.wine.path(script), env=work).out == f"{[(1, prefix), (4, prefix)]}\n"


def test_ending_an_environments_python_ends_the_bases(base: WindowsBase, work: str) -> None:
    program = base.path(f"envs/{work}/Scripts/python.exe")
    child = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    code = (
        "import ctypes, subprocess\n"
        f"process = subprocess.Popen([{program!r}, '-c', {child!r}], stdout=subprocess.PIPE)\n"
        "number = int(process.stdout.readline())\n"
        "handle = ctypes.windll.kernel32.OpenProcess(0x100000, False, number)\n"
        "process.terminate()\n"
        "print(number != process.pid, bool(handle), ctypes.windll.kernel32.WaitForSingleObject(handle, 10000))\n"
    )
    assert base.python("-c", code).out == "True True 0\n"


def test_a_python_without_its_base_says_so(base: WindowsBase, work: str) -> None:
    config = base.prefix / f"envs/{work}/pyvenv.cfg"
    text = config.read_text(encoding="utf-8")
    try:
        config.write_text("home = C:\\gone\n")
        gone = base.python("-c", "1", env=work, code=103)
        config.write_text("version = 3\n")
        damaged = base.python("-c", "1", env=work, code=106)
        config.unlink()
        missing = base.python("-c", "1", env=work, code=106)
    finally:
        config.write_text(text, encoding="utf-8", newline="\n")
    assert "error: the Python of this environment is missing: C:\\gone\\python.exe\nhint: " in gone.err
    assert "no line says home = FOLDER in" in damaged.err
    assert "there is no pyvenv.cfg for" in missing.err


def test_pip_in_an_environment_finds_the_store_without_a_network(base: WindowsBase, work: str) -> None:
    base.keel("create", "-n", "offline")
    base.python("-m", "pip", "install", "PyYAML", env="offline")
    assert base.python("-c", "import yaml; print(yaml.__version__ > '6')", env="offline").out == "True\n"
    pip = "envs/offline/Scripts/pip.exe"
    assert "PyYAML" in base.program(pip, "list").out
    base.program(pip, "uninstall", "-y", "PyYAML")
    assert "ModuleNotFoundError" in base.python("-c", "import yaml", env="offline", code=1).err
    base.python("-c", "import yaml")  # the store has not been touched
    base.keel("env", "remove", "-y", "-n", "offline")


def test_keel_installs_and_removes_packages_of_an_environment(base: WindowsBase, work: str) -> None:
    base.keel("create", "-n", "changing")
    base.keel("install", "-n", "changing", "PyYAML", "orjson")
    assert base.python("-c", "import yaml, orjson; print(yaml.__with_libyaml__)", env="changing").out == "True\n"
    assert (base.prefix / "envs/changing/Lib/site-packages/yaml/__init__.py").stat().st_nlink >= 3
    base.keel("remove", "-y", "-n", "changing", "PyYAML")
    listed = base.keel("list", "-n", "changing").out
    assert "orjson" in listed
    assert "pyyaml" not in listed
    assert not (base.prefix / "envs/changing/Lib/site-packages/yaml").exists()
    base.python("-c", "import yaml")
    base.keel("env", "remove", "-y", "-n", "changing")


def test_clones_are_complete_and_scripts_start_their_own_python(base: WindowsBase, work: str) -> None:
    for name, source in (("second", work), ("third", "base")):
        base.keel("create", "-n", name, "--clone", source)
        out = base.program(f"envs/{name}/Scripts/pip.exe", "--version").out
        assert base.path(f"envs/{name}/Lib/site-packages") in out
        assert (base.prefix / f"envs/{name}/Lib/site-packages/numpy/__init__.py").stat().st_nlink >= 3
        base.python("-c", "import numpy, orjson", env=name)
        base.keel("env", "remove", "-y", "-n", name)
    listed = base.keel("env", "list").out
    assert "work" in listed
    assert "second" not in listed
    assert [path.name for path in (base.prefix / "envs").iterdir()] == [work]


def test_run_does_what_activation_does(base: WindowsBase, work: str) -> None:
    scripts = base.prefix / f"envs/{work}/etc/keel/activate.d"
    scripts.mkdir(parents=True)
    try:
        (scripts / "a b.bat").write_bytes(b'@set "SEEN=%~nx0"\r\n@echo loud\r\n')
        code = "import os, sys; print(*map(os.environ.get, ('SEEN', 'KEEL_DEFAULT_ENV', '_KEEL_RUN_NAME')), sys.argv)"
        done = base.keel("run", "-n", work, "python", "-c", code, 'a "b')
        assert done.out == f"a b.bat {work} None ['-c', 'a \"b']\n"
        assert "loud" in done.err
        (scripts / "a b.bat").write_bytes(b"@exit 3\r\n")
        assert f"{work} could not be activated" in base.keel("run", "-n", work, "python", "-c", code, code=1).err
    finally:
        shutil.rmtree(scripts.parent)


def test_keels_take_turns_at_an_environment(base: WindowsBase, work: str) -> None:
    base.keel("create", "-n", "shared")
    code = (
        "import sys; sys.path.insert(0, 'keel-meta')\n"
        "from keel.folder_lock import Turn\n"
        "print(Turn(sys.argv[1]).take(wait=False), flush=True); sys.stdin.read()\n"
    )
    words = [base.prefix / "python.exe", "-c", code, base.path("envs/SHARED")]
    with base.wine.running(*words, cwd=base.prefix) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"True\r\n"
        assert "another keel is changing" in base.keel("rename", "-n", "shared", "other", code=1).err
        install = ["cmd", "/q", "/c", "cmd\\keel.bat", "install", "-n", "shared", "orjson"]
        with base.wine.running(*install, cwd=base.prefix) as waiting:
            assert waiting.stderr is not None
            assert b"another keel is changing shared; waiting for it" in waiting.stderr.readline()
            holder.kill()  # its turn ends with it
            assert b"orjson" in waiting.communicate(timeout=60)[0]
    base.keel("env", "remove", "-y", "-n", "shared")


def test_cmd_activates_an_environment(base: WindowsBase, work: str) -> None:
    script = base.wine.drive / "activate.bat"
    keel = 'call "%SystemDrive%\\base\\cmd\\keel.bat"'
    link = base.wine.drive / "base"
    link.symlink_to(base.prefix)
    lines = [
        "@echo off",
        f"{keel} activate {work}",
        "echo %KEEL_DEFAULT_ENV% %VIRTUAL_ENV%",
        'python -c "import sys; print(sys.prefix)"',
        f"{keel} run -n {work} python -c \"import os; print(os.environ['KEEL_DEFAULT_ENV'])\"",
        f"{keel} deactivate",
        "echo left %KEEL_DEFAULT_ENV%",
    ]
    script.write_bytes("\r\n".join([*lines, ""]).encode())
    try:
        out = base.wine.run("cmd", "/c", "activate.bat").out.splitlines()
    finally:
        link.unlink()
    prefix = f"C:\\base\\envs\\{work}"
    assert [line.strip() for line in out] == [f"{work} {prefix}", prefix, work, "left"]


def test_other_versions_get_environments_of_the_same_kind(base: WindowsBase, work: str, tmp_path: Path) -> None:
    wish = wanted(tmp_path, python="3.13", platform="windows-x86_64", chosen=str(embeddable_archive(PYTHON_313)))
    tree = find_interpreter(wish.target, wish.settings).tree
    env = base.wine.drive / "env 313"
    (env / "Scripts").mkdir(parents=True)
    (env / "Scripts/python.exe").write_bytes((base.prefix / f"envs/{work}/Scripts/python.exe").read_bytes())
    (env / "pyvenv.cfg").write_text(f"home = {base.wine.path(tree)}\n")
    code = "import sys, ssl; print(sys.version.split()[0], sys.prefix, sys._base_executable[:-11] == sys.base_prefix)"
    assert base.wine.run(env / "Scripts/python.exe", "-c", code).out == f"{PYTHON_313.version} C:\\env 313 True\n"


def test_a_moved_base_is_mended_and_in_order(base: WindowsBase, work: str) -> None:
    elsewhere = WindowsBase(base.wine, base.wine.drive / "moved è")
    base.prefix.rename(elsewhere.prefix)
    try:
        assert work in elsewhere.keel("env", "list").out
        assert elsewhere.python("-c", "import sys, numpy; print(sys.base_prefix)", env=work).out == "C:\\moved è\n"
        checked = elsewhere.keel("check").out
        assert "all is well" in checked
        assert "does not belong" not in checked
    finally:
        elsewhere.prefix.rename(base.prefix)
    base.keel("env", "list")
    base.python("-c", "import numpy", env=work)


def test_what_keel_cannot_do_it_says(base: WindowsBase, work: str) -> None:
    assert "no environment is called wrok" in base.keel("env", "remove", "-y", "-n", "wrok", code=1).err
    assert "exists already" in base.keel("create", "-n", work, code=1).err
    assert "rmdir /s /q" in base.keel("uninstall", "-y", code=1).err
