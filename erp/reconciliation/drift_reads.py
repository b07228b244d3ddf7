"""What was decided about differences, for rules and screens."""

from __future__ import annotations

from django.db.models import QuerySet

from budgets.models import Budget, Modification, ModificationState
from budgets.modifications.settling import FIRST_VERSION
from erp.models import DriftDecision, DriftKind


def corrections(budget: Budget) -> QuerySet[Modification]:
    """This function will find the modifications that keep ours, as they were written; one that was changed is any."""
    kept = DriftDecision.objects.filter(budget=budget, kind=DriftKind.KEEP).values("correction")
    return Modification.objects.filter(pk__in=kept, version=FIRST_VERSION).order_by()


def to_send(budget: Budget) -> list[Modification]:
    """This function will find the modifications that keep ours and go with the next send."""
    kept = DriftDecision.objects.filter(budget=budget, kind=DriftKind.KEEP).values("correction")
    rows = Modification.objects.filter(
        pk__in=kept, state=ModificationState.EFFECTIVE, in_batch=False, was_posted=False
    )
    return list(rows.order_by("number"))


def last_decisions(budget: Budget) -> dict[object, DriftDecision]:
    """This function will find the newest decision on each budget code."""
    code = ("erp_job", "erp_cost_code", "erp_cost_type")
    rows = DriftDecision.objects.filter(budget=budget).order_by(*code, "-pk").distinct(*code)
    return {row.key: row for row in rows.select_related("by", "on_behalf_of", "taken", "correction")}
