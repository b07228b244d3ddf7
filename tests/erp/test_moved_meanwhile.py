"""Somebody changes the budget straight in CMiC between the approver's look and the push."""

import pytest

from budgets.states import state_of
from erp.models import Document, DocumentState
from tests.erp.test_main_job import fill
from tests.support.simulator import Simulator
from tests.support.story import JOB, Story, begin

pytestmark = pytest.mark.django_db(transaction=True)


def posted_with_a_modification(cmic: Simulator) -> Story:
    story = begin(cmic, status="I")
    fill(story)
    story.lock()
    story.accept(story.send())
    story.work()
    story.post_everything()
    story.poll()
    story.reload()
    labor, concrete = story.budget.lines.order_by("cost_code__code")[:2]
    story.modify("buyout savings", (labor, "-9000.00"), (concrete, "9000.00"))
    return story


def test_a_modification_is_not_written_on_top_of_amounts_the_approver_never_saw(cmic: Simulator) -> None:
    story = posted_with_a_modification(cmic)
    story.accept(story.send())
    cmic.accountant(
        "set_budget", company="001", job=JOB, phase="01-31-00", category="1000", current="1300000.00"
    )
    story.work()
    document = Document.objects.order_by("pk").last()
    assert document is not None
    assert document.state == DocumentState.REFUSED
    assert [finding["code"] for finding in document.findings] == ["erp_moved"]
    assert (
        "held 1,260,000.00 when it was accepted and holds 1,300,000.00 now" in document.findings[0]["message"]
    )
    assert not document.calls.exists()
    assert state_of(story.reload()).code == "attention"


def test_what_the_batch_itself_brought_there_is_no_move(cmic: Simulator) -> None:
    story = posted_with_a_modification(cmic)
    labor, concrete = story.budget.lines.order_by("cost_code__code")[:2]
    story.modify("more of it", (labor, "-1000.00"), (concrete, "1000.00"))
    story.accept(story.send())
    first, second = Document.objects.order_by("pk")[1:]
    second.batch.documents.filter(pk=second.pk).update(not_before=None)  # held back while the first is posted
    story.work()
    story.post_everything()
    story.poll()
    first.refresh_from_db()
    assert first.state == DocumentState.POSTED
    second.batch.documents.filter(pk=second.pk).update(not_before=first.state_since)
    story.work()
    story.post_everything()
    story.poll()
    assert state_of(story.reload()).code == "posted"
