"""What `keel check` finds."""

from typing import NamedTuple, Optional

MISSING, CHANGED, BROKEN = "missing", "changed", "broken link"


class Damage(NamedTuple):
    """A recorded file that is not as recorded.

    prefix: of the base or environment; None for the store, where `file` is relative to the base.  file: relative to it.
    digest: what it should be ("sha256=…"); "" where that was not recorded.  name, version: of its package.
    private: it is a private copy (`keel unlink`).
    """

    prefix: Optional[str]
    file: str
    digest: str
    name: str
    version: str
    private: bool = False


class Problem(NamedTuple):
    """place: "store", or what the base or environment is called.  kind: one word or two, for programs.  text: one line.

    note: nothing is wrong with it, but people should know.  path: of the file or folder.  fixable: `--fix` can try.
    """

    place: str
    kind: str
    text: str
    hint: Optional[str] = None
    path: Optional[str] = None
    package: Optional[str] = None
    note: bool = False
    fixable: bool = False
    damage: Optional[Damage] = None
