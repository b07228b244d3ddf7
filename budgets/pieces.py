"""The pieces of the budget page that a save in the grid changes: rows, sums, totals, where the budget stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from budgets import grid, row_markup
from budgets.columns import Column
from budgets.models import Budget
from budgets.rows import Row, read


@dataclass(frozen=True)
class FreshRow:
    """A row as it is now, and its group: `job|division`, without the job where the grid has no such level."""

    html: SafeString
    group: str


@dataclass(frozen=True)
class FreshSums:
    """The sums of one group, as cells."""

    group: str
    count: int
    cells: SafeString


@dataclass(frozen=True)
class Pieces:
    """What changed of the grid."""

    rows: list[FreshRow]
    sums: list[FreshSums]


def of(budget: Budget, lines: Collection[int], *, columns: Sequence[Column], by_job: bool) -> Pieces:
    """This function will write the rows of these lines and every sum of the grid."""
    rows = read(budget)
    write = row_markup.writer(columns, project_id=budget.project_id)
    key = _by_job if by_job else _by_division
    fresh = [FreshRow(SafeString(write(row)), key(row)) for row in rows if row.pk in lines]
    groups = _grouped(rows, [key, _job, _all] if by_job else [key, _all])
    sums = [
        FreshSums(group, len(own), row_markup.sums(columns, grid.summed(own, columns)))
        for group, own in groups.items()
    ]
    return Pieces(fresh, sums)


def _grouped(rows: Iterable[Row], keys: Sequence[Callable[[Row], str]]) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        for key in keys:
            groups[key(row)].append(row)
    return groups


def _by_division(row: Row) -> str:
    return f"|{row.division}"


def _by_job(row: Row) -> str:
    return f"{row.job}|{row.division}"


def _job(row: Row) -> str:
    return f"{row.job}|"


def _all(row: Row) -> str:
    return "|"
