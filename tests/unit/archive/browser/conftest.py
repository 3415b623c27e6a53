"""One Chromium for all tests of the page, and archives on a loopback server.

Screenshots go to `.test-cache/screenshots/`, or where KEEL_SCREENSHOTS says, as artefacts of a run.
"""

import functools
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from builder.archive.index import Index
from builder.archive.page import render_site
from builder.archive.site import SiteTexts, load_site
from tests.conftest import TEST_CACHE, need
from tests.unit.archive import page_samples

SCREENSHOTS = Path(os.environ.get("KEEL_SCREENSHOTS") or TEST_CACHE / "screenshots")
DESKTOP, PHONE = (1280, 900), (390, 844)
TEXTS = """\
title: Acme Python
company: Acme Corp
intro: |
  Python with the packages that we work with, ready to install, on machines without a network too.
url: https://python.acme.example/
accent: "#0b6e4f"
featured: acme-science
links:
  - {text: Help desk, url: "https://help.acme.example/"}
footer: Acme Corp, Numerics. Packages keep their own licences.
"""


@dataclass
class Site:
    """A rendered archive. url: where it is served; folder: where it lies."""

    url: str
    folder: Path


class _Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Handler, directory=str(folder)))
    server.daemon_threads = True
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def write_site(folder: Path, index: Index, texts: SiteTexts) -> None:
    for name, content in render_site(index, texts):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    for entry in index.installers[:20]:
        (folder / entry.file).write_bytes(b"an installer")


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with sync_playwright() as play:
        # Root, in a container, has no user namespaces to make a sandbox of.
        made = play.chromium.launch(executable_path=need("chromium"), args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("archive of acme")
    texts = folder / "archive.yaml"
    texts.write_text(TEXTS)
    write_site(folder, page_samples.company(), load_site(texts))
    with served(folder) as url:
        yield Site(url, folder)


@dataclass
class Visit:
    """A page that has been opened. troubles: what the console said, scripts that failed, requests to other hosts."""

    page: Page
    troubles: list[str] = field(default_factory=list)


Open = Callable[..., Visit]


@pytest.fixture
def visit(browser: Browser, site: Site, request: pytest.FixtureRequest) -> Iterator[Open]:
    """Opens a page of the site in a context of its own; at the end nothing may have gone wrong in any of them."""
    contexts: list[BrowserContext] = []
    visits: list[Visit] = []

    def open_page(
        path: str = "index.html",
        *,
        size: tuple[int, int] = DESKTOP,
        before: str = "",
        url: str | None = None,
        **options: object,
    ) -> Visit:
        """before: a script that runs before those of the page.  options: of playwright's contexts."""
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, **options)  # type: ignore[arg-type]
        contexts.append(context)
        made = Visit(context.new_page())
        visits.append(made)
        here = url or site.url
        made.page.on("console", lambda message: made.troubles.append(f"{message.type}: {message.text}"))
        made.page.on("pageerror", lambda error: made.troubles.append(f"failed: {error}"))
        made.page.on("request", lambda sent: None if sent.url.startswith(here) else made.troubles.append(sent.url))
        if before:
            made.page.add_init_script(before)
        made.page.goto(here + path)
        if options.get("java_script_enabled", True) and path.startswith("index.html"):
            made.page.wait_for_selector("#yours:not([hidden])")
        return made

    yield open_page
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    name = request.node.name.replace("/", "-")
    visits[-1].page.screenshot(path=SCREENSHOTS / f"{name}.png")
    for context in contexts:
        context.close()
    assert [made.troubles for made in visits if made.troubles] == []
