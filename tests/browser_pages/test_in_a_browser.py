"""What only a browser shows: focus, live figures, narrow windows."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser_pages.conftest import Desk
from tests.support.browser import scrolls_sideways, sign_in
from tests.support.scene import PASSWORD, accept, lock, send

pytestmark = pytest.mark.django_db(transaction=True)


def open_budget(page: Page, desk: Desk, name: str = "page") -> None:
    sign_in(page, username="dana", password=PASSWORD)
    page.goto(desk.url(name))


def test_pressing_a_blocked_button_moves_to_the_list_and_says_how_many(
    browser_page: Page, desk: Desk
) -> None:
    open_budget(browser_page, desk)
    browser_page.get_by_role("button", name="Send to ERP").press("Enter")
    assert browser_page.evaluate("() => document.activeElement.id").startswith("todo-send")
    browser_page.wait_for_function(
        "() => document.getElementById('announcer').textContent === '1 thing to do before sending'"
    )
    assert browser_page.url.endswith(desk.url("page"))


def test_the_question_mark_tells_the_reasons_without_javascript(
    page_without_javascript: Page, desk: Desk
) -> None:
    open_budget(page_without_javascript, desk)
    page_without_javascript.locator("details.why", has_text="New modification").locator("summary").click()
    reasons = page_without_javascript.locator("details.why[open]")
    assert "The budget is a draft. Lock it first." in (reasons.text_content() or "")


def test_without_javascript_a_blocked_send_ends_on_a_page_with_the_list(
    page_without_javascript: Page, desk: Desk
) -> None:
    open_budget(page_without_javascript, desk)
    page_without_javascript.get_by_role("button", name="Send to ERP").press("Enter")
    page_without_javascript.wait_for_url("**/send/**")
    page_without_javascript.get_by_role("button", name="Send to ERP").press("Enter")
    page_without_javascript.get_by_text("Nothing was changed. This stands in the way:").wait_for()


def test_lines_are_searched_and_balanced_with_the_keyboard_alone(browser_page: Page, desk: Desk) -> None:
    lock(desk.scene)
    open_budget(browser_page, desk, "modification_new")
    keys = browser_page.keyboard
    browser_page.get_by_label("What for").fill("Slab")
    for line in ("03-30-00 L", "01-31-00"):
        browser_page.get_by_label("Search by code, words or type").fill(line)
        keys.press("Enter")
        browser_page.wait_for_function(
            f"() => document.activeElement.ariaLabel?.startsWith('Change of {line}')"
        )
        keys.type("0.10" if line == "03-30-00 L" else "x")
    assert browser_page.locator("[data-verdict]").text_content() == "An amount cannot be read"
    keys.press("=")
    assert browser_page.get_by_label("Change of 01-31-00 L").input_value() == "-0.10"
    assert browser_page.locator("[data-verdict]").text_content() == "In balance"
    assert browser_page.locator("[data-after]").all_text_contents() == ["15,000.10", "19,999.90"]
    keys.press("ArrowUp")
    keys.type("15000.01")
    assert browser_page.locator("[data-net]").text_content() == "14,999.91"
    assert browser_page.locator("[data-verdict]").text_content() == "Out of balance"
    keys.press("Enter")
    keys.type("-20000.01")
    assert browser_page.get_by_text("goes below zero").is_visible()
    assert not desk.scene.budget.modifications.exists()


def test_nothing_but_the_grid_scrolls_sideways_on_a_phone(narrow_page: Page, desk: Desk) -> None:
    lock(desk.scene)
    sign_in(narrow_page, username="dana", password=PASSWORD)
    for name in ("page", "modifications", "batches", "preview", "modification_new", "line_add"):
        narrow_page.goto(desk.url(name))
        assert not scrolls_sideways(narrow_page), name


def test_a_page_that_waits_for_accounting_follows_by_itself(browser_page: Page, desk: Desk) -> None:
    lock(desk.scene)
    batch = send(desk.scene)
    open_budget(browser_page, desk)
    browser_page.get_by_text("Waiting for accounting").first.wait_for()
    accept(desk.scene, batch)
    browser_page.locator(".state.large", has_text="Accepted, exporting").wait_for()


def test_the_whole_way_to_sending_works_by_keyboard(open_page: Callable[..., Page], desk: Desk) -> None:
    page = open_page()
    open_budget(page, desk)
    page.get_by_role("button", name="Lock", exact=True).press("Enter")
    page.get_by_text("next, send the budget to accounting").wait_for()
    page.get_by_role("button", name="Send to ERP").press("Enter")
    page.get_by_role("heading", name="What will be sent").wait_for()
    page.get_by_role("button", name="Send to ERP").press("Enter")
    page.locator(".state.large", has_text="Waiting for accounting").wait_for()


def test_the_whole_way_there_and_back_works_without_javascript(
    open_page: Callable[..., Page], desk: Desk
) -> None:
    page = open_page(java_script_enabled=False, viewport={"width": 320, "height": 640})
    open_budget(page, desk)
    page.get_by_role("button", name="Add a line").click()
    page.fill("#id_cost_code", "09-68-00")
    page.select_option("#id_cost_type", "E")
    page.fill("#id_amount", "1,500.25")
    page.get_by_role("button", name="Add the line").click()
    page.get_by_text("Added 26-0288 09-68-00 E.").wait_for()
    page.get_by_role("button", name="Lock", exact=True).click()
    page.get_by_role("button", name="Send to ERP").click()
    page.fill("#id_note", "The carpet is new")
    page.get_by_role("button", name="Send to ERP").click()
    page.get_by_role("button", name="Retrieve from ERP").click()
    page.get_by_role("button", name="Retrieve from ERP").click()
    page.get_by_text("Batch 1 is back with you.").wait_for()
    page.get_by_role("button", name="Unlock").click()
    page.get_by_role("button", name="Unlock").click()
    page.get_by_text("Unlocked. Original amounts can be changed again").wait_for()
    assert not scrolls_sideways(page)


def test_the_question_mark_opens_under_the_mouse_and_closes_behind_it(browser_page: Page, desk: Desk) -> None:
    open_budget(browser_page, desk)
    mark = browser_page.locator("details.why", has_text="New modification")
    mark.locator("summary").hover()
    assert mark.get_attribute("open") is not None
    browser_page.locator("h1").hover()
    assert mark.get_attribute("open") is None
