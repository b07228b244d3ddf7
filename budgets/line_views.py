"""Adding, editing and deleting a line: one page each, none of which needs JavaScript."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.apps import apps
from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from budgets import facts, forms, links, services
from budgets.errors import Conflict
from budgets.grid.rows import read
from budgets.history import reading as history
from budgets.models import Budget, BudgetLine
from budgets.pages import budget_page, perform
from budgets.views import show_page
from projects import permissions
from projects.models import CostCode, CostType, Job, Unit
from workflow import actions
from workflow.numbers import version


@require_http_methods(["GET", "POST"])
@budget_page
def add(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will show the empty form of a line, or add the line that was typed."""
    if request.method == "GET":
        return _show_add(request, budget, typed={"job": request.GET.get("job", "")})
    typed = forms.typed_line(request.POST)

    def do() -> HttpResponse:
        line = services.add_line(budget, user=request.user, now=timezone.now(), values=typed)
        messages.success(request, f"Added {line.job.code} {line}.")
        if "another" in request.POST:
            return redirect("budgets:line_add", budget.project_id)
        return redirect(links.row(line.pk, budget.project_id))

    return perform(request, budget, act=do, again=partial(_show_add, request, typed=typed))


def _show_add(
    request: HttpRequest, budget: Budget, *, typed: dict[str, Any], status: int = 200, **problem: Any
) -> HttpResponse:
    context = {
        **_choices(budget),
        "values": typed,
        "amount_frozen": budget.state != "draft",
        "blocked": actions.blockers(budget, "add_line", request.user),
        **problem,
    }
    return render(request, "budgets/line.html", context, status=status)


@require_http_methods(["GET", "POST"])
@budget_page
def edit(request: HttpRequest, budget: Budget, *, pk: int) -> HttpResponse:
    """This function will show a line, or change it if it is still as the person saw it."""
    if request.method == "GET":
        line_of(budget, pk)
        return _show_edit(request, budget, pk=pk, typed=None)
    typed = forms.typed_line(request.POST)
    if was_deleted(budget, pk):
        return _gone(request, budget, typed=typed, problem={})
    line = line_of(budget, pk)

    def do() -> HttpResponse:
        changed = services.edit_line(
            line,
            user=request.user,
            now=timezone.now(),
            version=version(request.POST.get("version", "")),
            values=typed,
        )
        messages.success(request, f"Changed {changed.job.code} {changed}.")
        return redirect(links.row(changed.pk, budget.project_id))

    return perform(request, budget, act=do, again=partial(_show_edit, request, pk=pk, typed=typed))


def _show_edit(
    request: HttpRequest,
    budget: Budget,
    *,
    pk: int,
    typed: dict[str, Any] | None,
    status: int = 200,
    **problem: Any,
) -> HttpResponse:
    line = (
        budget.lines.select_related("job", "cost_code", "cost_type", "unit", "changed_by")
        .filter(pk=pk)
        .first()
    )
    if line is None:
        return _gone(request, budget, typed=typed, problem=problem)
    line.budget = budget
    stored = forms.stored_line(line)
    values = {**stored, **(typed or {})}
    context = {
        **_choices(budget),
        "line": line,
        "values": values,
        "differences": forms.differences(stored, values) if "conflict" in problem else [],
        "blocked": actions.blockers(line, "edit_line", request.user),
        **known(budget, line, user=request.user),
        **problem,
    }
    return render(request, "budgets/line.html", context, status=status)


@require_GET
@budget_page
def about(request: HttpRequest, budget: Budget, *, pk: int) -> HttpResponse:
    """This function will render everything known about a line, for the panel beside the grid."""
    line = line_of(budget, pk)
    return render(
        request,
        "budgets/line_panel.html",
        {**known(budget, line, user=request.user), "budget": budget, "line": line},
    )


def known(budget: Budget, line: BudgetLine, *, user: Any) -> dict[str, Any]:
    """This function will gather what is shown about a line; its history is told to those who may see one."""
    rows = read(budget, only=Q(pk=line.pk))
    changes = line.changes.select_related("modification").order_by("modification__date", "pk")
    return {
        "row": rows[0] if rows else None,
        "erp": facts.erp_name(budget),
        "changes": list(changes),
        "history": history.changes_of_line(line)
        if permissions.may(user, budget.project, "history")
        else None,
    }


def was_deleted(budget: Budget, pk: int) -> bool:
    """This function will tell whether this budget had such a line once: its history says so."""
    if budget.lines.filter(pk=pk).exists():
        return False
    history = apps.get_model("budgets", "BudgetLineEvent")
    return history.objects.filter(pgh_obj_id=pk, budget_id=budget.pk).exists()


def _gone(
    request: HttpRequest, budget: Budget, *, typed: dict[str, Any] | None, problem: dict[str, Any]
) -> HttpResponse:
    conflict = problem.get("conflict") or Conflict("Somebody deleted this line.", current=None)
    context = {"budget": budget, "conflict": conflict, "typed": typed}
    return render(request, "budgets/gone.html", context, status=409)


@require_http_methods(["GET", "POST"])
@budget_page
def delete(request: HttpRequest, budget: Budget, *, pk: int) -> HttpResponse:
    """This function will ask whether a line shall go, or delete it."""
    line = line_of(budget, pk)
    if request.method == "GET":
        context = {"budget": budget, "line": line, "row": forms.stored_line(line)}
        return render(request, "budgets/line_delete.html", context)
    name = f"{line.job.code} {line}"

    def do() -> HttpResponse:
        services.delete_line(line, user=request.user, now=timezone.now())
        messages.success(request, f"Deleted {name}.")
        return redirect("budgets:page", budget.project_id)

    return perform(request, budget, act=do, again=partial(show_page, request))


def line_of(budget: Budget, pk: int) -> BudgetLine:
    """This function will find a line of this budget; a foreign or missing one is a 404 alike."""
    lines = budget.lines.select_related("job", "cost_code", "cost_type", "unit", "changed_by")
    line = lines.filter(pk=pk).first()
    if line is None:
        raise Http404("This line does not exist, or it was deleted.")
    line.budget = budget
    return line


def _choices(budget: Budget) -> dict[str, Any]:
    company = budget.project.company_id
    return {
        "budget": budget,
        "jobs": _jobs(budget),
        "cost_codes": CostCode.objects.filter(company=company)
        .exclude(parent=None)
        .values_list("code", "name"),
        "cost_types": list(CostType.objects.filter(company=company)),
        "units": Unit.objects.filter(company=company).values_list("code", "name"),
        "labels": forms.LABELS,
    }


def _jobs(budget: Budget) -> list[Job]:
    """This function will list a project's jobs, the main job first."""
    return sorted(
        Job.objects.filter(project=budget.project_id), key=lambda job: (job.parent_id is not None, job.code)
    )
