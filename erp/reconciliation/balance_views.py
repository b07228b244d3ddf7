"""The project manager's page of the reconciliation: read only, with who decides and where."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_POST

from budgets.files import downloads
from budgets.models import Budget
from budgets.pages import budget_page, frame, perform
from erp import services
from erp.models import ReadingState
from erp.reconciliation import balance_pages
from erp.reconciliation.balance_reads import balance_of
from erp.snapshots import erp_connection
from erp.words import erp_name
from projects import permissions

FILE = "file"


@require_GET
@budget_page
def page(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will show each difference between a budget and the ERP, or as a file where asked for one."""
    if request.GET.get(FILE) in downloads.KINDS:
        return file(budget, request.GET[FILE])
    return _show(request, budget)


def _show(request: HttpRequest, budget: Budget, *, status: int = 200, **problem: Any) -> HttpResponse:
    company = budget.project.company
    context = {
        **frame(budget),
        **balance_pages.context(budget, user=request.user, show=request.GET.get("show", ""), desk=False),
        "at_desk": reverse("admin:erp_reconciliation_project", args=[budget.pk])
        if permissions.may_decide(request.user, company)
        else "",
        "deciders": permissions.names(permissions.who_may_decide(company)),
        "read_url": reverse("budgets:reconciliation_read", args=[budget.project_id]),
        "asked_url": reverse("budgets:reconciliation_asked", args=[budget.project_id]),
        **problem,
    }
    return render(request, "erp/reconciliation.html", context, status=status)


def file(budget: Budget, kind: str) -> HttpResponse:
    """This function will answer with every budget code, its difference and its causes as a file."""
    _, balance = balance_of(budget)
    erp = erp_name(erp_connection(budget))
    shown = list(balance_pages.shown_rows(budget, balance, desk=False))
    return downloads.table(
        kind,
        name=slugify(f"{budget.project.name} reconciliation"),
        header=balance_pages.file_header(erp),
        rows=balance_pages.file_rows(shown, balance),
    )


@require_POST
@budget_page
def read(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will let a task read the ERP; the page does not wait for it."""

    def do() -> HttpResponse:
        services.read_erp(budget, user=request.user, now=timezone.now())
        messages.success(request, "The ERP is being read. This page shows it when it is done.")
        return redirect("budgets:reconciliation", budget.project_id)

    return perform(request, budget, act=do, again=partial(_show, request))


@require_GET
@budget_page
def asked(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will answer a page that waits for a reading."""
    return still_asked(budget)


def still_asked(budget: Budget) -> HttpResponse:
    """This function will answer 204 until a reading that was asked for is made or has failed, then reload the page."""
    if budget.readings.filter(state=ReadingState.ASKED).exists():
        return HttpResponse(status=204)
    return HttpResponse(headers={"HX-Refresh": "true"})
