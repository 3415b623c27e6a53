"""How bases and environments lie on disk: the one place that asks "is it Windows?"."""

import os
from typing import Mapping, NamedTuple, Optional

WINDOWS = os.name == "nt"


class Layout(NamedTuple):
    """Paths relative to a prefix, with `/`, of a base of Python `minor` ("3.11") and of its environments."""

    minor: str
    windows: bool

    @property
    def python(self) -> str:
        """The interpreter of a base."""
        return "python.exe" if self.windows else f"bin/python{self.minor}"

    @property
    def home(self) -> str:
        """The folder of the interpreter of a base, which `pyvenv.cfg` names; "" is the prefix itself."""
        return "" if self.windows else "bin"

    @property
    def own_python(self) -> str:
        """The interpreter of an environment."""
        return "Scripts/python.exe" if self.windows else "bin/python"

    @property
    def scripts(self) -> str:
        return "Scripts" if self.windows else "bin"

    @property
    def stdlib(self) -> str:
        return "Lib" if self.windows else f"lib/python{self.minor}"

    @property
    def library(self) -> str:
        """site-packages."""
        return f"{self.stdlib}/site-packages"

    @property
    def base_headers(self) -> str:
        """Where a base has the headers of its packages."""
        return "include" if self.windows else f"include/python{self.minor}"

    @property
    def headers(self) -> str:
        """Where an environment has them: as pip does in a venv."""
        return f"include/site/python{self.minor}"


def layout(minor: str, windows: bool = WINDOWS) -> Layout:
    """That of this system, unless another one is asked about."""
    return Layout(minor, windows)


# pip's own settings in a prefix (https://pip.pypa.io/en/stable/topics/configuration/).
PIP_CONFIG = "pip.ini" if WINDOWS else "pip.conf"
# What a path must not hold, as PATH could not.
PATH_SEPARATOR_NAME = "semicolon" if WINDOWS else "colon"


def in_prefix(prefix: str, relative: str) -> str:
    """An absolute path, with the system's separators."""
    return os.path.join(prefix, *relative.split("/")) if relative else prefix


def with_slashes(path: str) -> str:
    """A relative path as RECORDs and keel's own files have it."""
    return path.replace(os.sep, "/")


def is_path(word: str) -> bool:
    """Whether a word is meant as a path, not as the name of an environment."""
    return "/" in word or (WINDOWS and "\\" in word)


def same_path(one: str, other: str) -> bool:
    """Whether two absolute paths are the same text, as the system compares names."""
    return os.path.normcase(one) == os.path.normcase(other)


def home_folder(environment: Mapping[str, str]) -> Optional[str]:
    """The user's folder, None without one."""
    home = environment.get("USERPROFILE" if WINDOWS else "HOME")
    return home if home and os.path.isabs(home) else None


def documents_folder(home: str) -> str:
    """Windows: where the user's documents are, which may have been moved
    (https://learn.microsoft.com/windows/win32/api/shlobj_core/nf-shlobj_core-shgetfolderpathw)."""
    if not WINDOWS:
        return os.path.join(home, "Documents")
    import ctypes

    personal = 5
    path = ctypes.create_unicode_buffer(1024)
    shell = ctypes.windll.shell32  # type: ignore[attr-defined,unused-ignore]
    return os.path.join(home, "Documents") if shell.SHGetFolderPathW(None, personal, None, 0, path) else path.value
