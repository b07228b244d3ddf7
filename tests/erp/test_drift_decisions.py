"""Somebody edits a posted job straight in CMiC: the alarm, the three decisions, and what the next send holds."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from budgets.errors import InvalidInput
from budgets.selectors import totals
from budgets.states import state_of
from erp import services
from erp.decision import deciding
from erp.mail import notifications
from erp.mail.models import Notice
from erp.models import DriftDecision, DriftSighting
from erp.port import ErpKey
from erp.reconciliation import comparing as reconciliation
from erp.reconciliation import drift
from erp.reconciliation.balance_facts import Cause
from erp.reconciliation.balance_reads import balance_of
from erp.sync import readings
from tests.support.simulator import Simulator
from tests.support.story import JOB, Story, begin
from tests.workflow.sql import refused
from workflow import actions
from workflow.actions import ActionBlocked
from workflow.models import Event

pytestmark = pytest.mark.django_db(transaction=True)
CARPET, LABOR = ErpKey(JOB, "09-68-00", "2000"), ErpKey(JOB, "03-30-00", "1000")


@pytest.fixture
def posted(cmic: Simulator) -> Story:
    """A budget of two lines and a transfer between them, posted: carpet 99,999.90 and labor 250,000.20."""
    story = begin(cmic, status="I")
    labor = story.add_line("03-30-00", "L", "250000.10")
    carpet = story.add_line("09-68-00", "S", "100000.00")
    story.lock()
    story.modify("carpet to labor", (carpet, "-0.10"), (labor, "0.10"))
    send_and_post(story)
    return story


def send_and_post(story: Story) -> None:
    """Dana sends, Jonas accepts, an accountant posts."""
    batch = story.send()
    seen = story.read()
    deciding.accept(batch, user=story.jonas, now=timezone.now(), reading_hash=seen.hash)
    story.work()
    story.post_everything()
    story.poll()
    read(story)


def read(story: Story) -> str:
    """A worker reads CMiC; return the reading's hash."""
    readings.ask(story.budget, now=timezone.now())
    reading = story.read()
    story.reload()
    return reading.hash


def change(story: Story, amount: str, phase: str = "09-68-00", category: str = "2000") -> str:
    """Somebody sets a current budget past all rules; the next reading sees it."""
    story.simulator.accountant(
        "set_budget", company="001", job=JOB, phase=phase, category=category, current=amount
    )
    return read(story)


def settle(story: Story, kind: str, hash_: str, **more: Any) -> list[DriftDecision]:
    done = drift.settle(
        story.budget, user=story.mira, now=timezone.now(), kind=kind, reading_hash=hash_, **more
    )
    story.reload()
    return done


def parts(story: Story) -> dict[str, Decimal]:
    """The causes of today's differences, and what each comes to."""
    _, balance = balance_of(story.reload())
    assert balance.ties
    return {cause.value: sum_.amount for cause, sum_ in balance.causes.items()}


def may_send(story: Story) -> list[str]:
    return [b.code for b in actions.blockers(story.reload(), "send", story.dana)]


def test_an_edit_in_cmic_is_seen_with_the_line_the_old_amount_the_new_one_and_since_when(posted):
    assert balance_of(posted.reload())[1].in_balance
    change(posted, "118399.90")
    [row] = balance_of(posted.budget)[1].to_decide
    assert (row.key, row.posted, row.in_erp, row.difference) == (
        CARPET,
        Decimal("99999.90"),
        Decimal("118399.90"),
        Decimal("18400.00"),
    )
    assert parts(posted) == {Cause.EDITED: Decimal("18400.00")}
    sighting = reconciliation.sighted(posted.budget)[CARPET]
    read(posted)
    assert reconciliation.sighted(posted.budget)[CARPET] == sighting
    change(posted, "118400.00")
    assert reconciliation.sighted(posted.budget)[CARPET].pk > sighting.pk
    change(posted, "99999.90")
    assert reconciliation.sighted(posted.budget) == {}
    assert DriftSighting.objects.count() == 3


def test_approvers_are_told_at_once_and_once_for_each_new_difference(posted, monkeypatch):
    told = []
    monkeypatch.setattr(
        notifications,
        "tell_of_drift",
        lambda budget, lines, path, now: told.append(
            [(line.label, line.ours, line.theirs) for line in lines]
        ),
    )
    change(posted, "118399.90")
    read(posted)
    change(posted, "300000.00", "03-30-00", "1000")
    read(posted)
    change(posted, "5.00")
    carpet, labor = f"{JOB} 09-68-00 2000", f"{JOB} 03-30-00 1000"
    assert told == [
        [(carpet, Decimal("99999.90"), Decimal("118399.90"))],
        [(labor, Decimal("250000.20"), Decimal("300000.00"))],
        [(carpet, Decimal("99999.90"), Decimal("5.00"))],
    ]


def test_cmic_s_amount_taken_counts_here_and_nothing_is_sent(posted):
    before = totals(posted.reload())
    [decision] = settle(posted, "take", change(posted, "118399.90"))
    assert (decision.posted, decision.found) == (Decimal("99999.90"), Decimal("118399.90"))
    assert state_of(posted.reload()).code == "posted"
    after = totals(posted.budget)
    assert after.revised == before.revised + Decimal("18400.00")
    assert after.original == before.original
    assert parts(posted) == {}
    assert may_send(posted) == ["nothing_new"]
    read(posted)
    assert state_of(posted.reload()).code == "posted"
    event = Event.objects.filter(action="settle_drift").get()
    assert event.sentence == "Took the ERP’s amount on 1 line"
    assert event.data["lines"] == [[JOB, "09-68-00", "2000", "99999.90", "118399.90"]]


def test_after_cmic_s_amount_was_taken_the_next_send_holds_only_what_is_new(posted):
    settle(posted, "take", change(posted, "118399.90"))
    labor, carpet = posted.budget.lines.order_by("pk")
    posted.modify("more", (carpet, "-5.00"), (labor, "5.00"))
    send_and_post(posted)
    held = posted.in_cmic()
    assert held[JOB, "09-68-00", "2000"][1] == Decimal("118394.90")
    assert held[JOB, "03-30-00", "1000"][1] == Decimal("250005.20")
    assert (state_of(posted.reload()).code, parts(posted)) == ("posted", {})


def test_ours_kept_goes_with_the_next_send_and_is_exactly_the_difference(posted):
    before = totals(posted.reload())
    [decision] = settle(posted, "keep", change(posted, "118399.90"))
    assert totals(posted.budget).revised == before.revised
    assert parts(posted) == {Cause.KEPT: Decimal("18400.00")}
    assert may_send(posted) == []
    send_and_post(posted)
    lines = posted.budget.batches.first().items.get().lines.values_list("line", "delta")
    assert list(lines) == [(decision.line_id, Decimal("-18400.00"))]
    assert posted.in_cmic()[JOB, "09-68-00", "2000"][1] == Decimal("99999.90")
    assert (state_of(posted.reload()).code, parts(posted)) == ("posted", {})
    assert may_send(posted) == ["nothing_new"]


def test_who_sent_it_is_told_that_ours_was_kept_and_the_budget_is_one_to_send(posted, client):
    [decision] = settle(posted, "keep", change(posted, "118399.90"))
    word = state_of(posted.reload())
    assert (word.code, word.words, word.since) == ("resend", "1 difference to send", decision.at)
    number = posted.budget.modifications.order_by("number").last().number
    assert word.next == (
        f"Accounting kept our amounts. Modification {number} puts CMiC back. Re-send the budget."
    )
    mail = Notice.objects.get(kind="kept")
    assert (mail.to, mail.company) == (posted.dana, posted.project.company)
    for words in ("09-68-00 2000", "99,999.90", "118,399.90", f"Modification {number} puts CMiC back"):
        assert words in mail.text and words in mail.html, words
    client.force_login(posted.dana)
    assert [row.budget for row in client.get("/?state=send").context["page"]] == [posted.budget]
    send_and_post(posted)
    assert state_of(posted.reload()).code == "posted"


def test_ours_kept_may_be_sent_though_modifications_net_to_zero_and_originals_of_started_jobs_stay(posted):
    posted.connection.originals_on_started_jobs = False
    posted.connection.save(update_fields=["originals_on_started_jobs"])
    posted.project.company.allow_total_change = False
    posted.project.company.save()
    settle(posted, "keep", change(posted, "118399.90"))
    assert may_send(posted) == []


def test_an_accepted_difference_stays_and_is_silent_until_cmic_s_amount_changes_again(posted):
    settle(posted, "accept", change(posted, "118399.90"), note="Agreed with the owner, call of Tuesday.")
    assert parts(posted) == {Cause.ACCEPTED: Decimal("18400.00")}
    assert state_of(posted.reload()).code == "posted"
    read(posted)
    assert state_of(posted.reload()).code == "posted"
    labor, carpet = posted.budget.lines.order_by("pk")
    posted.modify("more", (carpet, "-5.00"), (labor, "5.00"))
    send_and_post(posted)
    assert parts(posted) == {Cause.ACCEPTED: Decimal("18400.00")}
    change(posted, "118400.90")
    assert state_of(posted.reload()).words == "Differs from CMiC by 1 line"
    assert parts(posted) == {Cause.EDITED: Decimal("18406.00")}


def test_an_accepted_difference_may_be_decided_again_by_a_new_row(posted):
    seen = change(posted, "118399.90")
    settle(posted, "accept", seen, note="For now.")
    settle(posted, "take", seen, codes=[CARPET])
    assert parts(posted) == {}
    assert [d.kind for d in DriftDecision.objects.order_by("pk")] == ["accept", "take"]


def test_all_at_once_or_one_of_several(posted):
    change(posted, "118399.90")
    seen = change(posted, "300000.00", "03-30-00", "1000")
    settle(posted, "keep", seen, codes=[LABOR])
    assert parts(posted) == {Cause.EDITED: Decimal("18400.00"), Cause.KEPT: Decimal("49999.80")}
    assert state_of(posted.reload()).words == "Differs from CMiC by 1 line"
    settle(posted, "take", seen)
    assert parts(posted) == {Cause.KEPT: Decimal("49999.80")}


def test_a_job_is_watched_and_decided_on_also_where_a_later_batch_came_back(posted):
    labor, carpet = posted.budget.lines.order_by("pk")
    posted.modify("more", (carpet, "-5.00"), (labor, "5.00"))
    posted.send()
    services.retrieve(posted.budget, user=posted.dana, now=timezone.now())
    later = timezone.now() + timedelta(hours=2)
    assert [budget.pk for budget in reconciliation.due(posted.connection, now=later)] == [posted.budget.pk]
    seen = change(posted, "118399.90")
    assert list(reconciliation.sighted(posted.budget)) == [CARPET]
    settle(posted, "take", seen)
    assert parts(posted) == {Cause.NOT_SENT: Decimal("0.00")}
    assert reconciliation.sighted(posted.budget) == {}
    send_and_post(posted)
    assert posted.in_cmic()[JOB, "09-68-00", "2000"][1] == Decimal("118394.90")
    assert (state_of(posted.reload()).code, parts(posted)) == ("posted", {})


def test_a_decision_on_an_older_reading_is_refused_and_says_what_moved(posted):
    seen = change(posted, "118399.90")
    change(posted, "120000.00")
    with pytest.raises(ActionBlocked) as stopped:
        settle(posted, "take", seen, codes=[CARPET], seen={CARPET: Decimal("118399.90")})
    assert [b.sentence for b in stopped.value.blockers] == [
        "CMiC was read again since you looked: 09-68-00 2000 was 118,399.90, is 120,000.00. Look again, then decide."
    ]
    assert not DriftDecision.objects.exists()


def test_the_second_of_two_approvers_is_told_who_was_faster(posted):
    seen = change(posted, "118399.90")
    settle(posted, "take", seen, codes=[CARPET])
    with pytest.raises(ActionBlocked) as stopped:
        settle(posted, "keep", seen, codes=[CARPET])
    [found] = stopped.value.blockers
    assert found.code == "nothing_differs"
    assert "the ERP’s amount taken by Mira Osei" in found.sentence


def test_an_amount_taken_out_in_cmic_is_put_back_by_keeping_ours(posted):
    settle(posted, "keep", change(posted, "0.00"))
    send_and_post(posted)
    assert posted.in_cmic()[JOB, "09-68-00", "2000"][1] == Decimal("99999.90")
    assert (state_of(posted.reload()).code, parts(posted)) == ("posted", {})


def test_a_difference_is_accepted_with_a_sentence_only(posted):
    seen = change(posted, "118399.90")
    for values in ({"kind": "accept"}, {"kind": "perhaps"}, {"kind": "take", "codes": []}):
        with pytest.raises(InvalidInput):
            settle(posted, values.pop("kind"), seen, **values)
    assert not DriftDecision.objects.exists()


def test_sightings_and_decisions_never_change(posted):
    settle(posted, "take", change(posted, "118399.90"))
    for rows in (DriftDecision.objects.all(), DriftSighting.objects.all()):
        with refused("Cannot update or delete rows"):
            rows.update(posted=1)
        with refused("Cannot update or delete rows"):
            rows.delete()
