"""Somebody changes a posted budget straight in CMiC: it is seen at the next reading, and when it is put right."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from budgets.states import state_of
from erp.decision import deciding
from erp.models import ErpReading, ReadingState
from erp.reconciliation import comparing as reconciliation
from erp.reconciliation.balance_facts import Cause
from erp.reconciliation.balance_reads import balance_of
from erp.sync import readings
from erp.sync import syncing as sync
from tests.support.simulator import Simulator
from tests.support.story import JOB, Story, begin
from workflow.models import Event

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def posted(cmic: Simulator) -> Story:
    """A budget of two lines and a transfer between them, posted."""
    story = begin(cmic, status="I")
    labor = story.add_line("03-30-00", "L", "250000.10")
    carpet = story.add_line("09-68-00", "S", "100000.00")
    story.lock()
    story.modify("carpet to labor", (carpet, "-0.10"), (labor, "0.10"))
    story.accept(story.send())
    story.work()
    story.post_everything()
    story.poll()
    return story


def read(story: Story) -> None:
    readings.ask(story.budget, now=timezone.now())
    story.read()


def change(story: Story, amount: str) -> None:
    """Somebody sets the carpet's current budget past all rules."""
    story.simulator.accountant(
        "set_budget", company="001", job=JOB, phase="09-68-00", category="2000", current=amount
    )


def test_what_was_posted_and_left_alone_is_in_balance(posted):
    read(posted)
    assert state_of(posted.reload()).code == "posted"
    assert not Event.objects.filter(action="compare").exists()


def test_a_change_straight_in_cmic_shows_and_goes_when_it_is_put_right(posted):
    change(posted, "118399.90")
    read(posted)
    state = state_of(posted.reload())
    assert (state.code, state.words) == ("differs", "Differs from CMiC by 1 line")
    [drift] = reconciliation.compare(posted.budget, posted.budget.readings.first())
    assert (drift.key.cost_code, drift.posted, drift.in_erp, drift.difference) == (
        "09-68-00",
        Decimal("99999.90"),
        Decimal("118399.90"),
        Decimal("18400.00"),
    )
    since = state.since
    read(posted)
    assert state_of(posted.reload()).since == since
    change(posted, "99999.90")
    read(posted)
    assert state_of(posted.reload()).code == "posted"
    told = Event.objects.filter(action="compare").order_by("seq").values_list("sentence", flat=True)
    assert list(told) == ["The ERP differs by 1 line from what was posted", "The ERP is in balance again"]


def test_codes_that_only_cmic_has_are_no_difference(posted):
    row = {"company": "001", "job": JOB, "phase": "01-31-00", "category": "5000", "original": "77.00"}
    posted.simulator.seed({"budget": [row]})
    read(posted)
    assert state_of(posted.reload()).code == "posted"


def test_a_budget_that_is_out_for_a_decision_is_not_compared(posted):
    line = posted.budget.lines.first()
    other = posted.budget.lines.last()
    posted.reload()
    posted.modify("more", (line, "5.00"), (other, "-5.00"))
    change(posted, "1.00")
    posted.send()
    assert state_of(posted.reload()).code == "waiting"


def test_the_sync_asks_for_a_reading_of_posted_budgets_once_an_hour_and_old_ones_go(posted):
    later = timezone.now() + timedelta(hours=2)
    decided = posted.budget.batches.get().reading_id
    for moment in (later, later + timedelta(minutes=30), later + timedelta(hours=2)):
        sync.sync_company(posted.connection, now=moment)
        for asked in ErpReading.objects.filter(state=ReadingState.ASKED):
            readings.make(asked, now=moment)
    kept = list(posted.budget.readings.order_by("pk").values_list("pk", "asked_at"))
    assert [key for key, _ in kept] == [decided, kept[-1][0]]
    assert kept[-1][1] == later + timedelta(hours=2)


def test_a_worker_that_reads_too_late_finds_its_reading_replaced_and_changes_nothing(posted):
    late = readings.ask(posted.budget, now=timezone.now())
    posted.read()
    read(posted)
    newest = posted.budget.readings.first()
    assert newest.pk > late.pk and not ErpReading.objects.filter(pk=late.pk).exists()
    readings.make(late, now=timezone.now())
    assert posted.reload().readings.first() == newest


@pytest.fixture
def sent(cmic: Simulator) -> Story:
    """A job with a budget in CMiC; Dana's first send waits: 100.00 less on the carpet, the labor as it is there."""
    rows = [
        {"job": JOB, "phase": "03-30-00", "category": "1000", "original": "250000.00"},
        {"job": JOB, "phase": "09-68-00", "category": "2000", "original": "100000.00"},
    ]
    story = begin(cmic, status="I", budget=rows)
    story.add_line("03-30-00", "L", "250000.00")
    story.add_line("09-68-00", "S", "99900.00")
    story.lock()
    story.send()
    return story


def test_a_change_in_cmic_before_our_first_posting_is_told_as_that_at_once(sent, client):
    def page() -> str:
        client.force_login(sent.mira)
        return client.get(f"/admin/erp/driftdecision/{sent.budget.pk}/").content.decode()

    assert "changed in CMiC before our posting" not in page()
    change(sent, "96800.00")
    read(sent)
    _, balance = balance_of(sent.reload())
    assert {cause: one.amount for cause, one in balance.causes.items()} == {
        Cause.CHANGED_BEFORE: Decimal("-3200.00"),
        Cause.WAITING: Decimal("100.00"),
    }
    assert (balance.ties, balance.to_decide) == (True, [])
    shown = page()
    assert "changed in CMiC before our posting" in shown
    for words in ("not sent yet", "See what would be sent", "Which value holds?"):
        assert words not in shown, words
    cells = [part.split("</td>")[0] for part in shown.split('<td data-label="Posted"')[1:]]
    assert len(cells) == 1 and "–" in cells[0] and ".00" not in cells[0]
    told = client.get(f"/api/v1/budgets/{sent.project.pk}/reconciliation/").json()["rows"]
    assert [row["posted"] for row in told] == [None, None]
    seen = sent.budget.readings.filter(state=ReadingState.MADE)[0]
    batch = sent.budget.batches.get()
    deciding.accept(batch, user=sent.jonas, now=timezone.now(), reading_hash=seen.hash)
    sent.work()
    sent.post_everything()
    sent.poll()
    read(sent)
    _, balance = balance_of(sent.reload())
    assert {cause: one.amount for cause, one in balance.causes.items()} == {Cause.EDITED: Decimal("-3200.00")}
