"""Choosing columns by keyboard alone: the arrows move a column in place, keep the focus and say where it stands."""

import pytest
from playwright.sync_api import Page, expect

from budgets.models import SavedView
from tests.support.browser import sign_in
from tests.support.scene import PASSWORD, Scene

pytestmark = pytest.mark.django_db(transaction=True)


def test_dana_makes_a_view_by_keyboard_and_opens_it_by_its_name(scene: Scene, browser_page: Page) -> None:
    page = browser_page
    sign_in(page, username="dana", password=PASSWORD)
    page.goto(f"/projects/{scene.project.pk}/budget/views/new/?from=standard")
    page.get_by_label("Name of the view").fill("Mine")
    up = page.get_by_role("button", name="Move Revised up")
    up.focus()
    for place in (8, 7):
        page.keyboard.press("Enter")
        expect(up).to_be_focused()
        expect(page.locator("#announcer")).to_contain_text(f"Revised: place {place} of")
    page.get_by_label("Quantity", exact=True).focus()
    page.keyboard.press("Space")
    page.get_by_label("Name of the view").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved the view Mine.")).to_be_visible()
    heads = page.locator("thead th").all_inner_texts()
    assert heads.index("Revised") < heads.index("Original")
    assert "Quantity" not in heads
    page.get_by_label("View", exact=True).select_option("Standard")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("thead th").filter(has_text="Quantity")).to_be_visible()
    assert SavedView.objects.get().columns[5] == "revised"
