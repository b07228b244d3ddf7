"""A rejection's remarks as pages show them: who said what, and whether it still wants an answer.

A remark wants its line changed or an answer. A line counts as changed when it was edited since the rejection (another
version of it), or when it comes to another amount than the rejected batch carried: a modification changes it too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from budgets.models import Budget, BudgetLine
from budgets.selectors import modified
from erp.compare.sides import as_sent
from erp.documents import ZERO
from erp.models import Batch, BatchState, Remark
from erp.snapshots import latest_batch
from workflow.blockers import once_per_object

WITH = (
    "batch__budget",
    "batch__sent_back_by",
    "answered_by",
    "line__job",
    "line__cost_code",
    "line__cost_type",
)


@dataclass(frozen=True)
class ShownRemark:
    """A remark, and what became of it. Company currency: the line as the rejected batch carried it, and as it is."""

    remark: Remark
    newest: bool  # whether the rejection it belongs to is the last word on the budget
    then: Decimal
    now: Decimal

    @property
    def changed(self) -> bool:
        """Whether its line was changed since."""
        return self.remark.line.version != self.remark.line_version or self.then != self.now

    @property
    def wants_answer(self) -> bool:
        """Whether Re-send waits for it."""
        return self.newest and not self.remark.answer and not self.changed


@once_per_object
def on_budget(budget: Budget) -> list[ShownRemark]:
    """This function will find the remarks of the newest batch, if it was rejected."""
    last: Batch | None = latest_batch(budget)
    if last is None or last.state != BatchState.REJECTED:
        return []
    return _shown(budget, last.remarks.select_related(*WITH).order_by("pk"), newest=last.pk)


@dataclass(frozen=True)
class Tally:
    """How many remarks of the last rejection there are, and how many Re-send still waits for."""

    wanting: int
    every: int

    def __str__(self) -> str:
        """In words: "1 of 2 remarks to answer"."""
        if self.wanting:
            of = f"{self.wanting} of " if self.wanting < self.every else ""
            return f"{of}{self.every} remark{'' if self.every == 1 else 's'} to answer"
        few = {1: "The remark is", 2: "Both remarks are"}
        return f"{few.get(self.every, f'All {self.every} remarks are')} settled"


def tally(budget: Budget) -> Tally:
    """This function will count the remarks of the last rejection."""
    found = on_budget(budget)
    return Tally(sum(shown.wants_answer for shown in found), len(found))


def open_on(budget: Budget) -> list[Remark]:
    """This function will find the remarks that Re-send waits for."""
    return [shown.remark for shown in on_budget(budget) if shown.wants_answer]


def on_batch(batch: Batch) -> list[ShownRemark]:
    """This function will find the remarks of one batch."""
    newest = not batch.budget.batches.filter(number__gt=batch.number).exists()
    remarks = batch.remarks.select_related(*WITH).order_by("pk")
    return _shown(batch.budget, remarks, newest=batch.pk if newest else None)


def on_line(line: BudgetLine) -> list[ShownRemark]:
    """This function will find every remark on a line, the newest first."""
    remarks = list(Remark.objects.filter(line=line).select_related(*WITH).order_by("-pk"))
    numbers = Batch.objects.filter(budget=line.budget_id).order_by("-number").values_list("pk", flat=True)
    return _shown(line.budget, remarks, newest=numbers.first() if remarks else None)


def _shown(budget: Budget, remarks: Iterable[Remark], *, newest: int | None) -> list[ShownRemark]:
    found = list(remarks)
    if not found:
        return []
    lines = {remark.line_id for remark in found}
    then = as_sent(budget, {remark.batch for remark in found}, lines=lines)
    changes = modified(budget)
    return [
        ShownRemark(
            remark,
            remark.batch_id == newest,
            then=then[remark.batch.number].cells[remark.line_id].amount,
            now=remark.line.amount + changes.get(remark.line_id, ZERO),
        )
        for remark in found
    ]


def by_line(remarks: Iterable[ShownRemark]) -> dict[int, ShownRemark]:
    """This function will key remarks by the line they are on."""
    return {shown.remark.line_id: shown for shown in remarks}
