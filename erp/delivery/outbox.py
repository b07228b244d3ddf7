"""Delivery exactly once: push, probe, withdraw, sweep. The document's row is the queue of record.

No transaction is open while the ERP is called. What a worker may have sent is in the journal before it leaves.
"""

from __future__ import annotations

import random
from datetime import timedelta

from django.db.models.functions import Now
from django.utils import timezone

from erp import bell, holds
from erp.backends import outside_transactions
from erp.decision.acceptance import erp_document
from erp.delivery import circuit, silence
from erp.delivery.claims import OF_DOCUMENT, askable, claim, claimable, ring_next, take_probe
from erp.delivery.journal import DatabaseJournal, LostClaim
from erp.delivery.outcomes import (
    Clock,
    back_to_queue,
    backend_of,
    connection_of,
    deliver,
    record,
    refuse,
    release,
    unconfirm,
)
from erp.delivery.still_as_seen import has_written, refuse_if_moved
from erp.delivery.stumbles import stumble
from erp.delivery.unknown import leave_to_a_person
from erp.models import Document, DocumentState, ErpReading, ReadingState
from erp.port import (
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
from erp.posting.seen import facts_of
from erp.refusals.own_advice import CHANGED_THERE
from erp.setup.stopping import stop
from workflow import events

NOT_YET = timedelta(minutes=5)  # how soon a document that has to wait for the ERP's people is tried again
LONGEST_BACKOFF = 3600.0
WORKER_GONE = "The worker that was sending it stopped."
GIVE_UP_AFTER = 10  # workers lost over one document, in all: waiting for an ERP that is down does not count


def work_on(document_id: int, *, clock: Clock = timezone.now) -> bool:
    """This function will do what is due for a document: push it, ask about it, or withdraw it.

    Returns False when nothing was due (another worker has it, it is done, or its time has not come).
    """
    outside_transactions()
    document = claim(document_id, clock)
    if document is None:
        return _probe(document_id, clock)
    if document.state == DocumentState.WITHDRAWING:
        _withdraw(document, clock)
    else:
        _push(document, clock)
    ring_next(document)
    return True


# -- pushing --------------------------------------------------------------------------------------------


def _push(document: Document, clock: Clock) -> None:
    connection = connection_of(document)
    try:
        receipt = _write(document, clock)
    except LostClaim:
        return  # the sweep took it away; whoever has it now asks the ERP first
    except ErpMisconfigured as problem:
        stop(connection, because=str(problem), now=clock())
        back_to_queue(document, clock, wait=timedelta(0), why=str(problem))
    except ErpNotYet as problem:
        back_to_queue(document, clock, wait=NOT_YET, why=problem.reason)
    except ErpUnavailable as problem:
        back_to_queue(document, clock, wait=_backoff(document, problem), why=problem.reason)
    except ErpUnconfirmed as problem:
        unconfirm(document, clock, problem.reason)
    except ErpRefused as problem:
        refuse(document, clock, list(problem.findings))
    except Exception as problem:
        stumble(document, clock, problem, doing="send")
    else:
        deliver(document, clock, receipt)


def _write(document: Document, clock: Clock) -> Receipt:
    journal, frozen = DatabaseJournal(document, clock), erp_document(document)
    with circuit.through(connection_of(document), now=clock()) as erp:
        refuse_if_moved(document, frozen, erp, still_mine=journal.extend)
        journal.extend()  # reading may have taken a good part of the lease
        return erp.push(frozen, journal)


def _backoff(document: Document, problem: ErpUnavailable) -> timedelta:
    """Full jitter: anywhere between now and 5, 10, 20 ... seconds, at most an hour; never sooner than told."""
    longest = min(LONGEST_BACKOFF, 5.0 * 2 ** min(document.attempts - 1, 12))
    return timedelta(seconds=max(problem.retry_after or 0.0, random.uniform(1, longest)))


# -- asking after an unknown outcome ----------------------------------------------------------------------


def _probe(document_id: int, clock: Clock) -> bool:
    """Ask the ERP about an unconfirmed document whose probe is due."""
    document = askable().select_related(*OF_DOCUMENT).filter(pk=document_id).first()
    if document is None or not take_probe(document):
        return False
    try:
        with circuit.through(connection_of(document), now=clock()) as erp:
            receipt = erp.find(erp_document(document))
    except ErpMisconfigured as problem:
        stop(connection_of(document), because=str(problem), now=clock())
    except ErpRefused as problem:
        refuse(document, clock, list(problem.findings))
    except ErpUnavailable:
        pass  # nothing learned; the next probe is scheduled
    except ErpUnconfirmed as problem:
        if _last_probe(document):
            leave_to_a_person(document, clock, problem.reason)
    except Exception as problem:
        stumble(document, clock, problem, doing="ask about")
    else:
        _after_probe(document, clock, receipt)
    return True


def _last_probe(document: Document) -> bool:
    return document.probes >= len(backend_of(document).probe_seconds)


def _after_probe(document: Document, clock: Clock, receipt: Receipt | None) -> None:
    if receipt is not None:
        deliver(document, clock, receipt)
    elif _last_probe(document):
        back_to_queue(document, clock, wait=timedelta(0), why="")
        bell.ring("deliver", document.pk)


# -- taking it out again ----------------------------------------------------------------------------------


def _withdraw(document: Document, clock: Clock) -> None:
    if document.delivered_at is None and not has_written(document):
        _withdrawn(document, clock, Outcome(WithdrawState.WITHDRAWN, "It was never sent."))
        return
    try:
        with circuit.through(connection_of(document), now=clock()) as erp:
            journal = DatabaseJournal(document, clock)
            outcome = erp.withdraw(erp_document(document), journal, anyway=document.anyway)
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
        release(document, timedelta(seconds=backend_of(document).probe_seconds[-1]), problem.reason)
    except Exception as problem:
        stumble(document, clock, problem, doing="withdraw")
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
        said = outcome.note or "Somebody changed it in the ERP; a person decides."
        refuse(document, clock, [Finding(CHANGED_THERE, said), *outcome.findings])


# -- what got lost ----------------------------------------------------------------------------------------


def sweep(*, limit: int = 500, clock: Clock = timezone.now) -> int:
    """This function will find work whose bell was not heard, claims whose worker is gone, and what waits too long.

    Returns for how many documents it rang.
    """
    for document in Document.objects.filter(lease_until__lt=Now(), claim__isnull=False).select_related(
        *OF_DOCUMENT
    )[:limit]:
        _take_back(document)
    for connection in circuit.probes_due():
        bell.ring("probe_connection", connection)
    silence.tell_admins(now=clock())
    holds.call_for_attention(now=clock())
    due = list(claimable().order_by("not_before").values_list("pk", flat=True)[:limit])
    due += list(askable().order_by("not_before").values_list("pk", flat=True)[:limit])
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
