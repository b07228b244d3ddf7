"""What stays in the same job after a reset of its link is in balance there, before and after the next send."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import timezone

from erp.models import Document, ErpReading
from erp.port import ErpKey
from erp.reconciliation import drift
from erp.reconciliation.balance_facts import Cause
from erp.reconciliation.balance_reads import balance_of
from erp.reconciliation.comparing import compare
from erp.reset.blockers import unspoken
from erp.snapshots import unsent_modifications
from erp.sync import syncing as sync
from tests.erp.test_resetting import ask, current, link, posted, reset, send_and_post, sums
from tests.erp.test_waiting import page
from tests.support.delivery import finish, send_and_accept
from tests.support.simulator import Simulator
from tests.support.story import JOB, Story, begin

pytestmark = pytest.mark.django_db(transaction=True)

LABOR = ErpKey(JOB, "01-31-00", "1000")


def now():
    return timezone.now()


def linked_again(simulator: Simulator) -> Story:
    """An original and a transfer are posted, the link was reset, both stay, and the same job is linked again."""
    story = posted(simulator)
    reset(story, "stays", "stays")
    link(story, JOB)
    return story


def read(story: Story) -> ErpReading:
    sync.sync_company(story.connection, now=now(), only="budgets")
    reading = story.read()
    story.reload()
    return reading


def edited(story: Story, amount: str) -> None:
    """Somebody changes the current budget of the labor straight in CMiC."""
    key = {"company": "001", "job": JOB, "phase": LABOR.cost_code, "category": LABOR.cost_type}
    story.simulator.accountant("set_budget", **key, current=amount)


def test_what_stays_is_in_balance_before_anything_is_sent_and_after(brisk_cmic: Simulator):
    story = linked_again(brisk_cmic)
    reading = read(story)
    _, balance = balance_of(story.budget)
    assert (balance.in_balance, balance.ties, balance.to_decide) == (True, True, [])
    assert compare(story.budget, reading) == []
    shown = page(story.mira, f"/admin/erp/driftdecision/{story.budget.pk}/")
    assert "In balance" in shown
    batch = send_and_accept(story)
    finish(story)
    batch.refresh_from_db()
    assert (batch.state, batch.moved) == ("posted", Decimal(0))
    read(story)
    _, balance = balance_of(story.budget)
    assert balance.in_balance
    assert current(story) == sums("900", "600")
    numbers = {document.number for document in unspoken(ask(story))}
    assert len(numbers) == 2, "what was never written there is not asked about"
    assert batch.documents.get().number not in numbers


def test_nothing_is_called_changed_before_the_job_was_read_for_the_new_link(brisk_cmic: Simulator):
    story = linked_again(brisk_cmic)
    address = f"/projects/{story.budget.project_id}/budget/reconciliation/"
    shown = page(story.dana, address)
    assert "CMiC was not read yet." in shown
    for alarm in ("changed in CMiC", "Decide which value holds", "could not be read"):
        assert alarm not in shown
    edited(story, "950")
    read(story)
    assert "1 line was changed in CMiC." in page(story.dana, address)


def test_what_is_changed_there_after_it_is_told_as_that_and_taken_once(brisk_cmic: Simulator):
    story = linked_again(brisk_cmic)
    edited(story, "950")
    reading = read(story)
    _, balance = balance_of(story.budget)
    assert {cause: one.amount for cause, one in balance.causes.items()} == {Cause.EDITED: Decimal(50)}
    drift.settle(
        story.budget, user=story.mira, now=now(), kind="take", reading_hash=reading.hash, codes=[LABOR]
    )
    story.reload()
    _, balance = balance_of(story.budget)
    assert (balance.in_balance, balance.ours, balance.in_erp) == (True, Decimal(1550), Decimal(1550))
    send_and_post(story)
    read(story)
    _, balance = balance_of(story.budget)
    assert balance.in_balance
    assert current(story) == sums("950", "600")


def test_what_is_new_beside_it_is_not_sent_and_nothing_else(brisk_cmic: Simulator):
    story = linked_again(brisk_cmic)
    one, two = story.budget.lines.order_by("pk")
    story.modify("Another shift", (one, "-30.00"), (two, "30.00"))
    read(story)
    _, balance = balance_of(story.budget)
    assert set(balance.causes) == {Cause.NOT_SENT} and not balance.to_decide
    batch = send_and_post(story)
    assert batch.items.count() == 2
    read(story)
    _, balance = balance_of(story.budget)
    assert balance.in_balance
    assert current(story) == sums("870", "630")


def test_a_change_of_a_code_without_modifications_is_told_alike_everywhere(brisk_cmic: Simulator):
    story = begin(brisk_cmic, status="I")
    story.add_line("01-31-00", "L", "1000.00")
    story.lock()
    story.reload()
    send_and_post(story)
    reset(story, "stays")
    link(story, JOB)
    edited(story, "1050")
    reading = read(story)
    _, balance = balance_of(story.budget)
    assert {cause: one.amount for cause, one in balance.causes.items()} == {Cause.EDITED: Decimal(50)}
    assert [row.key for row in balance.to_decide] == [LABOR]
    [seen] = compare(story.budget, reading)
    assert (seen.key, seen.posted, seen.in_erp) == (LABOR, Decimal(1000), Decimal(1050))


def test_of_several_resets_the_last_word_on_a_document_counts(brisk_cmic: Simulator):
    story = linked_again(brisk_cmic)
    transfer = Document.objects.get(item__modification__isnull=False)
    story.simulator.accountant("undo", company="001", job=JOB, code=transfer.number)
    reset(story, "stays", "reversed")
    link(story, JOB)
    assert unsent_modifications(story.budget).count() == 1
    read(story)
    _, balance = balance_of(story.budget)
    assert not balance.to_decide
    send_and_post(story)
    read(story)
    _, balance = balance_of(story.budget)
    assert balance.in_balance
    assert current(story) == sums("900", "600")
