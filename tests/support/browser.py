"""A real browser on the live server, for tests that walk through the pages as a person would.

Asking for one of these fixtures marks a test `browser`. A test fails at its end when a page it opened raised
a script error or broke the content security policy, whatever else the test looked at.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, sync_playwright
from pytest_django.live_server_helper import LiveServer

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CHROMIUMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")  # the leanest first
PATIENCE = 15_000  # milliseconds for a page to show what a test waits for; a busy machine needs some


def chromium() -> str:
    """Return the Chromium to use: $CHROMIUM, or the first one on PATH."""
    for name in (os.environ.get("CHROMIUM", ""), *CHROMIUMS):
        found = shutil.which(name) if name else None
        if found:
            return found
    raise RuntimeError("No Chromium found. Install it (Debian: apt-get install chromium) or set CHROMIUM.")


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The driver of all browsers of this process."""
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as driver:
        # Playwright keeps an event loop running in this thread, which makes Django refuse every query here.
        # Nothing of ours runs in that loop, so the refusal has nothing to protect.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield driver


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """One browser for the tests of a module: what a long day leaves in one, the next does not meet."""
    started = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
    yield started
    started.close()


@dataclass
class Opened:
    """The windows of one test and what went wrong in them."""

    contexts: list[BrowserContext] = field(default_factory=list)
    mishaps: list[str] = field(default_factory=list)

    def heed(self, page: Page) -> None:
        """Remember script errors and breaches of the content security policy."""
        page.on("pageerror", lambda error: self.mishaps.append(f"{page.url}: {error}"))
        page.on("console", lambda message: self.hear(page, message))

    def hear(self, page: Page, message: ConsoleMessage) -> None:
        """Remember a console message that tells of a policy breach."""
        if message.type == "error" and "Content Security Policy" in message.text:
            self.mishaps.append(f"{page.url}: {message.text}")


@pytest.fixture
def open_page(browser: Browser, live_server: LiveServer) -> Iterator[Callable[..., Page]]:
    """A function that opens a window of its own (own cookies), with Playwright's context options."""
    opened = Opened()

    def open_one(**options: Any) -> Page:
        defaults = {
            "base_url": live_server.url,
            "viewport": {"width": 1280, "height": 900},
            "locale": "en-US",
        }
        context = browser.new_context(**(defaults | options))
        context.set_default_timeout(PATIENCE)
        opened.contexts.append(context)
        context.on("page", opened.heed)
        return context.new_page()

    yield open_one
    for context in opened.contexts:
        context.close()
    assert opened.mishaps == []


@pytest.fixture
def browser_page(open_page: Callable[..., Page]) -> Page:
    """A window of an ordinary desktop."""
    return open_page()


@pytest.fixture
def page_without_javascript(open_page: Callable[..., Page]) -> Page:
    """A window with JavaScript switched off."""
    return open_page(java_script_enabled=False)


@pytest.fixture
def narrow_page(open_page: Callable[..., Page]) -> Page:
    """A window of 320 CSS pixels, as on a small phone or at 400 % zoom."""
    return open_page(viewport={"width": 320, "height": 640})


@pytest.fixture
def dark_page(open_page: Callable[..., Page]) -> Page:
    """A window whose person prefers dark colours."""
    return open_page(color_scheme="dark")


def sign_in(page: Page, *, username: str, password: str) -> None:
    """Log in through the login page, as a person does."""
    page.goto("/login/")
    page.fill("input[name=username]", username)
    page.fill("input[name=password]", password)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(lambda url: "/login/" not in url)


def scrolls_sideways(page: Page) -> bool:
    """Return whether the page as a whole is wider than its window."""
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    return bool(page.evaluate(f"() => {wide}"))
