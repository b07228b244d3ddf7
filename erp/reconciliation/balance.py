"""Ours beside the ERP's, budget code by budget code, each difference taken apart by cause. Pure: no database, no clock.

A difference is always what the ERP holds more. For every code

    ERP - ours  =  (ERP - posted)  -  on its way  -  not sent

and each of the three is told with its causes, so that the causes of all rows add up to the difference of the totals.
Both sides have two decimals, so nothing is ever rounded and rounding is no cause.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from erp.documents import ZERO
from erp.port import ErpKey
from erp.reconciliation.balance_facts import TO_DECIDE, Cause, Facts, Held, Key, OurLine


@dataclass(frozen=True, slots=True)
class Part:
    """So much of a difference has this cause."""

    cause: Cause
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Row:
    """One budget code. `held` is None where the ERP has no such code; `lines` is empty where only the ERP has it."""

    key: Key
    lines: tuple[OurLine, ...]
    held: Held | None
    ours: Decimal
    posted: (
        Decimal  # what should stand there by what was posted; before that, the original that the ERP holds
    )
    on_its_way: Decimal
    parts: tuple[Part, ...]
    ever_posted: bool = True  # whether anything of the budget was

    @property
    def in_erp(self) -> Decimal:
        """What the ERP holds, 0.00 where it has no such code."""
        return self.held.current if self.held else ZERO

    @property
    def difference(self) -> Decimal:
        """What the ERP holds more."""
        return self.in_erp - self.ours

    @property
    def posted_here(self) -> Decimal | None:
        """What counts as posted; None where nothing of the budget ever was."""
        return self.posted if self.ever_posted else None

    @property
    def own_affair(self) -> bool:
        """Whether only the ERP has it, and it never came from here."""
        return not self.lines and all(part.cause is Cause.ONLY_THERE for part in self.parts)

    @property
    def moved(self) -> Decimal:
        """What the ERP holds otherwise than was posted, whatever was decided: a decision is about this."""
        causes = (*TO_DECIDE, Cause.ACCEPTED)
        return sum((part.amount for part in self.parts if part.cause in causes), ZERO)

    @property
    def to_decide(self) -> bool:
        """Whether somebody still has to say which value holds."""
        return any(part.cause in TO_DECIDE for part in self.parts)

    @property
    def code(self) -> str:
        """How the code is written."""
        if isinstance(self.key, ErpKey):
            return f"{self.key.job} {self.key.cost_code} {self.key.cost_type}"
        return self.lines[0].code

    @property
    def description(self) -> str:
        """What it is called here, else there."""
        return (self.lines[0].description if self.lines else "") or (self.held.name if self.held else "")


@dataclass
class Sum:
    """How many rows have a cause, and what it comes to."""

    count: int = 0
    amount: Decimal = ZERO


@dataclass(frozen=True)
class Balance:
    """A budget beside the ERP. Totals are summed before any row is made: `ties` compares them with the causes."""

    rows: tuple[Row, ...]
    ours: Decimal
    in_erp: Decimal
    causes: Mapping[Cause, Sum]

    @property
    def difference(self) -> Decimal:
        """What the ERP holds more, its own affairs included."""
        return self.in_erp - self.ours

    @property
    def ties(self) -> bool:
        """Whether the causes add up to the difference of the totals."""
        return sum((one.amount for one in self.causes.values()), ZERO) == self.difference

    @property
    def differing(self) -> list[Row]:
        """The rows with a difference, what only the ERP has left out."""
        return [row for row in self.rows if row.parts and not row.own_affair]

    @property
    def codes(self) -> list[Row]:
        """The rows that count: all but what only the ERP has."""
        return [row for row in self.rows if not row.own_affair]

    @property
    def own_affairs(self) -> list[Row]:
        """What only the ERP has."""
        return [row for row in self.rows if row.own_affair]

    @property
    def only_there(self) -> Decimal:
        """What the ERP holds on codes that only it has."""
        return sum((row.difference for row in self.own_affairs), ZERO)

    @property
    def to_decide(self) -> list[Row]:
        """The rows about which somebody has to say which value holds."""
        return [row for row in self.rows if row.to_decide]

    @property
    def in_balance(self) -> bool:
        """Whether every code of ours stands in the ERP as it stands here."""
        return not self.differing

    @property
    def size(self) -> Decimal:
        """How much differs in all, ups and downs alike: the size to sort by."""
        return sum((abs(part.amount) for row in self.differing for part in row.parts), ZERO)


def lay_out(facts: Facts) -> Balance:
    """This function will put every budget code of both sides on one row, its difference taken apart by cause."""
    lines: dict[Key, list[OurLine]] = defaultdict(list)
    for line in facts.lines:
        lines[line.key].append(line)
    on_its_way: dict[Key, dict[Cause, Decimal]] = defaultdict(dict)
    for (key, cause), amount in facts.on_its_way.items():
        on_its_way[key][cause] = on_its_way[key].get(cause, ZERO) + amount
    keys = {*lines, *facts.held, *(facts.posted or ()), *on_its_way}
    rows = tuple(_row(key, tuple(lines[key]), on_its_way.get(key, {}), facts) for key in _ordered(keys))
    return Balance(
        rows,
        ours=sum((line.amount for line in facts.lines), ZERO),
        in_erp=sum((held.current for held in facts.held.values()), ZERO),
        causes=_by_cause(rows),
    )


def _ordered(keys: Iterable[Key]) -> list[Key]:
    """The ERP's codes in their order, then the lines that lead to none."""
    codes = sorted(key for key in keys if isinstance(key, ErpKey))
    return [*codes, *sorted(key for key in keys if not isinstance(key, ErpKey))]


def _row(key: Key, lines: tuple[OurLine, ...], way: Mapping[Cause, Decimal], facts: Facts) -> Row:
    held = facts.held.get(key) if isinstance(key, ErpKey) else None
    ours = sum((line.amount for line in lines), ZERO)
    there = held.current if held else ZERO
    going = sum(way.values(), ZERO)
    posted = _posted(key, held, facts, ours=bool(lines))
    moved = there - posted
    entered = next((cause for cause in ENTERED if moved and moved == way.get(cause)), None)
    if entered:  # on a pending job it counts there before it counts as posted, also while the rest is written
        way, posted, going = {**way, entered: ZERO}, there, going - moved
        moved = ZERO
    parts = [
        *_moved(key, lines, held, moved, facts),
        *(Part(cause, -amount) for cause, amount in way.items()),
        *_unsent(key, lines, ours - posted - going, facts),
    ]
    shown = sorted((part for part in parts if part.amount), key=lambda part: ORDER[part.cause])
    return Row(key, lines, held, ours, posted, going, tuple(shown), facts.posted is not None)


ENTERED = (Cause.NOT_POSTED, Cause.EXPORTING, Cause.REFUSED)
ORDER = {cause: place for place, cause in enumerate(Cause)}


def beyond(key: ErpKey, facts: Facts) -> Decimal:
    """This function will tell how much more the ERP holds on a code of ours than by our account, unless accepted."""
    held = facts.held.get(key)
    moved = (held.current if held else ZERO) - _posted(key, held, facts, ours=True)
    moved -= not_seen(moved, facts.by_hand.get(key, ZERO))
    return ZERO if facts.accepted.get(key) == moved else moved


def _posted(key: Key, held: Held | None, facts: Facts, *, ours: bool) -> Decimal:
    """What stands in the ERP by our account: posted; while originals are measured, the one there, as Send has it."""
    if facts.posted is not None:
        return facts.posted.get(key, ZERO)
    if not ours:
        return ZERO
    original = held.original if held else ZERO
    return facts.bases.get(key, original) + facts.taken.get(key, ZERO)


def _moved(
    key: Key, lines: tuple[OurLine, ...], held: Held | None, moved: Decimal, facts: Facts
) -> list[Part]:
    """What the ERP holds otherwise than was posted."""
    unseen = not_seen(moved, facts.by_hand.get(key, ZERO))
    word = [Part(Cause.BY_HAND, unseen)] if unseen else []
    return [*word, *_done_there(key, lines, held, moved - unseen, facts)]


def not_seen(moved: Decimal, word: Decimal) -> Decimal:
    """This function will tell how much of what the ERP holds otherwise is only that it has not posted what somebody
    confirmed by hand (`word`, the changes): nobody did anything there."""
    if not moved or not word or (moved < 0) == (word < 0):
        return ZERO
    return -word if abs(word) <= abs(moved) else moved


def _done_there(
    key: Key, lines: tuple[OurLine, ...], held: Held | None, moved: Decimal, facts: Facts
) -> list[Part]:
    """What people did in the ERP to what was posted."""
    if not moved:
        return []
    if facts.accepted.get(key) == moved and (lines or key in (facts.posted or ())):
        return [Part(Cause.ACCEPTED, moved)]
    if facts.posted is None or key not in facts.posted:
        if facts.posted is None and lines:
            return [Part(Cause.CHANGED_BEFORE, moved)]
        return [Part(Cause.THERE_BEFORE if lines else Cause.ONLY_THERE, moved)]
    if held is None:
        return [Part(Cause.MISSING, moved)]
    otherwise = facts.posted_otherwise.get(key, ZERO)
    return [Part(Cause.POSTED_OTHERWISE, otherwise), Part(Cause.EDITED, moved - otherwise)]


def _unsent(key: Key, lines: tuple[OurLine, ...], unsent: Decimal, facts: Facts) -> list[Part]:
    """What counts here and was not sent yet."""
    if not isinstance(key, ErpKey):
        return [Part(Cause.UNMAPPED, -unsent)]
    kept = sum((line.correction for line in lines), ZERO)
    cause = Cause.NOT_SENT if key in facts.sent else Cause.NEVER_SENT
    return [Part(Cause.KEPT, -kept), Part(cause, -(unsent - kept))]


def _by_cause(rows: Iterable[Row]) -> dict[Cause, Sum]:
    sums = {cause: Sum() for cause in Cause}
    for row in rows:
        for part in row.parts:
            sums[part.cause].count += 1
            sums[part.cause].amount += part.amount
    return {cause: one for cause, one in sums.items() if one.count}
