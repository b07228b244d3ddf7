"""The budget page, and the buttons of the budget itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from budgets import forms, links, services
from budgets.grid import cells
from budgets.grid import views as grid_views
from budgets.models import Budget
from budgets.pages import budget_page, frame, perform
from budgets.saved_views import choosing as saved_views
from workflow import actions


@require_GET
@budget_page
def page(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will show the budget: where it stands, what can be done, and the Cost Code Detail."""
    if request.htmx.target == "detail":  # type: ignore[attr-defined]
        return grid_views.found(request, budget)
    view = None if request.GET else saved_views.of_page(request, budget).view
    if view and (
        view.by or view.only
    ):  # the person's default; an address that says anything is kept as it is
        return redirect(f"{links.page(budget)}?{saved_views.query_of(view)}")
    return show_page(request, budget)


def show_page(request: HttpRequest, budget: Budget, *, status: int = 200, **problem: Any) -> HttpResponse:
    """This function will render the budget page, also after a refused button (`refused`, with its status)."""
    head = frame(budget)
    context = {**head, **grid_views.context(request, budget, jobs=head["jobs"]), "tab": "lines", **problem}
    context |= {"editable": cells.editable(budget, request.user), "labels": forms.LABELS}
    return render(request, "budgets/page.html", context, status=status)


@dataclass(frozen=True)
class Deed:
    """What one button of the budget does, and what is said afterwards."""

    service: Callable[..., Any]
    before: str
    done: str


DEEDS = {
    "lock": Deed(
        services.lock,
        "locking",
        "Locked. The original amounts are frozen; {next}.",
    ),
    "unlock": Deed(
        services.unlock,
        "unlocking",
        "Unlocked. Original amounts can be changed again; lock the budget before sending it.",
    ),
}


@require_http_methods(["GET", "POST"])
@budget_page
def act(request: HttpRequest, budget: Budget, *, action: str) -> HttpResponse:
    """This function will do what a button says; a GET asks for confirmation first."""
    deed = DEEDS[action]
    if request.method == "GET":
        return confirm(request, budget, action=action, before=deed.before)

    def do() -> HttpResponse:
        deed.service(budget, user=request.user, now=timezone.now())
        messages.success(request, deed.done.format(next=_next(budget)))
        return redirect("budgets:page", budget.project_id)

    return perform(request, budget, act=do, again=partial(show_page, request))


def _next(budget: Budget) -> str:
    """What a budget that was locked just now waits for."""
    budget.refresh_from_db(fields=["things_to_do"])
    number = budget.things_to_do
    if not number:
        return "next, send the budget to accounting"
    return f"{number} {'thing' if number == 1 else 'things'} to do before you can send it"


def confirm(
    request: HttpRequest, budget: Budget, *, action: str, before: str, warning: str = ""
) -> HttpResponse:
    """This function will ask whether the person means it, with everything that stands in the way and what is lost."""
    declared = actions.get(budget, action)
    context = {
        "budget": budget,
        "action": declared,
        "label": declared.label_for(budget),
        "before": before,
        "warning": warning,
        "obj": budget,
        "back": links.page(budget),
    }
    return render(request, "budgets/confirm.html", context)
