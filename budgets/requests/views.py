"""The pages of asking and answering: a sentence, and who reads it."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from budgets.models import Budget
from budgets.pages import budget_page, perform
from budgets.requests import services as requests
from budgets.requests.blockers import who_answers
from budgets.requests.book import open_request
from budgets.requests.models import RequestKind
from projects import permissions
from workflow import actions

KINDS = {"ask_unlock": RequestKind.UNLOCK, "ask_return": RequestKind.RETURN}


@require_http_methods(["GET", "POST"])
@budget_page
def ask(request: HttpRequest, budget: Budget, *, action: str) -> HttpResponse:
    """This function will ask for something; a GET shows who reads the reason, and takes it."""
    kind = KINDS[action]
    readers = permissions.names(who_answers(budget, kind))

    def do() -> HttpResponse:
        requests.ask(
            budget, user=request.user, now=timezone.now(), kind=kind, note=request.POST.get("note", "")
        )
        messages.success(
            request, f"{readers} will read it, here and by mail. You hear of the answer by mail."
        )
        return redirect("budgets:page", budget.project_id)

    show = partial(_sentence, request, action=action, readers=readers)
    return perform(request, budget, act=do, again=show) if request.method == "POST" else show(budget)


@require_http_methods(["GET", "POST"])
@budget_page
def decline(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will turn a request to unlock down; a GET takes the sentence."""

    def do() -> HttpResponse:
        requests.decline_unlock(
            budget, user=request.user, now=timezone.now(), note=request.POST.get("note", "")
        )
        messages.success(request, "Declined. Whoever asked is told by mail.")
        return redirect("budgets:page", budget.project_id)

    asked = open_request(budget, RequestKind.UNLOCK)
    readers = permissions.names([asked.asked_by]) if asked else ""
    show = partial(_sentence, request, action="decline_unlock", readers=readers, asked=asked)
    return perform(request, budget, act=do, again=show) if request.method == "POST" else show(budget)


@require_POST
@budget_page
def withdraw(request: HttpRequest, budget: Budget, *, kind: str) -> HttpResponse:
    """This function will take one's own request back."""

    def do() -> HttpResponse:
        requests.withdraw(budget, user=request.user, now=timezone.now(), kind=kind)
        messages.success(request, "Taken back.")
        return redirect("budgets:page", budget.project_id)

    show = partial(_sentence, request, action=requests.WITHDRAWS[RequestKind(kind)], readers="")
    return perform(request, budget, act=do, again=show)


def _sentence(
    request: HttpRequest, budget: Budget, *, action: str, readers: str, status: int = 200, **problem: Any
) -> HttpResponse:
    declared = actions.get(budget, action)
    context = {
        "budget": budget,
        "action": declared,
        "label": declared.label_for(budget),
        "readers": readers,
        "note": request.POST.get("note", ""),
        **problem,
    }
    return render(request, "budgets/ask.html", context, status=status)
