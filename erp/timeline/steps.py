"""A batch from the press of Send to its end, step by step: one list for the approver, the project manager and the API.

Gathered from what is on record already: events, documents, the journal of calls, readings. Nothing is written here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from erp.models import Batch, Document
from erp.posting.waiting import BY_HAND
from erp.timeline.calls import A_PAGE as CALLS_A_PAGE
from erp.timeline.calls import ShownCall, Turn, page_of_calls, turns
from erp.timeline.sources import CALLS, PEOPLE, SYSTEM, Entry, in_order
from erp.timeline.waits import Wait, wait_of
from erp.words import erp_of

ALL = "all"
SHOWS = {ALL: "Everything", PEOPLE: "People", SYSTEM: "System", CALLS: "Calls"}
MOST = 300  # steps shown at once; the first few and the newest of more
FIRST = 20


@dataclass(frozen=True)
class Timeline:
    """What happened to a batch, oldest first, and what it waits for now."""

    batch: Batch
    entries: list[Entry]
    left_out: int  # steps between the first and the newest that are not shown
    total: timedelta  # from the first step to the posting or the last step, or until now while it waits
    wait: Wait | None
    show: str
    counts: dict[str, int]
    page: int = 1
    document: int | None = None
    number_of_calls: int = 0  # on all pages, of the chosen document

    @property
    def pages(self) -> int:
        """How many pages of calls there are."""
        return max(1, -(-self.number_of_calls // CALLS_A_PAGE))


def timeline(
    batch: Batch,
    *,
    now: datetime,
    show: str = ALL,
    page: int = 1,
    document: int | None = None,
    whole: bool = False,
) -> Timeline:
    """This function will tell what happened to a batch.

    `show` is one of SHOWS. With `calls` each call is a step, `page` by page, of one `document` if given; otherwise a
    worker's calls in a row are one step. `whole` leaves nothing out of a long list.
    """
    documents = list(batch.documents.select_related("item", *BY_HAND).order_by("item__position"))
    folded = turns(batch)
    steps = _timed(in_order(batch, documents, folded))
    wait = wait_of(batch, documents)
    counts = {kind: sum(step.kind == kind for step in steps) for kind in (PEOPLE, SYSTEM)}
    counts |= {ALL: len(steps), CALLS: sum(turn.number for turn in folded)}
    told = Timeline(
        batch=batch,
        entries=[],
        left_out=0,
        total=_total(batch, steps, wait, now),
        wait=wait,
        show=show if show in SHOWS else ALL,
        counts=counts,
        page=max(1, page),
        document=document if any(one.pk == document for one in documents) else None,
    )
    if told.show == CALLS:
        return _calls_alone(told, documents, folded)
    return _steps(told, _with_calls(batch, documents, steps, counts[CALLS]), whole)


def _total(batch: Batch, steps: list[Entry], wait: Wait | None, now: datetime) -> timedelta:
    if batch.posted_at:
        return batch.posted_at - batch.sent_at
    if not steps:
        return timedelta(0)
    return (now if wait else steps[-1].at) - steps[0].at


def _steps(told: Timeline, steps: list[Entry], whole: bool) -> Timeline:
    wanted = [step for step in steps if told.show in (ALL, step.kind)]
    too_many = 0 if whole else max(0, len(wanted) - MOST)
    if too_many:
        wanted = wanted[:FIRST] + wanted[FIRST + too_many :]
    return replace(told, entries=wanted, left_out=too_many)


def _calls_alone(told: Timeline, documents: list[Document], folded: list[Turn]) -> Timeline:
    number = sum(turn.number for turn in folded if told.document in (None, turn.document_id))
    page = min(told.page, max(1, -(-number // CALLS_A_PAGE)))
    calls = page_of_calls(told.batch, documents, page=page, document=told.document)
    erp = erp_of(told.batch.budget.project.company)
    entries = [
        Entry(at=call.sent_at, kind=CALLS, who="Tieback", words=f"called {erp}", calls=(call,))
        for call in calls
    ]
    return replace(told, entries=_timed(entries), page=page, number_of_calls=number)


def _timed(steps: list[Entry]) -> list[Entry]:
    before = [None, *(step.at for step in steps)]
    return [
        replace(step, after=None if last is None else step.at - last)
        for step, last in zip(steps, before, strict=False)
    ]


def _with_calls(batch: Batch, documents: list[Document], steps: list[Entry], number: int) -> list[Entry]:
    """A few calls stand in their steps; many are a page of their own."""
    if not number or number > CALLS_A_PAGE:
        return steps
    of_turn: dict[int, list[ShownCall]] = {}
    for call in page_of_calls(batch, documents):
        of_turn.setdefault(call.document.pk, []).append(call)
    return [
        step
        if step.turn is None
        else replace(
            step,
            calls=tuple(c for c in of_turn.get(step.turn.document_id, ()) if c.claim == step.turn.claim),
        )
        for step in steps
    ]
