"""Editing in the grid: one cell saved or refused, what can be chosen in it, and the pieces of the page that follow.

A refusal is a fragment that stays beside the cell, where what was typed stays too. A save is answered with a redirect
to the pieces of the page that changed, so that the same request sent twice gets the same answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from budgets import forms, services
from budgets.errors import Conflict, InvalidInput
from budgets.grid import cells, columns
from budgets.grid import choices as offers
from budgets.grid import pieces as changed
from budgets.grid import views as grid_views
from budgets.line_views import line_of, was_deleted
from budgets.models import Budget, BudgetLine
from budgets.pages import CONFLICT, budget_page, frame, perform
from workflow import actions
from workflow.numbers import number, version

MOST_LINES = 1_000  # lines named in one request; more are a file to import
HEAD_AT_ONCE = (
    1_000  # lines; in a larger budget what stands in the way of sending takes longer than a key press
)
OF_THE_PAGE_ALONE = (
    "line",
    "cell",
    "fresh",
    "gone",
)  # what an address says about landing, not about the grid


@require_http_methods(["GET", "POST"])
@budget_page
def cell(request: HttpRequest, budget: Budget, *, pk: int) -> HttpResponse:
    """This function will say why a cell cannot be typed into, or save what was typed into it."""
    if request.method == "GET":
        return _why_not(request, budget, line_of(budget, pk))
    typed = cells.typed_cell(request.POST, budget)
    told = partial(_told, request, pk=pk, typed=typed)
    if was_deleted(budget, pk):
        return told(budget, status=CONFLICT, conflict=Conflict("Somebody deleted this line.", current=None))
    line = line_of(budget, pk)

    def do() -> HttpResponse:
        if not typed:
            raise InvalidInput({"cell": "Nothing was typed. Reload the page and type it again."})
        seen = version(request.POST.get("version", ""))
        changed = services.edit_line(line, user=request.user, now=timezone.now(), version=seen, values=typed)
        undone = "undo" in request.POST
        messages.success(request, cells.said(forms.stored_line(line), changed, typed, undone=undone))
        return to_pieces(request, budget, [changed])

    return perform(request, budget, act=do, again=told)


def _why_not(request: HttpRequest, budget: Budget, line: BudgetLine) -> HttpResponse:
    key = request.GET.get("column", "")
    column = columns.REGISTRY.get(key)
    context = {
        "budget": budget,
        "blocked": actions.blockers(line, "edit_line", request.user),
        "sentence": cells.refusal(line, key, column.field if column else ""),
    }
    return render(request, "budgets/cell/why.html", context)


def _told(
    request: HttpRequest, budget: Budget, *, pk: int, typed: dict[str, Any], status: int, **problem: Any
) -> HttpResponse:
    """Say beside the cell what was wrong; in a conflict with what is stored now and what the other one changed."""
    context = {"budget": budget, "typed": typed, **problem}
    now = problem["conflict"].current if "conflict" in problem else None
    if now is not None:
        stored = forms.stored_line(now)
        before = cells.as_seen(now, version(request.POST.get("version", "")))
        context |= {
            "now": now,
            "differences": forms.differences(stored, typed),
            "theirs": forms.differences(before, stored) if before else [],
        }
    elif "conflict" in problem:
        context["gone"] = pk
    return render(request, "budgets/cell/told.html", context, status=status)


def to_pieces(
    request: HttpRequest, budget: Budget, lines: Iterable[BudgetLine], *, gone: Iterable[int] = ()
) -> HttpResponse:
    """This function will redirect to the pieces of the page that changed, laid out as the sender's page is."""
    where = QueryDict(request.POST.get("where", "").removeprefix("?"))
    query = [
        (key, value) for key, values in where.lists() for value in values if key not in OF_THE_PAGE_ALONE
    ]
    query += [("fresh", str(line.pk)) for line in lines]
    query += [("gone", str(pk)) for pk in gone]
    return redirect(f"{reverse('budgets:pieces', args=[budget.project_id])}?{urlencode(query)}")


@require_GET
@budget_page
def pieces(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will render what a save changed: the rows of lines `fresh`, all sums, and the head of the page."""
    head = frame(budget)
    jobs = head["jobs"]
    shown = grid_views.shown_columns(request, budget, jobs=len(jobs))
    fresh, asked = ids(request.GET, "fresh"), grid_views.asked_look(request, jobs=len(jobs))
    context = {
        **head,
        "head": budget.lines.count() <= HEAD_AT_ONCE,
        "pieces": changed.of(budget, fresh, look=asked, columns=shown, jobs=jobs),
        "gone": ids(request.GET, "gone"),
    }
    return render(request, "budgets/cell/pieces.html", context)


def ids(values: QueryDict, name: str) -> list[int]:
    """This function will read ids of lines out of a form or an address; what is no id names none."""
    found = [number(text) for text in values.getlist(name)[:MOST_LINES]]
    return [pk for pk in found if pk is not None]


@require_GET
@budget_page
def choose(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will offer the codes that match what is being typed."""
    try:
        found = offers.choices(budget, request.GET.get("field", ""), request.GET.get("search", ""))
    except KeyError:
        raise Http404("Nothing is chosen in this field.") from None
    return render(request, "budgets/cell/choices.html", {"choices": found})
