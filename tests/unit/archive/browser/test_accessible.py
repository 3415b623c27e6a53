"""axe-core finds nothing that keeps anybody from using the pages, in light and dark, on desktop and phone."""

import pytest
from playwright.sync_api import Page, expect

from tests.npm_fixtures import axe_script
from tests.unit.archive.browser.conftest import DESKTOP, PHONE, Open

pytestmark = pytest.mark.xdist_group("chromium")

INSTALLER = "installers/Acme-science-2026.11-py313-Linux-x86_64.sh.html"


def violations(page: Page) -> list[str]:
    # Playwright's own scripts are not subject to the page's policy.
    page.evaluate(axe_script())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']} ({one['help']}): {', '.join(str(node['target']) for node in one['nodes'][:5])}"
        for one in found["violations"]
    ]


LOOKS = pytest.mark.parametrize(("scheme", "size"), [("light", DESKTOP), ("dark", PHONE)], ids=["light", "dark-phone"])


@LOOKS
def test_the_front_page_is_for_everybody(visit: Open, scheme: str, size: tuple[int, int]) -> None:
    page = visit(size=size, color_scheme=scheme).page
    page.locator("summary").first.click()
    assert violations(page) == []
    page.locator("#search").fill("scipy 4.9")
    expect(page.get_by_role("status")).to_have_text("40 files")
    assert violations(page) == []


@LOOKS
def test_an_installers_page_is_for_everybody(visit: Open, scheme: str, size: tuple[int, int]) -> None:
    page = visit(INSTALLER, size=size, color_scheme=scheme).page
    assert violations(page) == []


def test_on_a_phone_the_table_of_files_is_still_a_table_to_screen_readers(visit: Open) -> None:
    page = visit(size=PHONE).page
    table = page.get_by_role("table", name="Newest first")
    expect(table.get_by_role("row").nth(1).get_by_role("cell")).to_have_count(3)
    expect(table.get_by_role("row").nth(1).get_by_role("rowheader")).to_have_count(1)
