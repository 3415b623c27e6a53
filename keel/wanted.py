"""What somebody wants installed, in whichever form it was said: names, addresses, files of requirements, locks."""

import os
import re
from typing import TYPE_CHECKING, FrozenSet, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from .errors import KeelError

if TYPE_CHECKING:
    from .base import Base
    from .manifest import Unit

_ARCHIVES = (".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tbz", ".tar.xz", ".txz", ".tar")
_URL = re.compile(r"([\w.-]+(\[[^\]]*\])?\s*@\s*)?[a-zA-Z][\w.+-]*:(//|/|[^/\s])")


class Pin(NamedTuple):
    """A package that does not come out of the store.

    words: for pip and uv, where the package has an address ("./x.whl"; "-e", "./src"); else the index has it.
    hashes: "sha256:…", one of which its file must have.  direct: whether the address stays recorded.
    """

    name: str
    version: str
    words: Tuple[str, ...] = ()
    hashes: FrozenSet[str] = frozenset()
    direct: bool = True
    requested: bool = False


class Plan(NamedTuple):
    """link: units of the store, each with whether it was asked for by name.  fetch: what pip or uv installs.

    keep: (name, version) of what is there already and stays.  asked: names that were asked for.
    """

    link: Tuple[Tuple["Unit", bool], ...] = ()
    fetch: Tuple[Pin, ...] = ()
    keep: Tuple[Tuple[str, str], ...] = ()
    asked: FrozenSet[str] = frozenset()

    def names(self) -> Set[str]:
        """What it brings in."""
        return {unit.name for unit, _ in self.link} | {pin.name for pin in self.fetch}


class Wanted(NamedTuple):
    """requirements: PEP 508, without addresses.  addresses: words for pip and uv, ("./x.whl",) or ("-e", "./src").
    constraints: (requirement, where it is said).  options: further words for pip and uv, as a file of requirements has
    them.

    pins: for a complete list with exact versions (a lock, an export, a file with hashes), and nothing else then; None
    where it is none.  whole: the list is that of an exported environment, so not even pip is added.  name, variables:
    of that environment.
    """

    requirements: Tuple[str, ...] = ()
    addresses: Tuple[Tuple[str, ...], ...] = ()
    constraints: Tuple[Tuple[str, str], ...] = ()
    options: Tuple[str, ...] = ()
    pins: Optional[Tuple[Pin, ...]] = None
    whole: bool = False
    name: Optional[str] = None
    variables: Mapping[str, str] = {}


def wanted(base: "Base", words: Sequence[str], files: Sequence[str], editable: Sequence[str] = ()) -> Wanted:
    """What `words` (requirements and addresses), `files` and `editable` (folders) say together. Raises KeelError."""
    read = [read_file(base, path) for path in files]
    complete = [one for one in read if one.pins is not None]
    if complete and (len(read) > 1 or words or editable):
        raise KeelError(
            f"{files[0]} is a complete list of exact versions; nothing can be added to it",
            hint="use it alone, and then: keel install PACKAGE",
        )
    if complete:
        return complete[0]
    addresses = [*((word,) for word in words if is_address(word)), *(("-e", one) for one in editable)]
    named = [as_requirement(word) for word in words if not is_address(word)]
    return Wanted(
        (*named, *(text for part in read for text in part.requirements)),
        (*addresses, *(one for part in read for one in part.addresses)),
        tuple(one for part in read for one in part.constraints),
        tuple(word for part in read for word in part.options),
    )


def read_file(base: "Base", path: str) -> Wanted:
    """The file at `path`: a lock (.toml), an export (.json) or requirements. Raises KeelError."""
    suffix = _suffix(path)
    if suffix in (".yml", ".yaml"):
        raise KeelError(
            f"{path} looks like a file of conda's, which names packages of conda's",
            hint="write what you need into requirements.txt: keel create -n NAME -f requirements.txt",
        )
    if suffix in (".toml", ".json"):
        from .locks import read_export, read_lock

        return read_lock(base, path) if suffix == ".toml" else read_export(base, path)
    from .requirement_files import read_requirements

    return read_requirements(path)


def _suffix(path: str) -> str:
    """That of `path`, or the one that it should have: conda has taught people `keel env export > environment.yml`."""
    suffix = os.path.splitext(path)[1].lower()
    if suffix in (".toml", ".json") or not os.path.isfile(path):  # a pipe can be read once only
        return suffix
    text = read_text(path)
    if re.search(r"^lock-version\s*=", text, re.MULTILINE):
        return ".toml"
    return ".json" if text.lstrip().startswith("{") else suffix


def read_text(path: str) -> str:
    """A text file that somebody names. Raises KeelError."""
    try:
        with open(path, "rb") as file:
            return file.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise KeelError(f"{path} is not UTF-8: {error}", hint="save it as UTF-8") from error
    except OSError as error:
        raise KeelError(f"{path} cannot be read: {error.strerror}", hint="look at the path") from error


def is_address(word: str) -> bool:
    """Whether pip would take `word` for a file, a folder or a URL, and not for a name."""
    if _URL.match(word):
        return True
    path = re.sub(r"\[[^\]]*\]$", "", word.partition(";")[0].strip())
    if os.sep in path or path in (".", ".."):
        return True
    return path.lower().endswith(_ARCHIVES) and not re.search(r"[<>=~!\s]", path)


def check_addresses(addresses: Iterable[Tuple[str, ...]]) -> None:
    """KeelError where a file or folder that is named is not there; better said by us than late by pip."""
    for words in addresses:
        path = re.sub(r"\[[^\]]*\]$", "", words[-1].partition(";")[0].strip())
        if not _URL.match(path) and not os.path.exists(os.path.expanduser(path)):
            raise KeelError(f"{words[-1]}: there is no such file or folder", hint="packages are named without '/'")


def as_requirement(word: str) -> str:
    """conda's `numpy=1.26` means any 1.26, which is `numpy==1.26.*` in PEP 508; all else stays as it is."""
    match = re.fullmatch(r"([\w.-]+(?:\[[^\]]*\])?)\s*=\s*(\d[\w.!+]*?)(?:\.?\*)?", word)
    if match is None:
        return word
    return f"{match[1]}=={match[2]}" + (".*" if re.fullmatch(r"[\d.]*\d", match[2]) else "")


def names_of(requirements: Iterable[str]) -> List[str]:
    """The normalised names of `requirements` that are some."""
    from ._vendor.packaging.requirements import InvalidRequirement, Requirement
    from .installed import normalised

    found = []
    for text in requirements:
        try:
            found.append(normalised(Requirement(text).name))
        except InvalidRequirement:
            continue
    return found
