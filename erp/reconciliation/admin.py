"""The reconciliation in the approvers' desk: every project of their companies, and one project with its decisions."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from budgets.errors import Conflict, InvalidInput
from budgets.files import downloads
from budgets.models import Budget
from budgets.states import state_of
from erp import services
from erp.desk import DeskAdmin, companies, memberships
from erp.models import Connection
from erp.port import ErpKey
from erp.reconciliation import actions as reconciliation_actions
from erp.reconciliation import balance_company, balance_pages, balance_views, drift, drift_blockers
from projects.models import Job
from workflow import submissions
from workflow.actions import ActionBlocked
from workflow.numbers import number

CONFLICT, UNPROCESSABLE = 409, 422


class ReconciliationAdmin(DeskAdmin):
    """No rows of its own: the pages are worked out."""

    def get_urls(self) -> list[URLPattern]:
        """The company's page and a project's; Django's own forms are left out."""
        pages: tuple[tuple[str, Callable[..., HttpResponse], str], ...] = (
            ("", every, "erp_reconciliation"),
            ("", every, "erp_driftdecision_changelist"),
            ("read-all/<int:pk>/", read_all, "erp_reconciliation_read_all"),
            ("progress/", progress, "erp_reconciliation_progress"),
            ("<int:pk>/", page, "erp_reconciliation_project"),
            ("<int:pk>/settle/", settle, "erp_reconciliation_settle"),
            ("<int:pk>/read/", read, "erp_reconciliation_read"),
            ("<int:pk>/asked/", asked, "erp_reconciliation_asked"),
        )
        return [path(at, self.admin_site.admin_view(view), name=name) for at, view, name in pages]


# -- one project ------------------------------------------------------------------------------------------


def _budget(request: HttpRequest, pk: int) -> Budget:
    rows = Budget.objects.filter(project__company__in=companies(request), pk=pk)
    budget = rows.select_related("project__company").first()
    if budget is None:
        raise Http404("There is no such project among your companies.")
    return budget


def on_budget(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """This decorator will hand a view the budget of its `pk`, in the time zone of its company."""

    @wraps(view)
    def inner(request: HttpRequest, pk: int) -> HttpResponse:
        budget = _budget(request, pk)
        with timezone.override(budget.project.company.time_zone):
            return view(request, budget)

    return inner


@require_GET
@on_budget
def page(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will show each difference of a project with its cause, and decide on what was changed."""
    if request.GET.get(balance_views.FILE) in downloads.KINDS:
        return balance_views.file(budget, request.GET[balance_views.FILE])
    return show(request, budget)


def show(request: HttpRequest, budget: Budget, *, status: int = 200, **problem: Any) -> HttpResponse:
    """This function will render a project's reconciliation, also after a refused decision."""
    told = balance_pages.context(budget, user=request.user, show=request.GET.get("show", ""), desk=True)
    drift_blockers.know(budget, told["balance"])
    context = {
        "budget": budget,
        "project": budget.project,
        "state": state_of(budget),
        "main_job": Job.objects.filter(project=budget.project_id, parent=None).first(),
        "nav": "reconciliation",
        "kinds": balance_pages.kinds(budget, request.user),
        "read_url": reverse("admin:erp_reconciliation_read", args=[budget.pk]),
        "asked_url": reverse("admin:erp_reconciliation_asked", args=[budget.pk]),
        **told,
        **problem,
    }
    return render(request, "admin/erp/reconciliation/project.html", context, status=status)


@require_POST
@on_budget
def settle(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will decide which value holds on the chosen lines."""
    named = request.POST.getlist("code")
    seen = dict(_seen(text) for text in (*named, *request.POST.getlist("shown")))

    def do() -> HttpResponse:
        done = drift.settle(
            budget,
            user=request.user,
            now=timezone.now(),
            kind=request.POST.get("kind", ""),
            reading_hash=request.POST.get("reading_hash", ""),
            codes=None if "all" in request.POST else [_seen(text)[0] for text in named],
            seen=seen,
            note=request.POST.get("note", ""),
        )
        messages.success(request, _said(done[0].kind, len(done)))
        return redirect("admin:erp_reconciliation_project", budget.pk)

    return _perform(request, budget, do)


SAID = {
    "take": "Our budget follows. Nothing of it is sent.",
    "keep": "The project manager finds the difference to send; another approver accepts it.",
    "accept": "The difference stays and is silent until the ERP’s amount changes again.",
}


def _said(kind: str, lines: int) -> str:
    return f"Decided on {'1 line' if lines == 1 else f'{lines} lines'}. {SAID[kind]}"


def _seen(text: str) -> tuple[ErpKey, Decimal]:
    """A code and what the ERP held there, as the form names them. Raises InvalidInput."""
    parts = text.rsplit("|", 3)
    try:
        return ErpKey(parts[0], parts[1], parts[2]), Decimal(parts[3])
    except (IndexError, InvalidOperation):
        raise Http404("There is no such line.") from None


def _perform(request: HttpRequest, budget: Budget, do: Callable[[], HttpResponse]) -> HttpResponse:
    """Do it once for this form; a refusal shows the page as it is now, with what was typed."""
    typed = {
        "kind": request.POST.get("kind", ""),
        "note": request.POST.get("note", ""),
        "codes": {text.rsplit("|", 1)[0] for text in request.POST.getlist("code")},
    }
    try:
        return submissions.once(request, do)
    except ActionBlocked as refused:
        return show(request, _budget(request, budget.pk), status=CONFLICT, refused=refused, typed=typed)
    except Conflict as conflict:
        return show(request, _budget(request, budget.pk), status=CONFLICT, conflict=conflict, typed=typed)
    except InvalidInput as invalid:
        again = _budget(request, budget.pk)
        return show(request, again, status=UNPROCESSABLE, errors=invalid.errors, typed=typed)


@require_POST
@on_budget
def read(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will let a task read the ERP for a project."""

    def do() -> HttpResponse:
        services.read_erp(budget, user=request.user, now=timezone.now())
        messages.success(request, "The ERP is being read. This page shows it when it is done.")
        return redirect("admin:erp_reconciliation_project", budget.pk)

    return _perform(request, budget, do)


@require_GET
@on_budget
def asked(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will answer a page that waits for a reading."""
    return balance_views.still_asked(budget)


# -- all projects -----------------------------------------------------------------------------------------


@require_GET
def every(request: HttpRequest) -> HttpResponse:
    """This function will list every linked project with its totals and causes, or as a file."""
    return _every(request)


def _every(request: HttpRequest, *, status: int = 200, **problem: Any) -> HttpResponse:
    mine = memberships(request)
    chosen = number(request.GET.get("company", "")) or 0
    wanted = [row.company_id for row in mine if not chosen or row.company_id == chosen]
    found = balance_company.every(wanted)
    if request.GET.get(balance_views.FILE) in downloads.KINDS:
        return downloads.table(
            request.GET[balance_views.FILE],
            name="reconciliation",
            header=balance_company.HEADER,
            rows=balance_company.file_rows(found),
        )
    of_desk = [(row.company_id, str(row.company)) for row in mine]
    context = {
        "nav": "reconciliation",
        "found": found,
        "rows": balance_company.chosen(
            found, show=request.GET.get("show", ""), sort=request.GET.get("sort", "")
        ),
        **balance_company.choices(found, request.GET, of_desk),
        "connections": Connection.objects.filter(company__in=wanted).select_related("company"),
        "desk_companies": of_desk,
        "chosen_company": chosen,
        **balance_company.being_read(wanted),
        **problem,
    }
    return render(request, "admin/erp/reconciliation/company.html", context, status=status)


@require_POST
def read_all(request: HttpRequest, pk: int) -> HttpResponse:
    """This function will let tasks read every project of a company again."""
    rows = Connection.objects.filter(company__in=companies(request), pk=pk).select_related("company")
    connection = rows.first()
    if connection is None:
        raise Http404("There is no such connection among your companies.")

    def do() -> HttpResponse:
        asked = reconciliation_actions.read_all(connection, user=request.user, now=timezone.now())
        messages.success(request, f"{asked} projects are being read. This page shows how far that is.")
        return redirect("admin:erp_reconciliation")

    try:
        return submissions.once(request, do)
    except ActionBlocked as refused:
        return _every(request, status=CONFLICT, refused=refused)


@require_GET
def progress(request: HttpRequest) -> HttpResponse:
    """This function will render how many projects are still being read; reloads the page when none is."""
    told = balance_company.being_read(companies(request))
    answer = render(request, "admin/erp/reconciliation/progress.html", told)
    if not told["reading_left"]:
        answer["HX-Refresh"] = "true"
    return answer
