"""What macOS has noted about a base goes with it: `pkgutil` is a stand-in with receipts in a folder."""

from pathlib import Path

import pytest

from keel.quoting import sh
from keel.receipts import Receipt, read_receipts, read_shortcuts
from tests.unit.keel.bases import FakeBase

RECEIPTS = Path("keel-meta/receipts.txt")
PKGUTIL = """#!/bin/sh
# pkgutil --volume VOLUME --pkg-info|--forget ID
printf '%s\\n' "$*" >>"$HOME/pkgutil.calls"
[ "$1" = --volume ] && [ -e "$HOME/receipts/$4" ] || exit 1
[ "$3" = --pkg-info ] || { [ ! -e "$HOME/refuse" ] && rm "$HOME/receipts/$4"; }
"""


class Mac:
    def __init__(self, fake: FakeBase, tools: Path) -> None:
        self.fake, self.home = fake, fake.prefix.parent
        (self.home / "receipts").mkdir()
        tools.mkdir()
        (tools / "pkgutil").write_text(PKGUTIL)
        (tools / "pkgutil").chmod(0o755)
        self.env = fake.environment(PATH=f"{tools}:/usr/bin:/bin")

    def note(self, text: str, *there: str) -> None:
        (self.fake.prefix / RECEIPTS).write_text(text)
        for identifier in there:
            (self.home / "receipts" / identifier).touch()

    def left(self) -> list[str]:
        return sorted(path.name for path in (self.home / "receipts").iterdir())


@pytest.fixture
def mac(fake: FakeBase, tmp_path: Path) -> Mac:
    return Mac(fake, tmp_path / "tools")


def test_uninstalling_makes_macos_forget_and_restores_start_up_files(mac: Mac) -> None:
    mac.note(f"com.acme.base\t{mac.home}\ncom.acme.shell\t{mac.home}\n", "com.acme.base", "com.other")
    (mac.home / ".zshrc").write_text("# mine\n")
    mac.fake.keel("init", "zsh", env=mac.env)
    done = mac.fake.keel("uninstall", "-y", env=mac.env)
    assert not mac.fake.prefix.exists()
    assert (mac.home / ".zshrc").read_text() == "# mine\n"
    assert mac.left() == ["com.other"]
    assert done.stderr == ""
    assert (mac.home / "pkgutil.calls").read_text().splitlines() == [
        f"--volume {mac.home} --pkg-info com.acme.base",
        f"--volume {mac.home} --forget com.acme.base",
        f"--volume {mac.home} --pkg-info com.acme.shell",
    ]


def test_a_receipt_that_stays_is_named_with_what_to_do(mac: Mac) -> None:
    mac.note("com.acme.base\t/\n", "com.acme.base")
    (mac.home / "refuse").touch()
    done = mac.fake.keel("uninstall", "-y", env=mac.env)
    assert not mac.fake.prefix.exists()
    assert "sudo pkgutil --volume / --forget com.acme.base" in done.stderr


def test_without_pkgutil_nothing_is_asked(fake: FakeBase) -> None:
    (fake.prefix / RECEIPTS).write_text("com.acme.base\t/\n")
    assert fake.keel("uninstall", "-y").stderr == ""
    assert not fake.prefix.exists()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ()),
        ("a.b\t/\nc\t/Volumes/é x\n", (Receipt("a.b", "/"), Receipt("c", "/Volumes/é x"))),
        ("--volume\t/\n-f\t/\na b\t/\nnothing\nx\trelative\n", ()),
    ],
)
def test_what_is_no_receipt_is_passed_over(tmp_path: Path, text: str, found: tuple[Receipt, ...]) -> None:
    assert read_receipts(str(tmp_path)) == ()
    (tmp_path / "keel-meta").mkdir()
    (tmp_path / RECEIPTS).write_text(text)
    assert read_receipts(str(tmp_path)) == found


def test_a_shortcut_goes_if_it_still_leads_to_the_base(mac: Mac, tmp_path: Path) -> None:
    prefix = mac.fake.prefix
    own, other, changed, gone = (tmp_path / name for name in ("own", "other é", "changed", "gone"))
    own.write_text(f"#!/bin/sh\nKEEL_ROOT={sh(str(prefix))}\nkeel activate\n")
    other.write_text(f"#!/bin/sh\nKEEL_ROOT={sh(str(prefix) + '2')}\n")
    changed.write_text("mine")
    link = tmp_path / "link"
    link.symlink_to(own)
    lines = [str(path) for path in (own, other, changed, gone, link)]
    (prefix / "keel-meta/outside.txt").write_text("\n".join([*lines, "relative", ""]))
    assert read_shortcuts(str(prefix)) == (str(own),)
    mac.fake.keel("uninstall", "-y", env=mac.env)
    assert not own.exists()
    assert other.exists()
    assert changed.exists()
