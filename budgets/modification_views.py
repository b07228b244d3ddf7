"""One modification: its page, its form with many rows, and its buttons."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from budgets import forms, links, selectors, services
from budgets.forms import TypedModification
from budgets.models import Budget, Modification, ModificationState
from budgets.modification_pages import find, show
from budgets.pages import CONFLICT, budget_page, perform
from workflow import actions
from workflow.actions import ActionBlocked
from workflow.numbers import version


@require_GET
@budget_page
def detail(request: HttpRequest, budget: Budget, *, pk: int) -> HttpResponse:
    """This function will show one modification."""
    return show(request, budget, pk=pk)


@require_http_methods(["GET", "POST"])
@budget_page
def new(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will show the form of a new modification (`?line=` fills it), or keep it."""
    if request.method == "POST":
        return _keep(request, budget, None)
    return _show_form(request, budget, typed=forms.empty_modification(line=request.GET.get("line", "")))


def _too_big(modification: Modification) -> bool:
    """Whether it has more lines than the form holds: such a one is shown, and changed over the API only."""
    return modification.lines.count() > forms.MOST_ROWS


@require_http_methods(["GET", "POST"])
@budget_page
def edit(request: HttpRequest, budget: Budget, *, pk: int) -> HttpResponse:
    """This function will show the form of a modification, or keep what was changed in it."""
    modification = find(budget, pk)
    if _too_big(modification):
        status = 200 if request.method == "GET" else CONFLICT
        return show(request, budget, pk=pk, status=status, too_big=True)
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
    "reverse": services.reverse_modification,
}
DONE = {
    "make_effective": "{} is effective. Send the budget to bring it to accounting.",
    "void": "{} is void and counts no longer.",
    "delete_modification": "{} is deleted.",
    "reverse": "The opposite is written as a draft. Look at it, change its words if need be, and make it effective.",
}


@require_http_methods(["GET", "POST"])
@budget_page
def act(request: HttpRequest, budget: Budget, *, pk: int, action: str) -> HttpResponse:
    """This function will do what a button of a modification says; a GET asks for confirmation first."""
    modification = find(budget, pk)
    if request.method == "GET":
        return _confirm(request, budget, modification, action)

    def do() -> HttpResponse:
        seen = {"version": version(request.POST.get("version", ""))} if action == "make_effective" else {}
        result = SERVICES[action](modification, user=request.user, now=timezone.now(), **seen)
        messages.success(request, DONE[action].format(result or modification))
        if result is None:
            return redirect("budgets:modifications", budget.project_id)
        return redirect("budgets:modification", budget.project_id, result.pk)

    return perform(request, budget, act=do, again=partial(show, request, pk=pk))


def _confirm(request: HttpRequest, budget: Budget, modification: Modification, action: str) -> HttpResponse:
    declared = actions.get(modification, action)
    context = {
        "budget": budget,
        "obj": modification,
        "action": declared,
        "label": declared.label_for(modification),
        "before": f"“{declared.label_for(modification)}”",
        "back": links.modification(modification, budget.project_id),
        "warning": _reversed_before(modification) if action == "reverse" else "",
    }
    return render(request, "budgets/confirm.html", context)


def _reversed_before(modification: Modification) -> str:
    """Say that somebody reversed it before: twice takes back more than was given."""
    others = modification.reversals.exclude(state=ModificationState.VOID).order_by("pk")
    if not others:
        return ""
    names = ", ".join(
        f"modification {one.number}" if one.number else f"the draft “{one.title}”" for one in others
    )
    return f"{modification} is reversed already, by {names}. Reversing it again takes it back twice."
