"""Asking those who may: to unlock, to return. Asked, withdrawn, declined; granted by doing what was asked for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from budgets.changing import change
from budgets.errors import InvalidInput, refuse_long
from budgets.models import Budget
from budgets.requests.book import close, open_request
from budgets.requests.models import BudgetRequest, RequestKind, RequestState
from budgets.signals import request_told
from workflow.actions import ensure

ASKS = {RequestKind.UNLOCK: "ask_unlock", RequestKind.RETURN: "ask_return"}
WITHDRAWS = {RequestKind.UNLOCK: "withdraw_unlock_request", RequestKind.RETURN: "withdraw_return_request"}
SHORTEST = 5  # characters of a sentence


def ask(budget: Budget, *, user: Any, now: datetime, kind: str, note: str) -> BudgetRequest:
    """This function will put a request before those who may do it, with the reason."""
    _need_sentence(note, "note", "Say in a sentence why; whoever decides reads it.")
    asked = RequestKind(kind)
    with change(budget, user=user, now=now) as (locked, event):
        ensure(locked, ASKS[asked], user)
        request = BudgetRequest.objects.create(
            budget=locked, kind=asked, note=note.strip(), asked_by=user, asked_at=now
        )
        request_told.send(BudgetRequest, request=request)
        event |= {
            "action": ASKS[asked],
            "sentence": f"Asked {request.get_kind_display()}",
            "note": request.note,
        }
    return request


def withdraw(budget: Budget, *, user: Any, now: datetime, kind: str) -> BudgetRequest | None:
    """This function will take back one's own request."""
    asked = RequestKind(kind)
    with change(budget, user=user, now=now) as (locked, event):
        ensure(locked, WITHDRAWS[asked], user)
        request = close(locked, asked, RequestState.WITHDRAWN, user=user, now=now)
        event |= {"action": WITHDRAWS[asked], "sentence": f"No longer asks {asked.label}"}
    return request


def decline_unlock(budget: Budget, *, user: Any, now: datetime, note: str) -> BudgetRequest | None:
    """This function will turn a request to unlock down with a sentence."""
    _need_sentence(note, "note", "Say in a sentence why not; whoever asked reads it.")
    with change(budget, user=user, now=now) as (locked, event):
        ensure(locked, "decline_unlock", user)
        request = close(
            locked, RequestKind.UNLOCK, RequestState.DECLINED, user=user, now=now, answer=note.strip()
        )
        event |= {"action": "decline_unlock", "sentence": "Declined to unlock", "note": note.strip()}
    return request


def _need_sentence(text: str, field: str, why: str) -> None:
    refuse_long(**{field: text})
    if len(text.strip()) < SHORTEST:
        raise InvalidInput({field: why})


__all__ = ["ask", "close", "decline_unlock", "open_request", "withdraw"]
