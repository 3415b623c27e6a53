"""A 64-bit Arm machine on this one: a root file system of Debian's packages, run by qemu; and a CPython for it.

Debian's addresses are those that apt is configured with here. apt keeps its lists and packages for arm64 in a folder of
the tests, so that this machine's own dpkg is not changed.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import TEST_CACHE, need, skip_unless

# What an installer expects of any system: a shell, its tools, and glibc and libstdc++ (PEP 600).
_SYSTEM = (
    *("base-files", "bash", "coreutils", "dash", "debianutils", "findutils", "grep", "sed", "libc-bin", "libc6"),
    *("gcc-12-base", "libacl1", "libattr1", "libgcc-s1", "libgmp10", "libpcre2-8-0", "libselinux1", "libstdc++6"),
    "libtinfo6",
)
# Of a system that has a Python: its parts, and the libraries that it relies on.
_PYTHON = (
    *("libpython3.11", "libpython3.11-dev", "libpython3.11-minimal", "libpython3.11-stdlib", "libbz2-1.0", "libcrypt1"),
    *("libdb5.3", "libexpat1", "libffi8", "liblzma5", "libncursesw6", "libnsl2", "libreadline8", "libsqlite3-0"),
    *("libssl3", "libtirpc3", "libuuid1", "zlib1g", "libgssapi-krb5-2", "libkrb5-3", "libk5crypto3", "libkrb5support0"),
    *("libcom-err2", "libkeyutils1"),
)
_SUITE = "bookworm"
_TRIPLET = "aarch64-linux-gnu"
# Raise it when the same packages give other folders.
_VERSION = "1"

# Debian's own program knows a `site` module, frozen into it, that looks into dist-packages.
_MAIN = """\
int Py_BytesMain(int count, char **words);

int main(int count, char **words)
{
    char *all[count + 3];
    all[0] = words[0];
    all[1] = "-X";
    all[2] = "frozen_modules=off";
    for (int i = 1; i <= count; i++)
        all[i + 2] = words[i];
    return Py_BytesMain(count + 2, all);
}
"""

# binfmt_misc belongs to a user namespace since Linux 6.7: this machine itself does not learn to run Arm programs. `F`
# opens qemu at once, so that it need not be in the root. No network: -n.
_ENTER = r"""
set -eu
root=$1 home=$2 qemu=$3
shift 3
mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
magic='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
printf '%s' ":keel-aarch64:M::$magic:$mask:$qemu:F" >/proc/sys/fs/binfmt_misc/register
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/tmp"
mount --bind "$home" "$root/home"
exec chroot "$root" "$@"
"""


@dataclass(frozen=True)
class Done:
    """A finished program: exit code, and what it said on both streams."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class ArmMachine:
    """root: its file system, which stays as it is.  home: the folder here that is its /home."""

    root: Path
    home: Path

    def run(
        self, *command: object, env: Mapping[str, str] | None = None, code: int | None = 0, timeout: float = 300
    ) -> Done:
        """Run a program in it, as its root and without a network; fails unless it exits with `code` (None: any)."""
        variables = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": "/home", "LANG": "C.UTF-8", **(env or {})}
        enter = ["unshare", "--user", "--map-root-user", "--mount", "--net", "sh", "-c", _ENTER, "enter"]
        done = subprocess.run(
            [*enter, str(self.root), str(self.home), need("qemu-aarch64-static"), *map(str, command)],
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert code is None or done.returncode == code, f"{command}: {done}"
        return Done(done.returncode, done.stdout, done.stderr)


def arm_machine(home: Path) -> ArmMachine:
    """A bare Debian with nothing of Python in it. Skips the test where this machine cannot run one."""
    need("unshare")
    machine = ArmMachine(_folder("system", _SYSTEM), home)
    answer = machine.run("uname", "-m", code=None)
    skip_unless(
        answer.out == "aarch64\n",
        f"Arm programs need qemu, user namespaces and Linux 6.7 (binfmt_misc in namespaces): {answer.err.strip()}",
    )
    return machine


def arm_python_root() -> Path:
    """A root file system in which a CPython 3.11 is installed in /usr/local, as `make install` leaves it.

    Its compiled parts are Debian's, its modules are those of the sources that Debian built them from: Debian changes
    where Python looks for packages, in modules only.
    """
    return _folder("python", (*_SYSTEM, *_PYTHON))


def _folder(name: str, packages: Sequence[str]) -> Path:
    key = hashlib.sha256("\n".join((_VERSION, _SUITE, _MAIN, *packages)).encode()).hexdigest()
    folder = TEST_CACHE / f"arm64-{name}-{key[:16]}"
    if not folder.is_dir():
        TEST_CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=TEST_CACHE, prefix=f"arm64-{os.getpid()}-") as temporary:
            work = Path(temporary)
            _make(work, packages, with_python=name == "python")
            try:
                (work / "root").rename(folder)
            except OSError:  # another process has been faster
                assert folder.is_dir()
    return folder


def _make(work: Path, packages: Sequence[str], *, with_python: bool) -> None:
    apt = _apt(work)
    (work / "debs").mkdir()
    _call(*apt, "download", *(f"{package}:arm64" for package in packages), cwd=work / "debs")
    for package in sorted((work / "debs").iterdir()):
        _call("dpkg-deb", "-x", package, work / "root")
    for place in ("proc", "dev", "tmp", "home"):
        (work / "root" / place).mkdir(exist_ok=True)
    for unwanted in ("usr/share/doc", "usr/share/locale", "usr/share/man", "usr/share/info"):
        shutil.rmtree(work / "root" / unwanted)
    if with_python:
        _call(*apt, "source", "--download-only", "--tar-only", "--only-source", "python3.11", cwd=work)
        _install_python(work)


def _apt(work: Path) -> list[object]:
    """apt-get for arm64, with state of its own; it has read the lists when this returns."""
    need("apt-get")
    need("dpkg-deb")
    sources = work / "sources"
    sources.mkdir()
    (sources / "debian.list").write_text(_sources())
    for folder in ("state/lists/partial", "cache/archives/partial"):
        (work / folder).mkdir(parents=True)
    options = {
        "APT::Architecture": "arm64",
        "APT::Architectures::": "arm64",
        "APT::Sandbox::User": "",  # the folders are ours alone
        "Acquire::Languages": "none",
        "Dir::Cache": work / "cache",
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": sources,
        "Dir::State": work / "state",
        "Dir::State::status": "/dev/null",
    }
    apt: list[object] = ["apt-get", "-q"]
    for name, value in options.items():
        apt += ["-o", f"{name}={value}"]
    _call(*apt, "update")
    return apt


def _sources() -> str:
    """Debian's archives as this machine knows them, for packages and their sources."""
    columns = "$(SITE)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)|$(SIGNED_BY)"
    answer = subprocess.run(
        ["apt-get", "indextargets", "--format", columns, "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = set()
    for line in answer.stdout.splitlines():
        site, release, component, origin, signed_by = line.split("|")
        if origin == "Debian" and release.startswith(_SUITE):
            key = f" [signed-by={signed_by}]" if signed_by.startswith("/") else ""
            lines |= {f"{kind}{key} {site} {release} {component}\n" for kind in ("deb", "deb-src")}
    skip_unless(lines, f"apt has no archive of Debian's {_SUITE} here")
    return "".join(sorted(lines))


def _call(*words: object, cwd: Path | None = None) -> None:
    done = subprocess.run(
        [str(word) for word in words], cwd=cwd, capture_output=True, text=True, check=False, timeout=600
    )
    skip_unless(done.returncode == 0, f"{words[0]} {words[-1]}: {done.stderr.strip()[-300:]}")


def _install_python(work: Path) -> None:
    root, prefix = work / "root", work / "root/usr/local"
    system, library = root / "usr/lib/python3.11", prefix / "lib/python3.11"
    (source,) = work.glob("python3.11_*.orig.tar.*")
    library.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(source) as tar:
        members = [one for one in tar if "/Lib/" in one.name and "/test/" not in one.name]
        tar.extractall(work, members=members, filter="data")
    next(work.glob("Python-*/Lib")).rename(library)
    for name in ("lib-dynload", f"config-3.11-{_TRIPLET}"):
        (system / name).rename(library / name)
    variables = f"_sysconfigdata__linux_{_TRIPLET}.py"
    shutil.copyfile(system / variables, library / variables)
    headers = prefix / "include/python3.11"
    shutil.move(root / "usr/include/python3.11", headers)
    shutil.copyfile(root / f"usr/include/{_TRIPLET}/python3.11/pyconfig.h", headers / "pyconfig.h")
    shutil.rmtree(system)
    _compile_program(root, prefix / "bin/python3.11", work / "main.c")


def _compile_program(root: Path, program: Path, source: Path) -> None:
    source.write_text(_MAIN)
    program.parent.mkdir(exist_ok=True)
    library = root / f"usr/lib/{_TRIPLET}/libpython3.11.so.1.0"
    target = f"{_TRIPLET}.2.36"
    _call(sys.executable, "-m", "ziglang", "cc", "-target", target, "-O2", "-s", source, "-o", program, library)
