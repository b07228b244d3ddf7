"""The people of the story at their screens: each in a window of their own, each verb one thing a person does.

Nobody sleeps: whoever waits reloads the page until it shows what is waited for, as a person would.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Error, Locator, Page, expect

from tests.support.browser import PATIENCE as FOR_A_PAGE
from tests.support.browser import scrolls_sideways, sign_in

expect.set_options(timeout=FOR_A_PAGE)

PATIENCE = 90.0  # seconds for workers, on a busy machine
GLANCE = 400  # milliseconds to look at a page before it is loaded again
ATTEMPTS = 5  # to open an address


def wait_for(page: Page, place: Locator, *, patience: float = PATIENCE) -> None:
    """Load the page again and again until the place is to be seen."""
    end = time.monotonic() + patience
    while True:
        try:
            expect(place).to_be_visible(timeout=GLANCE)
            return
        except AssertionError:
            if time.monotonic() > end:
                raise
        with suppress(Error):  # the page may be loading itself anew at this very moment
            page.reload()


def until(happened: Callable[[], bool], otherwise: str, *, patience: float = PATIENCE) -> None:
    """Look again and again until it has happened; fail saying `otherwise`."""
    end = time.monotonic() + patience
    while not happened():
        assert time.monotonic() < end, f"{otherwise} after {patience} s"
        time.sleep(0.05)


@dataclass
class Person:
    """Somebody before a browser window."""

    page: Page
    username: str
    password: str = "tieback-test"

    def logs_in(self) -> None:
        """Log in through the login page."""
        sign_in(self.page, username=self.username, password=self.password)

    def goes_to(self, address: str) -> None:
        """Open an address, once more where the page before was loading itself anew at that very moment."""
        for _ in range(ATTEMPTS):
            try:
                self.page.goto(address)
                return
            except Error as outrun:
                if "interrupted by another navigation" not in outrun.message:
                    raise
        raise AssertionError(f"{address} was outrun {ATTEMPTS} times by the page before it")

    def presses(self, name: str, *, inside: Locator | None = None) -> None:
        """Press the button of exactly that name, on a page that fits the window."""
        button = (inside or self.page).get_by_role("button", name=name, exact=True)
        expect(button).to_be_visible()
        assert not scrolls_sideways(self.page), f"{self.page.url} is wider than its window"
        button.click()

    def reads(self, words: str) -> None:
        """See these words on the page."""
        expect(self.page.get_by_text(words).filter(visible=True).first).to_be_visible()


class ProjectManager(Person):
    """Works on the budget's pages."""

    @property
    def standing(self) -> Locator:
        """Where the budget stands, with its actions."""
        return self.page.get_by_role("region", name="Where this budget stands")

    @property
    def state(self) -> Locator:
        """The word for where it stands."""
        return self.standing.locator(".state.large")

    @property
    def todo(self) -> Locator:
        """The list of everything that stands in the way of sending."""
        return self.page.get_by_role("region", name=re.compile(r"things? to do before sending"))

    @property
    def send_button(self) -> Locator:
        """Send to ERP, later Re-send to ERP."""
        return self.standing.get_by_role("button", name=re.compile(r"^(Send|Re-send) to ERP$"))

    def opens(self, project: str) -> None:
        """Open a project's budget from My projects."""
        self.goes_to("/")
        self.page.get_by_role("link", name=project, exact=True).click()
        expect(self.standing).to_be_visible()

    def follows_the_link_in(self, mail: str) -> None:
        """Open the page a mail leads to."""
        found = re.search(r"https?://\S+", mail)
        assert found, mail
        self.goes_to(found[0])

    def opens_tab(self, name: str) -> None:
        """Open one of the budget's parts."""
        parts = self.page.get_by_role("navigation", name="Parts of the budget")
        parts.get_by_role("link", name=name).click()
        expect(parts.get_by_role("link", name=name)).to_have_attribute("aria-current", "page")

    def sees_state(self, words: str) -> None:
        """Read where the budget stands."""
        expect(self.state).to_contain_text(words)

    def waits_until(self, words: str) -> None:
        """Look again until the budget stands there."""
        wait_for(self.page, self.state.filter(has_text=words))

    def watches_until(self, words: str) -> None:
        """Leave the page alone until it says by itself that the budget stands there."""
        expect(self.state).to_contain_text(words, timeout=PATIENCE * 1_000)

    def adds_line(self, cost_code: str, cost_type: str, **typed: str) -> None:
        """Add a line; `typed` are the other fields of the form, and `job`."""
        self.presses("Add a line")
        self.page.get_by_label("Cost code").fill(cost_code)
        self.page.get_by_label("Cost type").select_option(cost_type)
        self._types(typed)
        self.presses("Add the line")
        expect(self.line(cost_code, cost_type)).to_be_visible()

    def changes_line(self, cost_code: str, cost_type: str, **typed: str) -> None:
        """Open a line from the grid and save it with other values."""
        self.line(cost_code, cost_type).get_by_role("link").click()
        self._types(typed)
        self.presses("Save")
        expect(self.standing).to_be_visible()

    def _types(self, typed: dict[str, str]) -> None:
        if job := typed.pop("job", ""):
            self.page.get_by_label("Job").select_option(job)
        if typed.pop("automatic", ""):
            self.page.get_by_label("Automatic").check()
        for label, value in typed.items():
            self.page.get_by_label(label.replace("_", " ").capitalize(), exact=True).fill(value)

    def line(self, cost_code: str, cost_type: str) -> Locator:
        """A line's row of the grid."""
        rows = self.page.locator("tr.line")
        for column, text in (("code", cost_code), ("type", cost_type)):
            cell = self.page.locator(f'[data-col="{column}"]', has_text=re.compile(rf"^{re.escape(text)}$"))
            rows = rows.filter(has=cell)
        return rows

    def total(self, name: str) -> str:
        """One of the figures in the budget's head, for example "Revised"."""
        figure = self.page.locator("dl.figures > div").filter(has=self.page.get_by_text(name, exact=True))
        return (figure.locator("dd").evaluate("dd => dd.firstChild.textContent") or "").strip()

    def sees_amount_in_cmic(self, amount: str) -> None:
        """Look again until the head of the budget says that CMiC holds this much."""
        figure = self.page.locator("dl.figures > div").filter(
            has=self.page.get_by_text("In CMiC", exact=True)
        )
        wait_for(self.page, figure.get_by_text(amount, exact=True))

    def locks(self) -> None:
        """Lock the budget."""
        self.presses("Lock", inside=self.standing)
        self.reads("Locked. The original amounts are frozen")

    def unlocks(self) -> None:
        """Unlock the budget, and confirm it."""
        self.presses("Unlock", inside=self.standing)
        self.presses("Unlock")
        self.sees_state("Draft")

    def moves(self, amount: str, *, out_of: str, into: str, what_for: str) -> None:
        """Write a transfer between two lines, named as the form names them, and make it effective."""
        self.opens_tab("Modifications")
        self.presses("New modification")
        self.page.get_by_label("What for").fill(what_for)
        for line, change in ((out_of, f"({amount})"), (into, amount)):
            self.page.get_by_label("Search by code, words or type").fill(line)
            self.presses("Find")
            self.page.get_by_label(f"Change of {line}").fill(change)
        self.presses("Make effective")
        self.reads("Effective, not sent")

    def presses_the_grey_button(self) -> None:
        """Reach the blocked button by keyboard and press it."""
        self.send_button.focus()
        expect(self.send_button).to_be_focused()
        self.page.keyboard.press("Enter")

    def sends(self, *, note: str = "", shows: tuple[str, ...] = ()) -> None:
        """Go to what will be sent, read it, and send it."""
        self.send_button.click()
        expect(self.page.get_by_role("heading", name="What will be sent")).to_be_visible()
        for words in shows:
            self.reads(words)
        self.page.get_by_label("Note to the approver").fill(note)
        self.page.locator("#send-form").get_by_role("button", name=re.compile("to ERP$")).click()
        self.sees_state("Waiting for accounting")

    def cannot_send_because(self, *reasons: str) -> None:
        """See the button grey, but there, and beside it everything there is to do."""
        expect(self.send_button).to_be_visible()
        expect(self.send_button).to_have_attribute("aria-disabled", "true")
        expect(self.todo.locator("ol > li.blocker")).to_have_count(len(reasons))
        for reason in reasons:
            expect(self.todo.get_by_text(reason)).to_be_visible()

    def answers(self, remark: str, answer: str) -> None:
        """Answer an approver's remark where it stands in the grid."""
        place = self.page.locator(".remark", has_text=remark)
        place.get_by_label("answer here").fill(answer)
        self.presses("Answer", inside=place)
        expect(self.page.locator(".remark", has_text=remark)).to_contain_text(answer)


def api(person: Person, path: str) -> Any:
    """What the API says to somebody who is logged in."""
    answer = person.page.request.get(f"/api/v1/{path}")
    assert answer.ok, f"{path}: {answer.status} {answer.text()}"
    return answer.json()
