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
TOTAL = "1,500,000.59"
# What CMiC holds in the end: (original, current) by job, phase and category.
BUDGET = {
    (JOB, "01-31-00", "1000"): (Decimal("1250000.50"), Decimal("1250000.50")),
    (JOB, "03-30-00", "2000"): (Decimal("250000.10"), Decimal("250000.10")),
    (SUB_JOB, "03-30-00", "4000"): (Decimal("-0.01"), Decimal("-0.01")),
}
AFTER_THE_TRANSFER = BUDGET | {
    (JOB, "01-31-00", "1000"): (Decimal("1250000.50"), Decimal("1225000.50")),
    (JOB, "03-30-00", "2000"): (Decimal("250000.10"), Decimal("275000.10")),
}


# -- chapters ---------------------------------------------------------------------------------------------------


def dana_writes_a_budget(stage: Stage) -> None:
    dana = stage.dana
    dana.opens(PROJECT)
    dana.sees_state("Draft")
    dana.cannot_send_because("The budget is a draft. Lock it first.", "The budget has no lines yet.")
    dana.adds_line("01-31-00", "L", original_amount="1,260,000.50", description="Project management")
    dana.adds_line("03-30-00", "S", quantity="100", unit="CY", unit_cost="2,500.001", automatic="yes")
    dana.adds_line("03-30-00", "M", job=SUB_JOB, original_amount="(0.01)", description="Site works")
    dana.locks()


def the_budget_is_there(stage: Stage) -> None:
    """The same budget, without anybody typing it."""
    story = stage.story
    story.add_line("01-31-00", "L", "1260000.50", description="Project management")
    story.add_line("03-30-00", "S", "250000.10", quantity=Decimal(100), unit="CY")
    story.add_line("03-30-00", "M", "-0.01", job=SUB_JOB, description="Site works")
    story.lock()


def dana_sends_it(stage: Stage) -> None:
    stage.dana.opens(PROJECT)
    stage.dana.sends(note="As agreed on Tuesday.", shows=("Jonas Lindqvist or Mira Osei",))


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


def mira_accepts_and_a_worker_writes_it_into_cmic(stage: Stage, **management: str) -> list[str]:
    """Mira reads the line that changed beside what CMiC holds. Returns the documents' numbers in CMiC."""
    mira = stage.mira
    stage.mail(f"Sent again after your remarks: {PROJECT}, round 2", to="mira@example.com")
    mira.opens(PROJECT)
    mira.reads("Changed from")
    mira.reads("Yes, it rounds the site works.")
    mira.reads_it_against_cmic()
    mira.compares(MANAGEMENT, sent="1,250,000.50", **management)
    mira.sees_total(sent=TOTAL, after=TOTAL)
    mira.accepts()
    mira.waits_until("In CMiC, waiting for posting")
    stage.dana.waits_until("In CMiC, waiting for posting")
    return mira.numbers()


def everybody_sees_the_same_once_it_is_posted(
    stage: Stage, held: dict[tuple[str, str, str], tuple[Decimal, Decimal]]
) -> None:
    dana, story = stage.dana, stage.story
    dana.waits_until("Posted (batch 2)")
    dana.sees_amount_in_cmic(TOTAL)
    assert dana.total("Revised") == TOTAL
    assert dana.total("Sent, not posted") == "0.00"
    told = api(dana, f"budgets/{story.project.pk}/")
    assert (told["state"]["code"], told["totals"]["revised"]) == ("posted", "1500000.59")
    assert {key: amounts for key, amounts in story.in_cmic().items() if any(amounts)} == held
    assert "The budget is yours again" in stage.mail(f"Posted: {PROJECT}", to="dana@example.com")
    assert_books_agree(story)


def started_and_empty(stage: Stage) -> None:
    """The rest of the story of a job that is in process in CMiC, with a transfer beside the original."""
    stage.dana.opens(PROJECT)
    stage.dana.moves("25,000.00", out_of="01-31-00 L", into="03-30-00 S", what_for="Concrete is dearer")
    dana_sends_it(stage)
    mira_sends_it_back(stage)
    dana_fixes_one_remark_answers_the_other_and_sends_again(stage)
    original, transfer = mira_accepts_and_a_worker_writes_it_into_cmic(
        stage, now="0.00", change="1,250,000.50", after="1,250,000.50"
    )
    stage.accountant.posts(original, total=TOTAL)
    stage.accountant.posts(transfer, total="0.00")
    stage.mira.checks_now()
    everybody_sees_the_same_once_it_is_posted(stage, AFTER_THE_TRANSFER)


# -- stories ----------------------------------------------------------------------------------------------------


def test_on_a_pending_job_the_budget_is_entered_and_the_poll_sees_that_the_job_was_started(
    opens: Callable[..., Stage],
) -> None:
    stage = opens(status="P")
    the_budget_is_there(stage)
    dana_sends_it(stage)
    mira_sends_it_back(stage)
    dana_fixes_one_remark_answers_the_other_and_sends_again(stage)
    mira_accepts_and_a_worker_writes_it_into_cmic(
        stage, now="0.00", change="1,250,000.50", after="1,250,000.50"
    )
    stage.accountant.starts_job(JOB)
    stage.dana.watches_until("Posted (batch 2)")
    everybody_sees_the_same_once_it_is_posted(stage, BUDGET)


def test_on_a_started_and_empty_job_original_and_transfer_are_posted_one_by_one(
    opens: Callable[..., Stage],
) -> None:
    stage = opens(status="I")
    dana_writes_a_budget(stage)
    started_and_empty(stage)


def test_on_a_job_with_a_budget_in_cmic_the_totals_end_the_same_and_nothing_is_doubled(
    opens: Callable[..., Stage],
) -> None:
    there = [
        {"job": JOB, "phase": "01-31-00", "category": "1000", "original": "1000000.00"},
        {"job": JOB, "phase": "03-30-00", "category": "2000", "original": "250000.10"},
    ]
    stage = opens(status="I", budget=there)
    the_budget_is_there(stage)
    dana_sends_it(stage)
    mira_sends_it_back(stage)
    dana_fixes_one_remark_answers_the_other_and_sends_again(stage)
    (original,) = mira_accepts_and_a_worker_writes_it_into_cmic(
        stage, now="1,000,000.00", change="250,000.50", after="1,250,000.50"
    )
    stage.accountant.posts(original, total="250,000.49")
    stage.mira.checks_now()
    everybody_sees_the_same_once_it_is_posted(stage, BUDGET)


def test_the_whole_story_needs_no_javascript(opens: Callable[..., Stage]) -> None:
    stage = opens(status="I", java_script_enabled=False)
    dana_writes_a_budget(stage)
    started_and_empty(stage)


def test_the_whole_story_fits_a_window_of_320_pixels(opens: Callable[..., Stage]) -> None:
    stage = opens(status="I", viewport={"width": 320, "height": 640})
    the_budget_is_there(stage)
    started_and_empty(stage)
