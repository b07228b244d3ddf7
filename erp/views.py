"""The project manager's pages about sending: what will go, every batch, and the way back."""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from typing import Any

from django.contrib import messages
from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from budgets.models import Budget
from budgets.pages import budget_page, frame, perform
from budgets.states import state_of
from budgets.views import confirm, show_page
from erp import selectors, services
from erp.approval import route_words, routes
from erp.approval.approvers import able_to_accept
from erp.compare import pages as compare_pages
from erp.decision import remarks
from erp.delivery import whereabouts
from erp.models import OPEN, Batch, BatchItem, BatchLine, BatchState, Remark
from erp.posting import by_word, waiting
from erp.snapshots import erp_connection
from erp.sync import actions as sync_actions
from erp.sync import runs as sync_runs
from erp.timeline import views as timeline_views
from projects import permissions
from workflow.people import name_of


@require_http_methods(["GET", "POST"])
@budget_page
def preview(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will show exactly what will be sent; its button sends it."""
    if request.method == "POST":
        return _send(request, budget)
    under_way = selectors.open_batch(budget)
    if under_way is not None:  # the back button: what was sent stands in its batch
        return redirect("budgets:batch", budget.project_id, under_way.number)
    return _show_preview(request, budget)


def _send(request: HttpRequest, budget: Budget) -> HttpResponse:
    note = request.POST.get("note", "")

    def do() -> HttpResponse:
        batch = services.send(budget, user=request.user, now=timezone.now(), note=note)
        deciders = permissions.names(able_to_accept(batch))
        messages.success(
            request, f"Batch {batch.number} waits for {deciders}. Until they decide, you can retrieve it."
        )
        return redirect("budgets:page", budget.project_id)

    return perform(request, budget, act=do, again=partial(_show_preview, request, note=note))


def _show_preview(
    request: HttpRequest, budget: Budget, *, note: str = "", status: int = 200, **problem: Any
) -> HttpResponse:
    under_way = selectors.open_batch(budget)
    if under_way is not None:  # the form was sent from a page that is older than the batch
        return _show_batch(request, budget, number=under_way.number, status=status, **problem)
    preview = selectors.preview(budget, user=request.user, today=timezone.localdate())
    context = {**frame(budget), "preview": preview, "note": note, "age": _age_of_codes(budget), **problem}
    context["every_line"] = _every_line(request)
    return render(request, "erp/preview.html", context, status=status)


def _age_of_codes(budget: Budget) -> dict[str, Any] | None:
    """Have old jobs and codes read again for whoever is about to send; None where they are fresh."""
    connection, now = erp_connection(budget), timezone.now()
    if connection is None or not sync_actions.is_old(connection, now=now):
        return None
    sync_actions.freshen(connection, now=now)
    return {"read_at": connection.synced_at, "reading": sync_runs.open_run(connection) is not None}


@require_http_methods(["GET", "POST"])
@budget_page
def act(request: HttpRequest, budget: Budget, *, action: str) -> HttpResponse:
    """This function will send a budget, or retrieve it (a GET of which asks for confirmation first)."""
    if action == "send":
        return (
            redirect("budgets:preview", budget.project_id)
            if request.method == "GET"
            else _send(request, budget)
        )
    if request.method == "GET":
        return confirm(request, budget, action=action, before="retrieving", warning=_lost(budget))

    def do() -> HttpResponse:
        batch = services.retrieve(budget, user=request.user, now=timezone.now())
        messages.success(
            request, f"Batch {batch.number} is back with you. Change what you like, then re-send."
        )
        return redirect("budgets:page", budget.project_id)

    return perform(request, budget, act=do, again=partial(show_page, request))


def _lost(budget: Budget) -> str:
    """What retrieving undoes: steps that were taken are taken again once the budget is sent again."""
    batch = selectors.open_batch(budget)
    steps = [] if batch is None or batch.state != BatchState.WAITING else route_words.shown(batch)
    by = ", ".join(f"{name_of(step.taken_by)} ({step.name})" for step in steps if step.state == "done")
    return f"Approved already by {by}. That is lost: a new send starts at the first step again." if by else ""


@require_GET
@budget_page
def batches(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will list every send of a budget, the newest first."""
    people = ("sent_by", "accepted_by", "sent_back_by", "answers")
    rows = list(budget.batches.select_related(*people).order_by("-number"))
    by_word.know_open_words(rows)
    context = {
        **frame(budget),
        "batches": rows,
        "open_states": OPEN,
        "options": compare_pages.options(budget),
        "wanted": compare_pages.asked(budget, {}),
        "tab": "batches",
    }
    return render(request, "erp/batches.html", context)


@require_GET
@budget_page
def batch(request: HttpRequest, budget: Budget, *, number: int) -> HttpResponse:
    """This function will show one batch: its snapshot, what became of it, and the remarks on it."""
    return _show_batch(request, budget, number=number)


def _show_batch(
    request: HttpRequest, budget: Budget, *, number: int, status: int = 200, **problem: Any
) -> HttpResponse:
    row = timeline_views.batch_of(budget, number)
    context = {
        **frame(budget),
        **_progress(row),
        **timeline_views.context(request, row, timeline_views.of_the_project(row)),
        "items": _items(row, every_line=_every_line(request)),
        "every_line": _every_line(request),
        "remarks": remarks.on_batch(row),
        **problem,
    }
    return render(request, "erp/batch.html", context, status=status)


def _every_line(request: HttpRequest) -> bool:
    """Whether lines that stay as they are were asked for, too."""
    return request.GET.get("lines") == "all"


def _items(row: Batch, *, every_line: bool) -> QuerySet[BatchItem]:
    """What a batch holds, each with its lines to show and how many of them stay as they are."""
    lines = BatchLine.objects.all() if every_line else BatchLine.objects.exclude(delta=0)
    unchanged = Count("lines", filter=Q(lines__delta=0))
    return row.items.annotate(unchanged=unchanged).prefetch_related(Prefetch("lines", lines, to_attr="shown"))


@require_GET
@budget_page
def progress(request: HttpRequest, budget: Budget, *, number: int) -> HttpResponse:
    """This function will render the part of a batch's page that changes by itself; 204 while nothing changed."""
    told = _progress(timeline_views.batch_of(budget, number))
    if request.GET.get("seen") == told["seen"]:
        return HttpResponse(status=204)
    return render(request, "erp/progress.html", {"budget": budget, **told})


@require_GET
@budget_page
def last_asked(request: HttpRequest, budget: Budget, *, number: int) -> HttpResponse:
    """This function will render when the ERP was last asked about a batch, and when it is asked next."""
    row = timeline_views.batch_of(budget, number)
    asked = waiting.last_question_of(list(row.documents.all()))
    return render(request, "erp/last_asked.html", {"batch": row, "last_asked": asked})


def _progress(row: Batch) -> dict[str, Any]:
    documents = waiting.documents_now(row)
    states = "".join(f"{document.state}{document.waiting_for}" for document in documents)
    route = route_words.shown(row)
    states += "".join(step.state for step in route)
    waits = waiting.waiting_of(row, documents)
    return {
        "batch": row,
        "documents": documents,
        "in_erp": whereabouts.tally(documents, whereabouts.writes_of(row)) if documents else None,
        "waiting": waits,
        "last_asked": waiting.last_question_of(documents) if waits else None,
        "moving": row.state in OPEN,
        "route": route if len(route) > 1 else [],
        "since": routes.waiting_since(row) if row.state == BatchState.WAITING else row.state_since,
        "open_states": OPEN,
        "state": state_of(row.budget),
        "seen": sha256(f"{row.state}{states}".encode()).hexdigest()[:16],
    }


@require_POST
@budget_page
def answer_remark(request: HttpRequest, budget: Budget, *, pk: int) -> HttpResponse:
    """This function will answer a rejection's remark."""
    remark = (
        Remark.objects.select_related("batch__budget", "line").filter(pk=pk, batch__budget=budget).first()
    )
    if remark is None:
        raise Http404("There is no such remark.")

    def do() -> HttpResponse:
        answer = request.POST.get("answer", "")
        seen = parse_datetime(request.POST.get("seen", ""))
        services.answer_remark(remark, user=request.user, now=timezone.now(), answer=answer, seen=seen)
        messages.success(
            request, f"Answered the remark on {remark.line}. The approver reads it with the next batch."
        )
        return _back(request, budget, remark)

    typed: dict[str, Any] = {"answering": remark.pk, "typed_answer": request.POST.get("answer", "")}

    def again(budget: Budget, **problem: Any) -> HttpResponse:
        if request.POST.get("back") == "batch" or "conflict" in problem:  # both texts stand there
            return _show_batch(request, budget, number=remark.batch.number, **typed, **problem)
        return show_page(request, budget, **typed, **problem)

    return perform(request, budget, act=do, again=again)


def _back(request: HttpRequest, budget: Budget, remark: Remark) -> HttpResponse:
    if request.POST.get("back") == "batch":
        return redirect("budgets:batch", budget.project_id, remark.batch.number)
    if request.POST.get("back") == "line":
        return redirect("budgets:line_edit", budget.project_id, remark.line_id)
    return redirect("budgets:page", budget.project_id)
