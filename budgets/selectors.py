"""Reads for screens, the API and files: totals and the grid. Sums come from the database; queries are few and fixed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet, Sum
from django.http import Http404

from budgets.models import Budget, BudgetLine, ModificationLine, ModificationState
from budgets.money import ZERO
from budgets.states import StateWord, state_of
from projects.models import CostCode
from projects.permissions import visible_projects

__all__ = [
    "Division",
    "GridRow",
    "StateWord",
    "Totals",
    "divisions",
    "grid_rows",
    "modified",
    "state_of",
    "totals",
    "visible_budget",
    "visible_budgets",
]


def visible_budgets(user: Any) -> QuerySet[Budget]:
    """This function will find the budgets a user may see."""
    return Budget.objects.filter(project__in=visible_projects(user)).select_related("project__company")


def visible_budget(user: Any, project_id: int) -> Budget:
    """This function will find a project's budget; raises Http404 for a foreign or missing one alike."""
    budget = visible_budgets(user).filter(project_id=project_id).first()
    if budget is None:
        raise Http404("There is no such budget, or you may not see it.")
    return budget


@dataclass(frozen=True)
class Totals:
    """Company currency, 2 places; `revised` = `original` + `modifications`."""

    original: Decimal
    modifications: Decimal

    @property
    def revised(self) -> Decimal:
        """What the budget is now."""
        return self.original + self.modifications


def _effective(budgets: Iterable[Budget] | QuerySet[Budget]) -> QuerySet[ModificationLine]:
    return ModificationLine.objects.filter(
        modification__budget__in=budgets, modification__state=ModificationState.EFFECTIVE
    )


def totals(budget: Budget) -> Totals:
    """This function will sum a budget: originals and effective modifications."""
    return totals_of([budget])[budget.pk]


def totals_of(budgets: Iterable[Budget] | QuerySet[Budget]) -> dict[int, Totals]:
    """This function will sum many budgets in two queries, by budget id."""
    keys = [budget.pk for budget in budgets]
    lines = BudgetLine.objects.filter(budget__in=keys).values_list("budget").annotate(total=Sum("amount"))
    changes = ModificationLine.objects.filter(
        modification__budget__in=keys, modification__state=ModificationState.EFFECTIVE
    )
    original = dict(lines.order_by())
    modified = dict(changes.values_list("modification__budget").annotate(total=Sum("amount")).order_by())
    return {key: Totals(original.get(key, ZERO), modified.get(key, ZERO)) for key in keys}


def modified(budget: Budget) -> dict[int, Decimal]:
    """This function will sum the effective modifications of each line, by line id."""
    return dict(_effective([budget]).values_list("line").annotate(total=Sum("amount")).order_by())


@dataclass(frozen=True)
class GridRow:
    """One line as the grid, the export and the API show it; amounts in company currency, 2 places."""

    line: BudgetLine
    division: str
    modifications: Decimal

    @property
    def pk(self) -> int:
        """The line's id."""
        return self.line.pk

    @property
    def original(self) -> Decimal:
        """The original amount."""
        return self.line.amount

    @property
    def revised(self) -> Decimal:
        """Original plus modifications."""
        return self.line.amount + self.modifications


@dataclass
class Division:
    """The rows of one division of one job level, with sums that tie."""

    code: str
    name: str
    rows: list[GridRow] = field(default_factory=list)

    @property
    def original(self) -> Decimal:
        """Sum of the rows' originals."""
        return sum((row.original for row in self.rows), ZERO)

    @property
    def modifications(self) -> Decimal:
        """Sum of the rows' modifications."""
        return sum((row.modifications for row in self.rows), ZERO)

    @property
    def revised(self) -> Decimal:
        """Sum of the rows' revised amounts."""
        return self.original + self.modifications


UNKNOWN = "?"  # the division of lines whose cost code the company does not know


def grid_rows(budget: Budget, *, job: str = "") -> list[GridRow]:
    """This function will read every line of a budget (or of one of its jobs) in the grid's order."""
    lines = budget.lines.select_related("job", "cost_code", "cost_type", "unit").order_by(
        "cost_code__code", "cost_code_text", "job__code", "cost_type__position", "cost_type_text", "pk"
    )
    if job:
        lines = lines.filter(job__code=job)
    changes = modified(budget)
    return [
        GridRow(line, line.cost_code.division if line.cost_code else UNKNOWN, changes.get(line.pk, ZERO))
        for line in lines
    ]


def divisions(budget: Budget, *, job: str = "") -> list[Division]:
    """This function will group a budget's lines by division, in code order; unknown codes come first."""
    names = dict(
        CostCode.objects.filter(company=budget.project.company_id, parent=None).values_list("code", "name")
    )
    groups: dict[str, list[GridRow]] = defaultdict(list)
    for row in grid_rows(budget, job=job):
        groups[row.division].append(row)
    titles = {UNKNOWN: "Cost codes the company does not have yet", **names}
    return [
        Division(code, titles.get(code, ""), groups[code])
        for code in sorted(groups, key=lambda c: (c != UNKNOWN, c))
    ]
