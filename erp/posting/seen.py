"""What the ERP said of a delivered document, recorded: each in a transaction of its own."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Least

from budgets.models import Budget
from budgets.services import lock_row
from erp import holds
from erp.delivery.settling import settle_batch
from erp.mail import notifications
from erp.models import Batch, Document, DocumentState
from erp.port import Posting, PostingState
from erp.sync import readings
from workflow import events
from workflow.actions import SYSTEM, ensure

ABSENT_FOR = timedelta(minutes=10)  # absent twice, so far apart, before a document counts as removed
UNDECIDED = "The ERP's answer does not say whether it is posted."
SOON = timedelta(seconds=15)  # until a job's other documents are asked about once one was seen posted
KEPT = ("absent_since", "waiting_for", "answer", "answered_at", "unanswered")  # of a document that stays


def settle(document: Document, posting: Posting, *, now: datetime, answered_at: datetime) -> None:
    """This function will record what the ERP says of one delivered document. Saying it again changes nothing.

    `now` is the business time of the question, `answered_at` that of the answer.
    """
    with transaction.atomic():
        budget = lock_row(document.batch.budget)
        batch = Batch.objects.select_for_update(of=("self",)).get(pk=document.batch_id)
        batch.budget = budget
        row = Document.objects.select_for_update(of=("self",)).select_related("item").get(pk=document.pk)
        row.batch = batch
        if row.state != DocumentState.DELIVERED:
            return
        row.answer, row.answered_at, row.unanswered = posting.state.value, answered_at, ""
        if not _apply(row, posting, now):
            row.save(update_fields=KEPT)
            return
        row.save()
        events.record(
            chain=budget.project.company_id,
            at=now,
            actor=None,
            action=f"document_{row.state}",
            about=[budget, budget.project, batch, row],
            from_state=DocumentState.DELIVERED,
            to_state=row.state,
            sentence=f"Seen in the ERP: {row.number} ({row.item.title}) {row.state}",
        )
        if row.state == DocumentState.POSTED:
            _ask_soon_about_the_others(budget, now)
        readings.ask(budget, now=now)  # what stands beside our amounts is from after this posting
        settle_batch(batch, budget, now=now)
        holds.refresh(budget, now=now)


def _ask_soon_about_the_others(budget: Budget, now: datetime) -> None:
    """Whoever posts a job's document is likely to post the others in the same sitting."""
    others = Document.objects.filter(batch__budget=budget, state=DocumentState.DELIVERED)
    others.update(poll_at=Least(F("poll_at"), now + SOON))


def _apply(row: Document, posting: Posting, now: datetime) -> bool:
    """Change the row by what was seen; False when its state stays."""
    if posting.state in (PostingState.POSTED, PostingState.POSTED_DIFFERENT):
        ensure(row, "post", SYSTEM)
        row.post(now=now, **facts_of(posting))
        return True
    if posting.state is PostingState.REJECTED:
        return _turned_down(
            row, "rejected_in_erp", "Somebody rejected it in the ERP. Ask them, then retry or return it.", now
        )
    if posting.state is PostingState.ABSENT:
        if row.absent_since and now - row.absent_since >= ABSENT_FOR:
            return _turned_down(
                row, "removed_in_erp", "Somebody removed it from the ERP. Retry, or return it.", now
            )
        row.absent_since = row.absent_since or now
        row.waiting_for = "It was not found in the ERP; Tieback asks again before it counts as removed."
        return False
    row.absent_since = None
    row.waiting_for = {
        PostingState.STAGING: "Somebody set it back to an unapproved status in the ERP.",
        PostingState.INDETERMINATE: str(posting.evidence.get("note") or UNDECIDED),
    }.get(posting.state, "")
    return False


def facts_of(posting: Posting | None) -> dict[str, Any]:
    """This function will give what a posted document keeps of a posting: `posted_on`, `evidence` and `differs`."""
    if posting is None:
        return {"posted_on": None, "evidence": {}, "differs": []}
    differs = [
        {
            "refs": list(d.refs),
            "sent": f"{d.sent:.2f}",
            "found": f"{d.found:.2f}",
            "cost_code": d.key.cost_code,
            "cost_type": d.key.cost_type,
            "job": d.key.job,
        }
        for d in posting.differences
    ]
    return {"posted_on": posting.posted_on, "evidence": dict(posting.evidence), "differs": differs}


def _turned_down(row: Document, code: str, message: str, now: datetime) -> bool:
    ensure(row, "refuse", SYSTEM)
    row.refuse(findings=[{"code": code, "message": message, "refs": [], "field": "", "raw": ""}], now=now)
    notifications.tell_of_failure(row)
    return True
