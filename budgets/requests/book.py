"""The requests on a budget: which is open, and how one ends. The caller has locked the budget's row."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from budgets.models import Budget
from budgets.requests.models import BudgetRequest, RequestKind, RequestState
from budgets.signals import request_told
from workflow.blockers import once_per_object


@once_per_object
def open_requests(budget: Budget) -> dict[str, BudgetRequest]:
    """This function will find the open requests on a budget, by kind."""
    rows = budget.requests.filter(state=RequestState.OPEN).select_related("asked_by")
    return {row.kind: row for row in rows}


def open_request(budget: Budget, kind: str) -> BudgetRequest | None:
    """This function will find the open request of a kind."""
    return open_requests(budget).get(kind)


def close(
    budget: Budget, kind: RequestKind, state: RequestState, *, user: Any, now: datetime, answer: str = ""
) -> BudgetRequest | None:
    """This function will end the open request of a kind, where there is one, and let whoever asked know."""
    request = budget.requests.select_for_update().filter(kind=kind, state=RequestState.OPEN).first()
    if request is None:
        return None
    request.state, request.answer, request.answered_by, request.answered_at = state, answer, user, now
    request.save()
    request_told.send(BudgetRequest, request=request)
    return request
