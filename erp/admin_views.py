"""The pages of one batch in the queue: the decision while it waits, its progress afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from budgets.attachment_views import handed_out
from budgets.errors import InvalidInput
from erp import (
    aftercare,
    confirmations,
    decision_page,
    decisions,
    reauthentication,
    routes,
    selectors,
    services,
    stepping,
    timeline_views,
    verdicts,
)
from erp.models import Batch, BatchAttachment, BatchState, Document, RejectReason
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
        services.open_batch(batch, user=request.user, now=timezone.now())
    return show(request, find(request, batch.pk))


def show(request: HttpRequest, batch: Batch, *, status: int = 200, **problem: Any) -> HttpResponse:
    """This function will render a batch's page, also after a refused button (`refused`, with its status)."""
    context = {"batch": batch, "project": batch.budget.project, "nav": "queue", **problem}
    if batch.state == BatchState.WAITING:
        context |= decision_page.context(batch)
        context["reasons"] = RejectReason.choices
        context["takes_password"] = reauthentication.wanted(batch)
        if "seen" in problem:
            context["moved_since"] = decision_page.moved_since(batch, problem["seen"])
            context["recoded_since"] = decision_page.recoded_since(batch, problem["seen"])
        return render(request, "admin/erp/batch/decision.html", context, status=status)
    context |= {**decision_page.progress(batch), "decision": decisions.decision(batch)}
    context |= timeline_views.context(request, batch, timeline_views.of_the_desk(batch))
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


@dataclass(frozen=True)
class Deed:
    """What one button does with the form's values, and what is said afterwards; `asks` opens a page first."""

    service: Callable[..., Any]
    done: str | Callable[[Any], str]  # what is said, or how to say it of what the service answered
    takes: Callable[[HttpRequest], dict[str, Any]] = lambda request: {}
    asks: str = ""
    hint: str = ""


def _accepted(request: HttpRequest) -> dict[str, Any]:
    return {
        "reading_hash": request.POST.get("reading_hash", ""),
        "password": request.POST.get("password", ""),
    }


def _rejected(request: HttpRequest) -> dict[str, Any]:
    return {
        "reason_code": request.POST.get("reason_code", ""),
        "reason": request.POST.get("reason", ""),
        "remarks": remarks(request),
    }


def remarks(request: HttpRequest) -> dict[int, str]:
    """This function will read the remarks typed beside lines; those on one line of several documents are joined."""
    typed: dict[int, str] = {}
    for name in request.POST:
        line = number(name.removeprefix("remark-")) if name.startswith("remark-") else None
        if line is not None:
            said = [text.strip() for text in request.POST.getlist(name) if text.strip()]
            typed[line] = "\n".join(said)
    return typed


def _noted(request: HttpRequest) -> dict[str, Any]:
    return {"note": request.POST.get("note", "")}


def _judged(request: HttpRequest) -> dict[str, Any]:
    return {**_noted(request), "document": number(request.POST.get("document", "")) or 0}


def _named(request: HttpRequest) -> dict[str, Any]:
    return {"person_id": number(request.POST.get("person", "")) or 0}


def went_on(batch: Batch) -> str:
    """This function will say what became of a batch whose step was just taken."""
    if batch.state != BatchState.WAITING:
        return "Accepted. Tieback writes it into the ERP now."
    step = routes.due(batch)
    who = routes.said(routes.due_ways(batch)) or "nobody yet"
    return (
        f"Approved. It waits for {step.name if step else 'the next step'} now: {who}, who was told by mail."
    )


def _confirmed(request: HttpRequest) -> dict[str, Any]:
    return {**_noted(request), "despite_erp": "despite_erp" in request.POST}


DEEDS = {
    "accept": Deed(services.accept, went_on, _accepted),
    "name_for_step": Deed(stepping.name_for_step, "Named. They were told by mail if it is due.", _named),
    "reject": Deed(services.reject, "Sent back. {sender} reads your reason and remarks.", _rejected),
    "read_again": Deed(services.read_again, "The ERP is being read. This takes a few seconds."),
    "retry": Deed(aftercare.retry, "Queued again. What is in the ERP already is not sent twice."),
    "check_now": Deed(
        confirmations.check_now, "The ERP is being asked for postings. This takes a few seconds."
    ),
    "return_to_pm": Deed(
        aftercare.return_to_pm,
        "On its way back: what is not posted is taken out of the ERP, then {sender} has the budget again.",
        _noted,
        asks="Why does it go back?",
        hint="The project manager reads it.",
    ),
    "decline_return": Deed(
        aftercare.decline_return,
        "Declined. Whoever asked is told by mail.",
        _noted,
        asks="Why not?",
        hint="Whoever asked reads it.",
    ),
    "say_arrived": Deed(
        verdicts.say_arrived,
        "Kept: it is there. It waits to be posted now.",
        _judged,
        asks="How do you know that it is there, whole?",
        hint="For example who looked, where, and what it says there.",
    ),
    "say_not_arrived": Deed(
        verdicts.say_not_arrived,
        "Kept: it is not there. It is sent again.",
        _judged,
        asks="How do you know that nothing of it is there?",
        hint="For example who looked, and where.",
    ),
    "take_out_anyway": Deed(
        verdicts.take_out_anyway,
        "It is being taken out, with what was changed in it.",
        _judged,
        asks="Who agreed?",
        hint="Whoever changed it there should know.",
    ),
    "leave_in_erp": Deed(
        verdicts.leave_in_erp,
        "Left there. For Tieback it counts as taken back.",
        _judged,
        asks="Who keeps it there, and why?",
        hint="Posted there beside the next send of this budget it would count twice: say who sees to that.",
    ),
    "confirm_posted": Deed(
        confirmations.confirm_posted,
        "Confirmed by hand. Tieback keeps watching the ERP.",
        _confirmed,
        asks="How do you know that it is posted?",
        hint="For example the number of the posting batch.",
    ),
    "close_alarm": Deed(
        confirmations.close_alarm,
        "The alarm is closed. What you found out stands in the history.",
        _noted,
        asks="What did you find out, and what was done?",
        hint="For example: removed by mistake, entered again under the same amounts.",
    ),
}


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
@batch_page
def act(request: HttpRequest, batch: Batch, *, action: str) -> HttpResponse:
    """This function will do what a button of a batch says; where it takes a note, a GET asks for it first."""
    deed = DEEDS.get(action)
    if deed is None:
        raise Http404("There is no such action.")
    if request.method == "GET":
        return _ask(request, batch, action) if deed.asks else _home(batch)

    def do() -> HttpResponse:
        result = deed.service(batch, user=request.user, now=timezone.now(), **deed.takes(request))
        done = deed.done if isinstance(deed.done, str) else deed.done(result)
        messages.success(request, done.format(sender=permissions.names([batch.sent_by])))
        return _home(batch)

    try:
        return submissions.once(request, do)
    except ActionBlocked as refused:
        return show(request, find(request, batch.pk), status=CONFLICT, refused=refused, **_typed(request))
    except InvalidInput as invalid:
        again = partial(_ask, action=action) if deed.asks else show
        fresh = find(request, batch.pk)
        return again(request, fresh, status=UNPROCESSABLE, errors=invalid.errors, **_typed(request))


def _home(batch: Batch) -> HttpResponse:
    return redirect("admin:erp_batch_change", batch.pk)


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
