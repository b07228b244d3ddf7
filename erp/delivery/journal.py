"""The journal a backend writes through: each request is on record, durably, before it leaves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from erp.backends import backend
from erp.models import Call, Document
from erp.snapshots import erp_connection

LONGEST_ANSWER = 20_000


class LostClaim(Exception):
    """The claim on the document was taken away: the request must not leave."""


class DatabaseJournal:
    """A journal for one claim on one document. See `erp.port.Journal`."""

    def __init__(self, document: Document, clock: Callable[[], datetime] = timezone.now) -> None:
        self.document = document
        if document.claim is None:
            raise LostClaim(f"{document.number} is not claimed")
        self.claim = document.claim
        self.clock = clock
        connection = erp_connection(document.batch.budget)
        self.lease = timedelta(seconds=backend(connection.alias).lease_seconds if connection else 120)

    def before(self, *, step: str, request_id: str, method: str, target: str, body: str) -> None:
        """Extend the claim and record the request, in one transaction; raises LostClaim."""
        with transaction.atomic():
            self.extend()
            Call.objects.create(
                document=self.document,
                claim=self.claim,
                attempt=self.document.attempts,
                step=step,
                request_id=request_id,
                method=method,
                target=target,
                body=body,
                sent_at=self.clock(),
            )

    def extend(self, **learned: str) -> None:
        """Keep the claim for another lease, and what was learned with it; raises LostClaim."""
        mine = Document.objects.filter(pk=self.document.pk, claim=self.claim)
        if not mine.update(lease_until=Now() + self.lease, **learned):
            raise LostClaim(f"{self.document.number} was taken from this worker")

    def after(self, *, request_id: str, status: int | None, answer: str, outcome: str) -> None:
        """Record what came back."""
        Call.objects.filter(request_id=request_id, answered_at=None).update(
            status=status, answer=answer[:LONGEST_ANSWER], outcome=outcome, answered_at=self.clock()
        )

    def learned(self, *, route: str = "", erp_number: str = "") -> None:
        """Keep the route and the ERP's own number on the document; raises LostClaim."""
        told = {name: value for name, value in (("route", route), ("erp_number", erp_number)) if value}
        if told:
            self.extend(**told)
