"""What the ERP Integrations tool lets open budget pages watch: all that may block or free an action, in one query."""

from __future__ import annotations

from django.db.models import Max, OuterRef, Subquery

from budgets.models import Budget
from erp.models import Batch, Circuit, Connection, CostTypeLink, ErpReading, Remark


def part(budget: Budget) -> object:
    """This function will tell how the connection, the last batch, its remarks and the last reading stand."""
    readings = ErpReading.objects.filter(budget=budget.pk).order_by("-pk")
    answers = Remark.objects.filter(batch__budget=budget.pk, answered_at__isnull=False).order_by(
        "-answered_at"
    )
    confirmed = CostTypeLink.objects.filter(erp_cost_type__connection=OuterRef("pk")).order_by()
    return (
        Connection.objects.filter(company=budget.project.company_id)
        .annotate(
            batch=Subquery(Batch.objects.filter(budget=budget.pk).order_by("-number").values("state")[:1]),
            answered=Subquery(answers.values("answered_at")[:1]),
            reading=Subquery(readings.values("pk")[:1]),
            reading_state=Subquery(readings.values("state")[:1]),
            silent=Subquery(Circuit.objects.filter(connection=OuterRef("pk")).values("silent_since")[:1]),
            types=Subquery(
                confirmed.values("erp_cost_type__connection").annotate(at=Max("confirmed_at")).values("at")
            ),
        )
        .values_list(
            *("alias", "enabled", "stopped_at", "verified_at", "synced_at", "mapping_version"),
            *("assign_missing", "originals_on_started_jobs"),
            *("batch", "answered", "reading", "reading_state", "silent", "types"),
        )
        .first()
    )
