"""From a recipe to a running base: build, install, use, remove."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.conftest import ODD, build, clean_environment, install, keel_builder, run
from tests.conftest import ROOT, TEST_CACHE, need, need_root
from tests.unit.wheels import make_wheel, sha256

pytestmark = pytest.mark.slow

STDLIB = (
    "ssl, sqlite3, lzma, bz2, zlib, ctypes, hashlib, readline, curses, decimal, uuid, multiprocessing, venv, ensurepip"
)
IMPORTS = "numpy, requests, yaml, rich"


def python(prefix: Path) -> Path:
    return prefix / "bin" / "python"


def env(prefix: Path) -> dict[str, str]:
    return clean_environment(prefix.parent)


def snapshot(folder: Path) -> dict[str, str]:
    """Path -> content (or target of a link) of everything under `folder`."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_file():
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            found[name] = "folder"
    return found


def test_the_installers_name_follows_the_field(starter_installer: Path) -> None:
    version = f"{sys.version_info[0]}{sys.version_info[1]}"
    assert starter_installer.name == f"Starter-2026.11-py{version}-Linux-x86_64.sh"
    assert os.access(starter_installer, os.X_OK)


def test_everything_in_the_base_can_be_imported(starter_base: Path) -> None:
    run(python(starter_base), "-c", f"import {STDLIB}; import {IMPORTS}", env=env(starter_base))
    code = "import numpy; print(numpy.linalg.inv(numpy.eye(3)).sum())"
    assert run(python(starter_base), "-c", code, env=env(starter_base)).out == "3.0\n"


def test_pip_finds_a_consistent_base(starter_base: Path) -> None:
    assert (
        run(python(starter_base), "-m", "pip", "check", env=env(starter_base)).out == "No broken requirements found.\n"
    )
    assert "from " + str(starter_base) in run(starter_base / "bin/pip", "--version", env=env(starter_base)).out


def test_sysconfig_knows_where_the_base_is(starter_base: Path) -> None:
    code = "import json, sysconfig; print(json.dumps([sysconfig.get_paths(), sysconfig.get_config_vars()]))"
    paths, variables = json.loads(run(python(starter_base), "-c", code, env=env(starter_base)).out)
    assert all(path.startswith(str(starter_base)) for path in paths.values())
    assert variables["prefix"] == str(starter_base)
    assert not [name for name, value in variables.items() if sys.base_prefix in str(value)]


def test_bytecode_is_shipped_and_valid(starter_base: Path) -> None:
    code = (
        "import sys, numpy, json, importlib.util as u, os\n"
        "for module in (numpy, json):\n"
        "    pyc = u.cache_from_source(module.__file__); data = open(pyc, 'rb').read(16)\n"
        "    assert int.from_bytes(data[8:12], 'little') == int(os.stat(module.__file__).st_mtime), pyc\n"
        "    assert data[4:8] == bytes(4), pyc\n"
    )
    run(python(starter_base), "-B", "-c", code, env=env(starter_base))


def test_a_c_extension_builds_from_an_sdist(starter_base: Path, tmp_path: Path) -> None:
    need("gcc")
    source = tmp_path / "ext-1.0"
    source.mkdir()
    (source / "ext.c").write_text(
        "#include <Python.h>\n"
        'static struct PyModuleDef def = {PyModuleDef_HEAD_INIT, "ext", 0, -1, 0};\n'
        "PyMODINIT_FUNC PyInit_ext(void) { PyObject *m = PyModule_Create(&def);"
        ' PyModule_AddIntConstant(m, "ANSWER", 42); return m; }\n'
    )
    (source / "setup.py").write_text(
        "from setuptools import Extension, setup\n"
        "setup(name='ext', version='1.0', ext_modules=[Extension('ext', ['ext.c'])])\n"
    )
    home = tmp_path / "environment"
    keel = starter_base / "cmd/keel"
    run(keel, "create", "-y", "-p", home, "setuptools", "wheel", env=env(starter_base))
    pip = [home / "bin/python", "-m", "pip", "install", "--no-index", "--no-build-isolation", source]
    run(*pip, env=env(starter_base))
    assert run(home / "bin/python", "-c", "import ext; print(ext.ANSWER)", env=env(starter_base)).out == "42\n"


def test_the_standard_librarys_own_venv_works(starter_base: Path, tmp_path: Path) -> None:
    run(python(starter_base), "-m", "venv", tmp_path / ODD, env=env(starter_base))
    out = run(tmp_path / ODD / "bin/python", "-m", "pip", "--version", env=env(starter_base)).out
    assert str(tmp_path) in out


def test_a_moved_base_still_works(starter_installer: Path, tmp_path: Path) -> None:
    install(starter_installer, tmp_path / "first")
    moved = tmp_path / "moved here" / "second"
    moved.parent.mkdir()
    (tmp_path / "first").rename(moved)
    run(python(moved), "-c", f"import {STDLIB}; import {IMPORTS}", env=env(moved))
    assert str(moved) in run(moved / "bin/pip", "--version", env=env(moved)).out
    assert str(moved) in run(moved / "cmd/keel", "info", env=env(moved)).out


def test_two_builds_give_the_same_bytes(starter_installer: Path, tmp_path: Path) -> None:
    # A cache of its own: every frame is made again. Downloads are taken over, for they are checked by their hash.
    cache = tmp_path / "cache"
    shutil.copytree(TEST_CACHE / "builder" / "downloads", cache / "downloads")
    done = keel_builder(
        "build", ROOT / "recipes/starter.yaml", "--interpreter", "host", "--output", tmp_path / "dist", cache=cache
    )
    again = Path(done.out.strip())
    assert sha256(again) == sha256(starter_installer)


def test_the_payload_is_an_ordinary_tar_in_zstd(starter_installer: Path, tmp_path: Path) -> None:
    need("zstd")
    offset = run("sh", starter_installer, "--offset").out.strip()
    command = f'tail -c +{offset} "$1" | zstd -d --long=25 | tar -x -C "$2"'
    run("sh", "-c", command, "sh", starter_installer, tmp_path)
    run(tmp_path / "bin/python", "-c", f"import {IMPORTS}")


def test_no_network_is_needed(starter_installer: Path, tmp_path: Path) -> None:
    need_root()
    prefix = tmp_path / "base"
    install(starter_installer, prefix, shell=(need("unshare"), "-n", "sh"))
    run("unshare", "-n", prefix / "cmd/keel", "create", "-y", "-n", "work", "numpy", env=env(prefix))
    run("unshare", "-n", prefix / "envs/work/bin/python", "-c", "import numpy", env=env(prefix))


def test_tmp_may_be_noexec(starter_installer: Path, tmp_path: Path) -> None:
    need_root()
    noexec = tmp_path / "noexec"
    noexec.mkdir()
    script = 'mount -t tmpfs -o noexec tmpfs "$1" && TMPDIR=$1 exec sh "$2" -b -p "$3"'
    run(need("unshare"), "-m", "sh", "-c", script, "sh", noexec, starter_installer, tmp_path / "base")
    run(python(tmp_path / "base"), "-c", f"import {IMPORTS}")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["base", "noexec"]


def test_another_user_can_install_and_use_it(starter_installer: Path, tmp_path: Path) -> None:
    need_root()
    home = Path("/tmp") / f"keel test {os.getpid()}"
    home.mkdir()
    try:
        shutil.copy(starter_installer, home / "installer.sh")
        os.chown(home, 65534, 65534)
        user = [need("setpriv"), "--reuid=65534", "--regid=65534", "--clear-groups"]
        run(*user, "sh", home / "installer.sh", "-b", "-p", home / "base", env=clean_environment(home))
        assert (home / "base").stat().st_uid == 65534
        run(*user, home / "base/bin/python", "-c", f"import {IMPORTS}", env=clean_environment(home))
        run(*user, home / "base/cmd/keel", "create", "-y", "-n", "x", "numpy", env=clean_environment(home))
    finally:
        shutil.rmtree(home)


# glibc's own libraries, and those that the manylinux policy (PEP 600) lets wheels expect from every system.
_LIBRARIES = (
    "ld-linux-x86-64.so.2",
    "libc.so.6",
    "libm.so.6",
    "libdl.so.2",
    "libpthread.so.0",
    "librt.so.1",
    "libutil.so.1",
    "libresolv.so.2",
    "libnss_files.so.2",
    "libstdc++.so.6",
    "libgcc_s.so.1",
    "libz.so.1",
)


@pytest.fixture
def bare_system(tmp_path: Path) -> Iterator[Path]:
    """A root folder with busybox, glibc's own libraries and /proc: no Python, xz, zstd or sha256sum."""
    need_root()
    root = tmp_path / "root"
    for folder in ("bin", "lib64", "lib/x86_64-linux-gnu", "tmp", "home", "dev", "proc"):
        (root / folder).mkdir(parents=True)
    shutil.copy(need("busybox"), root / "bin/busybox")
    found = run("ldconfig", "-p").out.splitlines()
    for name in _LIBRARIES:
        path = next(
            (line.split("=> ")[1] for line in found if line.strip().startswith(f"{name} ") and "x86-64" in line), None
        )
        if path is not None:
            shutil.copy(path, root / "lib/x86_64-linux-gnu" / name)
    shutil.copy(Path("/lib64/ld-linux-x86-64.so.2").resolve(), root / "lib64/ld-linux-x86-64.so.2")
    for tool in (
        "sh",
        "dd",
        "cat",
        "mkdir",
        "rm",
        "rmdir",
        "mv",
        "chmod",
        "uname",
        "sed",
        "tail",
        "ls",
        "date",
        "dirname",
        "wc",
        "tr",
        "id",
        "df",
        "grep",
        "env",
        "readlink",
        "realpath",
        "kill",
        "sleep",
        "cut",
        "awk",
        "expr",
        "test",
        "ln",
    ):
        (root / "bin" / tool).symlink_to("busybox")
    (root / "dev/null").touch()
    # glibc's loader finds out there what $ORIGIN is.
    run("mount", "-t", "proc", "proc", root / "proc")
    try:
        yield root
    finally:
        run("umount", root / "proc")


def test_a_bare_system_is_enough(starter_installer: Path, bare_system: Path) -> None:
    shutil.copy(starter_installer, bare_system / "home/installer.sh")
    inside = {"HOME": "/home", "PATH": "/bin"}
    chroot = need("chroot")
    run(chroot, bare_system, "/bin/sh", "/home/installer.sh", "-b", "-p", "/home/base", env=inside)
    code = f"import {IMPORTS}; import ssl, sqlite3, lzma, ctypes; print('fine')"
    assert run(chroot, bare_system, "/home/base/bin/python", "-c", code, env=inside).out == "fine\n"
    script = (
        ". /home/base/etc/profile.d/keel.sh && keel create -y -n x && keel activate x && "
        "python -c 'import sys; print(sys.prefix)'"
    )
    out = run(chroot, bare_system, "/bin/sh", "-c", script, env=inside).out
    assert out.splitlines()[-1] == "/home/base/envs/x"


def test_environment_leaks_do_not_change_the_result(
    starter_installer: Path, starter_base: Path, tmp_path: Path
) -> None:
    hostile = tmp_path / "hostile"
    hostile.mkdir()
    (hostile / "os.py").write_text("raise SystemExit('leaked')")
    leaks = {
        "LD_PRELOAD": "/does/not/exist.so",
        "PYTHONHOME": str(hostile),
        "PYTHONPATH": str(hostile),
        "CDPATH": "/:/usr",
        "LC_ALL": "tr_TR.UTF-8",
        "LANG": "xx_YY",
        "POSIXLY_CORRECT": "1",
        "TAR_OPTIONS": "--help",
        "IFS": "/",
    }
    run("sh", starter_installer, "-b", "-p", tmp_path / "base", env={**clean_environment(tmp_path), **leaks})
    ours, theirs = snapshot(tmp_path / "base"), snapshot(starter_base)
    changed = {path for path in set(ours) ^ set(theirs) if not path.startswith(("keel-meta/logs/", "envs/"))}
    assert not {path for path in changed if "__pycache__" not in path}


def test_uninstall_removes_everything(starter_installer: Path, tmp_path: Path) -> None:
    prefix = tmp_path / ODD
    before = snapshot(tmp_path)
    install(starter_installer, prefix)
    run(prefix / "cmd/keel", "uninstall", "-y", env=env(prefix))
    assert snapshot(tmp_path) == before


def test_uninstall_keeps_the_files_that_were_there_before(starter_installer: Path, tmp_path: Path) -> None:
    prefix = tmp_path / "base"
    (prefix / "lib").mkdir(parents=True)
    (prefix / "notes.txt").write_text("mine")
    (prefix / "lib/mine.txt").write_text("mine too")
    before = snapshot(prefix)
    install(starter_installer, prefix, code=4)
    assert snapshot(prefix) == before
    install(starter_installer, prefix, "-f")
    run(python(prefix), "-c", f"import {IMPORTS}")
    run(prefix / "cmd/keel", "uninstall", "-y", env=env(prefix))
    assert snapshot(prefix) == before


def test_pip_in_an_activated_environment_installs_there(starter_base: Path, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "private")
    before = snapshot(starter_base / "pkgs")
    script = (
        '. "$1/etc/profile.d/keel.sh"; keel create -y -n mine >/dev/null; keel activate mine; '
        'pip install --quiet --no-index "$2"; python -c "import private; print(private.__file__)"; keel deactivate; '
        'python -c "import private" 2>/dev/null || echo gone; keel env remove -n mine -y >/dev/null'
    )
    for shell in ("bash", "dash", "zsh"):
        out = run(need(shell), "-c", script, shell, starter_base, wheel, env=env(starter_base)).out
        expected = (
            f"{starter_base}/envs/mine/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages/private.py"
        )
        assert out.splitlines()[-2:] == [expected, "gone"]
    assert snapshot(starter_base / "pkgs") == before


@pytest.mark.parametrize("kept", [0, 1, 4095, 4096, 5000, "engine", "payload", "half", -1])
def test_a_truncated_installer_changes_nothing(starter_installer: Path, tmp_path: Path, kept: int | str) -> None:
    data = starter_installer.read_bytes()
    payload = data.index(b"\x89KEEL\r\n\x1a\1\0\0\0")  # the engine holds the magic too, without a version
    sizes = {
        "engine": data.index(b"\x7fELF") + 1000,
        "payload": payload + 10,
        "half": len(data) // 2,
        -1: len(data) - 1,
    }
    cut = tmp_path / "cut.sh"
    cut.write_bytes(data[: sizes.get(kept, kept)])  # type: ignore[call-overload,arg-type]
    done = install(cut, tmp_path / "base", code=None)
    # Below its first page there is only a piece of the header, which a shell may take for an empty script.
    assert done.code == 5 or (isinstance(kept, int) and 0 <= kept < 4096)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cut.sh"]


def test_one_flipped_byte_is_noticed_and_leaves_nothing(starter_installer: Path, tmp_path: Path) -> None:
    data = bytearray(starter_installer.read_bytes())
    payload = data.index(b"\x89KEEL\r\n\x1a\1\0\0\0")  # the engine holds the magic too, without a version
    damaged = tmp_path / "damaged.sh"
    for place in (payload + 2, payload + 30, payload + 100, payload + 2000, (payload + len(data)) // 2, len(data) - 1):
        data[place] ^= 1
        damaged.write_bytes(data)
        data[place] ^= 1
        done = install(damaged, tmp_path / "base", code=5)
        assert "error" in done.err.lower() or "error" in done.out.lower()
        assert sorted(path.name for path in tmp_path.iterdir()) == ["damaged.sh"]


def test_a_killed_run_is_cleaned_up_by_the_next(starter_installer: Path, tmp_path: Path) -> None:
    prefix = tmp_path / "base"
    for delay in (0.05, 0.2, 0.4):
        process = subprocess.Popen(
            ["sh", starter_installer, "-b", "-p", prefix],
            start_new_session=True,
            env=clean_environment(tmp_path),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            process.wait(delay)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()
            assert not prefix.exists()
        else:
            shutil.rmtree(prefix)
    install(starter_installer, prefix)
    run(python(prefix), "-c", f"import {IMPORTS}")
    assert [path.name for path in tmp_path.iterdir()] == ["base"]


def test_a_full_disk_is_reported_and_leaves_nothing(starter_installer: Path, tmp_path: Path) -> None:
    need_root()
    small = tmp_path / "small"
    small.mkdir()
    run("mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", small)
    try:
        done = install(starter_installer, small / "base", code=6)
        assert "space" in (done.out + done.err)
        assert not list(small.iterdir())
    finally:
        run("umount", small)


def test_locked_refuses_an_interpreter_of_the_host(starter_installer: Path, tmp_path: Path) -> None:
    done = keel_builder("build", ROOT / "recipes/starter.yaml", "--locked", "--output", tmp_path, code=None)
    assert done.code in (2, 5)
    assert "host" in done.err
    assert not list(tmp_path.iterdir())


def test_the_minimal_recipe_builds_and_runs(tmp_path: Path) -> None:
    installer = build(
        ROOT / "recipes/minimal.yaml",
        tmp_path,
        "--interpreter",
        "host",
        "--python",
        f"{sys.version_info[0]}.{sys.version_info[1]}",
    )
    install(installer, tmp_path / "base")
    listed = json.loads(run(tmp_path / "base/cmd/keel", "list", "--json", env=env(tmp_path / "base")).out)
    assert "pip" in str(listed)


def readme_commands(heading: str) -> str:
    """The first shell block below a heading of the README."""
    text = (ROOT / "README.md").read_text(encoding="utf-8").split(f"\n## {heading}\n", 1)[1]
    return "\n".join(block for block in text.split("```sh\n", 1)[1].split("```", 1)[:1])


def test_the_readmes_commands_work_as_they_are_written(starter_installer: Path, tmp_path: Path) -> None:
    shutil.copy(starter_installer, tmp_path / "Starter-2026.11-py311-Linux-x86_64.sh")
    commands = readme_commands("From the recipe to the work").replace("# removes", "-y # removes")
    assert "keel create -n work" in commands
    out = run("bash", "-eu", "-c", commands, cwd=tmp_path, env=clean_environment(tmp_path)).out
    assert f"{tmp_path}/starter/envs/copy" in out
    assert not (tmp_path / "starter").exists()


def test_two_runs_on_one_prefix_at_once_do_not_disturb_each_other(starter_installer: Path, tmp_path: Path) -> None:
    command = ["sh", str(starter_installer), "-b", "-p", str(tmp_path / "base")]
    both = [
        subprocess.Popen(command, env=clean_environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for _ in range(2)
    ]
    said = [process.communicate(timeout=120)[0] for process in both]
    codes = sorted(process.returncode for process in both)
    assert codes in ([0, 4], [0, 7]), said
    run(python(tmp_path / "base"), "-c", f"import {IMPORTS}")
    assert [path.name for path in tmp_path.iterdir()] == ["base"]


def test_offline_with_a_cold_cache_names_what_is_missing(tmp_path: Path) -> None:
    recipe = tmp_path / "starter.yaml"
    shutil.copy(ROOT / "recipes/starter.yaml", recipe)
    lock = next((ROOT / "recipes").glob("pylock.starter-*-linux-x86_64.toml"), None)
    if lock is None:
        keel_builder("lock", ROOT / "recipes/starter.yaml", "--interpreter", "host")
        lock = next((ROOT / "recipes").glob("pylock.starter-*-linux-x86_64.toml"))
    shutil.copy(lock, tmp_path / lock.name)
    options = ("--offline", "--interpreter", "host", "--output", tmp_path / "dist")
    done = keel_builder("build", recipe, *options, cache=tmp_path / "cache", code=4)
    assert "numpy-" in done.err
    assert "rich-" in done.err
    assert not (tmp_path / "dist").exists()


def test_an_output_that_cannot_be_written_is_named(starter_installer: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    options = ("--interpreter", "host", "--output", tmp_path / "file" / "dist")
    done = keel_builder("build", ROOT / "recipes/starter.yaml", *options, code=6)
    assert str(tmp_path / "file" / "dist") in done.err
