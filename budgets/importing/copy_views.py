"""The page on which a person takes another project's budget as a start; what comes of it is an import's preview."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from budgets import selectors
from budgets.errors import InvalidInput
from budgets.importing import copying
from budgets.importing import staging as import_staging
from budgets.models import Budget
from budgets.pages import budget_page, perform
from projects.models import Job
from workflow import actions
from workflow.numbers import version

MOST_SHOWN = 20


@require_http_methods(["GET", "POST"])
@budget_page
def copy(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will let a person search a project, choose what becomes of jobs and amounts, and look."""
    if request.method == "GET":
        return _show(request, budget)

    def do() -> HttpResponse:
        source = _chosen(request, budget, request.POST.get("project", ""))
        if source is None:
            raise InvalidInput({"project": "Choose a project."})
        choices = {
            "amounts": request.POST.get("amounts", ""),
            "percent": request.POST.get("percent", ""),
            "jobs": {job.code: request.POST.get(f"job_{job.pk}", "") for job in _sub_jobs(source)},
        }
        staged = import_staging.stage_copy(
            budget, user=request.user, now=timezone.now(), source=source, choices=choices
        )
        return redirect("budgets:import_look", budget.project_id, staged.pk)

    return perform(request, budget, act=do, again=partial(_show, request))


def _chosen(request: HttpRequest, budget: Budget, typed: str) -> Budget | None:
    rows = selectors.visible_budgets(request.user).exclude(pk=budget.pk)
    return rows.filter(project=version(typed)).first()


def _sub_jobs(budget: Budget) -> list[Job]:
    return list(Job.objects.filter(project=budget.project_id).exclude(parent=None).order_by("code"))


def _show(request: HttpRequest, budget: Budget, *, status: int = 200, **problem: Any) -> HttpResponse:
    given = request.POST or request.GET
    query = given.get("q", "").strip()
    source = _chosen(request, budget, given.get("project", ""))
    found = (
        selectors.visible_budgets(request.user).exclude(pk=budget.pk).filter(lines__isnull=False).distinct()
    )
    if query:
        matching = Job.objects.filter(code__icontains=query).values("project")
        found = found.filter(Q(project__name__icontains=query) | Q(project__in=matching))
    context = {
        "budget": budget,
        "blocked": actions.blockers(budget, "import_file", request.user),
        "query": query,
        "found": [] if source else list(found.order_by("project__name")[: MOST_SHOWN + 1]),
        "most": MOST_SHOWN,
        "source": source,
        "totals": selectors.totals(source) if source else None,
        "count": source.lines.count() if source else 0,
        "sub_jobs": [(job, given.get(f"job_{job.pk}", "")) for job in _sub_jobs(source)] if source else [],
        "our_jobs": Job.objects.filter(project=budget.project_id).order_by("code"),
        "amounts": copying.AMOUNTS,
        "chosen": given.get("amounts", "same"),
        "percent": given.get("percent", ""),
        **problem,
    }
    return render(request, "budgets/import/copy.html", context, status=status)
