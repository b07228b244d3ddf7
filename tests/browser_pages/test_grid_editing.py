"""Editing in the grid as a person does it: by keyboard, with somebody else at a line, with a broken network."""

import re
from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from budgets import services
from budgets.models import BudgetLine
from tests.browser_pages.conftest import Desk
from tests.browser_pages.test_accessibility import faults
from tests.support.browser import scrolls_sideways, sign_in
from tests.support.scene import PASSWORD, lock, reject, send

pytestmark = pytest.mark.django_db(transaction=True)


def open_grid(page: Page, desk: Desk, *, as_whom: str = "dana") -> None:
    sign_in(page, username=as_whom, password=PASSWORD)
    page.goto(desk.url("page"))
    page.locator(".grid [tabindex='0']").focus()  # the one stop for the tab key


def cell(page: Page, line: BudgetLine, column: str) -> Locator:
    return page.locator(f"#line-{line.pk} > [data-col={column}]")


def sums(page: Page, group: str, column: str = "original") -> Locator:
    return page.locator(f".grid [data-sums='{group}'] > [data-col={column}]")


def number_of(page: Page, what: str) -> Locator:
    return page.locator(f"#detail [data-number-of={what}]")


def said(page: Page, words: str) -> None:
    """Wait for what a screen reader is told."""
    expect(page.locator("#announcer")).to_contain_text(words)


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_a_budget_is_changed_by_keyboard_alone(browser_page: Page, desk: Desk) -> None:
    page = browser_page
    open_grid(page, desk)
    original = cell(page, desk.labor, "original")

    press(page, "Control+End", "Control+Home", "ArrowDown", "ArrowDown", "ArrowDown", "End", "Home")
    press(page, *["ArrowRight"] * 7)
    expect(original).to_be_focused()

    page.keyboard.type("12x")
    press(page, "Enter")
    said(page, "Original amount of 03-30-00 L is not saved: '12x' is not a number.")
    editor = page.get_by_label("Original amount of 03-30-00 L")
    expect(editor).to_be_focused()
    expect(editor).to_have_value("12x")
    expect(editor).to_have_accessible_description(re.compile("is not a number. Write it like 1,234.50"))
    expect(page.locator("#sheet-unsaved")).to_contain_text("1 cell is not saved")
    assert faults(page) == []
    press(page, "Escape")
    said(page, "Original amount of 03-30-00 L is as it was: 15,000.00.")
    expect(page.locator("#sheet-unsaved")).to_be_hidden()

    page.keyboard.type("(1,234.50)")
    press(page, "Tab")
    said(page, "Saved: 03-30-00 L, Original amount (1,234.50).")
    expect(original).to_have_text("(1,234.50)")
    expect(sums(page, "|03")).to_have_text("43,765.75")
    expect(sums(page, "|")).to_have_text("76,266.25")
    expect(page.locator("#totals")).to_contain_text("76,266.25")
    expect(cell(page, desk.concrete, "code")).to_be_focused()

    press(page, "F2", "Control+a")
    page.keyboard.type("carp")
    said(page, "1 code matches")
    assert faults(page) == []
    press(page, "ArrowDown", "Enter")
    said(page, "Saved: 09-68-00 M, Cost code 09-68-00.")
    expect(sums(page, "|09")).to_have_text("52,500.50")
    press(page, "Control+z")
    said(page, "Undone: 03-30-00 M, Cost code 03-30-00.")
    press(page, "Control+z")
    expect(original).to_have_text("15,000.00")
    expect(sums(page, "|")).to_have_text("92,500.75")

    press(page, "ArrowLeft")  # from the amount that was undone to its unit cost
    for column, number in (("Unit cost", "12.50"), ("Quantity", "3")):
        page.keyboard.type(number)
        press(page, "Shift+Tab")
        said(page, f"Saved: 03-30-00 L, {column}")
        if column == "Unit cost":
            press(page, "ArrowLeft")
    press(page, *["ArrowRight"] * 4)
    expect(original).to_be_focused()
    page.keyboard.type("=")
    press(page, "Enter")
    said(page, "The amount is quantity × unit cost: 37.50.")
    expect(original).to_have_text("37.50")


def test_lines_are_added_selected_deleted_and_brought_back_by_keyboard(
    browser_page: Page, desk: Desk
) -> None:
    page = browser_page
    open_grid(page, desk)
    press(page, "ArrowDown", "ArrowDown", "Insert")
    expect(page.get_by_label("Cost code of the new line")).to_be_focused()
    page.keyboard.type("03-30-00")
    page.get_by_label("Original amount of the new line").fill("x")
    press(page, "Enter")
    expect(page.get_by_label("Cost type of the new line")).to_be_focused()
    expect(page.get_by_label("Cost code of the new line")).to_have_value("03-30-00")
    expect(page.locator(".adding-foot")).to_contain_text("Enter a cost type.")
    expect(page.locator(".adding-foot")).to_contain_text("'x' is not a number")
    assert faults(page) == []
    page.keyboard.type("e")
    page.get_by_label("Original amount of the new line").fill("1,000.00")
    press(page, "Enter")
    said(page, "Added 26-0288 03-30-00 E.")
    expect(page.get_by_label("Cost code of the new line")).to_be_focused()
    expect(page.get_by_label("Cost code of the new line")).to_have_value("")
    expect(sums(page, "|03")).to_have_text("61,000.25")
    expect(number_of(page, "rows")).to_have_text("7 rows")
    press(page, "Escape")

    cell(page, desk.labor, "description").click()
    press(page, "Shift+ArrowDown", "Shift+ArrowDown")
    expect(page.locator("#sheet-selected")).to_contain_text("3 lines selected")
    press(page, "Delete")
    dialog = page.get_by_role("dialog", name="Delete these 3 lines?")
    expect(dialog).to_contain_text("56,000.00")
    assert faults(page) == []
    dialog.get_by_role("button", name="Delete 3 lines").click()
    said(page, "Deleted 3 lines.")
    expect(sums(page, "|03")).to_have_text("5,000.25")
    expect(number_of(page, "rows")).to_have_text("4 rows")
    press(page, "Control+z")
    said(page, "Undone: 3 lines are here again, added as new")
    expect(sums(page, "|03")).to_have_text("61,000.25")
    expect(page.locator("#announcer")).not_to_be_empty()
    assert desk.scene.budget.lines.count() == 7


def test_a_filtered_table_counts_what_its_filter_still_finds(browser_page: Page, desk: Desk) -> None:
    page = browser_page
    desk.send("cell", desk.labor.pk, version=desk.labor.version, description="Pouring")
    sign_in(page, username="dana", password=PASSWORD)
    page.goto(f"{desk.url('page')}?q=pouring")
    expect(sums(page, "shown")).to_have_text("15,000.00")
    cell(page, desk.labor, "code").focus()
    cell(page, desk.labor, "type").click()
    page.keyboard.type("Q9")
    press(page, "Enter")
    said(page, "Saved: 03-30-00 Q9, Cost type Q9. Q9 is no cost type of this company")
    expect(number_of(page, "warnings")).to_have_text("1")
    cell(page, desk.labor, "description").click()
    page.keyboard.type("Placing")
    press(page, "Enter")
    said(page, "Saved: 03-30-00 Q9, Description Placing.")
    expect(number_of(page, "warnings")).to_have_text("0")
    expect(number_of(page, "rows")).to_have_text("0 rows")
    for group in ("|03", "shown"):  # the row stays where somebody typed until the page is loaded again
        expect(sums(page, group)).to_have_text("0.00")
        expect(page.locator(f".grid [data-sums='{group}'] [data-count]")).to_have_text("0 lines")
    expect(sums(page, "|")).to_have_text("92,500.75")


RENEW = """async address => {
    const text = await (await fetch(address)).text();
    sheet.apply(new DOMParser().parseFromString(text, 'text/html').body);
}"""


def test_what_is_typed_is_never_lost(browser_page: Page, desk: Desk) -> None:
    """Somebody was faster, the network is gone, the login has ended, the line was deleted."""
    page = browser_page
    open_grid(page, desk)
    original = cell(page, desk.concrete, "original")
    kept = original.locator("input")

    def types(text: str) -> None:
        original.click()
        page.keyboard.type(text)
        press(page, "Enter")

    def tom(amount: str) -> None:
        line = BudgetLine.objects.get(pk=desk.concrete.pk)
        given = {"user": desk.scene.tom, "now": timezone.now(), "version": line.version}
        services.edit_line(line, values={"amount": amount}, **given)

    tom("41000.00")
    types("39000")
    expect(original).to_contain_text("Tom Baptiste changed this line before you saved it.")
    expect(original).to_contain_text("Original amount: 40000.00 became 41000.00")
    press(page, "Enter", "Enter")  # to the first button, and press it
    said(page, "Saved: 03-30-00 M, Original amount 39,000.00.")

    original.click()
    page.keyboard.type("38000")
    tom("41000.00")
    page.evaluate(RENEW, f"{desk.url('pieces')}?fresh={desk.concrete.pk}")  # as a page does that stays open
    expect(cell(page, desk.concrete, "revised")).to_have_text("41,000.00")
    press(page, "Enter")
    page.get_by_role("button", name="Take theirs").click()
    said(page, "shows what is saved now: 41,000.00")
    expect(original).to_have_text("41,000.00")
    press(page, "Control+z")
    said(page, "Not undone: Tom Baptiste changed this line before you saved it.")

    page.context.set_offline(True)
    types("37000")
    expect(original).to_contain_text("the network may be down")
    expect(kept).to_have_value("37000")
    page.context.set_offline(False)
    page.get_by_role("button", name="Try again").click()
    said(page, "Saved: 03-30-00 M, Original amount 37,000.00.")

    page.context.clear_cookies()
    types("36000")
    expect(original).to_contain_text("You were logged out meanwhile.")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Log in in another window").click()
    sign_in(opened.value, username="dana", password=PASSWORD)
    page.bring_to_front()
    page.get_by_role("button", name="Try again").click()
    said(page, "Saved: 03-30-00 M, Original amount 36,000.00.")

    line = BudgetLine.objects.get(pk=desk.concrete.pk)
    services.delete_line(line, user=desk.scene.tom, now=timezone.now())
    types("35000")
    expect(original).to_contain_text("Somebody deleted this line.")
    expect(kept).to_have_value("35000")
    page.get_by_role("button", name="Add the line again").click()
    again = page.get_by_label("Original amount of 03-30-00 M")
    expect(again).to_be_focused()
    expect(again).to_have_value("35000")
    press(page, "Enter")
    said(page, "Saved: 03-30-00 M, Original amount 35,000.00.")
    expect(original).to_have_count(0)
    expect(sums(page, "|")).to_have_text("87,500.75")


def test_a_finger_on_a_phone_edits_and_a_locked_cell_says_why(
    open_page: Callable[..., Page], desk: Desk
) -> None:
    page = open_page(viewport={"width": 320, "height": 640}, has_touch=True)
    open_grid(page, desk)
    original = cell(page, desk.concrete, "original")
    original.tap()
    expect(original.locator("input")).to_have_count(0)
    original.tap()
    page.get_by_label("Original amount of 03-30-00 M").fill("-3")
    cell(page, desk.labor, "original").tap()
    said(page, "Saved: 03-30-00 M, Original amount (3.00).")
    page.get_by_role("button", name="Undo").tap()
    expect(original).to_have_text("40,000.00")
    assert not scrolls_sideways(page)

    lock(desk.scene)
    cell(page, desk.labor, "original").tap()
    cell(page, desk.labor, "original").tap()
    page.get_by_label("Original amount of 03-30-00 L").fill("7")
    page.keyboard.press("Enter")
    expect(cell(page, desk.labor, "original")).to_contain_text("its original amounts are frozen")
    page.keyboard.press("Escape")
    page.reload()
    cell(page, desk.labor, "revised").tap()
    cell(page, desk.labor, "revised").tap()
    said(page, "Revised is original plus modifications; it follows by itself.")
    cell(page, desk.labor, "original").tap()
    page.keyboard.press("Enter")
    said(page, "The budget is locked, so its original amounts are frozen.")


PASTE = """text => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', text);
    document.activeElement.dispatchEvent(
        new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
}"""
COPY = """() => {
    const clipboardData = new DataTransfer();
    document.activeElement.dispatchEvent(
        new ClipboardEvent('copy', { clipboardData, bubbles: true, cancelable: true }));
    return clipboardData.getData('text/plain');
}"""


def test_remarks_are_gone_through_and_cells_and_lines_copied_and_pasted(
    browser_page: Page, desk: Desk
) -> None:
    page = browser_page
    lock(desk.scene)
    reject(desk.scene, send(desk.scene), remarks={desk.labor.pk: "Too low", desk.concrete.pk: "Why so much?"})
    services.unlock(desk.scene.budget, user=desk.scene.dana, now=timezone.now())
    open_grid(page, desk)
    press(page, "F8")
    said(page, "Remark 1 of 2, 03-30-00 L:")
    expect(cell(page, desk.labor, "code")).to_be_focused()
    press(page, "F8", "F8", "Shift+F8")
    said(page, "Remark 2 of 2, 03-30-00 M:")
    expect(cell(page, desk.concrete, "code")).to_be_focused()

    cell(page, desk.concrete, "original").click()
    page.evaluate(PASTE, "(1,500.00)\r\n")
    said(page, "Saved: 03-30-00 M, Original amount (1,500.00).")
    assert page.evaluate(COPY) == "(1,500.00)"
    cell(page, desk.concrete, "description").click()
    page.evaluate(PASTE, "=1+1")
    said(page, "Saved: 03-30-00 M, Description =1+1.")
    press(page, "Space")
    copied = page.evaluate(COPY).split("\t")
    assert copied[:3] == ["03-30-00", "26-0288", "'=1+1"]
    press(page, "F8")
    said(page, "Remark 1 of 1, 03-30-00 L:")

    block = "Cost code\tType\tAmount\n09-68-00\tE\t1,250.00\n"
    page.evaluate(PASTE, block)
    page.wait_for_url("**/import/*/")
    expect(page.locator("main")).to_contain_text("pasted rows")
    expect(page.locator("main")).to_contain_text("09-68-00")
