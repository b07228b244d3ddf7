"""Opening groups, finding, landing and looking at a line, as a person with a browser does it."""

import pytest
from playwright.sync_api import Page, expect

from budgets import links
from budgets.grid import groups as grid
from tests.browser_pages.conftest import Desk
from tests.support.browser import sign_in
from tests.support.scene import MAIN, PASSWORD, SUB

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def long_budget(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Six lines are many: groups begin closed."""
    monkeypatch.setattr(grid, "WHOLE", 4)
    return desk


def test_a_division_opens_in_place_and_stays_open_behind_the_back_button(
    browser_page: Page, long_budget: Desk
) -> None:
    page, desk = browser_page, long_budget
    sign_in(page, username="dana", password=PASSWORD)
    page.goto(desk.url("page"))
    lines = page.locator("tr.line")
    expect(lines).to_have_count(0)
    page.locator("a.toggle", has_text="03").click()
    expect(lines).to_have_count(3)
    page.locator("a.toggle", has_text="09").click()
    expect(lines).to_have_count(5)
    page.locator("a.toggle", has_text="03").click()
    expect(lines).to_have_count(2)
    lines.first.get_by_role("link").click()
    page.go_back()
    expect(lines).to_have_count(2)
    expect(page.locator("a.toggle[aria-expanded=true]")).to_have_text("09")


def test_what_is_searched_for_is_found_while_it_is_typed(browser_page: Page, long_budget: Desk) -> None:
    page = browser_page
    sign_in(page, username="dana", password=PASSWORD)
    page.goto(long_budget.url("page"))
    page.locator("#q").press_sequentially("carpet")
    expect(page.locator("tr.line")).to_have_count(2)
    expect(page.locator("#q")).to_be_focused()
    page.get_by_role("link", name="By sub job").click()
    expect(page.locator("tr.shown")).to_contain_text("2 lines")


def test_a_link_to_a_cell_opens_its_division_and_comes_to_the_cell(
    browser_page: Page, long_budget: Desk
) -> None:
    page, line = browser_page, long_budget.scene.lines[SUB, "09-68-00", "O"]
    sign_in(page, username="dana", password=PASSWORD)
    page.goto(links.cell(line, long_budget.scene.project.pk, "original"))
    cell = page.locator(f'#line-{line.pk} [data-col="original"]')
    expect(cell).to_be_focused()
    expect(cell).to_be_in_viewport()
    page.goto(f"{long_budget.url('modifications')}")
    page.goto(f"{long_budget.url('page')}#line-{line.pk}")  # an old link names no division
    expect(page.locator(f"#line-{line.pk}")).to_be_in_viewport()


def test_the_panel_about_a_line_opens_closes_with_escape_and_gives_the_focus_back(
    browser_page: Page, desk: Desk
) -> None:
    page, line = browser_page, desk.scene.lines[MAIN, "03-30-00", "M"]
    sign_in(page, username="dana", password=PASSWORD)
    page.goto(desk.url("page"))
    button = page.locator(f"#line-{line.pk}").get_by_role("button", name="About 03-30-00 M")
    button.click()
    panel = page.get_by_role("complementary", name="About a line")
    expect(panel).to_be_focused()
    expect(panel).to_contain_text("40,000.00")
    expect(panel).to_contain_text("Dana Reyes")
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(button).to_be_focused()
