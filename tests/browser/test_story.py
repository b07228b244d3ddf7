"""The whole story in a browser, from login to "Posted", on each way into CMiC.

Dana sends, Mira sends it back once and then accepts, a real worker pushes it over HTTP, an accountant makes it count
in CMiC, and the poll hands the budget back to Dana.
"""

from collections.abc import Callable
from decimal import Decimal

import pytest

from tests.browser.conftest import PROJECT, Stage
from tests.browser.people import api
from tests.support.delivery import assert_books_agree
from tests.support.story import JOB, SUB_JOB

pytestmark = pytest.mark.django_db(transaction=True)

MANAGEMENT = f"{JOB} 01-31-00 L"
CONCRETE = f"{JOB} 03-30-00 S"
SITE_WORKS = f"{SUB_JOB} 03-30-00 M"
HERE = {
    "originals": Decimal("1500000.59"),
    (JOB, "01-31-00", "1000"): Decimal("1250000.50"),
    (JOB, "03-30-00", "2000"): Decimal("250000.10"),
    (SUB_JOB, "03-30-00", "4000"): Decimal("-0.01"),
}
TOTAL = "1,500,000.59"
NARROW = {"viewport": {"width": 320, "height": 640}}


# -- the chapters -----------------------------------------------------------------------------------------------


def dana_writes_a_budget_and_sends_it(stage: Stage) -> None:
    dana = stage.dana
    dana.opens(PROJECT)
    dana.sees_state("Draft")
    dana.adds_line("01-31-00", "L", original_amount="1,260,000.50", description="Project management")
    dana.adds_line("03-30-00", "S", quantity="100", unit="CY", unit_cost="2,500.001", automatic="yes")
    dana.adds_line("03-30-00", "M", job=SUB_JOB, original_amount="(0.01)", description="Site works")
    dana.locks()
    dana.sends(note="As agreed on Tuesday.", shows=("1,510,000.59", "Jonas Lindqvist, Mira Osei"))


def mira_sends_it_back(stage: Stage) -> None:
    mira = stage.mira
    mira.opens(PROJECT)
    mira.reads("As agreed on Tuesday.")
    mira.rejects(
        because="Amounts to correct",
        sentence="Management is 10,000.00 too high.",
        remarks={MANAGEMENT: "Should be 1,250,000.50.", SITE_WORKS: "Is one cent meant?"},
    )


def dana_fixes_one_remark_answers_the_other_and_sends_again(stage: Stage) -> None:
    dana = stage.dana
    told = stage.mail(f"Sent back: {PROJECT}", to="dana@example.com")
    assert "Management is 10,000.00 too high." in told
    assert "Should be 1,250,000.50." in told
    dana.follows_the_link_in(told)
    dana.sees_state("Sent back: Management is 10,000.00 too high.")
    dana.cannot_send_because("2 remarks of the rejection not answered.")
    dana.answers("Is one cent meant?", "Yes, it rounds the site works.")
    dana.cannot_send_because("1 remark of the rejection not answered.")
    dana.unlocks()
    dana.changes_line("01-31-00", "L", original_amount="1,250,000.50")
    dana.locks()
    dana.sends()
    dana.sees_state("Waiting for accounting, round 2")


def mira_accepts_it_and_a_worker_writes_it_into_cmic(stage: Stage) -> list[str]:
    mira = stage.mira
    assert "round 2" in stage.mail(
        f"Sent again after your remarks: {PROJECT}, round 2", to="mira@example.com"
    )
    mira.opens(PROJECT)
    mira.reads("Changed from 1,260,000.50 to 1,250,000.50")
    mira.reads("Yes, it rounds the site works.")
    mira.accepts()
    mira.waits_until("In CMiC, waiting for posting")
    stage.dana.waits_until("In CMiC, waiting for posting")
    return mira.numbers()


def it_is_posted_and_everybody_sees_the_same_total(stage: Stage) -> None:
    dana, story = stage.dana, stage.story
    dana.waits_until("Posted (batch 2)")
    dana.sees_amount_in_cmic(TOTAL)
    assert dana.total("Revised") == TOTAL
    assert dana.total("Sent, not posted") == "0.00"
    told = api(dana, f"projects/{story.project.pk}/budget/")
    assert told["state"]["code"] == "posted"
    assert told["totals"]["revised"] == "1500000.59"
    held = {key: current for key, (_, current) in story.in_cmic().items() if current}
    assert sum(held.values()) == Decimal("1500000.59")
    assert PROJECT in stage.mail(f"Posted: {PROJECT}", to="dana@example.com")
    assert_books_agree(story)


# -- the stories ------------------------------------------------------------------------------------------------


def test_on_a_pending_job_the_budget_is_entered_and_counts_when_the_accountant_starts_the_job(
    opens: Callable[..., Stage],
) -> None:
    stage = opens(status="P")
    dana_writes_a_budget_and_sends_it(stage)
    mira_sends_it_back(stage)
    dana_fixes_one_remark_answers_the_other_and_sends_again(stage)
    mira_accepts_it_and_a_worker_writes_it_into_cmic(stage)
    stage.accountant.starts_job(JOB)
    stage.mira.checks_now()
    it_is_posted_and_everybody_sees_the_same_total(stage)
