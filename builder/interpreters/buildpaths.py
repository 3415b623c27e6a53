"""Takes the machine that built a Python out of what that Python knows about itself.

`_sysconfigdata`, the Makefile and the pkg-config files hold the prefix that was configured, and paths and compilers of
the machine it was built on. Here the prefix becomes something that is computed, compilers get their plain names, and
flags that name folders of the build machine go.
"""

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass

# Folders that exist on every machine, and may be named.
_SYSTEM = re.compile(r"/(usr(?!/src|/local)|bin|sbin|lib|lib64|etc|dev)(/|$)")
_ABSOLUTE = re.compile(r"(?<![\w.)}$+~/\0-])/[\w.+~@%-]+(?:/[\w.+~@%-]+)*")
# Flags with a folder or file of the build machine; with `=`, `,` or nothing before it.
_PATH_FLAG = re.compile(
    r"-(I|L|R|F|isystem|iquote|isysroot|rpath[=,]?|rpath-link[=,]?|B)=?/.*"
    r"|-Wl,(-rpath|-R|-rpath-link)[=,]/.*"
    r"|-f(file|debug|macro)-prefix-map=.*"
    r"|-f(profile|auto-profile)[\w-]*=/.*"
    r"|--sysroot=/.*"
)
_FLAG_BEFORE_PATH = frozenset({"-I", "-L", "-isystem", "-iquote", "-isysroot", "-Wl,-rpath", "-rpath"})
# clang's alone: gcc refuses it, and extensions are built with whatever `cc` is.
_COMPILER_OWN = frozenset({"-fdebug-default-version=4"})
_TOOLS = (
    (re.compile(r"(.*/)?([\w.]+-)*(g\+\+|clang\+\+|c\+\+|icpc)(-[\d.]+)?"), "c++"),
    (re.compile(r"(.*/)?([\w.]+-)*(gcc|clang|cc|icc|icx)(-[\d.]+)?"), "cc"),
    (re.compile(r"(.*/)?([\w.]+-)*(ar|ranlib|nm|readelf|objcopy|strip)(-[\d.]+)?"), r"\3"),
)
# Variables whose first word is a tool.
_TOOL_VARIABLES = frozenset(
    {"AR", "BLDSHARED", "CC", "CPP", "CXX", "LDCXXSHARED", "LDSHARED", "LINKCC", "MAINCC", "NM", "RANLIB", "READELF"}
)


@dataclass(frozen=True, kw_only=True)
class BuildPaths:
    """prefixes: what the Python was configured with (prefix and exec_prefix), the longest first."""

    prefixes: tuple[str, ...]

    @classmethod
    def of(cls, variables: dict[str, object]) -> "BuildPaths":
        """From sysconfig's variables."""
        found = {str(variables.get(name) or "").rstrip("/") for name in ("prefix", "exec_prefix")}
        return cls(prefixes=tuple(sorted((path for path in found if path.startswith("/")), key=len, reverse=True)))

    def clean(self, variable: str, value: str, prefix: str) -> str:
        """The value without the build machine; `prefix` stands where the prefix was."""
        if variable == "CONFIG_ARGS":
            return self._clean_arguments(value)
        words = list(_without_paths(value.split(" "))) if "/" in value or "-f" in value else value.split(" ")
        if variable in _TOOL_VARIABLES and words:
            words[0] = _plain_tool(words[0])
        return _ABSOLUTE.sub(_without_foreign, self.replace(" ".join(words), prefix))

    def replace(self, text: str, prefix: str) -> str:
        """The text with the prefix alone replaced."""
        for known in self.prefixes:
            text = re.sub(rf"(?<![\w/-]){re.escape(known)}(?![\w.-])", lambda _: prefix, text)
        return text

    def _clean_arguments(self, value: str) -> str:
        """`configure`'s arguments, for the record: those that name a folder are gone."""
        try:
            arguments = shlex.split(value)
        except ValueError:
            return ""
        cleaned = (" ".join(_without_paths(argument.split(" "))) for argument in arguments)
        return " ".join(f"'{argument}'" for argument in cleaned if "/" not in argument and "'" not in argument)


def _without_paths(words: Iterable[str]) -> Iterable[str]:
    before = ""
    for word in words:
        flag, before = before, ""
        name, equals, rest = word.partition("=")
        if flag:
            if not word.startswith("/"):
                yield from (flag, word)
        elif word in _FLAG_BEFORE_PATH:
            before = word
        elif equals and not name.startswith("-") and _PATH_FLAG.fullmatch(rest):
            yield f"{name}="  # LDFLAGS=-L/…, among the arguments of `configure`
        elif not _PATH_FLAG.fullmatch(word) and word not in _COMPILER_OWN:
            yield word
    if before:
        yield before


def _without_foreign(match: re.Match[str]) -> str:
    """A path that is the same everywhere, or the last part of one of the build machine."""
    path = match[0]
    return path if _SYSTEM.match(path) else path.rpartition("/")[2]


def _plain_tool(word: str) -> str:
    for pattern, plain in _TOOLS:
        match = pattern.fullmatch(word)
        if match is not None:
            return match.expand(plain)
    return word
