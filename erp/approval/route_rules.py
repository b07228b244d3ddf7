"""Who may take which step of a route, and whether all steps find people: pure, one place for every page and service.

A step is taken by somebody in their own right, or on behalf of a person who lent theirs. Either way both people are
used up: neither takes another step of the batch, and so no pair of people passes two steps between them. What was
lent is never lent on: only a person's own right reaches a step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
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


@dataclass(frozen=True)
class Reach:
    """Up to what somebody may decide, and through whose right: their own, or one that was lent to them."""

    way: Way
    lent: Decimal | None  # what was lent, which counts at every step; None in one's own right
    own: Decimal | None  # the limit of whoever's right it is: it counts where something is let go

    @property
    def acting(self) -> int:
        """Whose right it is."""
        return self.way.taker if self.way.lender is None else self.way.lender

    @property
    def limit(self) -> Decimal | None:
        """Up to what it lets something go; None for any amount."""
        return min((limit for limit in (self.lent, self.own) if limit is not None), default=None)


def within(limit: Decimal | None, moved: Decimal) -> bool:
    """This function will tell whether an amount is within a limit."""
    return limit is None or moved <= limit


def reaches(circle: Circle, person: int | None = None) -> list[Reach]:
    """This function will list everybody's rights, or one person's: own ones first, then those lent."""
    own = [Reach(Way(one), None, limit) for one, limit in circle.limits.items()]
    lent = [
        Reach(Way(one.taker, one.lender), one.limit, circle.limits[one.lender])
        for one in circle.lent
        if one.lender in circle.limits and one.taker in circle.limits
    ]
    return [reach for reach in (*own, *lent) if person is None or reach.way.taker == person]


def ways(circle: Circle, seat: Seat, *, moved: Decimal, used: frozenset[int] = frozenset()) -> list[Way]:
    """This function will find every way to take a step: people in their own right first."""
    found = [reach for reach in reaches(circle) if _takes(circle, seat, reach, moved=moved, used=used)]
    own = {reach.way.taker for reach in found if reach.way.lender is None}
    return [reach.way for reach in found if reach.way.lender is None or reach.way.taker not in own]


def _takes(circle: Circle, seat: Seat, reach: Reach, *, moved: Decimal, used: frozenset[int]) -> bool:
    if reach.way.people & (circle.preparers | used):
        return False
    if seat.named is not None and reach.acting not in seat.named:
        return False
    return within(reach.lent, moved) and (not seat.last or within(reach.own, moved))


def way_through(
    circle: Circle, person: int, *, moved: Decimal, before: Callable[[int], Decimal]
) -> Way | None:
    """This function will find through whose right somebody may let an amount go that is no step of a route.

    `before` is what a person decided already that counts beside, or had decided for them. What was lent counts what
    the borrower did; the limit of whoever's right it is, what they did or others for them.
    """
    for reach in reaches(circle, person):
        if within(reach.lent, moved + before(person)) and within(reach.own, moved + before(reach.acting)):
            return reach.way
    return None


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
