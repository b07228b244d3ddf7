"""What can be chosen in a cell that takes a code: found by code and by words."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from budgets.importing.plan import alike
from budgets.models import Budget
from projects.models import CostCode, CostType, Job, Unit

SHOWN = 12  # choices offered at once
MOST_WORDS = 8


@dataclass(frozen=True)
class Choices:
    """The first few that match, and how many more do."""

    found: list[tuple[str, str]]
    more: int


def choices(budget: Budget, field: str, search: str) -> Choices:
    """This function will find codes for `field` whose code or name has all the words; those that begin with it first.

    Raises KeyError for a field that takes no code.
    """
    rows = _all(budget)[field]
    words = search.split()[:MOST_WORDS]
    for word in words:
        rows = rows.filter(Q(code__icontains=word) | Q(name__icontains=word))
    if words:
        first = Case(
            When(code__istartswith=words[0], then=Value(0)), default=Value(1), output_field=IntegerField()
        )
        rows = rows.order_by(first, *rows.model._meta.ordering)
    number = rows.count()
    return Choices(list(rows.values_list("code", "name")[:SHOWN]), max(0, number - SHOWN))


def as_known(budget: Budget, field: str, text: str) -> str:
    """This function will write a code the way it is known where only its case or the space around it differs."""
    rows = _all(budget)[field]
    typed = text.strip()
    if not typed or rows.filter(code=typed).exists():
        return typed
    found = list(rows.filter(code__iexact=typed).values_list("code", flat=True)[:2])
    return found[0] if len(found) == 1 else typed


def near(budget: Budget, field: str, text: str) -> str:
    """This function will find the code that looks most like an unknown one; empty where none does."""
    return alike(text, dict.fromkeys(_all(budget)[field].values_list("code", flat=True), 0))


def _all(budget: Budget) -> dict[str, QuerySet]:
    company = budget.project.company_id
    return {
        "job": Job.objects.filter(project=budget.project_id),
        "cost_code": CostCode.objects.filter(company=company).exclude(parent=None),
        "cost_type": CostType.objects.filter(company=company),
        "unit": Unit.objects.filter(company=company),
    }
