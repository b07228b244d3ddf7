"""Reads for screens, the API and files: totals, and who sees what. Sums come from the database, in few queries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet, Sum
from django.http import Http404

from budgets.models import Budget, BudgetLine, ModificationLine, ModificationState
from budgets.money import ZERO
from budgets.states import StateWord, state_of
from projects.permissions import visible_projects

__all__ = [
    "StateWord",
    "Totals",
    "modified",
    "state_of",
    "totals",
    "visible_budget",
    "visible_budgets",
]

UNKNOWN = "?"  # the division of lines whose cost code the company does not know


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
