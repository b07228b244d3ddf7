"""The page of one modification, which several views show again with what was refused."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from budgets import money
from budgets.models import Budget, Modification, ModificationState
from budgets.modifications import attachment_files
from budgets.modifications.forms import MOST_ROWS
from budgets.modifications.lines import rows_of
from budgets.money import ZERO

PEOPLE = ("changed_by", "reverses")


def find(budget: Budget, pk: int) -> Modification:
    """This function will find a modification of a budget; raises Http404."""
    row = budget.modifications.select_related(*PEOPLE).filter(pk=pk).first()
    if row is None:
        raise Http404("This modification does not exist, or it was deleted.")
    row.budget = budget
    return row


def context_of(budget: Budget, modification: Modification) -> dict[str, Any]:
    """This function will gather what the page and the print of a modification show."""
    rows = rows_of(modification)
    net = sum((row.amount for row in rows), ZERO)
    return {
        "budget": budget,
        "modification": modification,
        "rows": rows,
        "net": net,
        "moved": money.moved(row.amount for row in rows),
        "warned": [row for row in rows if row.warnings],
        "counts": modification.state == ModificationState.EFFECTIVE,
        "reversals": modification.reversals.exclude(state=ModificationState.VOID),
        "attachments": _attachments(modification),
    }


def _attachments(modification: Modification) -> list[Any]:
    found = list(modification.attachments.select_related("added_by"))
    for row in found:
        row.modification = modification
    return found


def show(request: HttpRequest, budget: Budget, *, pk: int, status: int = 200, **problem: Any) -> HttpResponse:
    """This function will render the page of a modification as it is now."""
    modification = find(budget, pk)
    context = {
        **context_of(budget, modification),
        "most_rows": MOST_ROWS,
        "taken": attachment_files.TAKEN,
        "endings": ",".join(attachment_files.ENDINGS),
        "most_files": attachment_files.MOST_FILES,
        "largest": attachment_files.LARGEST // attachment_files.MEGABYTE,
        **problem,
    }
    return render(request, "budgets/modification.html", context, status=status)
