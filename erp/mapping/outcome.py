"""What a change of the mapping means: which codes lead elsewhere, and whom it concerns, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from budgets.models import BudgetLine
from erp.mapping.models import MappingKind
from erp.mapping.state import Difference
from erp.models import BatchLine, BatchState, Connection


@dataclass(frozen=True)
class Outcome:
    """What an edit makes different. `waiting` are (project, batch number) of batches whose approver must read again."""

    differences: list[Difference] = field(default_factory=list)
    waiting: list[tuple[str, int]] = field(default_factory=list)
    posted_lines: int = 0  # lines that keep what was posted where it is

    @property
    def moved(self) -> list[Difference]:
        """The codes that lead elsewhere."""
        return [one for one in self.differences if one.moves]

    @property
    def sentence(self) -> str:
        """The outcome in words."""
        if not self.differences:
            return "No code changes."
        said = [f"{_count(len(self.moved), 'code leads', 'codes lead')} elsewhere."]
        if lost := sum(1 for one in self.moved if not one.new):
            said.append(f"{_count(lost, 'is', 'are')} unmapped then and cannot be sent.")
        if self.waiting:
            names = ", ".join(f"{project} (batch {number})" for project, number in self.waiting[:5])
            said.append(
                f"{_count(len(self.waiting), 'budget', 'budgets')} waiting for accounting: {names}; "
                "the approver has to read again before accepting."
            )
        if self.posted_lines:
            said.append(
                f"{_count(self.posted_lines, 'line was', 'lines were')} posted under the old code: "
                "those amounts stay there, only later changes go to the new one."
            )
        return " ".join(said)


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def outcome_of(connection: Connection, found: Sequence[Difference]) -> Outcome:
    """This function will find whom differences concern: batches that wait, and lines that were posted."""
    moved = [one for one in found if one.moves and one.old]
    codes = [one.pk for one in moved if one.kind == MappingKind.COST_CODE]
    types = [one.pk for one in moved if one.kind == MappingKind.COST_TYPE]
    if not moved:
        return Outcome(list(found))
    waiting: dict[tuple[str, int], None] = {}
    posted: set[int] = set()
    for name, keys in (("cost_code", codes), ("cost_type", types)):
        rows = BatchLine.objects.filter(
            **{f"line__{name}__in": keys},
            item__batch__state=BatchState.WAITING,
            item__batch__budget__project__company=connection.company_id,
        )
        batches = rows.values_list("item__batch__budget__project__name", "item__batch__number")
        waiting |= dict.fromkeys(batches.distinct().order_by("item__batch__budget__project__name"))
        lines = BudgetLine.objects.filter(**{f"{name}__in": keys}, was_posted=True)
        posted |= set(lines.values_list("pk", flat=True))
    return Outcome(list(found), list(waiting), len(posted))
