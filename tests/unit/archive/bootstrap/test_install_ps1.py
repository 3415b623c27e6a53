"""install.ps1 is parsed by the grammar of PowerShell, which itself is in no package registry that CI reaches."""

import tree_sitter
import tree_sitter_powershell

from builder.archive.bootstrap import install_ps1
from builder.archive.site import SiteTexts
from builder.resources import TEMPLATES
from tests.unit.archive import page_samples

SITE = SiteTexts(url="https://python.acme.example/it's/", featured="minimal")


def has_error(source: bytes) -> bool:
    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language())).parse(source).root_node.has_error


def test_it_is_powershell_before_and_after_it_is_filled_in() -> None:
    source = (TEMPLATES / "archive" / "install.ps1").read_bytes()
    filled = install_ps1(page_samples.company(1), SITE)
    assert not has_error(source)
    assert not has_error(filled)
    # PowerShell 5.1 reads what has no byte order mark in the code page of the day.
    assert source.isascii()
    assert filled.isascii()


def test_what_it_knows_of_its_archive_are_single_words() -> None:
    text = install_ps1(page_samples.company(1), SITE).decode()
    assert "Archive = 'https://python.acme.example/it''s'" in text
    assert f"Key = '{page_samples.KEY}'" in text
    assert "Version = '8'" in text
    assert "Name = 'minimal'" in text
    assert "'@" not in text.replace("-like '@*'", "")
