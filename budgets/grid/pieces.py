"""The pieces of the budget page that a save in the grid changes: rows, sums, totals, where the budget stands."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from budgets.grid import groups as grid
from budgets.grid import row_markup
from budgets.grid.columns import Column
from budgets.grid.look import TYPE, Look, key_of
from budgets.grid.rows import Row, among, read
from budgets.grid.sums import summed
from budgets.models import Budget
from projects.models import Job

SHOWN = "shown"  # the sums of what the filters show
NONE = (
    "none"  # the sums of a group of which the filters show no line any more, while its rows still stand there
)


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
    """What changed of the grid. `chips`: how many lines each filter would show; `shown`: how many are shown now."""

    rows: list[FreshRow]
    sums: list[FreshSums]
    chips: dict[str, int]
    shown: int


def of(
    budget: Budget, lines: Collection[int], *, look: Look, columns: Sequence[Column], jobs: Sequence[Job]
) -> Pieces:
    """This function will write the rows of these lines and every sum of the grid that a look shows."""
    write = row_markup.writer(columns, project_id=budget.project_id)
    fresh = [
        FreshRow(SafeString(write(row)), _group_of(row, look))
        for row in read(budget, only=among(lines), columns=columns)
    ]
    laid_out = grid.sums_alone(budget, look, columns=columns, jobs=jobs)
    levels = [
        FreshSums(key_of(level.job.code, ""), level.sums.count, level.cells)
        for level in laid_out.levels
        if level.job
    ]
    groups = [FreshSums(group.key, group.sums.count, group.cells) for group in laid_out.groups]
    whole = [
        FreshSums(NONE, 0, row_markup.sums(columns, summed([], columns))),
        FreshSums(SHOWN, laid_out.shown.count, laid_out.shown_cells),
        FreshSums(key_of("", ""), laid_out.total.count, laid_out.cells),
    ]
    return Pieces(fresh, [*levels, *groups, *whole], laid_out.chips, laid_out.shown.count)


def _group_of(row: Row, look: Look) -> str:
    return key_of(row.job if look.by_job else "", row.type if look.by == TYPE else row.division)
