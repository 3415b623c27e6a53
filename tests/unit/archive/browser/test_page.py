"""The archive page in Chromium: what people see and do."""

import re
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from playwright.sync_api import Page, expect

from builder.archive.site import SiteTexts
from tests.unit.archive import page_samples
from tests.unit.archive.browser.conftest import DESKTOP, PHONE, Open, Site, served, write_site

pytestmark = pytest.mark.xdist_group("chromium")

INSTALLER = "installers/Acme-science-2026.11-py313-Linux-x86_64.sh.html"
CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0"
WINDOWS = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15"
LINUX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE_AGENT = f"Mozilla/5.0 (Linux; Android 10; K) {CHROME} Mobile Safari/537.36"


def hints(platform: str, architecture: str) -> str:
    """What Chromium tells of itself."""
    values = f"{{architecture: '{architecture}', bitness: '64', platform: '{platform}'}}"
    return (
        f"Object.defineProperty(navigator, 'userAgentData', {{get: () => "
        f"({{platform: '{platform}', getHighEntropyValues: async () => ({values})}})}});"
    )


def no_hints(platform: str = "", graphics: str = "") -> str:
    """Another browser. graphics: what WebGL calls the graphics card."""
    return (
        "Object.defineProperty(navigator, 'userAgentData', {get: () => undefined});"
        f"Object.defineProperty(navigator, 'platform', {{get: () => '{platform}'}});"
        "HTMLCanvasElement.prototype.getContext = () => "
        f"({{getExtension: () => null, getParameter: () => '{graphics}', RENDERER: 1}});"
    )


def files(page: Page) -> list[str]:
    return page.locator("#files tbody a.file").all_inner_texts()


@pytest.mark.parametrize("path", ["index.html", INSTALLER])
@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
def test_nothing_is_wider_than_the_screen(visit: Open, path: str, script: bool) -> None:
    page = visit(path, java_script_enabled=script).page
    for width, height in (DESKTOP, (768, 1024), PHONE, (320, 640)):
        page.set_viewport_size({"width": width, "height": height})
        # Without scripts on the page, playwright's own still run.
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_newest_files_come_first_with_size_date_and_hash(visit: Open) -> None:
    page = visit().page
    first = page.locator("#files tbody tr").first
    expect(first.locator("a.file")).to_have_text("Acme-science-2026.11-py313-Linux-x86_64.sh")
    expect(first.locator("td.size")).to_have_text(re.compile(r"^\d+\.\d MB$"))
    expect(first.locator("time")).to_have_text("2026-11-24 17:53")
    expect(first.locator("td.hash")).to_have_text(re.compile("^[0-9a-f]{64}$"))
    assert page.locator("#files thead th").all_inner_texts() == ["Filename", "Size", "Last modified (UTC)", "SHA-256"]
    with page.expect_download() as download:
        page.locator("#files tbody a.file").nth(0).click()
    assert download.value.suggested_filename == "Acme-science-2026.11-py313-Linux-x86_64.sh"


@pytest.mark.parametrize(
    ("agent", "before", "file", "words"),
    [
        (LINUX, no_hints("Linux x86_64"), "Linux-x86_64.sh", "For your computer: Linux x86-64"),
        (LINUX, hints("Linux", "arm"), "Linux-aarch64.sh", "For your computer: Linux ARM64"),
        (LINUX.replace("x86_64", "aarch64"), no_hints("Linux aarch64"), "Linux-aarch64.sh", "Linux ARM64"),
        (WINDOWS, hints("Windows", "x86"), "Windows-x86_64.exe", "For your computer: Windows x86-64"),
        (WINDOWS, hints("Windows", "arm"), "Windows-x86_64.exe", "There is none for Windows ARM64"),
        (FIREFOX, no_hints("Win32"), "Windows-x86_64.exe", "does not tell the processor"),
        (SAFARI, hints("macOS", "arm"), "MacOSX-arm64.pkg", "For your computer: macOS Apple silicon"),
        (SAFARI, hints("macOS", "x86"), "MacOSX-x86_64.pkg", "For your computer: macOS Intel"),
        (SAFARI, no_hints("MacIntel", "Apple M2"), "MacOSX-arm64.pkg", "For your computer: macOS Apple silicon"),
        (SAFARI, no_hints("MacIntel", "Intel Iris"), "MacOSX-x86_64.pkg", "For your computer: macOS Intel"),
        (SAFARI, no_hints("MacIntel", "Apple GPU"), "MacOSX-arm64.pkg", "does not tell the chip"),
        (PHONE_AGENT, no_hints("Linux armv81"), "", "No installer is known to run on this device"),
    ],
)
def test_the_file_for_the_visitors_system_is_on_top(
    visit: Open, agent: str, before: str, file: str, words: str
) -> None:
    if "Windows ARM64" in words:
        # The sample has one, of an older release; a product without any is what this shows.
        before += (
            "document.addEventListener('readystatechange', () => "
            "document.querySelectorAll('[data-platform=windows-arm64]').forEach((link) => link.remove()));"
        )
    page = visit(user_agent=agent, before=before).page
    expect(page.locator("#yours .choice")).to_contain_text(words)
    assert (page.locator("#yours-button").get_attribute("href") or "").endswith(file)


def test_a_doubt_can_be_settled_by_one_click(visit: Open) -> None:
    page = visit(user_agent=SAFARI, before=no_hints("MacIntel", "Apple GPU")).page
    page.get_by_role("button", name="Take macOS Intel").click()
    expect(page.locator("#yours-title")).to_have_text("For macOS Intel")
    assert page.locator("#yours-button").get_attribute("href") == "Acme-science-2026.11-py313-MacOSX-x86_64.pkg"


def test_the_commands_are_those_of_the_file_and_can_be_copied(visit: Open, site: Site) -> None:
    made = visit(user_agent=LINUX, before=no_hints("Linux x86_64"), permissions=["clipboard-read", "clipboard-write"])
    page = made.page
    page.locator("#choose-python").select_option("3.12")
    page.locator("#yours-command .copy").click()
    expect(page.locator("#yours-command .copy")).to_have_text("Copied")
    copied = str(page.evaluate("navigator.clipboard.readText()")).splitlines()
    file = "Acme-science-2026.11-py312-Linux-x86_64.sh"
    assert copied[0] == f"curl -fLO {site.url}{file}"
    assert re.fullmatch(f"echo '[0-9a-f]{{64}}  {file}' \\|", copied[1])
    assert copied[2].strip() == f"sha256sum -c && sh {file}"
    expect(page.locator("#yours-bootstrap code")).to_have_text(
        f"curl -fsSL {site.url}install.sh | sh -s -- --python 3.12"
    )


def test_scripts_without_an_address_of_their_own_are_told_the_pages(visit: Open, tmp_path: Path) -> None:
    write_site(tmp_path, page_samples.company(), SiteTexts(featured="acme-science"))
    with served(tmp_path) as url:
        page = visit(user_agent=LINUX, before=no_hints("Linux x86_64"), url=url).page
        line = page.locator("#yours-bootstrap code")
        expect(line).to_have_text(f"curl -fsSL {url}install.sh | sh -s -- --archive {url}")
        page.get_by_label("System").first.select_option("windows-x86_64")
        expect(line).to_have_text(f"& ([scriptblock]::Create((irm {url}install.ps1))) -archive {url}")


def test_another_product_and_system_can_be_chosen(visit: Open, site: Site) -> None:
    page = visit(user_agent=LINUX, before=no_hints("Linux x86_64")).page
    page.get_by_label("Product").first.select_option("minimal")
    page.get_by_label("System").select_option("windows-x86_64")
    assert page.locator("#yours-button").get_attribute("href") == "Minimal-2026.11-py313-Windows-x86_64.exe"
    expect(page.locator("#yours-command code")).to_contain_text("Get-FileHash")
    expect(page.locator("#yours-bootstrap code")).to_have_text(
        f"& ([scriptblock]::Create((irm {site.url}install.ps1))) -name minimal"
    )


def test_filters_work_together_and_are_in_the_address(visit: Open) -> None:
    page = visit().page
    page.locator("#filter-platform").select_option("macos-arm64")
    page.locator("#filter-python").select_option("3.12")
    page.locator("#filter-format").select_option("pkg")
    page.locator("#filter-product").select_option("acme-science")
    expect(page.get_by_role("status")).to_have_text("3 files")
    assert files(page) == [f"Acme-science-2026.{month}-py312-MacOSX-arm64.pkg" for month in (11, 10, "09")]
    again = visit("index.html#" + page.url.partition("#")[2]).page
    expect(again.get_by_role("status")).to_have_text("3 files")
    again.get_by_role("button", name="Clear").click()
    expect(again.get_by_role("status")).to_be_empty()
    assert "#" not in again.url
    assert len(files(again)) == again.locator("#files tbody tr").count() > 50


def test_the_search_finds_files_by_package_and_version(visit: Open) -> None:
    page = visit().page
    for query, count, fact in (
        ("scipy", 56, "scipy 4.10.2"),
        ("scipy 4.9", 40, "scipy 4.9.2"),
        ("scipy==4.10.2", 16, "scipy 4.10.2"),
        ("SciPy>=4.9,<4.10", 40, "scipy 4.9.2"),
        ("scipy ~=4.9.0", 40, "scipy 4.9.2"),
        ("scipy != 4.10.2 numpy", 40, "numpy"),
        ("scipy>=4.9 windows-arm64", 8, "scipy 4.9.2"),
        ("hatchling", 104, "not in the base"),
        ("2026.10 Linux", 8, ""),
    ):
        page.get_by_label("Package or part of a file name").fill(query)
        expect(page.get_by_role("status")).to_have_text(f"{count} files")
        expect(page.locator("#files tbody tr").first).to_contain_text(fact)


def test_versions_are_compared_as_requirements_do(visit: Open) -> None:
    page = visit().page
    versions = ("1.7", "1.7.0", "1.7.1", "1.7.post1", "1.10", "1.7rc1", "1.7.dev3", "1.7a2", "2!1.0", "2.0", "2.0rc1")
    limits = ("1.7", "1.7.1", "1.10", "2.0", "1.7rc1", "1.7.post1", "2!1.0", "1.7.*", "2.*")
    cases = [
        (version, operator, limit)
        for version in versions
        for operator in ("==", "!=", ">=", "<=", ">", "<", "~=")
        for limit in limits
        if not (limit.endswith("*") and operator not in ("==", "!="))
    ]
    told = page.evaluate("(cases) => cases.map(([version, operator, limit]) => fits(version, operator, limit))", cases)
    wanted = [SpecifierSet(operator + limit).contains(version, prereleases=True) for version, operator, limit in cases]
    assert [case for case, one, other in zip(cases, told, wanted, strict=True) if one != other] == []


def test_what_cannot_be_found_or_read_is_told(visit: Open) -> None:
    page = visit().page
    search = page.get_by_label("Package or part of a file name")
    search.fill("scypi")
    expect(page.get_by_role("status")).to_contain_text("No package and no file is called “scypi”.")
    search.fill("sciki")
    expect(page.get_by_role("status")).to_contain_text("scikit-image, scikit-learn")
    search.fill("scipy >>")
    expect(page.get_by_role("status")).to_contain_text("“>>” cannot be read")
    search.fill("scipy 99")
    expect(page.get_by_role("status")).to_have_text("No file fits.")


def test_everything_can_be_done_by_keyboard(visit: Open) -> None:
    page = visit(user_agent=LINUX, before=no_hints("Linux x86_64")).page
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    page.keyboard.press("Enter")
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        focus = page.locator(":focus")
        reached.add(focus.get_attribute("id") or focus.inner_text())
        if focus.get_attribute("id") == "search":
            break
    assert {"yours-button", "choose-platform", "choose-python", "Copy", "search"} <= reached
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.type("pandas")
    expect(page.get_by_role("status")).to_contain_text("files")


def test_without_javascript_it_is_a_plain_table_without_dead_controls(visit: Open) -> None:
    page = visit(java_script_enabled=False).page
    assert len(files(page)) > 50
    assert page.locator("table.matrix a").count() > 20
    for dead in ("select", "input", "button"):
        assert page.locator(dead).locator("visible=true").count() == 0
    page.goto(page.url.replace("index.html", INSTALLER))
    expect(page.locator("pre").first).to_contain_text("curl -fLO https://python.acme.example/Acme-science-2026.11")
    assert page.locator("button").locator("visible=true").count() == 0


def test_an_installers_page_tells_what_is_in_it_and_what_changed(visit: Open, site: Site) -> None:
    page = visit().page
    page.get_by_label("Details of Acme-science-2026.11-py313-Linux-x86_64.sh").click()
    expect(page.locator("h1")).to_have_text("Acme-science-2026.11-py313-Linux-x86_64.sh")
    expect(page.get_by_role("row", name="scipy")).to_have_count(2)
    expect(page.locator("table.changes")).to_contain_text("4.9.2")
    expect(page.get_by_text("10 packages updated")).to_be_visible()
    expect(page.locator("table.licences")).to_contain_text("not told by the package")
    assert page.get_by_role("link", name="Software bill of materials").get_attribute("href", timeout=500) == (
        "../Acme-science-2026.11-py313-Linux-x86_64.sbom.cdx.json"
    )
    page.get_by_role("link", name="2026.10").click()
    expect(page.get_by_text("There is a newer one")).to_be_visible()


def test_on_paper_there_are_no_controls(visit: Open) -> None:
    page = visit().page
    page.emulate_media(media="print")
    for control in ("#filters", ".copy", ".top nav"):
        assert page.locator(control).first.is_hidden()
    expect(page.locator("td.hash").first).to_be_visible()


def test_it_works_from_a_shared_folder(visit: Open, site: Site) -> None:
    page = visit(url=site.folder.as_uri() + "/").page
    page.get_by_label("Package or part of a file name").fill("scipy 4.9")
    expect(page.get_by_role("status")).to_have_text("40 files")
    expect(page.locator("#yours-check")).to_have_text("Check and install")
    expect(page.locator("#yours-bootstrap")).to_be_hidden()
    assert "curl" not in page.locator("#yours-command code").inner_text()
