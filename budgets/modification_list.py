"""The list of a budget's modifications."""

from __future__ import annotations

from django.db.models import Q, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from budgets.models import Budget
from budgets.money import ZERO
from budgets.pages import budget_page, frame


@require_GET
@budget_page
def index(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will list a budget's modifications with what each moves, the newest first."""
    rows = budget.modifications.select_related("changed_by").annotate(
        moved=Coalesce(Sum("lines__amount", filter=Q(lines__amount__gt=0)), ZERO),
        net=Coalesce(Sum("lines__amount"), ZERO),
    )
    context = {**frame(budget), "modifications": rows.order_by("-pk"), "tab": "modifications"}
    return render(request, "budgets/modifications.html", context)
