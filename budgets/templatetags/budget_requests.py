"""Who asks what of whom on a budget, for its pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import template

from budgets.models import Budget, BudgetState, Hold
from budgets.requests.book import open_requests
from budgets.requests.models import BudgetRequest, RequestKind, RequestState
from projects import permissions

register = template.Library()
WITH_ACCOUNTING = (Hold.EXPORTING, Hold.ATTENTION, Hold.IN_ERP)


@dataclass(frozen=True)
class Shown:
    """The open requests; which ones the person may make here; and the last answer to one of theirs."""

    unlock: BudgetRequest | None
    returning: BudgetRequest | None
    answer: BudgetRequest | None
    may_unlock: bool
    offers_unlock: bool
    offers_return: bool


@register.simple_tag
def requests_on(budget: Budget, user: Any) -> Shown:
    """This function will find what is asked on a budget, as this person sees it."""
    found, may_unlock = open_requests(budget), permissions.may(user, budget.project, "unlock")
    last = budget.requests.filter(asked_by=user, asked_at__gte=budget.state_since).first()
    under_way = budget.state == BudgetState.SENT and budget.hold in WITH_ACCOUNTING
    return Shown(
        unlock=found.get(RequestKind.UNLOCK),
        returning=found.get(RequestKind.RETURN),
        answer=last if last and last.state == RequestState.DECLINED else None,
        may_unlock=may_unlock,
        offers_unlock=budget.state == BudgetState.LOCKED and not may_unlock,
        offers_return=under_way and permissions.may(user, budget.project, "send"),
    )
