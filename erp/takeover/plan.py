"""What taking over the original budget that the ERP holds would do to a budget.

Rests on a reading that a task has made. Amounts of 0.00 in the ERP are passed over, as its own rule wants. Nothing is
guessed: an ERP code that is none of ours, or several, is listed with what to do, and no line is ever deleted.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from budgets.models import Budget, BudgetLine
from erp.documents import ZERO
from erp.line_codes import erp_key, linked_lines
from erp.models import Connection, CostCodeLink, CostTypeLink, ErpReading, JobLink
from erp.port import ErpKey
from erp.snapshots import erp_connection, latest_reading
from erp.words import erp_name
from projects.models import CostCode, CostType, Job

FRESH = timedelta(hours=1)  # how old a reading may be that a budget is taken over from


class Mode(StrEnum):
    """What becomes of a line that both have, with other amounts."""

    ADD = "add"  # keep mine, and add what is missing
    OVERWRITE = "overwrite"  # take the ERP's amount


@dataclass(frozen=True)
class Held:
    """One budget code as the ERP holds it; company currency."""

    key: ErpKey
    name: str
    original: Decimal
    current: Decimal
    active: bool


@dataclass(frozen=True)
class Taken:
    """A code of the ERP that is exactly one budget code of ours; `line` is None where it is missing here."""

    held: Held
    job: Job
    cost_code: CostCode
    cost_type: CostType
    line: BudgetLine | None = None

    @property
    def difference(self) -> Decimal:
        """What the ERP holds more than the line."""
        return self.held.original - (self.line.amount if self.line else ZERO)


@dataclass(frozen=True)
class Left:
    """A code of the ERP that cannot be taken over: why, and what to do. `lines` are ours that it may mean."""

    held: Held
    why: str
    lines: tuple[BudgetLine, ...] = ()

    @property
    def here(self) -> Decimal:
        """What those lines hold."""
        return sum((line.amount for line in self.lines), ZERO)


@dataclass(frozen=True)
class Share:
    """One row of the table that ties: how many lines, and their sums here, in the ERP, and after either choice."""

    lines: int
    here: Decimal
    in_erp: Decimal
    after_add: Decimal
    after_overwrite: Decimal

    def __add__(self, other: Share) -> Share:
        return Share(
            self.lines + other.lines,
            self.here + other.here,
            self.in_erp + other.in_erp,
            self.after_add + other.after_add,
            self.after_overwrite + other.after_overwrite,
        )


NOTHING = Share(0, ZERO, ZERO, ZERO, ZERO)


@dataclass(frozen=True)
class Plan:
    """What an import from the ERP would do to a budget. `seen` names all of it: it changes when anything of it does."""

    new: list[Taken] = field(default_factory=list)
    changed: list[Taken] = field(default_factory=list)
    unchanged: list[Taken] = field(default_factory=list)
    only_here: list[BudgetLine] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    zeros: int = 0  # codes of the ERP with 0.00, passed over
    posted_changes: Decimal = ZERO  # what is posted there beside the originals, and stays there
    read_at: datetime | None = None
    seen: str = ""

    @property
    def shares(self) -> dict[str, Share]:
        """The table that ties, by what happens to a line."""
        return {
            "new": _sum(Share(1, ZERO, t.held.original, t.held.original, t.held.original) for t in self.new),
            "changed": _sum(
                Share(1, t.line.amount, t.held.original, t.line.amount, t.held.original)
                for t in self.changed
                if t.line
            ),
            "unchanged": _sum(Share(1, *[t.held.original] * 4) for t in self.unchanged),
            "only_here": _sum(
                Share(1, line.amount, ZERO, line.amount, line.amount) for line in self.only_here
            ),
            "left": _sum(Share(1, t.here, t.held.original, t.here, t.here) for t in self.left),
        }

    @property
    def total(self) -> Share:
        """The sum of the table."""
        return _sum(self.shares.values())

    def does(self, mode: Mode) -> int:
        """How many lines a choice would make or change."""
        return len(self.new) + (len(self.changed) if mode is Mode.OVERWRITE else 0)


def _sum(shares: Iterable[Share]) -> Share:
    total = NOTHING
    for share in shares:
        total = total + share
    return total


# -- what would happen -------------------------------------------------------------------------------------


def usable_reading(budget: Budget, *, now: datetime) -> ErpReading | None:
    """This function will find the newest reading, where it is fresh enough to take a budget over from."""
    reading = latest_reading(budget)
    if reading is None or reading.made_at is None or now - reading.made_at > FRESH:
        return None
    return reading


def plan(budget: Budget, reading: ErpReading) -> Plan:
    """This function will compare a reading with a budget's lines and say what either choice would make of them."""
    connection, lines = erp_connection(budget), linked_lines(budget)
    held = [_held(row) for row in reading.rows]
    ours = _Ours(budget, lines)
    found = Plan(
        zeros=sum(1 for one in held if not one.original),
        posted_changes=sum((one.current - one.original for one in held), ZERO),
        read_at=reading.made_at,
        seen=_seen(budget, reading, connection),
    )
    met: set[int] = set()
    for one in (one for one in held if one.original):
        placed = ours.place(one, erp_name(connection))
        if isinstance(placed, Left):
            found.left.append(placed)
            met.update(line.pk for line in placed.lines)
            continue
        met.update([placed.line.pk] if placed.line else [])
        (
            found.new if placed.line is None else found.changed if placed.difference else found.unchanged
        ).append(placed)
    found.only_here.extend(line for line in lines if line.pk not in met)
    return found


def _held(row: list[Any]) -> Held:
    job, code, kind, name, original, current, active = row
    return Held(ErpKey(job, code, kind), name, Decimal(original), Decimal(current), bool(active))


def _seen(budget: Budget, reading: ErpReading, connection: Connection | None) -> str:
    version = connection.mapping_version if connection else 0
    said = f"{reading.hash}:{budget.pk}:{budget.version}:{version}"
    return hashlib.sha256(said.encode()).hexdigest()[:32]


class _Ours:
    """The codes of a budget as the ERP calls them, the other way round: read once for all rows."""

    def __init__(self, budget: Budget, lines: Iterable[BudgetLine]) -> None:
        company = budget.project.company_id
        links = JobLink.objects.filter(job__project=budget.project_id).select_related("job", "erp_job")
        self.jobs = {link.erp_job.code: link.job for link in links}
        self.codes: dict[str, list[CostCode]] = defaultdict(list)
        codes = CostCodeLink.objects.filter(cost_code__company=company).order_by("cost_code__code")
        for code in codes.select_related("cost_code", "erp_cost_code"):
            self.codes[code.erp_cost_code.code].append(code.cost_code)
        self.types: dict[str, list[CostType]] = defaultdict(list)
        kinds = CostTypeLink.objects.filter(cost_type__company=company, confirmed_at__isnull=False)
        for kind in kinds.order_by("cost_type__code").select_related("cost_type", "erp_cost_type"):
            self.types[kind.erp_cost_type.code].append(kind.cost_type)
        self.lines: dict[ErpKey, list[BudgetLine]] = defaultdict(list)
        for line in lines:
            if key := erp_key(line):
                self.lines[key].append(line)

    def place(self, held: Held, erp: str) -> Taken | Left:
        """Find the one budget code of ours that a code of the ERP is, or say why there is none."""
        key, there = held.key, self.lines.get(held.key, [])
        if len(there) > 1:
            return Left(held, _several_lines(there, erp), tuple(there))
        if there:
            return _taken(held, there[0])
        job, codes, kinds = self.jobs.get(key.job), self.codes[key.cost_code], self.types[key.cost_type]
        if job is not None and len(codes) == 1 and len(kinds) == 1:
            return Taken(held, job, codes[0], kinds[0])
        return Left(held, self._why(key, job, codes, kinds, erp))

    def _why(
        self, key: ErpKey, job: Job | None, codes: list[CostCode], kinds: list[CostType], erp: str
    ) -> str:
        if job is None:
            return f"Job {key.job} is no job of this project. An ERP admin can let the sync read it."
        if not codes:
            return (
                f"No cost code here leads to {key.cost_code}. "
                f"An ERP admin can read {erp}'s codes again, or map one of yours to it."
            )
        if not kinds:
            return f"No cost type here leads to {key.cost_type}. An ERP admin can confirm the match of a cost type."
        several = [row.code for row in (codes if len(codes) > 1 else kinds)]
        named = " and ".join(several[:4])
        return f"{named} are one code in {erp}. Add the line that is meant by hand, with its amount."


def _taken(held: Held, line: BudgetLine) -> Taken | Left:
    if (
        line.cost_code is None or line.cost_type is None
    ):  # it has a key, so it has both; this tells the type checker
        return Left(held, "The line has no code.", (line,))
    return Taken(held, line.job, line.cost_code, line.cost_type, line)


def _several_lines(lines: list[BudgetLine], erp: str) -> str:
    named = " and ".join(str(line) for line in lines[:4])
    return f"{named} are one code in {erp}: nobody can say which of them the amount is. Correct them by hand."
