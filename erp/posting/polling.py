"""Seeing postings: documents that are due are asked about, many in a request, each on a schedule of its own.

A document's next question comes after a tenth of the time it has waited, so an answer is never older than a tenth of
the wait, and never older than 15 minutes. What was answered is recorded by `erp.posting.seen`.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from django.db import models, transaction
from django.db.models import F, Value
from django.db.models.functions import Greatest, Least
from django.utils import timezone

from erp.backends import outside_transactions
from erp.decision.acceptance import erp_documents
from erp.delivery import circuit
from erp.mail import posting_notices
from erp.models import Batch, Connection, Document, DocumentState
from erp.port import (
    ErpBackend,
    ErpDocument,
    ErpError,
    ErpMisconfigured,
    ErpUnavailable,
    ErpUnconfirmed,
    Posting,
    PostingState,
)
from erp.posting import by_hand, seen
from erp.setup.stopping import stop

log = logging.getLogger(__name__)

SOONEST, LATEST = timedelta(seconds=15), timedelta(minutes=15)  # between two questions about a document
MOST = 1000  # documents a poll asks about; what is left over is due at the next
A_REQUEST = 50  # documents an ERP is asked about at once
DIVISIONS = 20  # failed questions after which no more is done to find the one document that spoils them
WATCHED = (DocumentState.DELIVERED, DocumentState.POSTED)
NO_ANSWER = "The ERP's answer leaves this document out; it is asked again."
ASKING_FAILED = (
    "The ERP could not be asked about this document: {problem} An administrator finds it in the log."
)


def poll(*, now: datetime, documents: Iterable[Document] | None = None) -> int:
    """This function will ask what became of the documents that are due (or these) and record what changed.

    Returns how many were asked about.
    """
    outside_transactions()
    asked = _load(_take(now, documents))
    for connection, rows in asked.items():
        _ask(connection, rows, now)
    return sum(len(rows) for rows in asked.values())


# -- which are due ----------------------------------------------------------------------------------------


def _watched() -> models.QuerySet[Document]:
    """Documents that wait to be seen posted, also those confirmed by hand, in an ERP that is in use and answers."""
    in_use = Batch.objects.filter(
        budget__project__company__erp_connection__enabled=True,
        budget__project__company__erp_connection__stopped_at=None,
        budget__project__company__erp_connection__circuit__opened_at=None,
    )
    return Document.objects.filter(state__in=WATCHED, poll_at__isnull=False, batch__in=in_use.values("pk"))


def _take(now: datetime, documents: Iterable[Document] | None) -> list[int]:
    """Give what is asked about now its next time, so that two polls at once do not ask the same."""
    with transaction.atomic():
        if documents is None:
            keys = _due(now)
        else:
            keys = list(_watched().filter(pk__in=[d.pk for d in documents]).values_list("pk", flat=True))
        if keys:
            Document.objects.filter(pk__in=keys).update(
                asked_at=now, times_asked=F("times_asked") + 1, poll_at=_next_time(now)
            )
    return keys


def _due(now: datetime) -> list[int]:
    """What is due; where the last request has room left, those of the same companies whose turn comes next."""
    free = _watched().select_for_update(skip_locked=True).order_by("poll_at", "pk")
    keys = list(free.filter(poll_at__lte=now).values_list("pk", flat=True)[:MOST])
    room = -len(keys) % A_REQUEST
    if keys and room:
        companies = Document.objects.filter(pk__in=keys).values("batch__budget__project__company")
        batches = Batch.objects.filter(budget__project__company__in=companies).values("pk")
        next_ones = free.filter(poll_at__gt=now, batch__in=batches)
        keys += next_ones.values_list("pk", flat=True)[:room]
    return keys


def _next_time(now: datetime) -> models.Expression:
    """A tenth of the wait so far from now on, at least 15 s, at most 15 min."""
    waited = Value(now, models.DateTimeField()) - F("state_since")
    tenth = models.ExpressionWrapper(waited / 10, output_field=models.DurationField())
    wait = Least(Greatest(tenth, Value(SOONEST)), Value(LATEST))
    return models.ExpressionWrapper(Value(now) + wait, output_field=models.DateTimeField())


def _load(keys: Collection[int]) -> dict[Connection, list[Document]]:
    found: dict[Connection, list[Document]] = defaultdict(list)
    rows = Document.objects.filter(pk__in=keys).select_related(
        "item", "batch__budget__project__company__erp_connection"
    )
    for document in rows.order_by("pk"):
        found[document.batch.budget.project.company.erp_connection].append(document)
    return dict(found)


# -- asking -----------------------------------------------------------------------------------------------


def _ask(connection: Connection, documents: list[Document], now: datetime) -> None:
    started = timezone.now()
    by_number = {document.number: document for document in documents}
    try:
        with circuit.through(connection, now=now) as erp:
            questions = _Questions(erp)
            postings = questions.ask(erp_documents(documents))
    except ErpMisconfigured as problem:
        _unanswered(documents, str(problem))
        stop(connection, because=str(problem), now=now)
        return
    except ErpError as problem:
        _unanswered(documents, str(problem), not_before=now + _rest(connection, problem, now))
        return
    answered_at = now + (timezone.now() - started)
    _record(connection, by_number, postings, now=now, answered_at=answered_at)
    answered = {posting.number for posting in postings}
    for number, why in questions.failed.items():
        _unanswered([by_number[number]], why)
    _unanswered([d for n, d in by_number.items() if n not in answered | questions.failed.keys()], NO_ANSWER)


def _rest(connection: Connection, problem: ErpError, now: datetime) -> timedelta:
    """How long an ERP that gives no answer is left alone: half as long as it has been silent, within limits."""
    wanted = timedelta(seconds=getattr(problem, "retry_after", None) or 0)
    silent = now - connection.last_contact_at if connection.last_contact_at else LATEST
    return max(wanted, min(max(silent / 2, 2 * SOONEST), LATEST))


def _unanswered(documents: Sequence[Document], why: str, *, not_before: datetime | None = None) -> None:
    if not documents:
        return
    rows = Document.objects.filter(pk__in=[document.pk for document in documents])
    later = {} if not_before is None else {"poll_at": Greatest(F("poll_at"), not_before)}
    rows.filter(poll_at__isnull=False).update(unanswered=why, **later)


class _Questions:
    """Asks an ERP about many documents; where one of them spoils the answer for all, the others get theirs."""

    def __init__(self, erp: ErpBackend) -> None:
        self._erp, self._left = erp, DIVISIONS
        self.failed: dict[str, str] = {}  # why there is no answer, by number

    def ask(self, documents: Sequence[ErpDocument]) -> list[Posting]:
        """This method will answer for all it can. Raises ErpUnavailable, ErpUnconfirmed, ErpMisconfigured."""
        try:
            return self._erp.postings(documents)
        except (ErpUnavailable, ErpUnconfirmed, ErpMisconfigured):
            raise
        except Exception as problem:
            self._left -= 1
            if len(documents) > 1 and self._left > 0:
                half = len(documents) // 2
                return [*self.ask(documents[:half]), *self.ask(documents[half:])]
            log.exception("the ERP could not be asked about %s", ", ".join(d.number for d in documents))
            why = ASKING_FAILED.format(problem=str(problem) or type(problem).__name__)
            self.failed |= {document.number: why for document in documents}
            return []


# -- what was answered ------------------------------------------------------------------------------------


def _record(
    connection: Connection,
    asked: dict[str, Document],
    postings: Sequence[Posting],
    *,
    now: datetime,
    answered_at: datetime,
) -> None:
    """Note answers that change nothing in one statement; the others each on their own."""
    for posting in postings:
        if posting.number not in asked:
            posting_notices.tell_of_a_strange_number(connection, posting.number, now=now)
    known = [(asked[posting.number], posting) for posting in postings if posting.number in asked]
    as_before = [document.pk for document, posting in known if _nothing_new(document, posting)]
    Document.objects.filter(pk__in=as_before, poll_at__isnull=False).update(
        answer=PostingState.WAITING, answered_at=answered_at, unanswered=""
    )
    for document, posting in known:
        if not _nothing_new(document, posting):
            _settle(document, posting, now=now, answered_at=answered_at)


def _nothing_new(document: Document, posting: Posting) -> bool:
    """Most documents wait unchanged at most polls: no lock is taken for these."""
    if document.state == DocumentState.POSTED:
        return False
    said_before = document.absent_since or document.waiting_for
    return posting.state is PostingState.WAITING and not said_before


def _settle(document: Document, posting: Posting, *, now: datetime, answered_at: datetime) -> None:
    """Record one answer; what goes wrong with it is its own affair and does not keep the others waiting."""
    record = by_hand.compare if document.state == DocumentState.POSTED else seen.settle
    try:
        record(document, posting, now=now, answered_at=answered_at)
    except Exception as problem:
        log.exception("what the ERP said of %s could not be recorded", document.number)
        _unanswered([document], f"What the ERP said could not be recorded: {problem}")
