"""The Cost Code Detail: on the page, the rows of one group or a single row as fragments, and all of it for paper."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from budgets import facts, links
from budgets.grid import columns, look, rows
from budgets.grid import groups as grid
from budgets.grid.row_markup import chunks
from budgets.models import Budget
from budgets.pages import budget_page, frame
from budgets.saved_views import choosing as saved_views
from projects.models import Job
from workflow.numbers import number

DENSITY = "tieback_density"  # the cookie that keeps what a person chose on this computer
COMPACT, COMFORTABLE = "compact", "comfortable"
A_YEAR = 365 * 24 * 3600


def context(request: HttpRequest, budget: Budget, *, jobs: list[Job]) -> dict[str, Any]:
    """This function will lay out the grid the way the address asks."""
    asked = asked_look(request, jobs=len(jobs))
    shown = shown_columns(request, budget, jobs=len(jobs))
    laid_out = grid.build(budget, asked, columns=shown, jobs=jobs)
    erp = facts.erp_name(budget)
    view = saved_views.of_page(request, budget)
    return {
        "view": view,
        "costs": facts.costs(budget) if view.asks_for_costs else None,
        "grid": laid_out,
        "look": laid_out.look,
        "titles": [(column, column.title(erp)) for column in shown],
        "chips": [
            (key, label.format(erp=erp), laid_out.chips[key], key in asked.chips, asked.toggled(key))
            for key, label in look.CHIPS.items()
        ],
        "groupings": [
            (label, by == asked.by, asked.grouped(by))
            for by, label in look.GROUPINGS.items()
            if by != look.JOB or len(jobs) > 1
        ],
        "whole": asked.query(**look.AFRESH | {"expand": look.ALL}),
        "closed": asked.query(**look.AFRESH | {"expand": look.NONE}),
        "compact": request.COOKIES.get(DENSITY) == COMPACT,
    }


def found(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will render the grid alone, for a search that changes the page in place."""
    jobs = list(Job.objects.filter(project=budget.project_id))
    shown = {"budget": budget, **context(request, budget, jobs=jobs)}
    return render(request, "budgets/found.html", shown)


def asked_look(request: HttpRequest, *, jobs: int) -> look.Look:
    """This function will read what the address asks for; one job alone is no level."""
    asked = look.of(request.GET)
    return replace(asked, by=look.DIVISION) if asked.by_job and jobs == 1 else asked


def shown_columns(request: HttpRequest, budget: Budget, *, jobs: int) -> list[columns.Column]:
    """This function will find the columns of the view; the job is none where it is the only one, or a level."""
    shown = saved_views.of_page(request, budget)
    return shown.columns(with_job=jobs > 1 and request.GET.get("by") != look.JOB)


@require_GET
@budget_page
def division(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will render the rows of one group: `division` or `type`, of the `job` of a grid by sub job."""
    asked = look.of(request.GET)
    code = request.GET.get("type" if asked.by == look.TYPE else "division", "")
    job = request.GET.get("job", "")
    if job and not asked.by_job:
        asked = replace(asked, by=look.JOB)
    shown = shown_columns(request, budget, jobs=Job.objects.filter(project=budget.project_id).count())
    found = grid.one_group(budget, asked, (job, code), columns=shown)
    return render(
        request,
        "budgets/rows_alone.html",
        {"budget": budget, "group": found, "width": len(shown), "look": asked},
    )


@require_GET
@budget_page
def row(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will render one row, as it is now: the line `line` of the address."""
    pk = number(request.GET.get("line", ""))
    shown = shown_columns(request, budget, jobs=Job.objects.filter(project=budget.project_id).count())
    found = [] if pk is None else rows.read(budget, only=Q(pk=pk), columns=shown)
    if not found:
        raise Http404("This line does not exist, or it was deleted.")
    written = {"rows": list(chunks(found, shown, project_id=budget.project_id))}
    return render(
        request, "budgets/rows_alone.html", {"budget": budget, "group": written, "width": len(shown)}
    )


@require_GET
@budget_page
def paper(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will show the grid for printing: every row that the filters show, whatever is open on the page."""
    head = frame(budget)
    asked = replace(look.of(request.GET), expand=look.ALL, opened=frozenset(), closed=frozenset(), line=None)
    shown = shown_columns(request, budget, jobs=len(head["jobs"]))
    erp = facts.erp_name(budget)
    found = {
        **head,
        "grid": grid.build(budget, asked, columns=shown, jobs=head["jobs"]),
        "look": asked,
        "titles": [(column, column.title(erp)) for column in shown],
        "chips": [label.format(erp=erp) for key, label in look.CHIPS.items() if key in asked.chips],
        "printed_at": timezone.now(),
    }
    return render(request, "budgets/print.html", found)


@require_POST
@budget_page
def density(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will remember how dense a person wants the grid, and go back to it."""
    back = request.POST.get("back", "")
    here = links.page(budget)
    safe = url_has_allowed_host_and_scheme(back, None) and urlsplit(back).path == here
    answer = redirect(back if safe else here)
    chosen = COMPACT if request.POST.get("density") == COMPACT else COMFORTABLE
    return remember_density(answer, chosen, secure=request.is_secure())


def remember_density(answer: HttpResponse, chosen: str, *, secure: bool) -> HttpResponse:
    """This function will keep how dense the grid is in a cookie."""
    answer.set_cookie(DENSITY, chosen, max_age=A_YEAR, samesite="Lax", secure=secure)
    return answer
