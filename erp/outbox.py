"""Delivery exactly once: claim, push, probe, withdraw, sweep. The document's row is the queue of record.

No transaction is open while the ERP is called. What a worker may have sent is in the journal before it leaves.
"""

from __future__ import annotations

import random
import uuid
from datetime import datetime, timedelta

from django.db import connection as database
from django.db import models, transaction
from django.db.models.functions import Now
from django.utils import timezone

from erp import bell
from erp.acceptance import erp_document
from erp.backends import outside_transactions
from erp.connections import note_contact, stop
from erp.journal import DatabaseJournal, LostClaim
from erp.models import BatchState, Connection, Document, DocumentState, ErpReading, ReadingState
from erp.moves import refuse_if_moved
from erp.outcomes import (
    Clock,
    back_to_queue,
    backend_of,
    connection_of,
    deliver,
    record,
    refuse,
    release,
    tell,
    unconfirm,
)
from erp.port import (
    DocumentKind,
    ErpMisconfigured,
    ErpNotYet,
    ErpRefused,
    ErpUnavailable,
    ErpUnconfirmed,
    Finding,
    Outcome,
    Receipt,
    WithdrawState,
)
from erp.seen import facts_of
from workflow import events
from workflow.actions import SYSTEM, ensure

NOT_YET = timedelta(minutes=5)  # how soon a document that has to wait for the ERP's people is tried again
LONGEST_BACKOFF = 3600.0
WORKER_GONE = "The worker that was sending it stopped."
GIVE_UP_AFTER = 10  # workers lost over one document, in all: waiting for an ERP that is down does not count
ACTIVE = (BatchState.ACCEPTED, BatchState.EXPORTED)


def work_on(document_id: int, *, clock: Clock = timezone.now) -> bool:
    """This function will do what is due for a document: push it, ask about it, or withdraw it.

    Returns False when nothing was due (another worker has it, it is done, or its time has not come).
    """
    outside_transactions()
    document = _claim(document_id, clock)
    if document is None:
        return _probe(document_id, clock)
    if document.state == DocumentState.WITHDRAWING:
        _withdraw(document, clock)
    else:
        _push(document, clock)
    return True


# -- claiming -------------------------------------------------------------------------------------------


def _due() -> models.QuerySet[Document]:
    """Nobody speaks over a stopped connection, not even to ask: accounts get locked."""
    in_use = Connection.objects.filter(
        company=models.OuterRef("batch__budget__project__company"), enabled=True, stopped_at=None
    )
    return Document.objects.filter(models.Exists(in_use), not_before__lte=Now())


def _claimable() -> models.QuerySet[Document]:
    original_first = Document.objects.filter(
        batch=models.OuterRef("batch"),
        item__kind=DocumentKind.ORIGINAL,
        item__position__lt=models.OuterRef("item__position"),
    ).exclude(state__in=[DocumentState.DELIVERED, DocumentState.POSTED, DocumentState.WITHDRAWN])
    return _due().filter(
        models.Q(state=DocumentState.WITHDRAWING, claim=None)
        | (models.Q(state=DocumentState.QUEUED) & ~models.Exists(original_first)),
        batch__state__in=ACTIVE,
    )


def _askable() -> models.QuerySet[Document]:
    return _due().filter(state=DocumentState.UNCONFIRMED)


def _claim(document_id: int, clock: Clock) -> Document | None:
    """Take a due document with a conditional row lock; the lease is in database time."""
    with transaction.atomic():
        rows = _claimable().select_for_update(of=("self",), skip_locked=True)
        document = (
            rows.select_related("item", "batch__budget__project__company").filter(pk=document_id).first()
        )
        if document is None:
            return None
        now, lease = clock(), _lease_until(document)
        if document.state == DocumentState.WITHDRAWING:
            document.claim, document.lease_until = uuid.uuid4(), lease
        else:
            ensure(document, "claim", SYSTEM)
            document.take(claim=uuid.uuid4(), lease_until=lease, now=now)
            tell(document, now, "Started to send", "queued")
        document.save()
    return document


def _lease_until(document: Document) -> datetime:
    with database.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now + timedelta(seconds=backend_of(document).lease_seconds)


# -- pushing --------------------------------------------------------------------------------------------


def _push(document: Document, clock: Clock) -> None:
    erp, journal = backend_of(document), DatabaseJournal(document, clock)
    frozen = erp_document(document)
    try:
        refuse_if_moved(document, frozen, erp)
        receipt = erp.push(frozen, journal)
    except LostClaim:
        return  # the sweep took it away; whoever has it now asks the ERP first
    except ErpMisconfigured as problem:
        stop(connection_of(document), because=str(problem), now=clock())
        back_to_queue(document, clock, wait=timedelta(0), why=str(problem))
    except ErpNotYet as problem:
        back_to_queue(document, clock, wait=NOT_YET, why=problem.reason)
    except ErpUnavailable as problem:
        back_to_queue(document, clock, wait=_backoff(document, problem), why=problem.reason)
    except ErpUnconfirmed as problem:
        unconfirm(document, clock, problem.reason)
    except ErpRefused as problem:
        refuse(document, clock, list(problem.findings))
    else:
        note_contact(connection_of(document), now=clock())
        deliver(document, clock, receipt)


def _backoff(document: Document, problem: ErpUnavailable) -> timedelta:
    """Full jitter: anywhere between now and 5, 10, 20 ... seconds, at most an hour."""
    longest = min(LONGEST_BACKOFF, 5.0 * 2 ** min(document.attempts - 1, 12))
    return timedelta(seconds=max(problem.retry_after or 0.0, random.uniform(1, longest)))


# -- asking after an unknown outcome ----------------------------------------------------------------------


def _probe(document_id: int, clock: Clock) -> bool:
    """Ask the ERP about an unconfirmed document whose probe is due."""
    rows = _askable().select_related("item", "batch__budget__project__company")
    document = rows.filter(pk=document_id).first()
    if document is None or not _take_probe(document):
        return False
    try:
        receipt = backend_of(document).find(erp_document(document))
    except ErpMisconfigured as problem:
        stop(connection_of(document), because=str(problem), now=clock())
    except ErpRefused as problem:
        refuse(document, clock, list(problem.findings))
    except (ErpUnavailable, ErpUnconfirmed):
        pass  # nothing learned; the next probe is scheduled
    else:
        _after_probe(document, clock, receipt)
    return True


def _take_probe(document: Document) -> bool:
    """Schedule the next probe before asking, so that two workers do not ask at once and a killed one is no loss."""
    times = backend_of(document).probe_seconds
    done = document.probes + 1
    gap = times[done] - times[done - 1] if done < len(times) else max(times[-1] / 2, 1)
    taken = Document.objects.filter(
        pk=document.pk, state=DocumentState.UNCONFIRMED, probes=document.probes, not_before__lte=Now()
    ).update(probes=done, not_before=Now() + timedelta(seconds=gap))
    document.probes = done
    return bool(taken)


def _after_probe(document: Document, clock: Clock, receipt: Receipt | None) -> None:
    if receipt is not None:
        deliver(document, clock, receipt)
    elif document.probes >= len(backend_of(document).probe_seconds):
        back_to_queue(document, clock, wait=timedelta(0), why="")
        bell.ring("deliver", document.pk)


# -- taking it out again ----------------------------------------------------------------------------------


def _withdraw(document: Document, clock: Clock) -> None:
    erp = backend_of(document)
    try:
        outcome = erp.withdraw(erp_document(document), DatabaseJournal(document, clock))
    except LostClaim:
        return
    except ErpMisconfigured as problem:
        stop(connection_of(document), because=str(problem), now=clock())
        release(document, timedelta(0), str(problem))
    except ErpRefused as problem:
        refuse(document, clock, list(problem.findings))
    except ErpUnavailable as problem:
        release(document, _backoff(document, problem), problem.reason)
    except ErpUnconfirmed as problem:
        # Withdrawing reads before it writes, so after the longest a late write can take it may simply go on.
        release(document, timedelta(seconds=erp.probe_seconds[-1]), problem.reason)
    else:
        _withdrawn(document, clock, outcome)


def _withdrawn(document: Document, clock: Clock, outcome: Outcome) -> None:
    # It counts there with other amounts than ours, for a job was started. Where all of ours had landed before, the
    # difference is shown; where only some had, they are the ERP's own now and the base of what is sent next.
    counts_differently = outcome.state is WithdrawState.CONFLICT and outcome.posting is not None
    landed_whole = document.delivered_at is not None
    if outcome.state is WithdrawState.WITHDRAWN or (counts_differently and not landed_whole):
        record(document, clock, "mark_withdrawn", "Withdrew", lambda row, now: row.mark_withdrawn(now=now))
    elif outcome.state is WithdrawState.POSTED or counts_differently:
        seen = facts_of(outcome.posting)
        seen["evidence"] = {**seen["evidence"], "note": outcome.note or "posted before it could be withdrawn"}
        record(document, clock, "post", "Already posted", lambda row, now: row.post(now=now, **seen))
    else:
        refuse(
            document,
            clock,
            [
                Finding(
                    "withdraw_conflict", outcome.note or "Somebody changed it in the ERP; a person decides."
                )
            ],
        )


# -- what got lost ----------------------------------------------------------------------------------------


def sweep(*, limit: int = 500) -> int:
    """This function will find work whose bell was not heard, and claims whose worker is gone. Returns how many rang."""
    for document in Document.objects.filter(lease_until__lt=Now(), claim__isnull=False).select_related(
        "item", "batch__budget__project__company"
    )[:limit]:
        _take_back(document)
    due = list(_claimable().order_by("not_before").values_list("pk", flat=True)[:limit])
    due += list(_askable().order_by("not_before").values_list("pk", flat=True)[:limit])
    for key in due:
        bell.ring("deliver", key)
    waiting = ErpReading.objects.filter(state=ReadingState.ASKED, asked_at__lte=Now() - timedelta(seconds=5))
    for reading in waiting.values_list("pk", flat=True)[:limit]:
        bell.ring("make_reading", reading)
    return len(due)


def _take_back(document: Document) -> None:
    """End a claim whose worker is gone; a document that ends every worker is put before a person."""
    if document.state != DocumentState.SENDING:
        release(document, timedelta(0), "", expired=True)
        return
    lost = events.events_about(document).filter(action="document_unconfirmed", note=WORKER_GONE).count() + 1
    if lost < GIVE_UP_AFTER:
        unconfirm(document, timezone.now, WORKER_GONE, expired=True)
        return
    finding = Finding(
        "gave_up",
        f"Tieback could not send this: the worker that was sending it stopped {lost} times. "
        "An administrator must look into the workers' log; then it can be sent again.",
    )
    refuse(document, timezone.now, [finding], expired=True)
