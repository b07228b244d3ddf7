"""The alarm when somebody changed a job straight in the ERP, for the Budget tool's pages and the approvers' desk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import template
from django.urls import reverse

from budgets.models import Budget, BudgetState
from erp.models import DriftDecision, DriftSighting
from erp.reconciliation import drift_reads
from erp.reconciliation.balance_reads import newest_readings
from erp.reconciliation.comparing import sighted, sighted_in
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
    later: bool  # a batch is out: nothing is decided before it is posted or back

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
        later=budget.state == BudgetState.SENT,
    )


@register.filter
def without_amount(value: str) -> str:
    """This function will take the amount off what names a row in the form: what was typed is about its code."""
    return value.rpartition("|")[0]


@register.simple_tag
def differences_to_send(budget: Budget) -> list[DriftDecision]:
    """This function will find the decisions to keep ours whose modifications go with the next send."""
    return list(
        DriftDecision.objects.filter(correction__in=drift_reads.to_send(budget))
        .select_related("correction", "by")
        .order_by("correction__number", "erp_cost_code", "erp_cost_type")
    )


@dataclass(frozen=True)
class Changed:
    """A budget that was changed in the ERP, on how many lines and since when; `later`: not to be decided yet."""

    budget: Budget
    lines: int
    since: datetime
    later: bool


@register.simple_tag
def to_settle(user: Any) -> list[Changed]:
    """This function will find the budgets of a person's companies that were changed in the ERP, the newest first.

    Also those of which a batch is out: what waits to be decided is not forgotten meanwhile.
    """
    if FOUND not in user.__dict__:  # the tabs and the queue ask within one request
        theirs = Budget.objects.filter(project__company__in=permissions.queue_companies(user))
        found = sighted_in(theirs.values("pk"))
        rows = theirs.filter(pk__in=found).select_related("project__company").order_by("pk")
        changed = [
            Changed(
                budget,
                len(found[budget.pk]),
                min(one.seen_at for one in found[budget.pk]),
                budget.state == BudgetState.SENT,
            )
            for budget in rows
        ]
        user.__dict__[FOUND] = sorted(changed, key=lambda one: one.since, reverse=True)
    kept: list[Changed] = user.__dict__[FOUND]
    return kept


@register.simple_tag
def projects_to_settle(user: Any) -> int:
    """This function will count them."""
    return len(to_settle(user))
