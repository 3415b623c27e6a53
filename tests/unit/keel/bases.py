"""Small bases for tests: what an installer would lay down, with the Python that runs the tests as the interpreter."""

import atexit
import compileall
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from packaging.utils import canonicalize_name

from builder.manager import manager_files
from builder.platforms import PLATFORMS
from builder.settings import current_host
from keel.base import Base
from keel.building import Created, destination
from keel.clone import clone
from keel.create import create
from keel.environments import find_environment
from keel.identity import record_identity
from keel.manifest import ENGINE, MANIFEST, Manifest, Unit
from keel.shims import shim, shim_path
from keel.store import unit_files
from keel.wheel import UnitFiles, plan
from tests.conftest import ROOT
from tests.unit.wheels import make_wheel, sha256

MINOR = f"{sys.version_info[0]}.{sys.version_info[1]}"
LIBRARY = f"lib/python{MINOR}/site-packages"
# A path that every quoting mistake falls over.
ODD = 'it\'s "odd" è $x `y` 中'


@dataclass
class FakeBase:
    """A base at `prefix`: a virtual environment of the running Python plays the interpreter's part."""

    prefix: Path
    units: list[Unit] = field(default_factory=list)
    bytecode: str = "build"

    def add(
        self,
        name: str,
        version: str = "1.0",
        files: Mapping[str, bytes | str] | None = None,
        *,
        base: bool = True,
        requires: Sequence[str] = (),
        scripts: Mapping[str, str] | None = None,
    ) -> Unit:
        """Put a wheel into the store and, if `base`, link it into the base."""
        wheels = self.prefix.parent / "wheels"
        wheel = make_wheel(wheels, name, version, files, requires=requires, scripts=scripts)
        digest = sha256(wheel)
        path = f"pkgs/{name}-{version}-{digest[:8]}"
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(self.prefix / path)
        for file in (self.prefix / path).rglob("*"):
            if file.is_file():
                file.chmod(0o444)
        unit = Unit(
            name=canonicalize_name(name),
            version=version,
            path=path,
            wheel=wheel.name,
            sha256=digest,
            base=base,
            requested=base,
        )
        self.units.append(unit)
        self._add_shim(unit)
        if base:
            self._link(unit)
        self.write_manifest()
        return unit

    def _link(self, unit: Unit) -> None:
        store = self.prefix / unit.path
        names = [path.relative_to(store).as_posix() for path in store.rglob("*") if path.is_file()]
        files = UnitFiles(names, lambda name: (store / name).read_bytes())
        for place in plan(files, PLATFORMS["linux-x86_64"].scheme(MINOR), requested=unit.requested):
            dest = self.prefix / place.dest
            dest.parent.mkdir(parents=True, exist_ok=True)
            if place.source is not None:
                dest.hardlink_to(store / place.source)
            else:
                dest.write_bytes(place.content)
                dest.chmod(0o755 if place.executable else 0o644)

    def _add_shim(self, unit: Unit) -> None:
        path = self.prefix / shim_path(unit.name, unit.version)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(shim(unit.name, unit.version, unit.sha256, unit_files(self.base, unit).metadata()))
        path.chmod(0o444)

    def write_manifest(self, index: str | None = None) -> None:
        manifest = Manifest(
            name="Tiny",
            version="1",
            company=None,
            description=None,
            homepage=None,
            platform="linux-x86_64",
            python=".".join(map(str, sys.version_info[:3])),
            interpreter={"source": "host"},
            glibc=None,
            bytecode=self.bytecode,
            index=index,
            top_level=("bin", "cmd", "envs", "etc", "keel-meta", "lib", "pkgs", "pyvenv.cfg"),
            requested=(),
            units=tuple(sorted(self.units, key=lambda unit: unit.name)),
        )
        (self.prefix / MANIFEST).write_bytes(manifest.to_bytes())

    @property
    def base(self) -> Base:
        return Base(str(self.prefix), str(self.prefix.parent))

    def create(self, name: str, *requirements: str, with_pip: bool = False, copy: bool = False) -> Path:
        """A new environment, made in this process; gives its prefix."""
        place = destination(self.base, name=name, path=None)
        create(self.base, place, requirements, with_pip=with_pip, copy=copy)
        return self.env(name)

    def clone(self, name: str, source: str, *, copy: bool = False) -> Created:
        """A clone, made in this process."""
        place = destination(self.base, name=name, path=None)
        return clone(self.base, place, find_environment(self.base, source), copy=copy)

    def keel(
        self, *arguments: object, env: Mapping[str, str] | None = None, code: int = 0, text: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run `cmd/keel`; fails unless it exits with `code`."""
        done = subprocess.run(
            [str(self.prefix / "cmd/keel"), *map(str, arguments)],
            env=env or self.environment(),
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == code, done
        return done

    def environment(self, **more: str) -> dict[str, str]:
        """What a user's shell would have, and nothing of the test run."""
        return {"HOME": str(self.prefix.parent), "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", **more}

    def env(self, name: str) -> Path:
        return self.prefix / "envs" / name


def host_engine() -> Path:
    """The engine that this machine runs."""
    return ROOT / "installer_templates/engine/prebuilt" / current_host().platform_name / "keel-engine"


@cache
def _manager() -> Path:
    """keel as the installer lays it down, with bytecode; made once a session."""
    folder = Path(tempfile.mkdtemp(prefix="keel-manager-"))
    atexit.register(shutil.rmtree, folder)
    for dest, source, mode in manager_files(windows=False):
        target = folder / dest
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)
        target.chmod(mode)
    shutil.copy2(host_engine(), folder / ENGINE)
    compileall.compile_dir(folder, quiet=2)
    return folder


def make_base(folder: Path) -> FakeBase:
    """A base in `folder`, which must not exist, with a small package called pip."""
    python = Path(sys.base_prefix) / "bin" / f"python{MINOR}"
    for name in ("bin", "envs", "pkgs", "keel-meta", LIBRARY):
        (folder / name).mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text(f"home = {python.parent}\ninclude-system-site-packages = false\n")
    for name in ("python", "python3", f"python{MINOR}"):
        (folder / "bin" / name).symlink_to(python)
    shutil.copytree(_manager(), folder, dirs_exist_ok=True)
    base = FakeBase(folder)
    record_identity(base.base, new=True)
    base.add("pip", "99.0", {"pip/__init__.py": "", "pip/__main__.py": "print('pip')\n"}, scripts={"pip": "pip:main"})
    return base
