"""The route of a batch: the steps its company's rules ask for, frozen at send, and who can take the one that is due."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model
from django.utils import timezone

from erp.approval.route_rules import Circle, Lent, Seat, Way, gap, lasting, takers, ways
from erp.documents import ZERO
from erp.models import (
    ApprovalRule,
    Batch,
    BatchState,
    BatchStep,
    BatchStepPerson,
    Delegation,
    RuleKind,
)
from erp.port import DocumentKind
from erp.snapshots import NewItem
from projects import permissions
from projects.models import Company, Direction
from workflow.blockers import once_per_object

ONE_STEP = "Accounting"  # the name of the step where no rule asks for any


def moment_of(about: Any) -> datetime:
    """This function will find the business time of the decision being made; the clock's while somebody only looks."""
    return about.__dict__.get("deciding_at") or timezone.now()


# -- what the rules ask for -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Carried:
    """What a batch carries, as the rules look at it."""

    moved: Decimal
    original: bool
    modification: bool
    total: bool  # a modification changes the grand total


@dataclass(frozen=True)
class Planned:
    """One step as the rules ask for it; `needed` unless it is for larger amounts only."""

    name: str
    anybody: bool = True
    people: tuple[int, ...] = ()
    moved_from: Decimal | None = None
    needed: bool = True


def planned(company: Company, carried: Carried) -> list[Planned]:
    """This function will find the steps that a company's rules ask for, those for larger amounts included."""
    steps = [
        Planned(
            name=rule.name if rule.needed == 1 else f"{rule.name}, {place} of {rule.needed}",
            anybody=rule.anybody,
            people=() if rule.anybody else tuple(sorted(person.pk for person in rule.people.all())),
            moved_from=rule.moved_from,
            needed=rule.moved_from is None or carried.moved >= rule.moved_from,
        )
        for rule in rules_of(company)
        if _concerns(rule, carried)
        for place in range(1, rule.needed + 1)
    ]
    if not any(step.needed for step in steps):
        steps.insert(0, Planned(ONE_STEP))
    return steps


@once_per_object
def rules_of(company: Company) -> list[ApprovalRule]:
    """This function will read a company's rules in their order, with the people they name."""
    return list(company.approval_rules.prefetch_related("people").order_by("position"))


def _concerns(rule: ApprovalRule, carried: Carried) -> bool:
    return {
        RuleKind.ANY: True,
        RuleKind.ORIGINAL: carried.original,
        RuleKind.MODIFICATION: carried.modification,
        RuleKind.TOTAL: carried.total,
    }[RuleKind(rule.kind)]


def seats_of(steps: Sequence[Planned]) -> list[Seat]:
    """This function will make the seats of the steps that are needed."""
    asked = [step for step in steps if step.needed]
    return [
        Seat(step.name, None if step.anybody else frozenset(step.people), last=step is asked[-1])
        for step in asked
    ]


def carried_by(items: Iterable[NewItem]) -> Carried:
    """This function will look at what would be sent as the rules do."""
    every = list(items)
    changes = [item for item in every if item.kind == DocumentKind.MODIFICATION]
    return Carried(
        moved=sum((item.moved for item in every), ZERO),
        original=len(changes) < len(every),
        modification=bool(changes),
        total=any(item.net for item in changes),
    )


def freeze(batch: Batch, carried: Carried) -> None:
    """This function will write down the steps of a batch that is being sent, by the rules as they are now."""
    steps = planned(batch.budget.project.company, carried)
    stored = BatchStep.objects.bulk_create(
        BatchStep(
            batch=batch,
            position=place,
            name=step.name,
            anybody=step.anybody,
            moved_from=step.moved_from,
            needed=step.needed,
        )
        for place, step in enumerate(steps, start=1)
    )
    BatchStepPerson.objects.bulk_create(
        BatchStepPerson(step=row, user_id=person)
        for row, step in zip(stored, steps, strict=True)
        for person in step.people
    )


# -- the people ----------------------------------------------------------------------------------------------


def circle_of(company: Company, *, now: datetime, preparers: Iterable[int]) -> Circle:
    """This function will read who may push to accounting in a company now, and who acts for whom."""
    members = permissions.deciding(company, Direction.OUT).filter(user__is_active=True)
    members = members.order_by("user__first_name", "user__last_name", "user__username")
    lent = in_effect(now).filter(company=company).order_by("pk")
    return Circle(
        limits=dict(members.values_list("user", "approval_limit")),
        lent=tuple(Lent(*row) for row in lent.values_list("from_user", "to_user", "limit")),
        preparers=frozenset(preparers),
    )


def in_effect(now: datetime) -> Any:
    """This function will find the delegations that hold at a moment."""
    return Delegation.objects.filter(starts_at__lte=now, ends_at__gt=now, revoked_at=None)


@once_per_object
def circle(batch: Batch) -> Circle:
    """This function will read the people who count for a batch."""
    return circle_of(batch.budget.project.company, now=moment_of(batch), preparers=_preparers(batch))


def with_preparers(circle: Circle, batch: Batch) -> Circle:
    """This function will add who prepared a batch to the people of its company."""
    return replace(circle, preparers=frozenset(_preparers(batch)))


def _preparers(batch: Batch) -> list[int]:
    return [row.user_id for row in batch.preparers.all()] if batch.four_eyes else []


# -- a batch under way ---------------------------------------------------------------------------------------


@once_per_object
def steps_of(batch: Batch) -> list[BatchStep]:
    """This function will read the steps a batch has to take, in order, with who took them."""
    rows = batch.steps.filter(needed=True).select_related("taken_by", "on_behalf_of")
    return list(rows.prefetch_related("people").order_by("position"))


def open_steps(batch: Batch) -> list[BatchStep]:
    """This function will find the steps nobody has taken yet; none once the batch is decided."""
    if batch.state != BatchState.WAITING:
        return []
    return [step for step in steps_of(batch) if step.taken_by_id is None]


def due(batch: Batch) -> BatchStep | None:
    """This function will find the step that waits to be taken."""
    return next(iter(open_steps(batch)), None)


def waiting_since(batch: Batch) -> datetime:
    """This function will find since when a batch waits for the step that is due: the one before was taken then."""
    return max((step.taken_at for step in steps_of(batch) if step.taken_at), default=batch.sent_at)


def used(batch: Batch) -> frozenset[int]:
    """This function will find everybody who took a step of a batch, or had one taken for them."""
    both = [(step.taken_by_id, step.on_behalf_of_id) for step in steps_of(batch)]
    return frozenset(person for pair in both for person in pair if person is not None)


def open_seats(batch: Batch) -> list[Seat]:
    """This function will make the seats of the steps that are open."""
    steps = open_steps(batch)
    return [
        Seat(
            step.name,
            None if step.anybody else frozenset(one.user_id for one in step.people.all()),
            last=step is steps[-1],
        )
        for step in steps
    ]


def due_ways(batch: Batch) -> list[Way]:
    """This function will find every way to take the step that is due."""
    seats = open_seats(batch)
    return ways(circle(batch), seats[0], moved=batch.moved, used=used(batch)) if seats else []


def way_of(batch: Batch, user: Any) -> Way | None:
    """This function will find how a user can take the step that is due: such that the next find people, if they can."""
    mine = [way for way in due_ways(batch) if way.taker == user.pk]
    if len(mine) > 1:  # for several people: one of them may be the only one for a later step
        mine.sort(key=lambda way: left_without(batch, way) is not None)
    return next(iter(mine), None)


def left_without(batch: Batch, way: Way) -> Seat | None:
    """This function will find the first later step that would find nobody if the due one were taken in this way."""
    return gap(circle(batch), open_seats(batch)[1:], moved=batch.moved, used=used(batch) | way.people)


def gap_of(batch: Batch) -> Seat | None:
    """This function will find the first open step that finds nobody any more."""
    return gap(circle(batch), open_seats(batch), moved=batch.moved, used=used(batch))


# -- in words ------------------------------------------------------------------------------------------------


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
    seats, told, people = open_seats(batch), list[ShownStep](), _People()
    lists = iter(lasting(circle(batch), seats, moved=batch.moved, used=used(batch)) if seats else ())
    waiting = batch.state == BatchState.WAITING
    first = due(batch)
    for place, step in enumerate(steps_of(batch), start=1):
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


def shown_plan(steps: Sequence[Planned], of: Circle, *, moved: Decimal) -> list[ShownStep]:
    """This function will show the route that a batch would take, with who could take each step."""
    people, seats = _People(), seats_of(steps)
    found = zip(seats, lasting(of, seats, moved=moved), strict=True)
    return [
        ShownStep(place, seat.name, "later", people.said(each), seat.named is None)
        for place, (seat, each) in enumerate(found, start=1)
    ]


MOST_NAMED = 4


class _People:
    """Names people, each read once."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}

    def said(self, found: Sequence[Way]) -> str:
        """Who could take a step: "Mira Osei or Tom Baptiste (for Jonas Lindqvist)"; nothing where nobody can."""
        missing = {person for way in found for person in way.people} - self._names.keys()
        rows = get_user_model()._default_manager.filter(pk__in=missing) if missing else ()
        self._names |= {row.pk: row.get_full_name() or row.get_username() for row in rows}
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
    steps, step = steps_of(batch), due(batch)
    if len(steps) < 2 or step is None:
        return {}
    done = [one for one in steps if one.taken_by_id is not None]
    last = max(done, key=lambda one: one.position, default=None)
    by = last.taken_by.get_full_name() or last.taken_by.get_username() if last and last.taken_by else ""
    return {"step": step.name, "place": len(done) + 1, "steps": len(steps), "approved_by": by}
