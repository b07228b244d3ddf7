"""Giving a cost code to the lines that carried it as text, once the company has it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.functions import Coalesce

from budgets.models import Budget, BudgetLine, BudgetState
from budgets.services import change
from projects.models import Company, CostCode


def typed_lines(company: Company) -> QuerySet[BudgetLine]:
    """This function will find the lines whose cost code is text, in a company's budgets that no approver decides on."""
    rows = BudgetLine.objects.filter(budget__project__company=company)
    return rows.exclude(cost_code_text="").exclude(budget__state=BudgetState.SENT)


def lock_budgets(company: Company, codes: Collection[str]) -> None:
    """This function will lock the budgets that have lines typed with these codes, before anything else is locked."""
    if codes:
        typed = typed_lines(company).filter(cost_code_text__in=codes).values("budget")
        list(Budget.objects.select_for_update(of=("self",)).filter(pk__in=typed).order_by("pk"))


def adopt(codes: Sequence[CostCode], *, user: Any, now: datetime) -> int:
    """This function will put codes of one company on the lines typed with them; amounts stay. Returns how many lines.

    A line whose budget has the code with the same type already stays text: the two want to be made one by hand.
    """
    if not codes:
        return 0
    lines, number = _adoptable(codes[0].company, [code.code for code in codes]), 0
    for budget in Budget.objects.filter(pk__in=lines.values("budget")).order_by("pk"):
        with change(budget, user=user, now=now) as (locked, event):
            done = sum(_put(code, lines.filter(budget=locked), user=user, now=now) for code in codes)
            event |= {
                "action": "adopt_codes",
                "sentence": f"{done} {'line has' if done == 1 else 'lines have'} a cost code that is known now",
            }
            number += done
    return number


def _adoptable(company: Company, codes: Sequence[str]) -> QuerySet[BudgetLine]:
    """The typed lines that do not meet a line of the same budget code."""
    kind = Coalesce("cost_type_id", 0)
    same = BudgetLine.objects.annotate(kind=kind).filter(
        budget=OuterRef("budget"),
        job=OuterRef("job"),
        cost_code__company=company,
        cost_code__code=OuterRef("cost_code_text"),
        cost_type_text=OuterRef("cost_type_text"),
        kind=OuterRef("kind"),
    )
    typed = typed_lines(company).filter(cost_code_text__in=codes)
    return typed.annotate(kind=kind).filter(~Exists(same))


def _put(code: CostCode, lines: QuerySet[BudgetLine], *, user: Any, now: datetime) -> int:
    keys = list(lines.filter(cost_code_text=code.code).values_list("pk", flat=True))
    return BudgetLine.objects.filter(pk__in=keys).update(
        cost_code=code, cost_code_text="", version=F("version") + 1, changed_by=user, changed_at=now
    )
