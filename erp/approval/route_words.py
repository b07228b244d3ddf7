"""A route in words: its steps as pages and the API show them, and who can take one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model

from erp.approval import routes
from erp.approval.route_rules import Circle, Way, lasting, takers
from erp.models import Batch, BatchState, BatchStep
from workflow.blockers import once_per_object
from workflow.people import name_of

MOST_NAMED = 4


@dataclass(frozen=True)
class ShownStep:
    """One step as pages and the API show it: `state` is done, due or later."""

    place: int
    name: str
    state: str
    who: str  # who can take it
    anybody: bool = True
    taken_by: Any = None
    on_behalf_of: Any = None
    taken_at: datetime | None = None
    closed: bool = False  # the batch was sent back before anybody took it

    @property
    def nobody(self) -> bool:
        """Whether it is open and nobody can take it."""
        return self.state != "done" and not self.who and not self.closed


@once_per_object
def shown(batch: Batch) -> list[ShownStep]:
    """This function will show the route of a batch: what is done, what is due, what is to come."""
    seats, told, people = routes.open_seats(batch), list[ShownStep](), _People()
    lists = iter(
        lasting(routes.circle(batch), seats, moved=batch.moved, used=routes.used(batch)) if seats else ()
    )
    waiting = batch.state == BatchState.WAITING
    first = routes.due(batch)
    for place, step in enumerate(routes.steps_of(batch), start=1):
        if step.taken_by_id is not None or not waiting:
            told.append(_taken(place, step))
            continue
        state = "due" if step is first else "later"
        told.append(ShownStep(place, step.name, state, people.said(next(lists)), step.anybody))
    return told


def _taken(place: int, step: BatchStep) -> ShownStep:
    state = "done" if step.taken_by_id else "later"  # of a batch that was sent back the rest is never taken
    return ShownStep(
        place,
        step.name,
        state,
        "",
        step.anybody,
        taken_by=step.taken_by,
        on_behalf_of=step.on_behalf_of,
        taken_at=step.taken_at,
        closed=step.taken_by_id is None,
    )


def shown_plan(steps: Sequence[routes.Planned], of: Circle, *, moved: Decimal) -> list[ShownStep]:
    """This function will show the route that a batch would take, with who could take each step."""
    people, seats = _People(), routes.seats_of(steps)
    found = zip(seats, lasting(of, seats, moved=moved), strict=True)
    return [
        ShownStep(place, seat.name, "later", people.said(each), seat.named is None)
        for place, (seat, each) in enumerate(found, start=1)
    ]


class _People:
    """Names people, each read once."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}

    def said(self, found: Sequence[Way]) -> str:
        """Who could take a step: "Mira Osei or Tom Baptiste (for Jonas Lindqvist)"; nothing where nobody can."""
        missing = {person for way in found for person in way.people} - self._names.keys()
        rows = get_user_model()._default_manager.filter(pk__in=missing) if missing else ()
        self._names |= {row.pk: name_of(row) for row in rows}
        first = {way.taker: way for way in reversed(found)}  # a person once, by the first way found
        told = [
            self._names[taker] + (f" (for {self._names[way.lender]})" if way.lender is not None else "")
            for taker, way in ((taker, first[taker]) for taker in takers(found))
        ]
        if len(told) > MOST_NAMED:
            told = [*told[: MOST_NAMED - 1], f"{len(told) - MOST_NAMED + 1} others"]
        return " or ".join(filter(None, [", ".join(told[:-1]), *told[-1:]]))


def said(found: Sequence[Way]) -> str:
    """This function will name who could take a step: "Mira Osei or Tom Baptiste (for Jonas Lindqvist)"."""
    return _People().said(found)


def progress_of(batch: Batch) -> dict[str, Any]:
    """This function will say how far a waiting batch is on its route, as its budget keeps it; empty for one step."""
    steps, step = routes.steps_of(batch), routes.due(batch)
    if len(steps) < 2 or step is None:
        return {}
    done = [one for one in steps if one.taken_by_id is not None]
    last = max(done, key=lambda one: one.position, default=None)
    by = name_of(last.taken_by) if last else ""
    return {"step": step.name, "place": len(done) + 1, "steps": len(steps), "approved_by": by}
