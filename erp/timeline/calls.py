"""The calls to an ERP as a batch's timeline shows them: folded by a worker's turn, or one by one, a page at a time.

A push of 10,000 lines makes thousands of calls. Nothing here reads more than a page of them, nor more of a body than
is shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, Min, QuerySet, TextField
from django.db.models.functions import Cast, Left, Length

from erp.models import Batch, Call, Document, DocumentState
from erp.timeline.masking import mask, readable

A_PAGE = 20  # calls shown at once
READ = 20_000  # characters of a body that are read to be laid out
SHOWN = 4_000  # characters of it that are shown
DONE = "done"
BEING_WRITTEN = (DocumentState.SENDING, DocumentState.UNCONFIRMED, DocumentState.QUEUED)
AROUND = 4  # calls of a document beside those of its lines


@dataclass(frozen=True)
class Said:
    """One side of a call as it is shown; `cut` where there is more, which is handed out as a file."""

    text: str
    chars: int
    cut: bool


@dataclass(frozen=True)
class ShownCall:
    """One request and what came back. Times are aware."""

    pk: int
    document: Document
    claim: UUID
    step: str
    attempt: int
    method: str
    target: str
    request_id: str
    sent_at: datetime
    answered_at: datetime | None
    status: int | None
    outcome: str
    request: Said
    answer: Said

    @property
    def took(self) -> timedelta | None:
        """How long the answer took."""
        return self.answered_at - self.sent_at if self.answered_at else None

    @property
    def tone(self) -> str:
        """Its colour; the outcome says the same in words."""
        return "good" if self.outcome == DONE else "bad" if self.outcome else "wait"


@dataclass(frozen=True)
class Turn:
    """What one worker called while it had a document: how many, since when, with which outcomes."""

    document_id: int
    claim: UUID
    attempt: int
    first: datetime
    last: datetime | None
    outcomes: tuple[tuple[str, int], ...]
    working: bool = False  # the worker has the document still: the answer is under way

    @property
    def number(self) -> int:
        """How many calls."""
        return sum(number for _, number in self.outcomes)

    @property
    def took(self) -> timedelta | None:
        """From the first request to the last answer."""
        return self.last - self.first if self.last else None

    @property
    def words(self) -> str:
        """How they ended: "12 done, 1 rejected"."""
        silent = "under way" if self.working else "without an answer"
        return ", ".join(f"{number} {outcome or silent}" for outcome, number in self.outcomes)


@dataclass(frozen=True)
class SoFar:
    """How many calls of what is being written are done, of about how many."""

    done: int
    about: int


def about(lines: int) -> int:
    """This function will estimate the calls that write a document: one a line, and what is around them."""
    return lines + AROUND


def so_far(batch: Batch) -> SoFar | None:
    """This function will count the calls for a batch's document that is being written; None while none is."""
    document = batch.documents.filter(state__in=BEING_WRITTEN, attempts__gt=0).first()
    if document is None:
        return None
    lines = document.item.lines.exclude(delta=0).count()
    done = Call.objects.filter(document=document, outcome=DONE).count()
    return SoFar(done, max(done, about(lines)))


def turns(batch: Batch) -> list[Turn]:
    """This function will fold a batch's calls into the turns of its workers, in one query."""
    counted: Any = (
        Call.objects.filter(document__batch=batch)
        .values("document_id", "claim", "attempt", "outcome")
        .annotate(number=Count("pk"), first=Min("sent_at"), last=Max("answered_at"))
        .order_by("first", "outcome")
    )
    found: dict[tuple[int, UUID], list[dict[str, Any]]] = {}
    for row in counted:
        found.setdefault((row["document_id"], row["claim"]), []).append(row)
    return [_turn(document, claim, rows) for (document, claim), rows in found.items()]


def _turn(document: int, claim: UUID, rows: list[dict[str, Any]]) -> Turn:
    answered = [row["last"] for row in rows if row["last"]]
    return Turn(
        document_id=document,
        claim=claim,
        attempt=max(row["attempt"] for row in rows),
        first=min(row["first"] for row in rows),
        last=max(answered, default=None),
        outcomes=tuple((row["outcome"], row["number"]) for row in rows),
    )


def page_of_calls(
    batch: Batch, documents: Iterable[Document], *, page: int = 1, document: int | None = None
) -> list[ShownCall]:
    """This function will show one page of a batch's calls in the order they left us, of one document where asked."""
    rows = Call.objects.filter(document__batch=batch)
    if document is not None:
        rows = rows.filter(document=document)
    by_pk = {one.pk: one for one in documents}
    first = (max(page, 1) - 1) * A_PAGE
    return [_shown(row, by_pk[row.document_id]) for row in _light(rows)[first : first + A_PAGE]]


def _light(rows: QuerySet[Call]) -> QuerySet[Any]:
    return (
        rows.defer("body", "answer")
        .annotate(
            request_chars=Length("body"),
            request_text=Left(Cast("body", TextField()), READ),
            answer_chars=Length("answer"),
            answer_text=Left(Cast("answer", TextField()), READ),
        )
        .order_by("sent_at", "pk")
    )


def _shown(row: Any, document: Document) -> ShownCall:
    return ShownCall(
        pk=row.pk,
        document=document,
        claim=row.claim,
        step=row.step,
        attempt=row.attempt,
        method=row.method,
        target=mask(row.target).text,
        request_id=row.request_id,
        sent_at=row.sent_at,
        answered_at=row.answered_at,
        status=row.status,
        outcome=row.outcome,
        request=_said(row.request_text, row.request_chars),
        answer=_said(row.answer_text, row.answer_chars),
    )


def _said(text: str, chars: int) -> Said:
    shown = readable(text)
    return Said(shown[:SHOWN], chars, cut=chars > READ or len(shown) > SHOWN)


def as_file(call: Call) -> str:
    """This function will write a call out whole, secrets taken out, as a text to keep."""
    lines = [
        f"{call.method} {mask(call.target).text}",
        f"Request id: {call.request_id}",
        f"Document: {call.document.number}",
        f"Step: {call.step}, try {call.attempt}",
        f"Sent: {call.sent_at.isoformat()}",
        f"Answered: {call.answered_at.isoformat() if call.answered_at else 'not yet'}",
        f"Status: {call.status or 'none'}, {call.outcome or 'no answer yet'}",
    ]
    return "\n".join([*lines, "", "Request", readable(call.body), "", "Answer", readable(call.answer), ""])
