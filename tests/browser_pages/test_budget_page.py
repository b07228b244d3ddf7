"""The budget page: where it stands, what can be done, what stands in the way."""

import re
from html import escape

import pytest
from django.test import Client
from django.urls import reverse

from budgets import links
from tests.browser_pages.conftest import Desk, words
from tests.support.scene import COST_TYPES, MAIN, SUB, add_line, lock

pytestmark = pytest.mark.django_db


def test_a_draft_says_what_comes_next_and_shows_everything_before_sending_at_once(desk: Desk) -> None:
    add_line(desk.scene.budget, desk.scene.dana, MAIN, "03-3000", "M", "1.00")
    page = words(desk.get("page"))
    assert "Complete the lines, then lock the budget." in page
    assert "2 things to do before sending" in page
    assert "The budget is a draft. Lock it first." in page
    assert "did you mean 03-30-00?" in page
    line = desk.scene.budget.lines.get(cost_code_text="03-3000")
    assert f'href="{escape(links.cell(line, desk.scene.project.pk, "code"))}"' in page


def test_a_blocked_button_stays_and_points_to_its_reasons(desk: Desk) -> None:
    page = words(desk.get("page"))
    button = re.search(r'<button[^>]*aria-disabled="true"[^>]*>Send to ERP</button>', page)
    assert button is not None
    described, listed = (
        re.search(rf'{name}="([^"]+)"', button[0]) for name in ("aria-describedby", "data-blockers")
    )
    assert described is not None and f'id="{described[1]}"' in page
    assert listed is not None and f'id="{listed[1]}"' in page


def test_a_post_that_is_blocked_is_refused_with_the_same_list(desk: Desk) -> None:
    add_line(desk.scene.budget, desk.scene.dana, MAIN, "03-3000", "M", "1.00")
    refused = desk.send("act", "send")
    assert refused.status_code == 409
    assert "Nothing was changed." in words(refused)
    assert "The budget is a draft. Lock it first." in words(refused)
    assert "did you mean 03-30-00?" in words(refused)


def test_locking_says_what_happened_and_what_is_next(desk: Desk) -> None:
    answer = desk.send("act", "lock")
    page = words(desk.client.get(answer["Location"]))
    assert "Locked. The original amounts are frozen; next, send the budget to accounting." in page
    assert "Locked - ready to send" in page


def test_locking_says_that_something_still_stands_in_the_way_of_sending(desk: Desk) -> None:
    add_line(desk.scene.budget, desk.scene.dana, MAIN, "03-3000", "M", "1.00")
    answer = desk.send("act", "lock")
    page = words(desk.client.get(answer["Location"]))
    assert "Locked. The original amounts are frozen; 1 thing to do before you can send it." in page


def test_unlocking_asks_first(desk: Desk) -> None:
    lock(desk.scene)
    assert "Unlock this budget?" in words(desk.get("act", "unlock"))
    assert desk.scene.reload().state == "locked"
    desk.send("act", "unlock")
    assert desk.scene.reload().state == "draft"


def test_whoever_lacks_the_right_is_told_whom_to_ask(desk: Desk) -> None:
    desk.log_in(desk.scene.jonas)
    assert "You may not lock this budget. Ask Dana Reyes or Tom Baptiste." in words(desk.get("page"))
    assert desk.send("act", "lock").status_code == 409


def test_divisions_and_sub_jobs_tie_to_the_totals(desk: Desk) -> None:
    add_line(desk.scene.budget, desk.scene.dana, SUB, "01-31-00", "M", "-0.01")
    by_division, by_job = words(desk.get("page")), words(desk.get("page", by="job"))
    for page in (by_division, by_job):
        assert "92,500.74" in page
        assert "(0.01)" in page
    assert "60,000.25" in by_division  # concrete on both jobs
    assert "87,500.50" in by_job and "5,000.24" in by_job


def test_numbers_and_words_of_people_are_escaped(desk: Desk) -> None:
    desk.send(
        "line_add", cost_code="09-68-00", cost_type="M", amount="1", description="<script>alert(1)</script>"
    )
    assert "<script>alert" not in words(desk.get("page"))


def test_no_page_holds_style_or_script_of_its_own(desk: Desk) -> None:
    lock(desk.scene)
    for name in ("page", "modifications", "batches", "preview", "modification_new", "line_add"):
        page = desk.get(name).content.decode()
        assert " style=" not in page and "<style" not in page and "onclick" not in page
        assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", page))


PAGES = ("page", "modifications", "batches", "preview", "modification_new", "line_add")


@pytest.mark.parametrize("name", PAGES)
def test_another_companys_people_find_nothing_here(desk: Desk, name: str) -> None:
    assert desk.log_in(desk.scene.olga).get(name).status_code == 404
    missing = reverse(f"budgets:{name}", args=[999_999])
    assert desk.client.get(missing).status_code == 404


def test_whoever_is_not_logged_in_goes_to_the_login_and_comes_back(desk: Desk) -> None:
    answer = Client().get(desk.url("page"))
    assert answer["Location"] == f"/login/?next={desk.url('page')}"


def test_the_page_takes_as_many_queries_for_many_lines_as_for_few(
    desk: Desk, django_assert_max_num_queries
) -> None:
    with django_assert_max_num_queries(60) as few:
        desk.get("page")
    for code in ("01-31-00", "03-30-00", "09-68-00"):
        for kind in COST_TYPES:
            if (SUB, code, kind) not in desk.scene.lines:
                add_line(desk.scene.budget, desk.scene.dana, SUB, code, kind, "1.00")
    with django_assert_max_num_queries(60) as many:
        desk.get("page")
    assert len(many) == len(few)
