"""Mails about what people ask of each other: to those who may do it, and the answer to whoever asked."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from budgets import links
from budgets.requests.blockers import who_answers
from budgets.requests.models import BudgetRequest, RequestKind, RequestState
from budgets.signals import request_told
from erp.mail import mails
from erp.snapshots import latest_batch
from workflow.people import name_of

SAID = {
    RequestState.GRANTED: "{who} has done it.",
    RequestState.DECLINED: "{who} has declined:",
    RequestState.OVER: "It cannot be done any more:",
}
WHAT = {
    RequestKind.UNLOCK: "Unlock it, or decline with a sentence.",
    RequestKind.RETURN: "Return it, or decline with a sentence.",
}


def tell(sender: Any, *, request: BudgetRequest, **kwargs: Any) -> None:
    """This function will write the mails that a new or an ended request asks for."""
    if request.state == RequestState.OPEN:
        for reader in who_answers(request.budget, request.kind).exclude(pk=request.asked_by_id):
            _write(request, reader, "asked", f"{name_of(request.asked_by)} asks {request.get_kind_display()}")
    elif request.state in SAID and request.asked_by_id != request.answered_by_id:
        _write(request, request.asked_by, "asked_answered", f"Your request {request.get_kind_display()}")


def _write(request: BudgetRequest, reader: Any, template: str, subject: str) -> None:
    project = request.budget.project
    mails.write(
        company=project.company,
        to=[reader],
        kind="request",
        key=f"{template}:{request.pk}:{request.state}",
        subject=f"{subject}: {project}",
        template=template,
        path=_place(request, template),
        button="Open it",
        request=request,
        project=project,
        asker=name_of(request.asked_by),
        said=SAID.get(RequestState(request.state), "").format(who=name_of(request.answered_by)),
        what=WHAT[RequestKind(request.kind)],
    )


def _place(request: BudgetRequest, template: str) -> str:
    batch = latest_batch(request.budget)
    if template == "asked" and request.kind == RequestKind.RETURN and batch is not None:
        return reverse("admin:erp_batch_change", args=[batch.pk])
    return links.page(request.budget, "requests")


def listen() -> None:
    """This function will mail whenever the Budget tool tells of a request."""
    request_told.connect(tell, dispatch_uid="erp.mail.request_notices")
