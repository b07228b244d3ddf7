"""Who may take which step of a route, and whether all steps find people: pure, one place for every page and service.

A step is taken by somebody in their own right, or on behalf of a person who lent theirs. Either way both people are
used up: neither takes another step of the batch, and so no pair of people passes two steps between them. What was
lent is never lent on: only a person's own right reaches a step.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Lent:
    """A delegation that holds now."""

    lender: int
    taker: int
    limit: Decimal


@dataclass(frozen=True)
class Circle:
    """Who may push to accounting in a company now, with their limits; who lent to whom; who prepared the batch."""

    limits: Mapping[int, Decimal | None]
    lent: tuple[Lent, ...] = ()
    preparers: frozenset[int] = frozenset()  # none where the company has no four eyes


@dataclass(frozen=True)
class Seat:
    """A step to be taken. The limits of people count at the `last` one, which lets the batch go."""

    name: str
    named: frozenset[int] | None  # None: anybody who may push to accounting
    last: bool


@dataclass(frozen=True)
class Way:
    """How a step can be taken: by whom, and on whose behalf."""

    taker: int
    lender: int | None = None

    @property
    def people(self) -> frozenset[int]:
        """Everybody this way uses up."""
        return frozenset({self.taker} | ({self.lender} if self.lender is not None else set()))


def in_own_right(circle: Circle, seat: Seat, person: int, *, moved: Decimal, used: frozenset[int]) -> bool:
    """This function will tell whether a person may take a step in their own right."""
    if person not in circle.limits or person in circle.preparers or person in used:
        return False
    if seat.named is not None and person not in seat.named:
        return False
    return within(circle.limits[person], moved) if seat.last else True


def within(limit: Decimal | None, moved: Decimal) -> bool:
    """This function will tell whether an amount is within a limit."""
    return limit is None or moved <= limit


def ways(circle: Circle, seat: Seat, *, moved: Decimal, used: frozenset[int] = frozenset()) -> list[Way]:
    """This function will find every way to take a step: people in their own right first."""
    own = [person for person in circle.limits if in_own_right(circle, seat, person, moved=moved, used=used)]
    lent = [
        Way(one.taker, one.lender)
        for one in circle.lent
        if one.lender in own
        and one.taker not in own
        and one.taker in circle.limits
        and one.taker not in circle.preparers | used
        and within(one.limit, moved)
    ]
    return [*(Way(person) for person in own), *lent]


def filled(circle: Circle, seats: Sequence[Seat], *, moved: Decimal, used: frozenset[int]) -> bool:
    """This function will tell whether all these steps find people, nobody twice."""
    if not seats:
        return True
    choices = [ways(circle, seat, moved=moved, used=used) for seat in seats]
    hardest = min(range(len(seats)), key=lambda place: len(choices[place]))
    rest = [seat for place, seat in enumerate(seats) if place != hardest]
    return any(filled(circle, rest, moved=moved, used=used | way.people) for way in choices[hardest])


def gap(
    circle: Circle, seats: Sequence[Seat], *, moved: Decimal, used: frozenset[int] = frozenset()
) -> Seat | None:
    """This function will find the first step that finds nobody once those before it are taken; None where all do."""
    for number, seat in enumerate(seats, start=1):
        if not filled(circle, seats[:number], moved=moved, used=used):
            return seat
    return None


def lasting(
    circle: Circle, seats: Sequence[Seat], *, moved: Decimal, used: frozenset[int] = frozenset()
) -> list[list[Way]]:
    """This function will find for each step the ways that leave people for all the others.

    Where the steps cannot all be taken, every way: another rule tells which step finds nobody.
    """
    found = [ways(circle, seat, moved=moved, used=used) for seat in seats]
    if not filled(circle, seats, moved=moved, used=used):
        return found
    return [
        [
            way
            for way in each
            if filled(circle, [*seats[:place], *seats[place + 1 :]], moved=moved, used=used | way.people)
        ]
        for place, each in enumerate(found)
    ]


def takers(found: Iterable[Way]) -> list[int]:
    """This function will list who could take a step, each once."""
    return list(dict.fromkeys(way.taker for way in found))
