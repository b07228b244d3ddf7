"""One modification: its page, its form with many rows, and its buttons."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from budgets import services
from budgets.models import Budget, Modification
from budgets.modifications import confirm as modification_confirm
from budgets.modifications import forms
from budgets.modifications import rework as modification_rework
from budgets.modifications.forms import TypedModification
from budgets.modifications.pages import context_of, find, show
from budgets.pages import CONFLICT, budget_page, frame, perform
from projects import permissions
from projects.models import Company, CostCode, CostType, Job
from workflow import actions
from workflow.actions import ActionBlocked
from workflow.numbers import version

SIGNERS = ("Prepared", "Approved: project manager", "Approved: accounting")
MOST_CODES = 500  # cost codes in a list to type from; a company with more types the code


@require_GET
@budget_page
def detail(request: HttpRequest, budget: Budget, *, pk: int) -> HttpResponse:
    """This function will show one modification."""
    return show(request, budget, pk=pk)


@require_GET
@budget_page
def printed(request: HttpRequest, budget: Budget, *, pk: int) -> HttpResponse:
    """This function will lay one modification out for paper, with lines to sign on."""
    context = {**frame(budget), **context_of(budget, find(budget, pk)), "signers": SIGNERS}
    return render(request, "budgets/modification_print.html", context)


@require_http_methods(["GET", "POST"])
@budget_page
def new(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will show the form of a new modification (`?line=` fills it), or keep it."""
    if request.method == "POST":
        return _keep(request, budget, None)
    return _show_form(request, budget, typed=forms.empty_modification(lines=request.GET.getlist("line")))


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
    if "do" in request.POST:
        forms.look_up(typed, budget, modification, with_costs=False)
        wrong = modification_rework.rework(typed, budget, request.POST)
        return _show_form(request, budget, typed=typed, modification=modification, wrong=wrong)
    again = partial(_show_form, request, typed=typed, modification=modification)

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
            return _go_on(request, budget, saved)
        messages.success(request, f"Kept {saved}.{' It does not count yet.' if saved.number is None else ''}")
        return redirect("budgets:modification", budget.project_id, saved.pk)

    return perform(request, budget, act=do, again=again)


def _go_on(request: HttpRequest, budget: Budget, draft: Modification) -> HttpResponse:
    """Let a draft that was just saved count. Where that is blocked the draft stays, and its page says why."""
    if modification_confirm.asks(draft) and not actions.blockers(draft, "make_effective", request.user):
        return redirect("budgets:modification_act", budget.project_id, draft.pk, "make_effective")
    try:
        with transaction.atomic():
            done = services.make_effective(
                draft, user=request.user, now=timezone.now(), version=draft.version
            )
    except ActionBlocked:
        messages.warning(request, "Saved as a draft, but it does not count yet: see what stands in the way.")
    else:
        messages.success(request, f"{done} is effective. Send the budget to bring it to accounting.")
    return redirect("budgets:modification", budget.project_id, draft.pk)


def _setting(request: HttpRequest, company: Company) -> str:
    """Where the person allows changes of the grand total; empty for whoever may not."""
    if not permissions.may_administer(request.user, company):
        return ""
    return reverse("admin:projects_company_change", args=[company.pk])


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
    subject, name = (modification, "change_modification") if modification else (budget, "modify")
    searching = request.headers.get("HX-Target") == "found"  # only what was found is shown anew
    forms.look_up(typed, budget, modification, with_costs=not searching)
    company = budget.project.company
    codes = CostCode.objects.filter(company=company).values_list("code", "name")
    context = {
        "budget": budget,
        "modification": modification,
        "typed": typed,
        "found": modification_rework.look(typed, budget, request.POST),
        "most_rows": forms.MOST_ROWS,
        "jobs": Job.objects.filter(project=budget.project).order_by("code"),
        "cost_types": CostType.objects.filter(company=company),
        "cost_codes": codes[:MOST_CODES] if codes.count() <= MOST_CODES else (),
        "asked": request.POST,
        "must_balance": not company.allow_total_change,
        "setting": _setting(request, company),
        "administrators": permissions.names(permissions.who_administers(company)),
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
        return modification_confirm.page(request, budget, modification, action=action)
    if action == "make_effective" and modification_confirm.unsure(modification, request):
        return redirect(request.path)

    def do() -> HttpResponse:
        seen = {"version": version(request.POST.get("version", ""))} if action == "make_effective" else {}
        result = SERVICES[action](modification, user=request.user, now=timezone.now(), **seen)
        messages.success(request, DONE[action].format(result or modification))
        if result is None:
            return redirect("budgets:modifications", budget.project_id)
        return redirect("budgets:modification", budget.project_id, result.pk)

    return perform(request, budget, act=do, again=partial(show, request, pk=pk))
