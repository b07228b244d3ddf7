"""The route of a batch: the steps its company's rules ask for, frozen at send, and who can take the one that is due."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

from erp.approval.route_rules import Circle, Lent, Seat, Way, gap, lasting, ways
from erp.documents import ZERO
from erp.models import ApprovalRule, Batch, BatchState, BatchStep, BatchStepPerson, Delegation, RuleKind
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
    """This function will find the ways to take the step that is due which leave people for the later ones.

    Where the later ones find nobody anyhow, every way.
    """
    seats = open_seats(batch)
    return lasting(circle(batch), seats, moved=batch.moved, used=used(batch))[0] if seats else []


def way_of(batch: Batch, user: Any) -> Way | None:
    """This function will find how a user can take the step that is due: such that the next find people, if they can."""
    return way_for(batch, user.pk)


def way_for(batch: Batch, person: int) -> Way | None:
    """This function will find how somebody, by id, can take the step that is due: see `way_of`."""
    seats = open_seats(batch)[:1]
    found = ways(circle(batch), seats[0], moved=batch.moved, used=used(batch)) if seats else []
    mine = [way for way in found if way.taker == person]
    if len(mine) > 1:  # for several people: one of them may be the only one for a later step
        mine.sort(key=lambda way: left_without(batch, way) is not None)
    return next(iter(mine), None)


def left_without(batch: Batch, way: Way) -> Seat | None:
    """This function will find the first later step that would find nobody if the due one were taken in this way."""
    return gap(circle(batch), open_seats(batch)[1:], moved=batch.moved, used=used(batch) | way.people)


def gap_of(batch: Batch) -> Seat | None:
    """This function will find the first open step that finds nobody any more."""
    return gap(circle(batch), open_seats(batch), moved=batch.moved, used=used(batch))
