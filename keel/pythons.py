"""The Python that somebody asks for: accepted if it is the base's, as a base has one."""

import re
from typing import List, Optional, Sequence, Tuple

from .base import Base
from .errors import KeelError


def without_python(words: Sequence[str], python: Optional[str] = None) -> Tuple[List[str], Optional[str]]:
    """`words` without Python, which conda's users name among the packages (python=3.11), and the version asked for.

    python: what `--python` says, which counts more.
    """
    packages = [word for word in words if not re.fullmatch(r"python([=<>!~].*)?", word, re.IGNORECASE)]
    named = [re.sub(r"(?i)^python=*", "", word) for word in words if word not in packages]
    return packages, python or next((version for version in named if version), None)


def check_python(base: Base, version: Optional[str]) -> None:
    """KeelError unless `version` ("3.11", ">=3.10"; None: any) is that of the base."""
    if version is None:
        return
    ours = base.manifest.python
    if re.fullmatch(r"[\d.]+(\.\*)?", version):
        parts = version[:-2].split(".") if version.endswith(".*") else version.split(".")
        if ours.split(".")[: len(parts)] == parts:
            return
    else:
        from ._vendor.packaging.specifiers import InvalidSpecifier, SpecifierSet

        try:
            if SpecifierSet(version).contains(ours, prereleases=True):
                return
        except InvalidSpecifier as error:
            raise KeelError(
                f"--python: {version!r} is not a version", hint=f"like: --python {base.python_minor}"
            ) from error
    raise KeelError(
        f"this base has Python {ours}, and no other ({version} was asked for)",
        hint="a base has one Python; install a base with the other one beside it",
    )
