"""The story of the product, by its services, over real HTTP: from Send to Posted on every route."""

from decimal import Decimal

import pytest

from budgets.states import state_of
from erp.models import Document
from tests.support.simulator import Simulator
from tests.support.story import JOB, SUB_JOB, Story, begin
from workflow import events

pytestmark = pytest.mark.django_db(transaction=True)


def fill(story: Story) -> None:
    story.add_line("01-31-00", "L", "1260000.00")
    story.add_line("03-30-00", "S", "250000.10", quantity=Decimal(100), unit="CY")
    story.add_line("09-68-00", "M", "0.00")
    story.add_line("03-30-00", "M", "-0.01", job=SUB_JOB)


def deliver(story: Story) -> None:
    batch = story.send()
    story.accept(batch)
    story.work()


def test_a_pending_job_gets_its_budget_entered_and_comes_back_when_the_job_is_started(
    cmic: Simulator,
) -> None:
    story = begin(cmic, status="P")
    fill(story)
    story.lock()
    deliver(story)
    assert state_of(story.reload()).code == "in_erp", [d.findings for d in Document.objects.all()]
    story.post_everything()
    story.poll()
    assert state_of(story.reload()).code == "posted"
    held = story.in_cmic()
    assert held[JOB, "01-31-00", "1000"] == (Decimal("1260000.00"), Decimal("1260000.00"))
    assert held[JOB, "03-30-00", "2000"][0] == Decimal("250000.10")
    assert held[SUB_JOB, "03-30-00", "4000"][0] == Decimal("-0.01")
    assert held[JOB, "09-68-00", "4000"][0] == Decimal("0.00")
    assert events.verify(story.connection.company_id)[1] is None


def test_a_started_empty_job_gets_one_change_item_that_an_accountant_posts(cmic: Simulator) -> None:
    story = begin(cmic, status="I")
    fill(story)
    story.lock()
    deliver(story)
    assert state_of(story.reload()).code == "in_erp", [d.findings for d in Document.objects.all()]
    assert story.in_cmic()[JOB, "01-31-00", "1000"][0] == 0
    story.post_everything()
    story.poll()
    assert state_of(story.reload()).code == "posted"
    assert story.in_cmic()[JOB, "01-31-00", "1000"] == (Decimal("1260000.00"), Decimal("1260000.00"))
    assert len(cmic.book()["pcis"]) == 1


def test_a_budget_that_cmic_has_already_is_not_doubled(cmic: Simulator) -> None:
    there = [
        {"job": JOB, "phase": "01-31-00", "category": "1000", "original": "1000000.00"},
        {"job": JOB, "phase": "03-30-00", "category": "2000", "original": "250000.10"},
    ]
    story = begin(cmic, status="I", budget=there)
    fill(story)
    story.lock()
    deliver(story)
    story.post_everything()
    story.poll()
    assert state_of(story.reload()).code == "posted"
    assert story.in_cmic()[JOB, "01-31-00", "1000"][0] == Decimal("1260000.00")
    assert story.in_cmic()[JOB, "03-30-00", "2000"][0] == Decimal("250000.10")


def test_a_modification_after_posting_is_all_that_is_sent_again(cmic: Simulator) -> None:
    story = begin(cmic, status="I")
    fill(story)
    story.lock()
    deliver(story)
    story.post_everything()
    story.poll()
    labor, sub = story.budget.lines.order_by("cost_code__code")[:2]
    story.reload()
    story.modify("buyout savings to management", (sub, "-214000.00"), (labor, "214000.00"))
    deliver(story)
    assert Document.objects.count() == 2
    story.post_everything()
    story.poll()
    assert state_of(story.reload()).code == "posted"
    assert story.in_cmic()[JOB, "01-31-00", "1000"] == (Decimal("1260000.00"), Decimal("1474000.00"))
    assert {item["type"] for item in cmic.book()["pcis"]} == {"COO", "COT"}
