"""What is done to several batches of the queue at once: each in its own transaction, with a result for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from budgets.errors import InvalidInput
from erp import selectors, services
from erp.models import Batch, BatchState, ErpReading, RejectReason
from erp.reauthentication import PROVEN
from erp.snapshots import latest_reading
from workflow import actions
from workflow.actions import ActionBlocked
from workflow.blockers import Blocker
from workflow.numbers import number

UNPROCESSABLE = 422
PASSED_ON = "passed on"


@dataclass(frozen=True)
class Candidate:
    """One selected batch, the reading an approver is shown for it, and what stands in the way."""

    batch: Batch
    reading: ErpReading | None
    blockers: list[Blocker]


def _chosen(request: HttpRequest) -> list[Batch]:
    """The selected batches the person may see, whatever has become of them meanwhile."""
    keys = [key for text in request.POST.getlist(ACTION_CHECKBOX_NAME) if (key := number(text)) is not None]
    return list(selectors.visible_batches(request.user).filter(pk__in=keys).order_by("sent_at", "pk"))


def _candidates(request: HttpRequest, action: str) -> list[Candidate]:
    chosen = _chosen(request)
    for batch in chosen:
        batch.__dict__[PROVEN] = False  # a list asks for no password, so large batches are left out
    return [
        Candidate(batch, latest_reading(batch.budget), actions.blockers(batch, action, request.user))
        for batch in chosen
    ]


def _each(
    request: HttpRequest, batches: list[Batch], act: Callable[[Batch], Any], *, done: str, undone: str
) -> None:
    """Do it to one batch after the other, and say what became of each; `act` may say that one was only passed on."""
    refused, passed_on = [], 0
    for batch in batches:
        try:
            passed_on += act(batch) == PASSED_ON
        except ActionBlocked as blocked:
            sentences = " ".join(blocker.sentence for blocker in blocked.blockers)
            refused.append(f"{batch.budget.project} (batch {batch.number}): {sentences}")
    number = len(batches) - len(refused) - passed_on
    if number:
        messages.success(request, f"{number} {done}.")
    if passed_on:
        messages.success(request, f"{passed_on} approved and waiting for the next step.")
    if refused:
        messages.warning(request, f"{len(refused)} not {undone}: {' · '.join(refused)}")


@admin.action(description="Accept selected")
def accept_selected(model_admin: Any, request: HttpRequest, queryset: QuerySet[Batch]) -> HttpResponse | None:
    """This function will show what was selected beside what the ERP holds, then accept what is free."""
    if "confirm" not in request.POST:
        candidates = _candidates(request, "accept")
        context = {"candidates": candidates, "free": [c for c in candidates if not c.blockers]}
        return _page(request, "bulk_accept.html", "accept_selected", context)

    def accept(batch: Batch) -> str:
        seen = request.POST.get(f"reading-{batch.pk}", "")
        done = services.accept(batch, user=request.user, now=timezone.now(), reading_hash=seen)
        return PASSED_ON if done.state == BatchState.WAITING else ""

    _each(request, _chosen(request), accept, done="accepted", undone="accepted")
    return None


@admin.action(description="Reject selected")
def reject_selected(model_admin: Any, request: HttpRequest, queryset: QuerySet[Batch]) -> HttpResponse | None:
    """This function will ask for the reason that all selected batches share, then send back what is free."""
    typed: dict[str, Any] = {
        "reason_code": request.POST.get("reason_code", ""),
        "reason": request.POST.get("reason", ""),
    }
    if "confirm" not in request.POST:
        return _reject_page(request, typed=typed)

    def reject(batch: Batch) -> None:
        services.reject(batch, user=request.user, now=timezone.now(), **typed)

    try:
        _each(request, _chosen(request), reject, done="sent back", undone="sent back")
    except InvalidInput as invalid:
        return _reject_page(request, typed=typed, status=UNPROCESSABLE, errors=invalid.errors)
    return None


def _reject_page(
    request: HttpRequest, *, typed: dict[str, Any], status: int = 200, **problem: Any
) -> HttpResponse:
    candidates = _candidates(request, "reject")
    context = {
        "candidates": candidates,
        "free": [c for c in candidates if not c.blockers],
        "reasons": RejectReason.choices,
        "typed": typed,
        **problem,
    }
    return _page(request, "bulk_reject.html", "reject_selected", context, status=status)


@admin.action(description="Read the ERP again")
def read_selected(model_admin: Any, request: HttpRequest, queryset: QuerySet[Batch]) -> None:
    """This function will ask for a new reading for each selected batch; they are made within seconds."""

    def read(batch: Batch) -> None:
        services.read_again(batch, user=request.user, now=timezone.now())

    _each(request, _chosen(request), read, done="being read; this takes a few seconds", undone="read")


def _page(
    request: HttpRequest, template: str, action: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    frame = {"checkbox": ACTION_CHECKBOX_NAME, "action_name": action, "nav": "queue"}
    return render(request, f"admin/erp/batch/{template}", {**frame, **context}, status=status)
