"""What people are told before they press a button, and what they never see at all."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accounting import Approver
from tests.browser.people import ProjectManager
from tests.support.scene import PASSWORD, Scene, lock, send

pytestmark = pytest.mark.django_db(transaction=True)

IN_THE_WAY = ("The budget is a draft. Lock it first.", "is not in use: it is switched off.")


@pytest.fixture
def two_things_to_do(scene: Scene) -> Scene:
    """Dana's draft, on a connection that Jonas has switched off."""
    scene.connection.enabled = False
    scene.connection.save()
    return scene


def test_the_grey_send_button_leads_to_the_list_of_everything_there_is_to_do(
    browser_page: Page, two_things_to_do: Scene
) -> None:
    dana = ProjectManager(browser_page, "dana", PASSWORD)
    dana.logs_in()
    dana.opens(two_things_to_do.project.name)
    dana.cannot_send_because(*IN_THE_WAY)
    dana.presses_the_grey_button()
    expect(dana.todo).to_be_focused()
    expect(dana.page.locator("#announcer")).to_have_text("2 things to do before sending")
    dana.sees_state("Draft")


def test_without_javascript_the_server_answers_with_the_same_list(
    page_without_javascript: Page, two_things_to_do: Scene
) -> None:
    dana = ProjectManager(page_without_javascript, "dana", PASSWORD)
    dana.logs_in()
    dana.opens(two_things_to_do.project.name)
    dana.cannot_send_because(*IN_THE_WAY)
    dana.presses_the_grey_button()
    expect(dana.page.get_by_role("heading", name="What will be sent")).to_be_visible()
    expect(dana.todo.locator("ol > li.blocker")).to_have_count(2)
    with dana.page.expect_response(lambda answer: answer.request.method == "POST") as answer:
        dana.page.locator("#send-form").get_by_role("button", name="Send to ERP").press("Enter")
    assert answer.value.status == 409
    refused = dana.page.get_by_role("alert").filter(has_text="Nothing was changed.")
    expect(refused.locator("ol > li.blocker")).to_have_count(2)
    for reason in IN_THE_WAY:
        expect(refused.get_by_text(reason)).to_be_visible()
    assert not two_things_to_do.budget.batches.exists()


def test_who_sent_a_budget_sees_beforehand_that_others_accept_it(
    open_page: Callable[..., Page], scene: Scene
) -> None:
    lock(scene)
    tom = ProjectManager(open_page(), "tom", PASSWORD)
    tom.logs_in()
    tom.opens(scene.project.name)
    tom.sends(shows=("Jonas Lindqvist or Mira Osei",))
    at_the_queue = Approver(tom.page, "tom", PASSWORD)
    at_the_queue.opens_the_queue()
    at_the_queue.reads("you prepared it")
    at_the_queue.page.get_by_role("link", name=scene.project.name).click()
    accept = at_the_queue.standing.get_by_role("button", name="Accept", exact=True)
    expect(accept).to_have_attribute("aria-disabled", "true")
    at_the_queue.reads("so somebody else accepts it: ask Jonas Lindqvist or Mira Osei.")


def test_another_companys_approver_does_not_find_the_batch(browser_page: Page, scene: Scene) -> None:
    lock(scene)
    batch = send(scene)
    olga = Approver(browser_page, "olga", PASSWORD)
    olga.logs_in()
    olga.opens_the_queue()
    olga.reads("Nothing waits for accounting.")
    for page in ("change/", "progress/", "reading/", "posting-list/", "do/confirm_posted/"):
        answer = olga.page.goto(f"/admin/erp/batch/{batch.pk}/{page}")
        assert answer is not None
        assert answer.status == 404, page
    assert olga.page.request.get(f"/api/v1/batches/{batch.pk}/").status == 404
