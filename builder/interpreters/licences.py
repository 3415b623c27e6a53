"""Whose libraries were bundled: their packages, and the licences that came with them."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

_LIST = "bundled-libraries.txt"
_HEAD = "Shared libraries that this base brings along, and the packages of the system that they were copied from.\n\n"


def note_licences(libraries: Mapping[str, Path], folder: Path, root: Path = Path("/")) -> None:
    """Write the list of `libraries` (name -> file), and copies of their licences, into `folder`.

    root: of the system that they come from, where usr/share/doc and usr/share/licenses lie.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for name, path in sorted(libraries.items()):
        package = _debian_package(path, root) or _rpm_package(path, root)
        lines.append(f"{name}  {package or 'package unknown'}\n")
        if package:
            _copy_licences(package.split()[0], folder, root)
    (folder / _LIST).write_text(_HEAD + "".join(lines), encoding="utf-8")


def _place(path: Path, root: Path) -> str:
    """As the system in `root` knows the file."""
    return str(PurePosixPath("/") / path.relative_to(root))


def _debian_package(path: Path, root: Path) -> str | None:
    """ "zlib1g 1:1.2.13.dfsg-1" """
    resolved = _place(path.resolve(), root)
    database = f"--admindir={root / 'var/lib/dpkg'}"
    # On a merged /usr, dpkg may know the file by its place in /lib.
    for known in (resolved, resolved.removeprefix("/usr"), _place(path, root)):
        owner = _ask("dpkg-query", database, "-S", known)
        if owner:
            package = owner.split(":")[0].split(",")[0]
            architecture = owner.split(":")[1].split(",")[0] if owner.count(":") > 1 else ""
            query = f"{package}:{architecture}" if architecture and "/" not in architecture else package
            return f"{package} {_ask('dpkg-query', database, '-W', '-f', '${Version}', query) or ''}".strip()
    return None


def _rpm_package(path: Path, root: Path) -> str | None:
    """ "zlib 1.2.11-40.el9 (zlib and Boost)" """
    query = "%{NAME} %{VERSION}-%{RELEASE} (%{LICENSE})"
    return _ask("rpm", f"--root={root}", "-qf", "--queryformat", query, _place(path.resolve(), root))


def _ask(program: str, *arguments: str) -> str | None:
    """The first line that a package manager answers; None if it is not there or does not know."""
    if shutil.which(program) is None:
        return None
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    return done.stdout.strip().split("\n")[0] if done.returncode == 0 and done.stdout.strip() else None


def _copy_licences(package: str, folder: Path, root: Path) -> None:
    for source in (root / "usr/share/doc" / package / "copyright", *(root / "usr/share/licenses" / package).glob("*")):
        if source.is_file():
            (folder / package).mkdir(exist_ok=True)
            shutil.copyfile(source, folder / package / source.name)
