"""Files of requirements, as pip documents them (https://pip.pypa.io/en/stable/reference/requirements-file-format/)."""

import os
import re
import shlex
from typing import Iterator, List, Set, Tuple

from .errors import KeelError
from .wanted import Pin, Wanted, is_address, read_text

_COMMENT = re.compile(r"(^|\s+)#.*$")
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
_HASH = re.compile(r"\s+--hash(?:=|\s+)(\S+)")
# Those that pip and uv both know: with a value, and without.
_WITH_VALUE = {
    "-i": "--index-url",
    "--index-url": "--index-url",
    "--pypi-url": "--index-url",
    "--extra-index-url": "--extra-index-url",
    "-f": "--find-links",
    "--find-links": "--find-links",
    "--no-binary": "--no-binary",
    "--only-binary": "--only-binary",
    "--trusted-host": "--trusted-host",
}
_FILES = {"-r": False, "--requirement": False, "-c": True, "--constraint": True}
_ALONE = frozenset({"--no-index", "--pre"})
_IGNORED = frozenset({"--require-hashes"})  # a hash anywhere requires them everywhere


class _Reader:
    """Gathers what a file and the files that it names say."""

    def __init__(self) -> None:
        self.requirements: List[Tuple[str, str, Tuple[str, ...]]] = []  # text, place, hashes
        self.constraints: List[Tuple[str, str]] = []
        self.addresses: List[Tuple[str, ...]] = []
        self.options: List[str] = []
        self.required = False
        self._open: Set[Tuple[str, bool]] = set()

    def read(self, path: str, *, constraints: bool) -> None:
        key = (os.path.realpath(path), constraints)
        if key in self._open:
            return
        self._open.add(key)
        for number, text in _logical_lines(read_text(path)):
            self._line(text, path, f"{path}:{number}", constraints)

    def _line(self, text: str, path: str, place: str, constraints: bool) -> None:
        if text.startswith("-"):
            self._option(text, path, place)
            return
        hashes = tuple(_HASH.findall(text))
        rest = _HASH.sub("", text).strip()
        option = re.search(r"\s(--[a-z-]+)", rest)
        if option:
            raise KeelError(f"{place}: {option[1]} is not known here", hint="install that package with pip itself")
        if is_address(rest):
            if constraints or hashes:
                raise KeelError(f"{place}: {rest} has an address, which is not possible there", hint="name a version")
            self.addresses.append((rest,))
        elif constraints:
            self.constraints.append((_checked(rest, place), place))
        else:
            self.requirements.append((_checked(rest, place), place, hashes))

    def _option(self, text: str, path: str, place: str) -> None:
        match = re.match(r"(--[a-z-]+|-[a-zA-Z])(?:\s*=\s*|\s+|(?<=^-[a-zA-Z])(?=\S)|$)(.*)$", text)
        name, value = (match[1], _unquoted(match[2], place)) if match else (text, "")
        if name in _FILES and value:
            if re.match(r"[a-z]+://", value):
                raise KeelError(f"{place}: {value} is no file of this machine", hint="download it, and name the file")
            self.read(os.path.join(os.path.dirname(path), value), constraints=_FILES[name])
        elif name in ("-e", "--editable") and value:
            self.addresses.append(("-e", value))
        elif name in _WITH_VALUE and value:
            self.options += [_WITH_VALUE[name], value]
        elif name in _ALONE:
            self.options.append(name)
        elif name in _IGNORED:
            self.required = True
        else:
            known = ", ".join(sorted({*_WITH_VALUE.values(), *_ALONE, *_FILES, "-e"}))
            raise KeelError(f"{place}: the option {text.split()[0]} is not known here", hint=f"known are: {known}")


def read_requirements(path: str) -> Wanted:
    """What the file at `path` wants. Raises KeelError with file and line."""
    reader = _Reader()
    reader.read(path, constraints=False)
    if reader.required or any(hashes for _, _, hashes in reader.requirements):
        if reader.addresses:
            raise KeelError(f"{path} has hashes, and {reader.addresses[0][-1]} cannot have one", hint="name a version")
        return Wanted(options=tuple(reader.options), pins=tuple(_pins(reader)))
    return Wanted(
        tuple(text for text, _, _ in reader.requirements),
        tuple(reader.addresses),
        tuple(reader.constraints),
        tuple(reader.options),
    )


def _pins(reader: _Reader) -> Iterator[Pin]:
    """A file with hashes is complete and exact (https://pip.pypa.io/en/stable/topics/secure-installs/)."""
    from ._vendor.packaging.requirements import Requirement
    from .installed import normalised
    from .planning import marker_environment

    environment = marker_environment()
    for text, place, hashes in reader.requirements:
        requirement = Requirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate({**environment, "extra": ""}):
            continue
        exact = [one.version for one in requirement.specifier if one.operator in ("==", "===")]
        if len(exact) != 1 or exact[0].endswith(".*") or not hashes:
            raise KeelError(
                f"{place}: {text} has no {'hash' if exact else 'exact version'}, though the file has hashes",
                hint="with hashes, each line needs NAME==VERSION and --hash",
            )
        yield Pin(normalised(requirement.name), exact[0], hashes=frozenset(map(str.lower, hashes)), requested=True)


def _checked(text: str, place: str) -> str:
    from ._vendor.packaging.requirements import InvalidRequirement, Requirement

    try:
        return str(Requirement(text))
    except InvalidRequirement as error:
        raise KeelError(
            f"{place}: {text!r} is not a requirement: {str(error).splitlines()[0]}", hint="write it like: numpy>=2"
        ) from error


def _unquoted(value: str, place: str) -> str:
    try:
        words = shlex.split(value)
    except ValueError as error:
        raise KeelError(f"{place}: {error}", hint="close the quotes") from error
    return words[0] if len(words) == 1 else value.strip()


def _logical_lines(text: str) -> Iterator[Tuple[int, str]]:
    """(number of the first line, text), without comments and empty lines; lines that end with a backslash go on."""
    parts: List[str] = []
    first = 0
    for number, line in enumerate([*text.splitlines(), ""], 1):
        first = first if parts else number
        comment = line.lstrip().startswith("#")
        if line.endswith("\\") and not comment:
            parts.append(line[:-1])
            continue
        whole = "".join([*parts, (" " if parts and comment else "") + line])
        parts = []
        whole = _COMMENT.sub("", whole).strip()
        if whole:
            yield first, _VARIABLE.sub(lambda match: os.environ.get(match[1]) or match[0], whole)
