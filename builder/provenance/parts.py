"""What a base is made of, as a record of it names the parts: packages, the interpreter and what it brings, keel."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Kind(Enum):
    """PACKAGE: a wheel.  INTERPRETER.  LIBRARY: inside the interpreter or the engine.  MANAGER: keel.  ENGINE."""

    PACKAGE = "package"
    INTERPRETER = "interpreter"
    LIBRARY = "library"
    MANAGER = "manager"
    ENGINE = "engine"


@dataclass(frozen=True, kw_only=True)
class Text:
    """A licence's text.  path: in the base, or a name in angle brackets where it lies in no file of its own."""

    path: str
    content: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of a base.

    version: None where it cannot be told.  license: an SPDX expression, None where there is none to be had without
    guessing; then `stated` may hold what the package says of it.  concluded: the expression is not the package's own
    word, but the recipe's or ours.  source, file, sha256: of what it came from; of packages "index", "url" (the
    recipe's), "file" or "built", of the interpreter the kind of its source.  in_base: linked into the base, or there
    with the interpreter; else on offer in the store only.  wanted: the recipe asks for it.  needs: names of packages.
    files: of the base, where a library was found.  cpe: the vendor and product under which the National Vulnerability
    Database has it.  note: anything else.
    """

    kind: Kind
    name: str
    version: str | None
    license: str | None = None
    stated: str | None = None
    concluded: bool = False
    texts: tuple[Text, ...] = ()
    source: str | None = None
    file: str | None = None
    sha256: str | None = None
    in_base: bool = True
    wanted: bool = False
    needs: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    cpe: tuple[str, str] | None = None
    note: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """ "numpy 2.4.6" """
        return f"{self.name} {self.version}" if self.version else self.name
