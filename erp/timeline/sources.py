"""The steps of a batch's timeline, and where each comes from: events, documents, readings, calls, questions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import Q

from erp.models import Batch, BatchState, Document, DocumentState, ReadingState
from erp.port import PostingState
from erp.posting.waiting import SAID
from erp.timeline.calls import A_PAGE, ShownCall, Turn
from erp.words import erp_of
from workflow.events import label
from workflow.models import Event

PEOPLE, SYSTEM, CALLS = "people", "system", "calls"  # the kinds of a step
TONES = {
    "approve": "good",
    "accept": "good",
    "reject": "bad",
    "return_to_pm": "warn",
    "leave_in_erp": "warn",
    "document_delivered": "good",
    "document_posted": "good",
    "document_refused": "bad",
    "document_unconfirmed": "warn",
    "confirmation_disproved": "bad",
    "mark_posted": "good",
}
# What leads to what, where clocks are too coarse to tell; an event without a place here stays behind the one before.
RANKS = {
    "send": 1,
    "open": 2,
    "approve": 4,
    "accept": 4,
    "document_sending": 6,
    "document_delivered": 8,
    "document_refused": 8,
    "document_unconfirmed": 8,
    "mark_exported": 9,
    "document_posted": 11,
    "mark_posted": 12,
}
READ, QUEUED, CALLED, ASKED = 3, 5, 7, 10


@dataclass(frozen=True)
class Entry:
    """One step. `kind` is people, system or calls; `after` is the time since the step before; `at` is aware."""

    at: datetime
    kind: str
    who: str
    words: str
    note: str = ""
    action: str = ""
    tone: str = ""
    after: timedelta | None = None
    rank: int = 0  # among what happened in the same moment
    turn: Turn | None = None
    calls: tuple[ShownCall, ...] = ()


def in_order(batch: Batch, documents: list[Document], folded: list[Turn]) -> list[Entry]:
    """This function will find every step, by time; what happened in the same moment as one thing leads to the other."""
    sources: tuple[Callable[[], Iterator[Entry]], ...] = (
        lambda: _events(batch, documents),
        lambda: _queued(batch, documents),
        lambda: _readings(batch),
        lambda: _turns(batch, documents, folded),
        lambda: _questions(batch, documents),
    )
    steps = [step for source in sources for step in source()]
    return sorted(steps, key=lambda step: (step.at, step.rank))


def events_of(batch: Batch, documents: Iterable[Document]) -> Iterator[Event]:
    """This function will find the events about a batch or its documents, and a reset of the budget's link since."""
    about = [label(batch), *(label(document) for document in documents)]
    reset = Q(about__contains=[label(batch.budget)], action__startswith="reset", at__gte=batch.sent_at)
    chain = Event.objects.filter(chain=batch.budget.project.company_id)
    yield from chain.filter(Q(about__overlap=about) | reset).order_by("at", "seq")


def _events(batch: Batch, documents: list[Document]) -> Iterator[Entry]:
    moment, rank = None, 0
    for event in events_of(batch, documents):
        rank = max(RANKS.get(event.action, 0), rank if event.at == moment else 0)
        moment = event.at
        yield Entry(
            at=event.at,
            rank=rank,
            kind=SYSTEM if event.actor_pk is None else PEOPLE,
            who=event.actor,
            words=event.sentence,
            note=event.note,
            action=event.action,
            tone=TONES.get(event.action, ""),
        )


def _queued(batch: Batch, documents: list[Document]) -> Iterator[Entry]:
    """Accept makes the documents: those that a worker writes, and those that change nothing in the ERP."""
    if batch.accepted_at is None:
        return
    settled = [d for d in documents if d.state == DocumentState.POSTED and not d.attempts]
    queued = [d for d in documents if d not in settled]
    for rows, words, tone in ((queued, "Queued", ""), (settled, "Settled without a write:", "good")):
        if rows:
            named = _named(rows)
            note = rows[0].posting.get("note", "") if rows is settled else ""
            yield Entry(
                batch.accepted_at, SYSTEM, "Tieback", f"{words} {named}", note=note, tone=tone, rank=QUEUED
            )


def _named(documents: list[Document], most: int = 4) -> str:
    named = [f"{document.number} ({document.item.title})" for document in documents[:most]]
    left = len(documents) - most
    return ", ".join(named) + (f" and {left} more" if left > 0 else "")


def _readings(batch: Batch) -> Iterator[Entry]:
    """What was read of the ERP while the batch waited: each made one, several without a person between folded."""
    end = batch.accepted_at or (None if batch.state == BatchState.WAITING else batch.state_since)
    rows = batch.budget.readings.filter(asked_at__gte=batch.sent_at).exclude(state=ReadingState.ASKED)
    if end is not None:
        rows = rows.filter(asked_at__lte=end)
    erp = erp_of(batch.budget.project.company)
    found = list(rows.order_by("pk").values_list("pk", "asked_at", "made_at", "hash", "error"))
    if len(found) > A_PAGE:
        yield Entry(
            found[0][1],
            SYSTEM,
            "Tieback",
            f"Read {erp} {len(found)} times; the first and the last stand here",
        )
        found = [found[0], found[-1]]
    for pk, asked_at, made_at, digest, error in found:
        if made_at is None:
            yield Entry(asked_at, SYSTEM, "Tieback", f"Could not read {erp}", note=error, tone="warn")
            continue
        decided = pk == batch.reading_id and batch.accepted_at is not None
        words = f"Read {erp}" + ("; the decision rests on this" if decided else "")
        yield Entry(made_at, SYSTEM, "Tieback", words, note=f"SHA-256 {digest}", action="reading", rank=READ)


def _turns(batch: Batch, documents: list[Document], folded: list[Turn]) -> Iterator[Entry]:
    by_pk, erp = {document.pk: document for document in documents}, erp_of(batch.budget.project.company)
    for turn in folded:
        document = by_pk[turn.document_id]
        turn = replace(turn, working=document.claim == turn.claim)
        number = "1 call" if turn.number == 1 else f"{turn.number:,} calls"
        yield Entry(
            at=turn.first,
            kind=CALLS,
            who="Tieback",
            words=f"{number} to {erp} for {document.number} ({document.item.title}): {turn.words}",
            rank=CALLED,
            turn=turn,
        )


def _questions(batch: Batch, documents: list[Document]) -> Iterator[Entry]:
    """How often it was asked whether documents are posted, folded: those asked alike are one step."""
    alike: dict[tuple[int, str], list[Document]] = {}
    for document in documents:
        if document.asked_at is not None and document.times_asked:
            alike.setdefault((document.times_asked, document.answer), []).append(document)
    erp = erp_of(batch.budget.project.company)
    for (times, answer), rows in alike.items():
        often = "once" if times == 1 else f"{times:,} times"
        said = SAID[PostingState(answer)] if answer else "no answer yet"
        last = max(document.asked_at for document in rows if document.asked_at is not None)
        yield Entry(
            at=last,
            kind=SYSTEM,
            who="Tieback",
            words=f"Asked {erp} {often} about {_named(rows)}; the last answer: {said}",
            note=next((d.unanswered for d in rows if d.unanswered), ""),
            action="asked",
            rank=ASKED,
        )
