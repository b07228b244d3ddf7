"""Seeing postings: poll many delivered documents at once, settle each in its own transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from budgets.services import lock_row
from erp import holds, notifications, readings
from erp.acceptance import erp_document
from erp.backends import backend, outside_transactions
from erp.connections import note_contact, stop
from erp.models import Batch, Connection, Document, DocumentState
from erp.port import ErpError, ErpMisconfigured, Posting, PostingState
from erp.settling import settle_batch
from workflow import events
from workflow.actions import SYSTEM, ensure

ABSENT_FOR = timedelta(minutes=10)  # absent twice, so far apart, before a document counts as removed
SOONEST, LATEST = timedelta(seconds=15), timedelta(minutes=15)


def next_poll(document: Document, now: datetime) -> datetime:
    """This function will say when to ask again: a tenth of the wait so far, at least 15 s, at most 15 min."""
    waited = now - (document.delivered_at or now)
    return now + min(max(waited / 10, SOONEST), LATEST)


def poll(*, now: datetime, documents: Iterable[Document] | None = None) -> int:
    """This function will ask for the postings that are due and settle what changed. Returns how many were asked for."""
    outside_transactions()
    due = (
        Document.objects.filter(state=DocumentState.DELIVERED, poll_at__lte=now)
        if documents is None
        else documents
    )
    by_connection: dict[Connection, list[Document]] = defaultdict(list)
    rows = Document.objects.select_related("item", "batch__budget__project__company__erp_connection")
    for document in rows.filter(pk__in=[d.pk for d in due]).prefetch_related("item__lines"):
        by_connection[document.batch.budget.project.company.erp_connection].append(document)
    for connection, asked in by_connection.items():
        if connection.enabled and not connection.stopped_at:
            _poll_one(connection, asked, now)
    return sum(len(asked) for asked in by_connection.values())


def _poll_one(connection: Connection, documents: list[Document], now: datetime) -> None:
    by_number = {document.number: document for document in documents}
    for document in documents:
        document.poll_at = next_poll(document, now)
    Document.objects.bulk_update(documents, ["poll_at"], batch_size=1000)
    try:
        postings = backend(connection.alias).postings([erp_document(document) for document in documents])
    except ErpMisconfigured as problem:
        stop(connection, because=str(problem), now=now)
        return
    except ErpError:
        return  # asked again at the next poll
    note_contact(connection, now=now)
    for posting in postings:
        if not _nothing_new(by_number[posting.number], posting):
            settle(by_number[posting.number], posting, now=now)


def _nothing_new(document: Document, posting: Posting) -> bool:
    """Most documents wait unchanged at most polls: no lock is taken for these."""
    said_before = document.absent_since or document.waiting_for
    return posting.state is PostingState.WAITING and not said_before


def settle(document: Document, posting: Posting, *, now: datetime) -> None:
    """This function will record what the ERP says of one delivered document. Saying it again changes nothing."""
    with transaction.atomic():
        budget = lock_row(document.batch.budget)
        batch = Batch.objects.select_for_update(of=("self",)).get(pk=document.batch_id)
        batch.budget = budget
        row = Document.objects.select_for_update(of=("self",)).select_related("item").get(pk=document.pk)
        row.batch = batch
        if row.state != DocumentState.DELIVERED:
            return
        if not _apply(row, posting, now):
            row.save(update_fields=["absent_since", "waiting_for"])
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
        readings.ask(budget, now=now)  # what stands beside our amounts is from after this posting
        settle_batch(batch, budget, now=now)
        holds.refresh(budget, now=now)


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
        PostingState.INDETERMINATE: "The ERP's answer does not say whether it is posted.",
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
