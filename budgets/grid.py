"""The grid of the budget page: divisions, or sub jobs with their divisions, with sums that tie."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from budgets.columns import Column
from budgets.models import Budget
from budgets.money import ZERO
from budgets.row_markup import Chunk, chunks, sums
from budgets.rows import Row
from budgets.selectors import UNKNOWN
from projects.models import CostCode, Job


@dataclass(frozen=True)
class Sums:
    """What the summed columns come to over some lines; None where nothing is known of any."""

    count: int = 0
    original: Decimal = ZERO
    modifications: Decimal = ZERO
    sent: Decimal | None = None
    in_erp: Decimal | None = None
    difference: Decimal | None = None
    cost: Decimal | None = None
    forecast: Decimal | None = None
    at_completion: Decimal | None = None
    over_under: Decimal | None = None
    added: Mapping[str, Decimal | None] = field(default_factory=dict)  # of calculated columns that add up

    @property
    def revised(self) -> Decimal:
        """Originals plus modifications."""
        return self.original + self.modifications


def summed(rows: Sequence[Row], columns: Iterable[Column] = ()) -> Sums:
    """This function will sum rows, and those of these columns that are calculated and add up."""
    return Sums(
        count=len(rows),
        original=sum((row.original for row in rows), ZERO),
        modifications=sum((row.modifications for row in rows), ZERO),
        sent=_known(row.sent for row in rows),
        in_erp=_known(row.in_erp for row in rows),
        difference=_known(row.difference for row in rows),
        cost=_known(row.cost for row in rows),
        forecast=_known(row.forecast for row in rows),
        at_completion=_known(row.at_completion for row in rows),
        over_under=_known(row.over_under for row in rows),
        added={
            one.key: _known(one.value(row) for row in rows)
            for column in columns
            for one in (column, *column.needs)
            if one.adds
        },
    )


def _known(amounts: Iterable[Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known, ZERO) if known else None


@dataclass
class Group:
    """One division (of one job, where the grid is by sub job) with its sums and its rows."""

    code: str
    name: str
    job: str
    sums: Sums
    cells: str
    rows: list[Chunk]


@dataclass
class Level:
    """The divisions of one job, or of all of them (`job` None)."""

    job: Job | None
    sums: Sums
    cells: str
    groups: list[Group] = field(default_factory=list)


@dataclass(frozen=True)
class Grid:
    """The Cost Code Detail with these columns."""

    columns: Sequence[Column]
    levels: list[Level]
    total: Sums
    cells: str

    @property
    def before_sums(self) -> int:
        """How many columns stand between the head of a row and the first sum."""
        places = (place for place, column in enumerate(self.columns) if column.summed)
        return next(places, len(self.columns)) - 1


def build(
    budget: Budget, rows: list[Row], *, columns: Sequence[Column], jobs: Sequence[Job], by_job: bool
) -> Grid:
    """This function will lay rows out below their divisions, and those below their jobs, main job first."""
    levels = []
    for job in sorted(jobs, key=lambda job: (job.parent_id is not None, job.code)) if by_job else [None]:
        own = [row for row in rows if job is None or row.job == job.code]
        if own:
            levels.append(_level(budget, job, own, columns))
    total = summed(rows, columns)
    return Grid(columns, levels, total, sums(columns, total))


def _level(budget: Budget, job: Job | None, rows: list[Row], columns: Sequence[Column]) -> Level:
    below: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        below[row.division].append(row)
    names = division_names(budget)
    together = summed(rows, columns)
    level = Level(job, together, sums(columns, together))
    for code in sorted(below, key=lambda code: (code != UNKNOWN, code)):
        own = below[code]
        written = list(chunks(own, columns, project_id=budget.project_id))
        figures = summed(own, columns)
        name = names.get(code, "")
        level.groups.append(
            Group(code, name, job.code if job else "", figures, sums(columns, figures), written)
        )
    return level


def division_names(budget: Budget) -> dict[str, str]:
    """This function will name the divisions of a budget's company, by code."""
    roots = CostCode.objects.filter(company=budget.project.company_id, parent=None)
    return {UNKNOWN: "Cost codes the company does not have yet", **dict(roots.values_list("code", "name"))}
