"""The pages of one batch in the queue: the decision while it waits, its progress afterwards."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from budgets.errors import InvalidInput
from budgets.modifications.attachment_views import handed_out
from erp import selectors
from erp.approval import reauthentication
from erp.decision import beside_erp as decisions
from erp.decision import deciding, entries
from erp.decision import lines as decision_lines
from erp.decision import pages as decision_page
from erp.decision.admin_deeds import DEEDS, remarks
from erp.decision.asked import asked
from erp.desk import memberships
from erp.models import Batch, BatchAttachment, BatchState, Document, RejectReason
from erp.queue import pane as queue_pane
from erp.timeline import views as timeline_views
from projects import permissions
from workflow import actions, submissions
from workflow.actions import ActionBlocked
from workflow.numbers import number

CONFLICT, UNPROCESSABLE = 409, 422
PEOPLE = ("opened_by", "answers__sent_back_by", "reading")


def find(request: HttpRequest, pk: int) -> Batch:
    """This function will find a batch of the person's companies; every other one is a 404."""
    batch = selectors.visible_batches(request.user).select_related(*PEOPLE).filter(pk=pk).first()
    if batch is None:
        raise Http404("There is no such batch in your queue.")
    return batch


def batch_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """This decorator will hand a view the batch of its `pk`, in the time zone of its company."""

    @wraps(view)
    def inner(request: HttpRequest, pk: int, **kwargs: Any) -> HttpResponse:
        batch = find(request, pk)
        with timezone.override(batch.budget.project.company.time_zone):
            return view(request, batch, **kwargs)

    return inner


@require_GET
@batch_page
def page(request: HttpRequest, batch: Batch) -> HttpResponse:
    """This function will show a batch: to decide while it waits, else how far it is."""
    if permissions.may_decide(request.user, batch.budget.project.company):
        deciding.open_batch(batch, user=request.user, now=timezone.now())
    return show(request, find(request, batch.pk))


def show(request: HttpRequest, batch: Batch, *, status: int = 200, **problem: Any) -> HttpResponse:
    """This function will render a batch's page, also after a refused button (`refused`, with its status)."""
    wanted = asked(request.GET, page=reverse("admin:erp_batch_change", args=[batch.pk]))
    listed = wanted.listed or request.POST.get("list", "")[:500]
    context = {
        "batch": batch,
        "project": batch.budget.project,
        "nav": "queue",
        **timeline_views.context(request, batch, timeline_views.of_the_desk(batch)),
        "pane": queue_pane.pane(batch, request.user, memberships(request), listed=listed),
        **problem,
    }
    if batch.state == BatchState.WAITING:
        context |= decision_page.context(
            batch, request.user, wanted, typed_remarks=problem.get("typed_remarks")
        )
        context["reasons"] = RejectReason.choices
        context["takes_password"] = reauthentication.wanted(batch)
        if seen := problem.get("seen") or request.GET.get("seen", ""):
            context["moved_since"] = decision_page.moved_since(batch, seen)
            context["recoded_since"] = decision_page.recoded_since(batch, seen)
        return render(request, "admin/erp/batch/decision.html", context, status=status)
    decision = decisions.decision(batch)
    items = decision_lines.shown(decision, wanted)
    context |= {
        **decision_page.progress(batch),
        "decision": decision,
        "asked": wanted,
        "shown_items": items,
        "left_out": any(item.left_out for item in items),
        "entries": (made := entries.entries(batch)),
        "entries_made": entries.made(made),
    }
    return render(request, "admin/erp/batch/progress.html", context, status=status)


@require_GET
@batch_page
def attachment(request: HttpRequest, batch: Batch, *, attachment: int) -> HttpResponse:
    """This function will hand out a file that the sender put beside a modification of this batch."""
    rows = BatchAttachment.objects.filter(item__batch=batch).select_related("attachment")
    row = rows.filter(attachment=attachment).first()
    if row is None:
        raise Http404("There is no such attachment in this batch.")
    return handed_out(row.attachment)


@require_GET
@batch_page
def progress(request: HttpRequest, batch: Batch) -> HttpResponse:
    """This function will render the part of a batch's page that changes by itself."""
    context = {"batch": batch, **decision_page.progress(batch)}
    return render(request, "admin/erp/batch/standing.html", context)


@require_GET
@batch_page
def reading(request: HttpRequest, batch: Batch) -> HttpResponse:
    """This function will render whether the reading that was asked for is made; `seen` is the hash on the page.

    The page around it still holds what was true before the reading, so it always offers to show the page anew.
    """
    context = {"batch": batch, "seen": request.GET.get("seen", ""), "just_read": True}
    context["listed"] = request.GET.get("list", "")[:500]
    context |= decision_page.readings(batch)
    return render(request, "admin/erp/batch/reading.html", context)


@require_GET
@batch_page
def posting_list(request: HttpRequest, batch: Batch) -> HttpResponse:
    """This function will show what an accountant posts, to be printed."""
    context = {
        "batch": batch,
        "project": batch.budget.project,
        "nav": "queue",
        **decision_page.posting_list(batch),
    }
    return render(request, "admin/erp/batch/posting_list.html", context)


# -- buttons -------------------------------------------------------------------------------------------------


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
@batch_page
def act(request: HttpRequest, batch: Batch, *, action: str) -> HttpResponse:
    """This function will do what a button of a batch says; where it takes a note, a GET asks for it first."""
    deed = DEEDS.get(action)
    if deed is None:
        raise Http404("There is no such action.")
    if request.method == "GET":
        return _ask(request, batch, action) if deed.asks else _home(request, batch)

    def do() -> HttpResponse:
        result = deed.service(batch, user=request.user, now=timezone.now(), **deed.takes(request))
        said = (
            deed.done
        )  # a template of ours; what a function says holds names that people chose, with any brace
        told = (
            said.format(sender=permissions.names([batch.sent_by])) if isinstance(said, str) else said(result)
        )
        messages.success(request, told)
        return _home(request, batch)

    try:
        return submissions.once(request, do)
    except ActionBlocked as refused:
        return show(request, find(request, batch.pk), status=CONFLICT, refused=refused, **_typed(request))
    except InvalidInput as invalid:
        again = partial(_ask, action=action) if deed.asks else show
        fresh = find(request, batch.pk)
        return again(request, fresh, status=UNPROCESSABLE, errors=invalid.errors, **_typed(request))


def _home(request: HttpRequest, batch: Batch) -> HttpResponse:
    page, listed = reverse("admin:erp_batch_change", args=[batch.pk]), request.POST.get("list", "")[:500]
    return redirect(f"{page}?{urlencode({'list': listed})}" if listed else page)


def _typed(request: HttpRequest) -> dict[str, Any]:
    """What the person typed, to stand in the form again."""
    return {
        "seen": request.POST.get("reading_hash", ""),
        "typed": {name: request.POST.get(name, "") for name in ("reason_code", "reason", "note")},
        "typed_remarks": remarks(request),
    }


def _document(request: HttpRequest, batch: Batch) -> Document | None:
    """The one document of the batch that a form speaks of, where it speaks of one."""
    key = number(request.POST.get("document", "") or request.GET.get("document", ""))
    return batch.documents.select_related("item").filter(pk=key).first() if key else None


def _ask(
    request: HttpRequest, batch: Batch, action: str, *, status: int = 200, **problem: Any
) -> HttpResponse:
    context = {
        "batch": batch,
        "project": batch.budget.project,
        "nav": "queue",
        "action": actions.get(batch, action),
        "deed": DEEDS[action],
        "judged": _document(request, batch),
        "main_job": decision_page.main_job(batch),
        **(decision_page.answers(batch) if action == "confirm_posted" else {}),
        **problem,
    }
    return render(request, "admin/erp/batch/confirm.html", context, status=status)
