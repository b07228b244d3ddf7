"""The grid of the budget page: divisions, or sub jobs with their divisions, with sums that tie."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from budgets.money import ZERO
from budgets.selectors import Division, GridRow
from projects.models import Job


@dataclass
class JobGroup:
    """The divisions of one job, or of all of them (`job` None)."""

    job: Job | None
    divisions: list[Division] = field(default_factory=list)

    @property
    def rows(self) -> list[GridRow]:
        """All rows below."""
        return [row for division in self.divisions for row in division.rows]

    @property
    def original(self) -> Decimal:
        """Sum of the originals, company currency."""
        return sum((division.original for division in self.divisions), ZERO)

    @property
    def modifications(self) -> Decimal:
        """Sum of the effective modifications, company currency."""
        return sum((division.modifications for division in self.divisions), ZERO)

    @property
    def revised(self) -> Decimal:
        """Originals plus modifications, company currency."""
        return self.original + self.modifications


def grouped(divisions: Iterable[Division], *, by_job: bool) -> list[JobGroup]:
    """This function will put the divisions below their jobs, main job first, or all below one group."""
    if not by_job:
        return [JobGroup(None, list(divisions))]
    groups: dict[int, JobGroup] = {}
    for division in divisions:
        _spread(division, groups)
    return sorted(groups.values(), key=lambda group: (group.job.parent_id is not None, group.job.code))  # type: ignore[union-attr]


def _spread(division: Division, groups: dict[int, JobGroup]) -> None:
    for row in division.rows:
        group = groups.setdefault(row.line.job_id, JobGroup(row.line.job))
        if not group.divisions or group.divisions[-1].code != division.code:
            group.divisions.append(Division(division.code, division.name))
        group.divisions[-1].rows.append(row)
