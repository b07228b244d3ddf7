"""What is asked before a modification's button does something that is dear to undo."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from budgets import links, selectors
from budgets.models import Budget, Modification
from budgets.modifications.blockers import amounts_of
from workflow import actions

SURE = "net"  # the field that repeats by how much the person was told the grand total changes


def asks(modification: Modification) -> bool:
    """This function will tell whether letting a modification count changes the grand total."""
    return amounts_of(modification)[1] != 0


def unsure(modification: Modification, request: HttpRequest) -> bool:
    """This function will tell whether a person must still be asked: the total changes by another sum than they read."""
    if actions.blockers(modification, "make_effective", request.user):
        return False  # that is told instead
    return asks(modification) and request.POST.get(SURE) != f"{amounts_of(modification)[1]:f}"


def page(request: HttpRequest, budget: Budget, modification: Modification, *, action: str) -> HttpResponse:
    """This function will ask whether the person means it, with everything that stands in the way."""
    declared = actions.get(modification, action)
    label = declared.label_for(modification)
    context: dict[str, Any] = {
        "budget": budget,
        "obj": modification,
        "action": declared,
        "label": label,
        "before": f"“{label}”",
        "back": links.modification(modification, budget.project_id),
    }
    if action == "make_effective" and asks(modification):
        _, net = amounts_of(modification)
        totals = selectors.totals(budget)
        context |= {"net": net, "now": totals.revised, "after": totals.revised + net}
        return render(request, "budgets/modification_total.html", context)
    return render(request, "budgets/confirm.html", context)
