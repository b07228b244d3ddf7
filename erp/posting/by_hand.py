"""What the ERP says of a document that a person confirmed by hand: it proves the word, or an alarm is raised.

What counts stays as it was confirmed: base and sums change by a decision only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from budgets.services import lock_row
from erp import holds
from erp.backends import backend
from erp.mail import posting_notices
from erp.models import Batch, Confirmation, ConfirmationState, Document
from erp.port import Posting, PostingState
from erp.posting import seen
from erp.posting.confirmation_models import OPEN_WORDS
from erp.reset.blockers import open_reset
from erp.snapshots import erp_connection
from erp.sync import readings
from workflow import events
from workflow.people import name_of

UNPOSTED_FOR = timedelta(days=1)  # how long an ERP may still call it unposted before that disproves the word


def remember(
    document: Document, *, user: Any, lender: int | None, now: datetime, note: str, against: str
) -> None:
    """This function will keep a person's word for a document just confirmed, which is asked about from now on."""
    Confirmation.objects.create(
        document=document,
        confirmed_by=user,
        on_behalf_of_id=lender,
        confirmed_at=now,
        note=note,
        against=against,
        state_since=now,
    )
    Document.objects.filter(pk=document.pk).update(poll_at=now)


@dataclass(frozen=True)
class Verdict:
    """What an answer makes of a word; `why` in words where it disproves it."""

    state: ConfirmationState
    why: str = ""


def compare(document: Document, posting: Posting, *, now: datetime, answered_at: datetime) -> None:
    """This function will hold what the ERP says against a person's word. Saying it again changes nothing."""
    with transaction.atomic():
        budget = lock_row(document.batch.budget)
        batch = Batch.objects.select_for_update(of=("self",)).get(pk=document.batch_id)
        batch.budget = budget
        row = Document.objects.select_for_update(of=("self",)).select_related("item").get(pk=document.pk)
        row.batch = batch
        word = Confirmation.objects.select_for_update(of=("self",)).filter(document=row).first()
        if word is None or word.state not in OPEN_WORDS:
            _note(row, posting, answered_at)
            return
        verdict = _verdict(row, word, posting, now)
        row.answer, row.answered_at, row.unanswered = posting.state.value, answered_at, ""
        if verdict is None or (verdict.state, verdict.why) == (word.state, word.why):
            row.save(update_fields=seen.KEPT)
            return
        if verdict.state == ConfirmationState.PROVED:
            row.poll_at = None
        row.save(update_fields=(*seen.KEPT, "poll_at"))
        _move(word, verdict, posting, now)
        _tell(row, word, now)
        readings.ask(budget, now=now)
        holds.refresh(budget, now=now)


def _note(row: Document, posting: Posting, answered_at: datetime) -> None:
    """Keep the answer about a posted document of which nobody's word is open: asked while a reset of the link is."""
    row.answer, row.answered_at, row.unanswered = posting.state.value, answered_at, ""
    if open_reset(row.batch.budget) is None:
        row.poll_at = None
    row.save(update_fields=(*seen.KEPT, "poll_at"))


def _verdict(row: Document, word: Confirmation, posting: Posting, now: datetime) -> Verdict | None:
    """What the answer says of the word; None where it decides nothing (yet)."""
    if posting.state is not PostingState.ABSENT:
        row.absent_since = None
    if posting.state is PostingState.POSTED:
        return Verdict(ConfirmationState.PROVED)
    if posting.state is PostingState.POSTED_DIFFERENT:
        number = len(posting.differences)
        lines = "1 line" if number == 1 else f"{number} lines"
        return Verdict(ConfirmationState.DISPROVED, f"It was posted with other amounts on {lines}.")
    if posting.state is PostingState.REJECTED:
        return Verdict(ConfirmationState.DISPROVED, "It was rejected there.")
    if posting.state is PostingState.ABSENT:
        row.absent_since = row.absent_since or now
        if now - row.absent_since >= seen.ABSENT_FOR:
            return Verdict(ConfirmationState.DISPROVED, "It is not there any more.")
    unposted = posting.state in (PostingState.WAITING, PostingState.STAGING) and _sees_postings(row)
    if unposted and now - word.confirmed_at >= UNPOSTED_FOR:
        return Verdict(ConfirmationState.DISPROVED, "It is there, and still not posted.")
    return None


def _sees_postings(row: Document) -> bool:
    connection = erp_connection(row.batch.budget)
    return connection is not None and backend(connection.alias).sees_postings


def _move(word: Confirmation, verdict: Verdict, posting: Posting, now: datetime) -> None:
    facts = seen.facts_of(posting)
    word.state, word.why, word.state_since = verdict.state, verdict.why, now
    word.posted_on, word.evidence, word.differs = facts["posted_on"], facts["evidence"], facts["differs"]
    word.save()


def _tell(row: Document, word: Confirmation, now: datetime) -> None:
    batch, budget = row.batch, row.batch.budget
    proved = word.state == ConfirmationState.PROVED
    name = name_of(word.confirmed_by)
    what = f"{row.number} ({row.item.title})"
    events.record(
        chain=budget.project.company_id,
        at=now,
        actor=None,
        action=f"confirmation_{word.state}",
        about=[budget, budget.project, batch],
        sentence=f"Seen in the ERP: {what} is posted, as {name} had confirmed by hand"
        if proved
        else f"{name} had confirmed by hand that {what} is posted; the ERP says otherwise",
        note=word.why,
        data={"document": row.number, "differs": word.differs},
    )
    if not proved:
        posting_notices.tell_of_a_disproved_word(row, word)
