"""Reading every project of a company again: the action, its rule, and the service."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from budgets.models import Budget
from budgets.services import lock_row
from erp.models import Connection, JobLink
from erp.setup.connection_actions import erp_silent, not_in_use
from erp.sync import readings
from projects import permissions
from projects.models import ErpLevel
from workflow.actions import Action, ensure, register
from workflow.blockers import Found, Kind, blocker


@blocker("no_right_to_read_all", Kind.PERMISSION)
def may_read_all(connection: Connection, user: Any) -> Found | None:
    """Whoever sees the company's queue may have its projects read again."""
    member = permissions.membership(user, connection.company)
    if member is not None and member.erp_level >= ErpLevel.STANDARD:
        return None
    who = permissions.names(permissions.who_administers(connection.company))
    return Found(f"You see no ERP Integrations of {connection.company.name}. Ask {who}.", who=who)


register(
    Action(
        name="read_all",
        model=Connection,
        label="Read all again",
        permission=may_read_all,
        problems=(not_in_use, erp_silent),
    )
)


def linked_budgets(companies: Any) -> list[Budget]:
    """This function will find the budgets of companies whose project is linked to a job of the ERP."""
    linked = JobLink.objects.filter(job__parent=None).values("job__project")
    rows = Budget.objects.filter(project__company__in=companies, project__in=linked)
    return list(rows.select_related("project__company").order_by("project__name", "pk"))


def read_all(connection: Connection, *, user: Any, now: datetime) -> int:
    """This function will ask for a new reading of every linked project; tasks make them. Returns how many."""
    ensure(connection, "read_all", user)
    budgets = linked_budgets([connection.company_id])
    for budget in budgets:
        with transaction.atomic():
            readings.ask(lock_row(budget), now=now)
    return len(budgets)
