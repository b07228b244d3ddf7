"""Adding, deleting and bringing back lines without leaving the grid."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from budgets import line_sets, services
from budgets.grid import cells
from budgets.grid.cell_views import ids, to_pieces
from budgets.models import Budget
from budgets.money import ZERO
from budgets.pages import budget_page, perform

NO_COLUMN = (
    "This view has no column for it: choose another view, or add the line with “Add a line” above the table."
)


@require_POST
@budget_page
def add_here(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will add the line that was typed into the grid's empty row: with a cost code and a cost type."""
    typed = cells.typed_cell(request.POST, budget)

    def do() -> HttpResponse:
        line = services.add_line(budget, user=request.user, now=timezone.now(), values=typed, complete=True)
        said = [f"Added {line.job.code} {line}.", *cells.unknown(line, typed)]
        messages.success(request, " ".join(said))
        return to_pieces(request, budget, [line])

    return perform(request, budget, act=do, again=partial(_not_added, request))


def _not_added(request: HttpRequest, budget: Budget, *, status: int, **problem: Any) -> HttpResponse:
    """Say beside the row what is wrong; what this view has no column for cannot be typed there."""
    errors = {
        field: sentence if field in request.POST else f"{sentence} {NO_COLUMN}"
        for field, sentence in problem.pop("errors", {}).items()
    }
    return _told(request, budget, status=status, errors=errors, **problem)


@require_http_methods(["GET", "POST"])
@budget_page
def delete_many(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will ask whether these lines shall go, saying which cannot and why, or delete all of them."""
    lines = ids(request.POST if request.method == "POST" else request.GET, "line")
    if request.method == "GET":
        return _ask(request, budget, lines=lines)

    def do() -> HttpResponse:
        gone = line_sets.delete_lines(budget, user=request.user, now=timezone.now(), lines=lines)
        what = f"{len(gone)} lines" if len(gone) > 1 else f"{gone[0].job.code} {gone[0]}"
        messages.success(request, f"Deleted {what}. Undo brings {'them' if len(gone) > 1 else 'it'} back.")
        return to_pieces(request, budget, [], gone=lines)

    return perform(request, budget, act=do, again=partial(_ask, request, lines=lines))


def _ask(
    request: HttpRequest, budget: Budget, *, lines: list[int], status: int = 200, **problem: Any
) -> HttpResponse:
    rows = list(budget.lines.filter(pk__in=lines).select_related("job", "cost_code", "cost_type"))
    for row in rows:
        row.budget = budget
    context = {
        "budget": budget,
        "lines": rows,
        "total": sum((row.amount for row in rows), ZERO),
        "blocked": line_sets.blockers(rows, request.user),
        "missing": len(set(lines)) - len(rows),
        **problem,
    }
    return render(request, "budgets/cell/delete.html", context, status=status)


@require_POST
@budget_page
def restore(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will add deleted lines again, as new ones that hold what the old ones last held."""
    lines = ids(request.POST, "line")

    def do() -> HttpResponse:
        again = line_sets.restore_lines(budget, user=request.user, now=timezone.now(), lines=lines)
        what = f"{len(again)} lines are" if len(again) > 1 else f"{again[0].job.code} {again[0]} is"
        messages.success(request, f"Undone: {what} here again, added as new with what they last held.")
        return to_pieces(request, budget, again)

    return perform(request, budget, act=do, again=partial(_told, request))


def _told(request: HttpRequest, budget: Budget, *, status: int, **problem: Any) -> HttpResponse:
    return render(request, "budgets/cell/told.html", {"budget": budget, **problem}, status=status)
