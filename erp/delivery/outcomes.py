"""What became of a document at work: each outcome in one transaction on budget, batch and document.

Nothing is recorded once the claim was lost: whoever has the document now asks the ERP first.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from budgets.services import lock_row
from erp import bell, holds
from erp.backends import backend
from erp.delivery.settling import settle_batch
from erp.mail import notifications
from erp.models import Batch, Connection, Document, DocumentState
from erp.port import ErpBackend, Finding, Receipt
from erp.refusals import unknown_texts
from erp.snapshots import erp_connection
from workflow import events
from workflow.actions import SYSTEM, ensure

Clock = Callable[[], datetime]  # business time; leases and due times are the database's


def backend_of(document: Document) -> ErpBackend:
    """This function will find the backend of a document's company."""
    return backend(connection_of(document).alias)


def connection_of(document: Document) -> Connection:
    """This function will find the connection of a document's company."""
    connection = erp_connection(document.batch.budget)
    if connection is None:
        raise RuntimeError("a document's company has a connection")
    return connection


def record(
    document: Document,
    clock: Clock,
    name: str,
    sentence: str,
    move: Callable[[Document, datetime], None],
    *,
    expired: bool = False,
) -> bool:
    """This function will record what became of a document.

    Returns False when the claim was lost meanwhile and nothing may be recorded.

    With `expired` also False when its worker lives: it has extended the claim after it was found to have run out.
    """
    now = clock()
    with transaction.atomic():
        budget = lock_row(document.batch.budget)
        batch = Batch.objects.select_for_update(of=("self",)).get(pk=document.batch_id)
        batch.budget = budget
        rows = Document.objects.select_for_update(of=("self",)).select_related("item").filter(pk=document.pk)
        row = (rows.filter(lease_until__lt=Now()) if expired else rows).first()
        if row is None or (row.state, row.claim, row.attempts) != (
            document.state,
            document.claim,
            document.attempts,
        ):
            return False
        row.batch = batch
        before = row.state
        ensure(row, name, SYSTEM)
        move(row, now)
        row.save()
        tell(row, now, sentence, before)
        settle_batch(batch, budget, now=now)
        holds.refresh(budget, now=now)
    return True


def tell(
    document: Document, now: datetime, sentence: str, before: str, *, by: Any = SYSTEM, note: str = ""
) -> None:
    """This function will record the event of a document's move, by a person if one made it.

    Without `before` it is news of a document that stays as it is.
    """
    budget = document.batch.budget
    events.record(
        chain=budget.project.company_id,
        at=now,
        actor=by,
        action=f"document_{document.state}",
        about=[budget, budget.project, document.batch, document],
        from_state=before,
        to_state=document.state if before else "",
        sentence=f"{sentence} {document.number} ({document.item.title})",
        note=note or document.waiting_for,
    )


def deliver(document: Document, clock: Clock, receipt: Receipt) -> None:
    """This function will record that a document is completely in the ERP, and ring for those that waited for it."""
    proof = {
        "number": receipt.number,
        "route": receipt.route,
        "lines": receipt.lines,
        "total": str(receipt.total),
        "erp_number": receipt.erp_number,
    }

    def move(row: Document, now: datetime) -> None:
        row.deliver(receipt=proof, now=now)
        row.route, row.erp_number = receipt.route, receipt.erp_number

    if record(document, clock, "deliver", "Delivered", move):
        for waiting in Document.objects.filter(batch=document.batch, state=DocumentState.QUEUED):
            bell.ring("deliver", waiting.pk)


def back_to_queue(document: Document, clock: Clock, *, wait: timedelta, why: str) -> None:
    """This function will record that nothing was written, and when it is tried again."""
    record(
        document,
        clock,
        "queue_again",
        "Will try again",
        lambda row, now: row.queue_again(now=now, not_before=now + wait, waiting_for=why),
    )


def unconfirm(document: Document, clock: Clock, reason: str, *, expired: bool = False) -> None:
    """This function will record that it is unknown what was written; the first probe is scheduled."""
    first = timedelta(seconds=backend_of(document).probe_seconds[0])
    record(
        document,
        clock,
        "unconfirm",
        "No trustworthy answer for",
        lambda row, now: row.unconfirm(reason=reason, now=now, not_before=now + first),
        expired=expired,
    )


def refuse(document: Document, clock: Clock, findings: list[Finding], *, expired: bool = False) -> None:
    """This function will record what a person must fix, and write the mails about it."""
    told = [
        {"code": f.code, "message": f.message, "refs": list(f.refs), "field": f.field, "raw": f.raw}
        for f in findings
    ]

    def move(row: Document, now: datetime) -> None:
        row.refuse(findings=told, now=now)
        unknown_texts.note(row, findings, connection=connection_of(row), now=now)
        notifications.tell_of_failure(row)

    record(document, clock, "refuse", "Refused", move, expired=expired)


def keep(document: Document, clock: Clock, sentence: str, **told: Any) -> None:
    """This function will keep what was learned of an unconfirmed document that stays as it is, with an event."""
    now = clock()
    with transaction.atomic():
        budget = lock_row(document.batch.budget)
        rows = Document.objects.select_for_update(of=("self",)).select_related("item", "batch")
        row = rows.filter(pk=document.pk, state=document.state, probes=document.probes).first()
        if row is None:
            return
        row.batch.budget = budget
        for name, value in told.items():
            setattr(row, name, value)
        row.save(update_fields=list(told))
        tell(row, now, sentence, "")
        holds.refresh(budget, now=now)


def release(document: Document, wait: timedelta, why: str, *, expired: bool = False) -> None:
    """This function will give a withdrawal's claim back, to be taken up again after a wait."""
    mine = Document.objects.filter(pk=document.pk, claim=document.claim)
    (mine.filter(lease_until__lt=Now()) if expired else mine).update(
        claim=None, lease_until=None, not_before=Now() + wait, waiting_for=why
    )
