"""Which document a worker may take, and taking it: conditional on the row, in the database's time, few at once."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import connection as database
from django.db import models, transaction
from django.db.models.functions import Now

from erp import bell
from erp.delivery.outcomes import Clock, backend_of, connection_of, tell
from erp.delivery.still_as_seen import NOTHING_WRITTEN
from erp.models import BatchState, Call, Connection, Document, DocumentState
from erp.port import DocumentKind
from workflow.actions import SYSTEM, ensure

MOST_AT_ONCE = 6  # documents of one connection at work: twice the calls that an ERP should get at once
NEXT = 2  # documents a worker rings for when it is done with one
ACTIVE = (BatchState.ACCEPTED, BatchState.EXPORTED)
OF_DOCUMENT = ("item", "batch__budget__project__company")


def _due() -> models.QuerySet[Document]:
    """Nobody speaks over a stopped connection or to a silent ERP, not even to ask: accounts get locked."""
    return Document.objects.filter(models.Exists(_in_use()), not_before__lte=Now())


def _in_use() -> models.QuerySet[Connection]:
    return Connection.objects.filter(
        company=models.OuterRef("batch__budget__project__company"),
        enabled=True,
        stopped_at=None,
        circuit__opened_at=None,
    )


def claimable() -> models.QuerySet[Document]:
    """This function will find the documents that are due to be pushed or withdrawn; an original goes first."""
    original_first = Document.objects.filter(
        batch=models.OuterRef("batch"),
        item__kind=DocumentKind.ORIGINAL,
        item__position__lt=models.OuterRef("item__position"),
    ).exclude(state__in=[DocumentState.DELIVERED, DocumentState.POSTED, DocumentState.WITHDRAWN])
    withdrawing = models.Q(state=DocumentState.WITHDRAWING, claim=None)
    queued = models.Q(state=DocumentState.QUEUED) & ~models.Exists(original_first)
    written = Call.objects.filter(document=models.OuterRef("pk")).exclude(outcome__in=NOTHING_WRITTEN)
    # What never wrote comes back without the ERP, also while nobody speaks to it.
    without_the_erp = withdrawing & models.Q(delivered_at=None) & ~models.Exists(written)
    rows = Document.objects.filter(not_before__lte=Now(), batch__state__in=ACTIVE)
    return rows.filter(without_the_erp | (models.Exists(_in_use()) & (withdrawing | queued)))


def askable() -> models.QuerySet[Document]:
    """This function will find the documents whose probe is due."""
    return _due().filter(state=DocumentState.UNCONFIRMED)


def claim(document_id: int, clock: Clock) -> Document | None:
    """This function will take a due document with a conditional row lock; the lease is in database time.

    None when it is not due, somebody has it, or enough documents of its connection are at work.
    """
    with transaction.atomic():
        rows = claimable().select_for_update(of=("self",), skip_locked=True)
        document = rows.select_related(*OF_DOCUMENT).filter(pk=document_id).first()
        if document is None or _enough_at_work(document):
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


def _enough_at_work(document: Document) -> bool:
    """Count under a lock, so that two workers do not both take the last place."""
    connection = connection_of(document)
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('erp.claims'), %s)", [connection.pk])
    at_work = Document.objects.filter(
        batch__budget__project__company=connection.company_id, claim__isnull=False, lease_until__gt=Now()
    )
    return at_work.count() >= MOST_AT_ONCE


def _lease_until(document: Document) -> datetime:
    with database.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now + timedelta(seconds=backend_of(document).lease_seconds)


def take_probe(document: Document) -> bool:
    """This function will schedule the next probe before asking: no two workers ask at once, a killed one is no loss."""
    times = backend_of(document).probe_seconds
    done = document.probes + 1
    gap = times[done] - times[done - 1] if done < len(times) else max(times[-1] / 2, 1)
    taken = Document.objects.filter(
        pk=document.pk, state=DocumentState.UNCONFIRMED, probes=document.probes, not_before__lte=Now()
    ).update(probes=done, not_before=Now() + timedelta(seconds=gap))
    document.probes = done
    return bool(taken)


def ring_next(document: Document) -> None:
    """This function will ring for what else waits over the same connection, now that a place is free."""
    company = document.batch.budget.project.company_id
    due = claimable().filter(batch__budget__project__company=company).order_by("not_before")
    for key in due.values_list("pk", flat=True)[:NEXT]:
        bell.ring("deliver", key)
