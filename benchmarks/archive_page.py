"""The page of an archive with 10,000 files: how long it takes to make, and to filter in Chromium.

    python benchmarks/archive_page.py [--files 10000] [--chromium /usr/bin/chromium]

Goals: made in 10 s, filtered in 1 s. Each number is also given as a ratio to a loop of Python's in the same run, so
that runs on different machines can be compared. Where other work is going on: `chrt -r 5` before it.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from builder.archive.index import Index
from builder.archive.index_file import read_index, write_index
from builder.archive.page import render_site
from builder.archive.site import SiteTexts
from tests.unit.archive import page_samples

QUERIES = ("scipy", "scipy 1.17", "scipy>=2,<7 numpy", "Linux", "nothing-like-this")
# From the letter in the field to the finished layout; what it loads is part of the first one.
_TYPE = """async (query) => {
    const begun = performance.now();
    const status = document.querySelector('#found');
    const watched = {childList: true, characterData: true, subtree: true};
    const told = new Promise((done) => new MutationObserver(done).observe(status, watched));
    const field = document.querySelector('#search');
    field.value = query;
    field.dispatchEvent(new Event('input', {bubbles: true}));
    await told;
    document.body.getBoundingClientRect();
    return performance.now() - begun;
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    options = parser.parse_args()
    unit = measure_loop()
    data = write_index(page_samples.large(options.files))
    index = read_index(data)
    print(f"index.json: {len(data) / 1e6:.1f} MB (goal: 10)")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        report("page made and written", write(index, folder), unit, 10)
        with sync_playwright() as play:
            browser = play.chromium.launch(executable_path=options.chromium, args=["--no-sandbox"])
            page = browser.new_page()
            begun = time.perf_counter()
            page.goto((folder / "index.html").as_uri())
            page.wait_for_selector("#filters:not([hidden])")
            report("page opened", time.perf_counter() - begun, unit, 1)
            filter_all(page, unit)
            browser.close()


def measure_loop() -> float:
    begun = time.perf_counter()
    sum(number * number for number in range(10_000_000))
    return time.perf_counter() - begun


def write(index: Index, folder: Path) -> float:
    begun = time.perf_counter()
    for path, content in render_site(index, SiteTexts()):
        file = folder / path
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content)
    return time.perf_counter() - begun


def filter_all(page: Page, unit: float) -> None:
    for query in QUERIES:
        seconds = page.evaluate(_TYPE, query) / 1000
        report(f'search "{query}": {page.locator("#found").inner_text()}', seconds, unit, 1)


def report(what: str, seconds: float, unit: float, goal: float) -> None:
    print(f"{what}: {seconds:.3f} s (goal: {goal} s), {seconds / unit:.3f} of a loop of {unit:.2f} s")


if __name__ == "__main__":
    main()
