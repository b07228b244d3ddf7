"""A posted document that another entry in the ERP took back: said at a reset only where the ERP's sums say so too."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from budgets.errors import InvalidInput
from budgets.states import state_of
from erp import tasks
from erp.models import Document, LinkReset
from erp.posting import polling as posting
from erp.reconciliation.balance_reads import balance_of
from erp.reset import resetting
from erp.snapshots import unsent_modifications
from erp.sync import syncing as sync
from projects.models import Company
from tests.erp.test_resetting import ask, confirm, current, link, posted, send_and_post, sums
from tests.erp.test_waiting import page
from tests.support.simulator import Simulator
from tests.support.story import JOB, Story
from workflow.actions import ActionBlocked
from workflow.models import Event
from workflow.templatetags.figures import plain_moment_in

pytestmark = pytest.mark.django_db(transaction=True)
NOTE = "Entry COO0900, says Ann in accounting."


def now():
    return timezone.now()


def counter_entry(story: Story, code: str, amount: str) -> None:
    """An accountant posts another change item, of the transfer's lines with the signs turned."""
    (theirs,) = [item for item in story.simulator.book()["pcis"] if item["code"] == code]
    lines = [{**line, "amount": str(-Decimal(line["amount"])), "uuid": None} for line in theirs["lines"]]
    lines = [{**line, "amount": amount if Decimal(line["amount"]) > 0 else f"-{amount}"} for line in lines]
    plain = {
        **theirs,
        "code": "COO0900",
        "name": "Taken back",
        "uuid": "another",
        "posted": None,
        "batch": None,
    }
    story.simulator.seed({"pcis": [{**plain, "lines": lines}]})
    story.simulator.post(company="001", job=JOB, code="COO0900")


def say(story: Story, asked: LinkReset, transfer: str, note: str = NOTE) -> None:
    documents = Document.objects.filter(state="posted", batch__budget=story.budget).order_by("item__position")
    words = {d.pk: ("stays", "It is in use.") for d in documents} | {documents[1].pk: (transfer, note)}
    resetting.speak_of(asked, user=story.jonas, now=now(), words=words)


def transfer_of(story: Story) -> Document:
    return Document.objects.get(item__modification__isnull=False)


def asked_and_read(story: Story) -> LinkReset:
    asked = ask(story)
    posting.poll(now=now())
    story.read()
    return asked


def test_what_another_entry_took_back_is_sent_once_more_and_all_of_it_ties(brisk_cmic: Simulator):
    story = posted(brisk_cmic)
    transfer = transfer_of(story)
    counter_entry(story, transfer.erp_number or transfer.number, "100.00")
    assert current(story) == sums("1000", "500")
    asked = asked_and_read(story)
    with pytest.raises(InvalidInput, match=f"{transfer.number}: give the number of the other entry"):
        say(story, asked, "offset", "Ann in accounting knows.")
    say(story, asked, "offset")
    confirm(story, asked)
    tasks.clear_link(asked.pk)
    asked.refresh_from_db()
    assert asked.waits_for.startswith("CMiC is being read")
    story.read()
    tasks.clear_link(asked.pk)
    asked.refresh_from_db()
    assert asked.state == "done", asked.waits_for
    told = Event.objects.get(action="speak_of_posted").data[transfer.number]
    assert told[:2] == ["offset", NOTE]
    assert Event.objects.get(action="reset_link").data["posted"][transfer.number] == "offset"
    link(story, JOB)
    assert unsent_modifications(story.budget).count() == 1
    batch = send_and_post(story)
    assert current(story) == sums("900", "600")
    shown = page(story.mira, f"/admin/erp/batch/{batch.pk}/change/")
    assert "declared reversed by another entry, by Jonas" in shown
    assert NOTE in shown
    sync.sync_company(story.connection, now=now(), only="budgets")
    story.read()
    assert state_of(story.reload()).code == "posted"
    _, balance = balance_of(story.budget)
    assert balance.in_balance and balance.ties


@pytest.mark.parametrize("amount", [None, "99.99"])
def test_where_the_sums_do_not_say_so_it_is_refused_with_what_was_read(
    brisk_cmic: Simulator, amount: str | None
):
    story = posted(brisk_cmic)
    transfer = transfer_of(story)
    if amount:
        counter_entry(story, transfer.erp_number or transfer.number, amount)
    asked = asked_and_read(story)
    held = "999.99" if amount else "900.00"
    wanted = f"{JOB} 01-31-00 1000 holds {held}, and would hold 1,000.00"
    with pytest.raises(ActionBlocked, match=wanted):
        say(story, asked, "offset")
    assert not asked.documents.exists()
    say(story, asked, "stays")


def test_an_entry_made_after_the_reading_is_seen_by_reading_again_on_the_page(brisk_cmic: Simulator):
    story = posted(brisk_cmic)
    Company.objects.update(time_zone="America/Chicago")
    transfer = transfer_of(story)
    asked = asked_and_read(story)
    reading = story.read()
    counter_entry(story, transfer.erp_number or transfer.number, "100.00")
    client, base = Client(), f"/admin/erp/connection/{story.connection.pk}/projects/{asked.project_id}/reset/"
    client.force_login(story.jonas)
    given = {
        "reset": asked.pk,
        "document": transfer.pk,
        f"fate-{transfer.pk}": "offset",
        f"note-{transfer.pk}": NOTE,
    }
    refused = client.post(f"{base}do/speak/", given)
    said = " ".join(refused.content.decode().split())
    assert refused.status_code == 409
    made = plain_moment_in(reading.made_at, "America/Chicago")
    assert f"CMiC, read {made}, does not hold" in said
    assert "An entry made since then shows with the next reading: have CMiC read again." in said
    assert client.post(f"{base}do/read/", {"reset": asked.pk}).status_code == 302
    assert "CMiC is being read …" in page(story.jonas, base)
    assert story.read().pk > reading.pk
    assert client.post(f"{base}do/speak/", given).status_code == 302
    assert asked.documents.get().fate == "offset"
