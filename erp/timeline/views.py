"""A batch's timeline on its two pages, the part that changes by itself, and each call as a file."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from budgets.models import Budget
from budgets.pages import budget_page
from erp.models import OPEN, Batch, Call
from erp.timeline.calls import as_file
from erp.timeline.steps import SHOWS, Timeline, timeline
from workflow.numbers import number


@dataclass(frozen=True)
class Place:
    """Where a batch is looked at: on the project manager's pages, or at the desk. Both lead to the same things."""

    page: str
    again: str
    call_name: str
    evidence_name: str
    keys: tuple[int, ...]

    def call(self, pk: int) -> str:
        """Where a call is handed out as a file."""
        return reverse(self.call_name, args=[*self.keys, pk])

    @property
    def pdf(self) -> str:
        """Where the evidence pack is handed out to be read."""
        return reverse(self.evidence_name, args=[*self.keys, "pdf"])

    @property
    def json(self) -> str:
        """Where it is handed out to be checked."""
        return reverse(self.evidence_name, args=[*self.keys, "json"])


def of_the_project(batch: Batch) -> Place:
    """This function will place a batch among the pages of its budget."""
    keys = (batch.budget.project_id, batch.number)
    return Place(
        page=reverse("budgets:batch", args=keys),
        again=reverse("budgets:batch_timeline", args=keys),
        call_name="budgets:batch_call",
        evidence_name="budgets:batch_evidence",
        keys=keys,
    )


def of_the_desk(batch: Batch) -> Place:
    """This function will place a batch in the approvers' queue."""
    keys = (batch.pk,)
    return Place(
        page=reverse("admin:erp_batch_change", args=keys),
        again=reverse("admin:erp_batch_timeline", args=keys),
        call_name="admin:erp_batch_call",
        evidence_name="admin:erp_batch_evidence",
        keys=keys,
    )


def context(request: HttpRequest, batch: Batch, place: Place) -> dict[str, Any]:
    """This function will gather what the template of the timeline draws, as the address asks for it."""
    asked = request.GET
    told = timeline(
        batch,
        now=timezone.now(),
        show=asked.get("show", ""),
        page=number(asked.get("calls", "")) or 1,
        document=number(asked.get("document", "")),
        whole="whole" in asked,
    )
    kept = urlencode({name: asked[name] for name in ("show", "calls", "document", "whole") if name in asked})
    return {
        "trail": told,
        "place": place,
        "kept": kept,
        "trail_shows": [(key, words, told.counts[key]) for key, words in SHOWS.items()],
        "trail_moving": batch.state in OPEN,
        "trail_seen": _seen(told),
    }


def _seen(told: Timeline) -> str:
    """A name of what is shown; how long something lasts by now is not part of it."""
    said = f"{told.counts}{told.wait.what if told.wait else ''}{told.batch.state}"
    return sha256(said.encode()).hexdigest()[:16]


def again(request: HttpRequest, batch: Batch, place: Place) -> HttpResponse:
    """This function will render the timeline anew; 204 while nothing happened."""
    told = context(request, batch, place)
    if request.GET.get("seen") == told["trail_seen"]:
        return HttpResponse(status=204)
    return render(request, "erp/timeline.html", {"batch": batch, **told})


def call_file(batch: Batch, pk: int) -> HttpResponse:
    """This function will hand out a call of a batch as a text, whole."""
    call = Call.objects.select_related("document").filter(pk=pk, document__batch=batch).first()
    if call is None:
        raise Http404("There is no such call in this batch.")
    answer = HttpResponse(as_file(call), content_type="text/plain; charset=utf-8")
    name = f"call-{call.document.number}-{call.request_id}.txt"
    answer["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, no-store"
    return answer


# -- the project manager's addresses; the desk's stand in admin.py -----------------------------------------------


def batch_of(budget: Budget, number: int) -> Batch:
    """This function will find a batch of a budget by its number; any other is a 404."""
    people = ("sent_by", "accepted_by", "sent_back_by", "answers", "opened_by", "reading")
    row = budget.batches.select_related(*people).filter(number=number).first()
    if row is None:
        raise Http404("This budget has no batch of that number.")
    row.budget = budget
    return row


@require_GET
@budget_page
def batch_timeline(request: HttpRequest, budget: Budget, *, number: int) -> HttpResponse:
    """This function will render the timeline of a budget's batch anew."""
    row = batch_of(budget, number)
    return again(request, row, of_the_project(row))


@require_GET
@budget_page
def batch_call(request: HttpRequest, budget: Budget, *, number: int, call: int) -> HttpResponse:
    """This function will hand out a call of a budget's batch."""
    return call_file(batch_of(budget, number), call)
