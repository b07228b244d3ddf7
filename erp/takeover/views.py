"""The project manager's page about taking over the budget that the ERP holds."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from budgets.models import Budget
from budgets.pages import budget_page, perform
from erp import snapshots, words
from erp.models import ErpReading, ReadingState
from erp.takeover import services as budget_import
from erp.takeover.plan import Mode, plan, usable_reading


@require_http_methods(["GET", "POST"])
@budget_page
def page(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will show what an import from the ERP would do; its button does it."""
    if request.method == "GET":
        return _show(request, budget)
    mode, seen = request.POST.get("mode", ""), request.POST.get("seen", "")

    def do() -> HttpResponse:
        done = budget_import.import_from_erp(
            budget, user=request.user, now=timezone.now(), mode=mode, seen=seen
        )
        messages.success(request, _said(done, Mode(mode)))
        return redirect("budgets:page", budget.project_id)

    return perform(request, budget, act=do, again=partial(_show, request, mode=mode))


def _said(done: Any, mode: Mode) -> str:
    changed = len(done.changed) if mode is Mode.OVERWRITE else 0
    left = f" {len(done.left)} could not be taken over; see the import's page." if done.left else ""
    return f"{_lines(len(done.new))} added, {changed} changed.{left} Look them over, then lock the budget."


def _lines(number: int) -> str:
    return "1 line" if number == 1 else f"{number} lines"


@require_POST
@budget_page
def read(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will let a task read the ERP; the page does not wait for it."""

    def do() -> HttpResponse:
        budget_import.ask_reading(budget, user=request.user, now=timezone.now())
        return redirect("budgets:import_from_erp", budget.project_id)

    return perform(request, budget, act=do, again=partial(_show, request))


@require_GET
@budget_page
def asked(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will answer a page that waits for the reading: 204 until it was made or has failed."""
    if budget.readings.filter(state=ReadingState.ASKED).exists():
        return HttpResponse(status=204)
    return HttpResponse(headers={"HX-Refresh": "true"})


def _show(
    request: HttpRequest, budget: Budget, *, mode: str = "", status: int = 200, **problem: Any
) -> HttpResponse:
    reading = usable_reading(budget, now=timezone.now())
    last: ErpReading | None = budget.readings.first()
    context = {
        "budget": budget,
        "erp": words.erp_name(snapshots.erp_connection(budget)),
        "plan": plan(budget, reading) if reading else None,
        "last_made": snapshots.latest_reading(budget),
        "asked": last if last and last.state == ReadingState.ASKED else None,
        "failed": last if last and last.state == ReadingState.FAILED else None,
        "mode": mode or Mode.ADD.value,
        **problem,
    }
    return render(request, "erp/import_budget.html", context, status=status)
