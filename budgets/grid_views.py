"""The Cost Code Detail: all of it on the page, the rows of one division or a single row as fragments."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from budgets import columns, facts, grid, rows, saved_views, selectors
from budgets.models import Budget
from budgets.pages import budget_page
from budgets.row_markup import chunks
from projects.models import Job


def context(request: HttpRequest, budget: Budget, *, jobs: list[Job]) -> dict[str, Any]:
    """This function will lay out the grid the way the address asks."""
    by_job = request.GET.get("by") == "job"
    shown = shown_columns(request, budget, jobs=len(jobs))
    laid_out = grid.build(budget, rows.read(budget), columns=shown, jobs=jobs, by_job=by_job)
    view = saved_views.of_page(request, budget)
    costs = facts.costs(budget) if view.asks_for_costs else None
    return {
        "grid": laid_out,
        "titles": titles(budget, shown),
        "by_job": by_job,
        "view": view,
        "costs": costs,
    }


def shown_columns(request: HttpRequest, budget: Budget, *, jobs: int) -> list[columns.Column]:
    """This function will find the columns of the view; the job is none where it is the only one, or a level."""
    shown = saved_views.of_page(request, budget)
    return shown.columns(with_job=jobs > 1 and request.GET.get("by") != "job")


def titles(budget: Budget, shown: list[columns.Column]) -> list[tuple[columns.Column, str]]:
    """This function will head columns, with the ERP by its name."""
    erp = facts.erp_name(budget)
    return [(column, column.title(erp)) for column in shown]


@require_GET
@budget_page
def division(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will render the rows of one division, of one job where the address names it."""
    asked = request.GET.get("division", "")
    only = Q(cost_code=None) if asked == selectors.UNKNOWN else Q(cost_code__division=asked)
    if job := request.GET.get("job", ""):
        only &= Q(job__code=job)
    return render_rows(request, budget, only=only)


@require_GET
@budget_page
def row(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will render one row, as it is now: the line `line` of the address."""
    pk = request.GET.get("line", "")
    if not (pk.isdecimal() and budget.lines.filter(pk=int(pk)).exists()):
        raise Http404("This line does not exist, or it was deleted.")
    return render_rows(request, budget, only=Q(pk=int(pk)))


def render_rows(request: HttpRequest, budget: Budget, *, only: Q) -> HttpResponse:
    """This function will render the rows of some lines, with the remarks below them."""
    jobs = Job.objects.filter(project=budget.project_id).count()
    shown = shown_columns(request, budget, jobs=jobs)
    written = chunks(rows.read(budget, only=only), shown, project_id=budget.project_id)
    found = {"budget": budget, "chunks": list(written), "width": len(shown)}
    return render(request, "budgets/rows_alone.html", found)
