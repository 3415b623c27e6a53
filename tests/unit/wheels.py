"""Small wheels for tests, made without a build backend."""

import base64
import hashlib
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path


def make_wheel(
    folder: Path,
    name: str = "demo",
    version: str = "1.0",
    files: Mapping[str, bytes | str] | None = None,
    *,
    tag: str = "py3-none-any",
    requires: Sequence[str] = (),
    scripts: Mapping[str, str] | None = None,
    metadata: str = "",
) -> Path:
    """A valid wheel `name-version-tag.whl` in `folder`; a module `name.py` if no `files` are given.

    requires: `Requires-Dist` values.  scripts: console scripts, name -> "module:attribute".  metadata: further lines.
    """
    info = f"{name}-{version}.dist-info"
    required = "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
    points = "".join(f"{script} = {value}\n" for script, value in (scripts or {}).items())
    everything: dict[str, bytes | str] = dict(
        files if files is not None else {f"{name}.py": f"VERSION = {version!r}\n"}
    )
    everything[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{required}{metadata}"
    everything[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tag}\n"
    if points:
        everything[f"{info}/entry_points.txt"] = f"[console_scripts]\n{points}"
    rows = []
    path = folder / f"{name}-{version}-{tag}.whl"
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, content in everything.items():
            data = content.encode() if isinstance(content, str) else content
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
            rows.append(f"{file},sha256={digest},{len(data)}\n")
            archive.writestr(zipfile.ZipInfo(file, (2020, 1, 1, 0, 0, 0)), data)
        record = "".join([*rows, f"{info}/RECORD,,\n"])
        archive.writestr(zipfile.ZipInfo(f"{info}/RECORD", (2020, 1, 1, 0, 0, 0)), record)
    return path


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
