"""Shell scripts out of templates: pieces of plain shell with few tokens, put one behind the other."""

import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from ..errors import BuilderError
from ..resources import TEMPLATES
from .facts import InstallerFacts

UNIX = TEMPLATES / "unix"

Tokens = Mapping[str, str | int]

# What `uname -s` says, and how people call it; and all the names that `uname -m` has for a CPU.
KERNELS = {"linux": ("Linux", "Linux"), "macos": ("Darwin", "macOS")}
_MACHINES = {"x86_64": "x86_64 amd64", "aarch64": "aarch64 arm64", "arm64": "arm64 aarch64"}


def facts_tokens(facts: InstallerFacts) -> dict[str, str | int]:
    """What facts.sh and texts.sh tell a script."""
    kernel, kernel_name = KERNELS[facts.system]
    return {
        "name": facts.name,
        "title": facts.title,
        "version": facts.version,
        "company": facts.company or "",
        "python": facts.python,
        "label": facts.label,
        "kernel": kernel,
        "kernel_name": kernel_name,
        "machines": _MACHINES[facts.machine],
        "glibc": facts.glibc or "",
        "macos": facts.macos or "",
        "default_prefix": facts.default_prefix,
        "installed_files": facts.installed_files,
        "installed_megabytes": -(-facts.installed_bytes // 10**6),
        "bytecode": facts.bytecode,
        "license": (facts.license or "").strip(),
        "selftest": (UNIX / "selftest.py").read_text(encoding="utf-8"),
    }


def render(pieces: Iterable[Path], tokens: Tokens) -> bytes:
    """The pieces with their tokens filled in. Raises BuilderError for text that no script can hold."""
    # `@@` instead of braces, so that a template is a shell script before it is rendered too; the delimiters that Jinja2
    # insists on for blocks and comments would be met in shell, so they get some that nobody writes.
    environment = Environment(
        variable_start_string="@@",
        variable_end_string="@@",
        block_start_string="@@%block",
        block_end_string="block%@@",
        comment_start_string="@@%comment",
        comment_end_string="comment%@@",
        undefined=StrictUndefined,
        finalize=quote,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  # shell, not HTML; `finalize` quotes every value
    )
    texts = (path.read_bytes().decode() for path in pieces)
    return b"".join(environment.from_string(text).render(tokens).encode() for text in texts)


def quote(value: str | int) -> str:
    """One word of POSIX shell that stands for `value`. Raises BuilderError for text that no script can hold."""
    text = str(value).replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text or any(0xD800 <= ord(letter) <= 0xDFFF for letter in text):
        raise BuilderError(f"cannot be written into a shell script: {text[:80]!r}")
    return shlex.quote(text)
