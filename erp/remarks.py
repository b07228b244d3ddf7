"""A rejection's remarks as pages show them: who said what, and whether it still wants an answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from budgets.models import Budget, BudgetLine
from erp.models import Batch, BatchState, Remark
from erp.snapshots import latest_batch

WITH = ("batch__sent_back_by", "answered_by", "line__job", "line__cost_code", "line__cost_type")


@dataclass(frozen=True)
class ShownRemark:
    """A remark, and what became of it."""

    remark: Remark
    newest: bool  # whether the rejection it belongs to is the last word on the budget

    @property
    def changed(self) -> bool:
        """Whether its line was changed since."""
        return self.remark.line.version != self.remark.line_version

    @property
    def wants_answer(self) -> bool:
        """Whether Re-send waits for it."""
        return self.newest and not self.remark.answer and not self.changed


def on_budget(budget: Budget) -> list[ShownRemark]:
    """This function will find the remarks of the newest batch, if it was rejected."""
    last: Batch | None = latest_batch(budget)
    if last is None or last.state != BatchState.REJECTED:
        return []
    return [ShownRemark(remark, True) for remark in last.remarks.select_related(*WITH).order_by("pk")]


def on_batch(batch: Batch) -> list[ShownRemark]:
    """This function will find the remarks of one batch."""
    newest = not batch.budget.batches.filter(number__gt=batch.number).exists()
    return [ShownRemark(remark, newest) for remark in batch.remarks.select_related(*WITH).order_by("pk")]


def on_line(line: BudgetLine) -> list[ShownRemark]:
    """This function will find every remark on a line, the newest first."""
    remarks = list(Remark.objects.filter(line=line).select_related(*WITH).order_by("-pk"))
    numbers = Batch.objects.filter(budget=line.budget_id).order_by("-number").values_list("pk", flat=True)
    newest = numbers.first() if remarks else None
    return [ShownRemark(remark, remark.batch_id == newest) for remark in remarks]


def by_line(remarks: Iterable[ShownRemark]) -> dict[int, ShownRemark]:
    """This function will key remarks by the line they are on."""
    return {shown.remark.line_id: shown for shown in remarks}
