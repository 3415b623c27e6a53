"""Interpreters on this machine: archives, and folders that hold one."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from ..errors import InterpreterError
from ..transfer import hash_file
from .archive import interpreter_from_archive
from .host import installed_python, linker_here
from .host_facts import ask_host
from .layout import Layout, check_platform, check_unpatched, find_layout, find_program
from .libraries import Linker, complete_tree, is_complete
from .model import Announced, Interpreter, UnavailableError
from .rooted import find_root, read_facts
from .shelf import shelve
from .state import NOT_COPIED, folder_state
from .wanted import Wanted


@dataclass(frozen=True, kw_only=True)
class PathSource:
    """path: an archive or a folder.  sha256: of the archive, None: any."""

    wanted: Wanted
    path: Path
    sha256: str | None = None

    @property
    def name(self) -> str:
        return "path"

    def announce(self) -> Announced | None:
        return None  # it is at hand

    def find(self) -> Interpreter:
        if self.path.is_dir():
            return self._from_folder()
        if not self.path.is_file():
            raise UnavailableError(f"{self.path} does not exist")
        sha256, _ = hash_file(self.path)
        if self.sha256 not in (None, sha256):
            raise InterpreterError(
                f"{self.path} has the SHA-256 {sha256}, and the recipe says {self.sha256}",
                hint="put the right file there, or the right hash into the recipe",
            )
        return interpreter_from_archive(
            self.wanted, self.path, source="path", filename=self.path.name, sha256=sha256, url=None
        )

    def _from_folder(self) -> Interpreter:
        if self.sha256 is not None:
            raise InterpreterError(
                f"{self.path} is a folder, which has no SHA-256", hint="name an archive, or leave out `sha256`"
            )
        layout = find_layout(self.path.resolve(), str(self.path))
        self.wanted.check_version(layout.version, str(self.path))
        check_platform(layout, self.wanted.target.platform, str(self.path))
        return self._installed(layout) or self._copied(layout)

    def _installed(self, layout: Layout) -> Interpreter | None:
        """Of a Python that relies on the libraries of the system that it is installed in, as the host's own does."""
        target, program = self.wanted.target.platform, find_program(layout)
        if target.system != "linux" or program is None or is_complete(layout.prefix):
            return None
        root = find_root(program)
        if root is not None:
            return installed_python(self.wanted, read_facts(layout, root), Linker.of_root(root), source="path")
        if self.wanted.settings.host.platform_name == target.name:
            return installed_python(self.wanted, ask_host(program), linker_here(self.wanted), source="path")
        return None

    def _copied(self, layout: Layout) -> Interpreter:
        """Of a folder nothing proves that it is unchanged: its files decide the key, the finished tree is the hash."""

        check_unpatched(layout, str(self.path))

        def make(work: Path) -> tuple[Path, list[str]]:
            prefix = work / "python"
            shutil.copytree(layout.prefix, prefix, symlinks=True, ignore=shutil.ignore_patterns(*NOT_COPIED))
            return prefix, complete_tree(prefix)

        shelved = shelve(self.wanted.settings.cache, self.wanted.key("folder", folder_state(layout.prefix)), make)
        self.wanted.check(shelved, str(self.path))
        return shelved.interpreter(source="path", reporter=self.wanted.settings.reporter)
