"""Sync runs in the admin: asking for one, watching it, what it changed, as a page and as a file."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from budgets.files.downloads import table
from erp.models import Connection, SyncRun
from erp.sync import actions as sync_actions
from erp.sync import pages as sync_pages
from erp.sync.models import SyncKind
from workflow import submissions
from workflow.actions import ActionBlocked
from workflow.numbers import number

CONFLICT = 409
PER_PAGE = 25
LONGEST = 60  # characters of a search


@require_GET
def runs(request: HttpRequest, connection: Connection) -> HttpResponse:
    """This function will list the runs of a connection, and let an ERP admin ask for one."""
    return _show_runs(request, connection)


def _show_runs(
    request: HttpRequest, connection: Connection, *, status: int = 200, **problem: Any
) -> HttpResponse:
    found = sync_pages.runs(connection)
    changed = request.GET.get("show") == "changed"
    page = Paginator(found.filter(changed__gt=0) if changed else found, PER_PAGE)
    context = {
        "page": page.get_page(request.GET.get("p")),
        "only_changed": changed,
        "kinds": SyncKind.choices,
        "under_way": found.filter(state__in=["asked", "running"]).first(),
        **problem,
    }
    return _render(request, connection, "runs", context, status=status)


def ask(request: HttpRequest, connection: Connection, action: str) -> HttpResponse:
    """This function will let a worker read: what changed or all, of every kind or of the one chosen in `only`."""
    only = request.POST.get("only", "")
    if only and only not in SyncKind.values:
        raise Http404("There is no such kind.")

    def do() -> HttpResponse:
        run = sync_actions.ask_to_sync(
            connection, user=request.user, now=timezone.now(), whole=action == "sync_whole", only=only
        )
        messages.success(request, "A worker begins within seconds. You may leave this page; it goes on.")
        return redirect("admin:erp_sync_run", connection.pk, run.pk)

    try:
        return submissions.once(request, do)
    except ActionBlocked as refused:
        return _show_runs(request, connection, status=CONFLICT, refused=refused)


@require_GET
def run(request: HttpRequest, connection: Connection, *, run_id: int) -> HttpResponse:
    """This function will show one run: how far it is, what was read, what changed."""
    return _show_run(request, connection, _find(connection, run_id))


def _show_run(
    request: HttpRequest, connection: Connection, run: SyncRun, *, status: int = 200, **problem: Any
) -> HttpResponse:
    shown = sync_pages.run_page(run, user=request.user, page_number=_page(request), **_filters(request))
    kept = urlencode({name: value for name, value in _kept(request).items() if value})
    return _render(
        request, connection, "run", {"shown": shown, "run": run, "kept": kept, **problem}, status=status
    )


def _filters(request: HttpRequest) -> dict[str, str]:
    return {
        "kind": request.GET.get("kind", ""),
        "change": request.GET.get("change", ""),
        "query": request.GET.get("q", "").strip()[:LONGEST],
    }


def _kept(request: HttpRequest) -> dict[str, str]:
    filters = _filters(request)
    return {"kind": filters["kind"], "change": filters["change"], "q": filters["query"]}


def _page(request: HttpRequest) -> int:
    return number(request.GET.get("p", "")) or 1


@require_GET
def export(request: HttpRequest, connection: Connection, *, run_id: int) -> HttpResponse:
    """This function will answer with what a run changed, filtered as its page is, as CSV."""
    found = _find(connection, run_id)
    rows = sync_pages.changes_of(found, **_filters(request))
    lines = (
        (row.get_kind_display(), row.code, row.get_change_display(), *one)
        for row in rows
        for one in (sync_pages.told(row) or [("", "", "")])
    )
    header = ("kind", "code", "change", "field", "old", "new")
    return table("csv", name=f"sync-{connection.company.code}-{found.pk}", header=header, rows=lines)


@require_POST
def cancel(request: HttpRequest, connection: Connection, *, run_id: int) -> HttpResponse:
    """This function will end a run before its next kind."""
    found = _find(connection, run_id)

    def do() -> HttpResponse:
        sync_actions.cancel(found, user=request.user, now=timezone.now())
        messages.success(request, "The run ends before the next kind. What it read so far is kept.")
        return redirect("admin:erp_sync_run", connection.pk, run_id)

    try:
        return submissions.once(request, do)
    except ActionBlocked as refused:
        return _show_run(request, connection, _find(connection, run_id), status=CONFLICT, refused=refused)


def _find(connection: Connection, run_id: int) -> SyncRun:
    found = sync_pages.runs(connection).filter(pk=run_id).first()
    if found is None:
        raise Http404(
            "There is no such run of this company's connection. Old runs are dropped after a while."
        )
    return found


def _render(
    request: HttpRequest, connection: Connection, page: str, context: dict[str, Any], *, status: int
) -> HttpResponse:
    frame = {"connection": connection, "nav": "connection", "section": "runs"}
    with timezone.override(connection.company.time_zone):
        return render(request, f"admin/erp/sync/{page}.html", {**frame, **context}, status=status)
