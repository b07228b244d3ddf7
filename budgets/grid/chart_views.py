"""The charts of a budget, each with the table behind it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from budgets import facts
from budgets.grid import charts
from budgets.models import Budget
from budgets.pages import budget_page, frame


@require_GET
@budget_page
def index(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will show the budget as bars."""
    context = {
        **frame(budget),
        "tab": "charts",
        "charts": charts.of_budget(budget),
        "costs": facts.costs(budget),
    }
    return render(request, "budgets/charts.html", context)
