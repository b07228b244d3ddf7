"""What is done to several batches of the queue at once: looked at first, then each in its own transaction."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from budgets.errors import InvalidInput
from erp import selectors
from erp.decision import bulk, bulk_look, deciding
from erp.decision.bulk_look import Candidate
from erp.desk import memberships
from erp.models import Batch, BulkDecision, BulkItem, BulkKind, BulkOutcome, RejectReason
from erp.queue.listing import queue
from projects.models import Company
from workflow import submissions
from workflow.actions import ActionBlocked
from workflow.numbers import number

UNPROCESSABLE = 422
# Seconds of one request; the last batch that is begun within them may be a large one.
LOOKING = 4.0
PRESSED = 1.0  # the press itself: the page that shows how far it is comes at once
DECIDING = 2.0


def _chosen(request: HttpRequest) -> list[Batch]:
    """The selected batches the person may see, whatever has become of them meanwhile."""
    keys = [key for text in request.POST.getlist(ACTION_CHECKBOX_NAME) if (key := number(text)) is not None]
    chosen = list(selectors.visible_batches(request.user).filter(pk__in=keys).order_by("sent_at", "pk"))
    companies: dict[int, Company] = {}
    for batch in chosen:  # one instance of each company, so that its facts are read once
        project = batch.budget.project
        project.company = companies.setdefault(project.company_id, project.company)
    return chosen


def _candidates(request: HttpRequest, action: str) -> list[Candidate]:
    return bulk_look.candidates(_chosen(request), action, request.user, seconds=LOOKING)


@admin.action(description="Accept selected")
def accept_selected(model_admin: Any, request: HttpRequest, queryset: QuerySet[Batch]) -> HttpResponse | None:
    """This function will show what was selected beside what the ERP holds, then accept what is free."""
    if "confirm" not in request.POST:
        return _accept_page(request)
    seen = [(batch, request.POST.get(f"reading-{batch.pk}", "")) for batch in _chosen(request)]
    try:
        return _decide(request, BulkKind.ACCEPT, seen)
    except InvalidInput as invalid:
        messages.warning(request, " ".join(invalid.errors.values()))
        return None


def _accept_page(request: HttpRequest) -> HttpResponse:
    candidates = _candidates(request, "accept")
    readings = bulk_look.readings_of([one.batch for one in candidates])
    return _page(request, "bulk_accept.html", candidates, readings=readings, listed=_listed(request))


def _listed(request: HttpRequest) -> str:
    """How the list was narrowed, as the end of an address: what is pressed leads back to it."""
    return f"?{request.GET.urlencode()}" if request.GET else ""


@require_POST
def look(request: HttpRequest) -> HttpResponse:
    """This function will show anew what was selected, having asked for new readings where `read` was pressed.

    To htmx it shows how far the readings are; what somebody looks at is replaced only when they press for it.
    """
    if request.headers.get("HX-Request"):
        readings = bulk_look.readings_of(_chosen(request))
        context = {"readings": readings, "followed": True, "listed": _listed(request)}
        return render(request, "admin/erp/batch/bulk_readings.html", context)
    if "read" in request.POST:
        _read(request)
    return _accept_page(request)


@admin.action(description="Reject selected")
def reject_selected(model_admin: Any, request: HttpRequest, queryset: QuerySet[Batch]) -> HttpResponse | None:
    """This function will ask for the reason that all selected batches share, then send back what is free."""
    typed = {name: request.POST.get(name, "") for name in ("reason_code", "reason")}
    if "confirm" not in request.POST:
        return _reject_page(request, typed=typed)
    try:
        return _decide(request, BulkKind.REJECT, [(batch, "") for batch in _chosen(request)], **typed)
    except InvalidInput as invalid:
        return _reject_page(request, typed=typed, status=UNPROCESSABLE, errors=invalid.errors)


def _decide(
    request: HttpRequest, kind: BulkKind, chosen: list[tuple[Batch, str]], **typed: str
) -> HttpResponse:
    """Keep what is to be decided, do as much as fits into this request, and lead to the result."""
    try:
        submission = uuid.UUID(request.POST.get(submissions.FIELD, ""))
    except ValueError:
        submission = uuid.uuid4()
    decision = bulk.keep(kind, chosen, user=request.user, now=timezone.now(), submission=submission, **typed)
    bulk.go_on(decision, now=timezone.now, seconds=PRESSED)
    back = urlencode({"list": request.GET.urlencode()}) if request.GET else ""
    page = reverse("admin:erp_batch_together", args=[decision.pk])
    return redirect(f"{page}?{back}" if back else page)


def _reject_page(
    request: HttpRequest, *, typed: dict[str, str], status: int = 200, **problem: Any
) -> HttpResponse:
    candidates = _candidates(request, "reject")
    more = {"reasons": RejectReason.choices, "typed": typed, **problem}
    return _page(request, "bulk_reject.html", candidates, status=status, **more)


@admin.action(description="Read the ERP again")
def read_selected(model_admin: Any, request: HttpRequest, queryset: QuerySet[Batch]) -> HttpResponse:
    """This function will ask for a new reading for each selected batch, and show the page that follows them."""
    _read(request)
    return _accept_page(request)


def _read(request: HttpRequest) -> None:
    """Ask for a reading for each; what is not read is said, how far the others are stands on the page."""
    refused = []
    for batch in _chosen(request):
        try:
            deciding.read_again(batch, user=request.user, now=timezone.now())
        except ActionBlocked as blocked:
            sentences = " ".join(blocker.sentence for blocker in blocked.blockers)
            refused.append(f"{batch.budget.project} (batch {batch.number}): {sentences}")
    if refused:
        messages.warning(request, f"{len(refused)} not read: {' · '.join(refused)}")


def _place(one: Candidate) -> int:
    """What stays where it is stands first, then what nobody looked at yet: of many, nobody reads to the end."""
    return (1 if one.blockers is None else 2) if not one.blockers else 0


def _page(
    request: HttpRequest, template: str, candidates: list[Candidate], *, status: int = 200, **more: Any
) -> HttpResponse:
    still_open = [one for one in candidates if not one.blockers]  # free, or not looked at
    context = {
        "checkbox": ACTION_CHECKBOX_NAME,
        "nav": "queue",
        "candidates": sorted(candidates, key=_place),
        "open": still_open,
        "unseen": [one for one in candidates if one.blockers is None],
        "sums": bulk_look.sums(still_open),
        **more,
    }
    return render(request, f"admin/erp/batch/{template}", context, status=status)


# -- the result ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """What became of the batches, as the page lists them."""

    decision: BulkDecision
    done: list[BulkItem] = field(default_factory=list)
    passed: list[BulkItem] = field(default_factory=list)
    refused: list[BulkItem] = field(default_factory=list)
    left: list[BulkItem] = field(default_factory=list)

    @property
    def verb(self) -> str:
        """What was done, in a word."""
        return "accepted" if self.decision.kind == BulkKind.ACCEPT else "sent back"

    @property
    def reason(self) -> str:
        """The reason that was chosen for all of them."""
        code = self.decision.reason_code
        return str(RejectReason(code).label) if code else ""

    @property
    def total(self) -> int:
        """How many were selected."""
        return self.settled + len(self.left)

    @property
    def settled(self) -> int:
        """How many are not to do any more."""
        return len(self.done) + len(self.passed) + len(self.refused)

    @property
    def headline(self) -> str:
        """ "12 accepted. 2 not." and what is left."""
        said = [f"{len(self.done)} {self.verb}."]
        if self.passed:
            said.append(f"{len(self.passed)} approved and waiting for the next step.")
        if self.refused:
            said.append(f"{len(self.refused)} not.")
        if self.left:
            said.append(f"{len(self.left)} still to do.")
        return " ".join(said)


def outcome(request: HttpRequest, pk: int) -> HttpResponse:
    """This function will list what became of each batch of one's bulk decision; a POST goes on with the rest."""
    decision = BulkDecision.objects.filter(pk=pk, user_id=request.user.pk or 0).first()
    if decision is None:
        raise Http404("There is no such result of yours.")
    if request.method == "POST":
        bulk.go_on(decision, now=timezone.now, seconds=DECIDING)
        if not request.headers.get("HX-Request"):
            return redirect(request.get_full_path())
    part = "together_part.html" if request.headers.get("HX-Request") else "together.html"
    first = decision.items.select_related("batch__budget__project__company").first()
    with timezone.override(first.batch.budget.project.company.time_zone if first else None):
        context = {
            "result": _result(request, decision),
            "zone": timezone.get_current_timezone_name(),
            "nav": "queue",
            "listed": request.GET.get("list", "")[:500],
        }
        return render(request, f"admin/erp/batch/{part}", context)


def _result(request: HttpRequest, decision: BulkDecision) -> Result:
    """Batches of companies that the person no longer sees are left out; the others are as the queue shows them."""
    rows = queue(request.user, memberships(request), now=timezone.now()).select_related("sent_by")
    shown = rows.in_bulk(decision.items.values_list("batch", flat=True))
    result = Result(decision)
    for item in decision.items.filter(batch__in=shown):
        item.batch = shown[item.batch_id]
        where = {
            BulkOutcome.DONE: result.done,
            BulkOutcome.PASSED: result.passed,
            BulkOutcome.OPEN: result.left,
        }
        where.get(BulkOutcome(item.outcome), result.refused).append(item)
    return result
