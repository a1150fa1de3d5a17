"""A browser, and pages to open in it.

To add a page, write `test_NAME_page.py` beside this file:

    def test_the_page_shows_something(written, opened):
        file = written("bench.html", "bench", "--fake", "report-tp1", "--html", "{out}")
        page = opened(file, width=1280)
        page.click("text=TTFT")
        page.shot("bench-ttft")

`written` runs `rehearsal`; `opened` watches the page: a request that leaves the file, an error on the console or an exception
fails the test at its end, and so does a page that is wider than its window.
"""

import os
import pathlib
import subprocess

import pytest
from playwright.sync_api import sync_playwright

FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# the widths of a laptop and of a telephone
WIDE, NARROW = 1280, 400


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        # a new user-data-dir each time is playwright's own habit
        browser = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], headless=True, args=FLAGS, chromium_sandbox=False)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    """`written(name, *arguments)`: runs `rehearsal` with these arguments, where `{out}` is the file's path, and gives the file.

    An argument may be a file that was written before. The command may end with exit code 4: its page then shows what failed.
    """
    folder = tmp_path_factory.mktemp("pages")
    environment = {key: value for key, value in os.environ.items() if key != "OPENAI_API_KEY"}

    def write(name, *arguments):
        out = folder / name
        command = [os.environ["REHEARSAL"], *(str(argument).replace("{out}", str(out)) for argument in arguments)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)
        assert done.returncode in (0, 4), f"{' '.join(command)} ended with {done.returncode}: {done.stderr}"
        assert out.exists(), f"{' '.join(command)} wrote no {name}"
        return out

    return write


class Opened:
    """A page, and all that it did that a page of ours must not do. Everything else is playwright's own `Page`."""

    def __init__(self, page):
        self.page = page
        self.wrong = []
        page.on("request", self._requested)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.wrong.append(f"exception: {error}"))

    def __getattr__(self, name):
        return getattr(self.page, name)

    def _requested(self, request):
        if not request.url.startswith(("file:", "data:", "blob:")):
            self.wrong.append(f"request: {request.url}")

    def _said(self, message):
        if message.type in ("error", "warning"):
            self.wrong.append(f"console: {message.text}")

    def shot(self, name):
        """Keeps a screenshot of what the window shows now."""
        self.page.screenshot(path=pathlib.Path(os.environ["PAGES"]) / f"{name}.png")

    def overflow(self):
        """By how many pixels the page is wider than its window."""
        return self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


@pytest.fixture
def opened(browser):
    """`opened(file, width=1280)`: the file in a window of this width, watched until the test ends."""
    pages = []

    def open_page(file, width=WIDE, height=900, **context):
        page = Opened(browser.new_context(viewport={"width": width, "height": height}, **context).new_page())
        page.goto(pathlib.Path(file).as_uri())
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        assert page.wrong == []
        assert page.overflow() <= 0, f"the page is {page.overflow()} pixels wider than its window"
        page.context.close()
