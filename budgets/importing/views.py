"""The pages of an import: bring a file or paste rows, choose columns, look, load. None of them needs JavaScript."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from budgets import links
from budgets.errors import InvalidInput
from budgets.files import layouts
from budgets.files.export_files import repair_file
from budgets.files.layouts import Layout
from budgets.importing import column_choice as import_columns
from budgets.importing import pages as import_pages
from budgets.importing import staging as import_staging
from budgets.importing import working
from budgets.importing.models import HEAVY, ImportKind, ImportState, StagedImport
from budgets.models import Budget
from budgets.pages import budget_page, perform
from workflow import actions
from workflow.numbers import version

PASTED = "pasted rows"


@require_http_methods(["GET", "POST"])
@budget_page
def begin(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will ask for a file or pasted rows, or keep what was brought and show what it would do."""
    if request.method == "GET":
        return _show_begin(request, budget)

    def do() -> HttpResponse:
        kind, source, content = _brought(request)
        staged = import_staging.stage(
            budget, user=request.user, now=timezone.now(), source=source, content=content, kind=kind
        )
        return redirect("budgets:import_look", budget.project_id, staged.pk)

    return perform(request, budget, act=do, again=partial(_show_begin, request))


def _brought(request: HttpRequest) -> tuple[str, str, bytes]:
    file, pasted = request.FILES.get("file"), request.POST.get("pasted", "")
    if file is not None:
        limit = import_staging.LARGEST_FILE + 1
        return ImportKind.FILE, file.name or "a file", file.read(limit)
    if pasted.strip():
        return ImportKind.PASTED, PASTED, pasted.encode()
    raise InvalidInput({"file": "Choose a file, or paste rows below."})


def _show_begin(request: HttpRequest, budget: Budget, *, status: int = 200, **problem: Any) -> HttpResponse:
    waiting = _of(request.user, budget).exclude(state=ImportState.DONE)
    context = {
        "budget": budget,
        "blocked": actions.blockers(budget, "import_file", request.user),
        "pasted": request.POST.get("pasted", ""),
        "waiting": waiting.exclude(state=ImportState.REFUSED).defer(*HEAVY).order_by("-created_at")[:5],
        **problem,
    }
    return render(request, "budgets/import/begin.html", context, status=status)


def staged_of(request: HttpRequest, budget: Budget, pk: uuid.UUID, *, whole: bool = False) -> StagedImport:
    """This function will find what this person brought for this budget; a 404 for everybody else's."""
    rows = _of(request.user, budget).filter(pk=pk)
    staged = (rows if whole else rows.defer("content")).first()
    if staged is None:
        raise Http404("There is no such import, or it was forgotten: files are kept for two days.")
    staged.budget = budget
    return staged


def _of(user: Any, budget: Budget) -> QuerySet[StagedImport]:
    return StagedImport.objects.filter(budget=budget, user=user, expires_at__gt=timezone.now())


@require_GET
@budget_page
def look(request: HttpRequest, budget: Budget, *, pk: uuid.UUID) -> HttpResponse:
    """This function will show how far an import is: its preview, its progress, its end, or why it is of no use."""
    return show(request, budget, staged=staged_of(request, budget, pk))


def show(
    request: HttpRequest, budget: Budget, *, staged: StagedImport, status: int = 200, **problem: Any
) -> HttpResponse:
    """This function will render the page of a staged import's state, also after something was refused."""
    if staged.state == ImportState.COLUMNS:
        return import_columns.show(request, budget, staged=_with_content(staged), status=status, **problem)
    context = {"budget": budget, "staged": staged, **problem}
    if staged.state == ImportState.PREVIEW:
        context |= import_pages.preview(request, staged)
        context["blocked"] = actions.blockers(budget, "import_file", request.user)
    template = "working" if staged.state in working.AT_WORK else staged.state
    return render(request, f"budgets/import/{template}.html", context, status=status)


def _with_content(staged: StagedImport) -> StagedImport:
    staged.refresh_from_db(fields=["content"])
    return staged


@require_GET
@budget_page
def progress(request: HttpRequest, budget: Budget, *, pk: uuid.UUID) -> HttpResponse:
    """This function will tell a waiting page how far it is, or have it load itself again once that changed."""
    staged = staged_of(request, budget, pk)
    if staged.state not in working.AT_WORK:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "budgets/import/progress.html", {"budget": budget, "staged": staged})


@require_http_methods(["GET", "POST"])
@budget_page
def columns(request: HttpRequest, budget: Budget, *, pk: uuid.UUID) -> HttpResponse:
    """This function will show the file's columns beside our fields, or take the person's choice of them."""
    staged = staged_of(request, budget, pk, whole=True)
    if staged.state in (*working.AT_WORK, ImportState.DONE) or staged.kind == ImportKind.COPY:
        return redirect("budgets:import_look", budget.project_id, staged.pk)
    if request.method == "GET" or "look" in request.POST:
        return import_columns.show(request, budget, staged=staged)
    layout, names = import_columns.chosen(request, staged)
    return _again(
        request,
        budget,
        staged,
        partial(import_staging.choose_columns, staged, now=timezone.now(), layout=layout, names=names),
        show_again=partial(import_columns.show, request, staged=staged),
    )


@require_POST
@budget_page
def decimals(request: HttpRequest, budget: Budget, *, pk: uuid.UUID) -> HttpResponse:
    """This function will take the person's word on what separates the decimals of a file."""
    staged = staged_of(request, budget, pk, whole=True)
    mark = "," if request.POST.get("decimals") == "," else "."
    layout = Layout.from_json({**staged.layout, "decimals": mark})
    names = layouts.names_of(import_columns.rows(staged, layout.sheet), layout.header)
    act = partial(import_staging.choose_columns, staged, now=timezone.now(), layout=layout, names=names)
    return _again(request, budget, staged, act)


@require_POST
@budget_page
def fix(request: HttpRequest, budget: Budget, *, pk: uuid.UUID) -> HttpResponse:
    """This function will read one value of a column as what was suggested, in all rows that have it."""
    staged = staged_of(request, budget, pk, whole=True)
    given = {name: request.POST.get(name, "") for name in ("field", "value", "by")}
    if given["field"] not in layouts.NAMES:
        raise Http404("There is no such field.")
    return _again(
        request, budget, staged, partial(import_staging.replace_value, staged, now=timezone.now(), **given)
    )


@require_POST
@budget_page
def again(request: HttpRequest, budget: Budget, *, pk: uuid.UUID) -> HttpResponse:
    """This function will make a preview anew, or ask a worker once more where none came."""
    staged = staged_of(request, budget, pk, whole=True)
    if staged.state in working.AT_WORK:
        working.try_again(staged)
        messages.info(request, "Asked once more. This page shows how far it is.")
        return redirect("budgets:import_look", budget.project_id, staged.pk)
    return _again(request, budget, staged, partial(import_staging.read_again, staged, now=timezone.now()))


def _again(
    request: HttpRequest, budget: Budget, staged: StagedImport, act: Any, *, show_again: Any = None
) -> HttpResponse:
    def do() -> HttpResponse:
        act()
        return redirect("budgets:import_look", budget.project_id, staged.pk)

    return perform(request, budget, act=do, again=show_again or partial(show, request, staged=staged))


@require_POST
@budget_page
def load(request: HttpRequest, budget: Budget, *, pk: uuid.UUID) -> HttpResponse:
    """This function will load what the preview showed."""
    staged = staged_of(request, budget, pk)
    seen = version(request.POST.get("version", ""))

    def do() -> HttpResponse:
        import_staging.load(
            staged,
            user=request.user,
            now=timezone.now(),
            good_rows=bool(request.POST.get("good_rows")),
            remove=bool(request.POST.get("remove")),
            version=seen,
        )
        return redirect("budgets:import_look", budget.project_id, staged.pk)

    return perform(request, budget, act=do, again=partial(show, request, staged=staged))


@require_POST
@budget_page
def discard(request: HttpRequest, budget: Budget, *, pk: uuid.UUID) -> HttpResponse:
    """This function will forget a file; the budget stays as it is."""
    staged = staged_of(request, budget, pk)

    def do() -> HttpResponse:
        import_staging.discard(staged)
        messages.success(request, "Nothing was loaded, and the file is forgotten.")
        return redirect(links.page(budget))

    def stays(budget: Budget, **problem: Any) -> HttpResponse:
        return show(request, budget, staged=staged_of(request, budget, pk), **problem)

    return perform(request, budget, act=do, again=stays)


@require_GET
@budget_page
def repair(request: HttpRequest, budget: Budget, *, pk: uuid.UUID) -> HttpResponseBase:
    """This function will hand out the rows that were not taken, each with what is wrong in it."""
    staged = staged_of(request, budget, pk, whole=True)
    if staged.state not in (ImportState.PREVIEW, ImportState.DONE) or staged.kind == ImportKind.COPY:
        raise Http404("This import has no rows to repair.")
    return FileResponse(
        repair_file(staged), as_attachment=True, filename=f"to repair - {staged.source}.xlsx"[-120:]
    )
