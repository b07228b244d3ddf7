"""Names, times and numbers in sentences, the same everywhere."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from budgets.models import Budget, BudgetState
from erp.backends import backend
from erp.models import Batch, Connection
from projects import permissions
from projects.models import Company
from workflow.blockers import once_per_object
from workflow.templatetags.figures import plain_moment_in


def when(moment: datetime | None, batch: Batch) -> str:
    """This function will say a moment in the company's time zone: "on Nov. 20, 2026, 14:02 CST"."""
    if moment is None:
        return ""
    return f"on {plain_moment_in(moment, batch.budget.project.company.time_zone)}"


SOME_ERP = "the ERP"


def erp_name(connection: Connection | None) -> str:
    """This function will name the ERP as people call it, or call it the ERP where none is connected or configured."""
    if connection is None or connection.alias not in settings.ERP_BACKENDS:
        return SOME_ERP
    return backend(connection.alias).name


def erp_of(company: Company) -> str:
    """This function will name a company's ERP."""
    return erp_name(getattr(company, "erp_connection", None))


@once_per_object
def erp_admins(budget: Budget) -> str:
    """This function will name who sets up the ERP connection of a budget's company."""
    return permissions.names(
        permissions.who_administers(budget.project.company), nobody="an ERP admin (none yet)"
    )


def unlock_first(budget: Budget) -> str:
    """This function will add what a locked budget needs before a line can be changed, or nothing."""
    return " To change a line, unlock the budget first." if budget.state == BudgetState.LOCKED else ""
