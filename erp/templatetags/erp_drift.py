"""The alarm when somebody changed a job straight in the ERP, for the Budget tool's pages and the approvers' desk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import template
from django.urls import reverse

from budgets.models import Budget, BudgetState, Hold, Modification
from erp import drift_reads
from erp.balance_reads import newest_readings
from erp.models import DriftSighting
from erp.reconciliation import WITH_US_AGAIN, sighted
from projects import permissions

register = template.Library()
FEW = 5  # lines that are named in the alarm itself
FOUND = "_changed_in_the_erp"


@dataclass(frozen=True)
class Alarm:
    """What was changed in the ERP and not decided yet, the newest first."""

    lines: list[DriftSighting]
    checked_at: Any
    deciders: str
    decide_link: str  # empty for those who may not decide

    @property
    def few(self) -> list[DriftSighting]:
        """The lines that are named."""
        return self.lines[:FEW]

    @property
    def more(self) -> int:
        """How many are not."""
        return max(len(self.lines) - FEW, 0)


@register.simple_tag
def drift_alarm(budget: Budget, user: Any) -> Alarm | None:
    """This function will find what was changed in the ERP and waits for a decision; None where nothing does."""
    if budget.state == BudgetState.SENT or budget.hold not in (Hold.DIFFERS, *WITH_US_AGAIN):
        return None
    lines = sorted(sighted(budget).values(), key=lambda row: (row.seen_at, row.pk), reverse=True)
    if not lines:
        return None
    company, reading = budget.project.company, newest_readings([budget]).get(budget.pk)
    may = permissions.may_decide(user, company)
    return Alarm(
        lines,
        reading.made_at if reading else None,
        permissions.names(permissions.who_may_decide(company)),
        reverse("admin:erp_reconciliation_project", args=[budget.pk]) if may else "",
    )


@register.filter
def without_amount(value: str) -> str:
    """This function will take the amount off what names a row in the form: what was typed is about its code."""
    return value.rpartition("|")[0]


@register.simple_tag
def differences_to_send(budget: Budget) -> list[Modification]:
    """This function will find the modifications that keep ours and go with the next send."""
    return drift_reads.to_send(budget)


@register.simple_tag
def to_settle(user: Any) -> list[Budget]:
    """This function will find the budgets of a person's companies that were changed in the ERP, the newest first."""
    if FOUND not in user.__dict__:  # the tabs and the queue ask within one request
        rows = Budget.objects.filter(
            project__company__in=permissions.queue_companies(user), hold=Hold.DIFFERS
        ).exclude(state=BudgetState.SENT)
        user.__dict__[FOUND] = list(rows.select_related("project__company").order_by("-hold_since", "pk"))
    found: list[Budget] = user.__dict__[FOUND]
    return found


@register.simple_tag
def projects_to_settle(user: Any) -> int:
    """This function will count them."""
    return len(to_settle(user))
