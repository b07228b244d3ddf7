"""Modifications: the list, one of them, and its form with several rows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Q, Sum
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from budgets import forms, links, selectors, services
from budgets.forms import TypedModification
from budgets.models import Budget, Modification
from budgets.money import ZERO
from budgets.pages import CONFLICT, budget_page, frame, perform
from workflow import actions
from workflow.actions import ActionBlocked
from workflow.numbers import number, version


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


@require_GET
@budget_page
def detail(request: HttpRequest, budget: Budget, *, pk: int) -> HttpResponse:
    """This function will show one modification."""
    return _show(request, budget, pk=pk)


def _show(
    request: HttpRequest, budget: Budget, *, pk: int, status: int = 200, **problem: Any
) -> HttpResponse:
    modification = _modification(budget, pk)
    changes = modification.lines.select_related("line__job", "line__cost_code", "line__cost_type")
    context = {
        "budget": budget,
        "modification": modification,
        "changes": changes,
        "net": sum((change.amount for change in changes), ZERO),
        "moved": sum((change.amount for change in changes if change.amount > 0), ZERO),
        "most_rows": forms.MOST_ROWS,
        **problem,
    }
    return render(request, "budgets/modification.html", context, status=status)


def _modification(budget: Budget, pk: int) -> Modification:
    row = budget.modifications.select_related("changed_by").filter(pk=pk).first()
    if row is None:
        raise Http404("This modification does not exist, or it was deleted.")
    row.budget = budget
    return row


@require_http_methods(["GET", "POST"])
@budget_page
def new(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will show the form of a new modification (`?line=`, `?reverse=` fill it), or keep it."""
    if request.method == "POST":
        return _keep(request, budget, None)
    other = number(request.GET.get("reverse", ""))
    if other is None:
        return _show_form(request, budget, typed=forms.empty_modification(line=request.GET.get("line", "")))
    reversed_one = _modification(budget, other)
    if _too_big(reversed_one):
        return _show(request, budget, pk=other, too_big=True)
    return _show_form(request, budget, typed=forms.stored_modification(reversed_one, reverse=True))


def _too_big(modification: Modification) -> bool:
    """Whether it has more lines than the form holds: such a one is shown, and changed over the API only."""
    return modification.lines.count() > forms.MOST_ROWS


@require_http_methods(["GET", "POST"])
@budget_page
def edit(request: HttpRequest, budget: Budget, *, pk: int) -> HttpResponse:
    """This function will show the form of a modification, or keep what was changed in it."""
    modification = _modification(budget, pk)
    if _too_big(modification):
        status = 200 if request.method == "GET" else CONFLICT
        return _show(request, budget, pk=pk, status=status, too_big=True)
    if request.method == "GET":
        typed = forms.stored_modification(modification)
        return _show_form(request, budget, typed=typed, modification=modification)
    return _keep(request, budget, modification)


def _keep(request: HttpRequest, budget: Budget, modification: Modification | None) -> HttpResponse:
    typed = forms.typed_modification(request.POST)
    again = partial(_show_form, request, typed=typed, modification=modification)
    if "more" in request.POST:
        typed.rows = forms.blank_rows(typed.rows, more=forms.EMPTY_ROWS)
        return again(budget)

    def do() -> HttpResponse:
        values = forms.read_modification(typed, budget)
        saved = services.save_modification(
            budget,
            user=request.user,
            now=timezone.now(),
            modification=modification,
            version=typed.version if modification else None,
            **values,
        )
        if request.POST.get("then") == "effective":
            _try_effective(request, saved)
        else:
            messages.success(
                request, f"Kept {saved}.{' It does not count yet.' if saved.number is None else ''}"
            )
        return redirect("budgets:modification", budget.project_id, saved.pk)

    return perform(request, budget, act=do, again=again)


def _try_effective(request: HttpRequest, draft: Modification) -> None:
    """Let a draft that was just saved count. Where that is blocked the draft stays, and its page says why."""
    try:
        with transaction.atomic():
            done = services.make_effective(
                draft, user=request.user, now=timezone.now(), version=draft.version
            )
    except ActionBlocked:
        messages.warning(request, "Saved as a draft, but it does not count yet: see what stands in the way.")
    else:
        messages.success(request, f"{done} is effective. Send the budget to bring it to accounting.")


def _show_form(
    request: HttpRequest,
    budget: Budget,
    *,
    typed: TypedModification,
    modification: Modification | None = None,
    status: int = 200,
    **problem: Any,
) -> HttpResponse:
    if modification is not None:
        modification = budget.modifications.filter(pk=modification.pk).first()
        if modification is None:
            return render(request, "budgets/gone.html", {"budget": budget, **problem}, status=409)
        modification.budget = budget
    divisions = selectors.divisions(budget)
    choices = sum(len(division.rows) for division in divisions)
    subject, name = (modification, "change_modification") if modification else (budget, "modify")
    names = {str(row.pk): forms.choice(row.line) for division in divisions for row in division.rows}
    for row in typed.rows:
        row.shown = names.get(row.line, row.line)
    context = {
        "budget": budget,
        "modification": modification,
        "typed": typed,
        "divisions": divisions,
        "one_list": max(choices, len(typed.rows)) > forms.MOST_CHOICES,
        "must_balance": not budget.project.company.allow_total_change,
        "blocked": actions.blockers(subject, name, request.user),
        **problem,
    }
    return render(request, "budgets/modification_form.html", context, status=status)


SERVICES: dict[str, Callable[..., Any]] = {
    "make_effective": services.make_effective,
    "void": services.void_modification,
    "delete_modification": services.delete_modification,
}
DONE = {
    "make_effective": "{} is effective. Send the budget to bring it to accounting.",
    "void": "{} is void and counts no longer.",
    "delete_modification": "{} is deleted.",
}


@require_http_methods(["GET", "POST"])
@budget_page
def act(request: HttpRequest, budget: Budget, *, pk: int, action: str) -> HttpResponse:
    """This function will do what a button of a modification says; a GET asks for confirmation first."""
    modification = _modification(budget, pk)
    if request.method == "GET":
        return _confirm(request, budget, modification, action)

    def do() -> HttpResponse:
        seen = {"version": version(request.POST.get("version", ""))} if action == "make_effective" else {}
        result = SERVICES[action](modification, user=request.user, now=timezone.now(), **seen)
        messages.success(request, DONE[action].format(result or modification))
        if result is None:
            return redirect("budgets:modifications", budget.project_id)
        return redirect("budgets:modification", budget.project_id, pk)

    return perform(request, budget, act=do, again=partial(_show, request, pk=pk))


def _confirm(request: HttpRequest, budget: Budget, modification: Modification, action: str) -> HttpResponse:
    declared = actions.get(modification, action)
    context = {
        "budget": budget,
        "obj": modification,
        "action": declared,
        "label": declared.label_for(modification),
        "before": f"“{declared.label_for(modification)}”",
        "back": links.modification(modification, budget.project_id),
    }
    return render(request, "budgets/confirm.html", context)
