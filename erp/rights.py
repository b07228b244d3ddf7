"""Who is an ERP admin of a company: the one rule that all rooms ask."""

from __future__ import annotations

from typing import Any

from budgets.models import Budget
from erp.models import Batch, Connection, LinkReset, SyncRun
from projects import permissions
from projects.models import Company
from workflow.blockers import Found, Kind, blocker


@blocker("not_erp_admin", Kind.PERMISSION)
def may_administer(
    obj: Company | Connection | SyncRun | Budget | Batch | LinkReset, user: Any
) -> Found | None:
    """Settings, mappings, sync, people, approval rules, links and naming somebody for a step take level admin."""
    company = _company_of(obj)
    if permissions.may_administer(user, company):
        return None
    who = permissions.names(permissions.who_administers(company))
    return Found(f"You are no ERP admin of {company.name}. Ask {who}.", who=who)


def _company_of(obj: Company | Connection | SyncRun | Budget | Batch | LinkReset) -> Company:
    if isinstance(obj, Company):
        return obj
    if isinstance(obj, Connection):
        return obj.company
    if isinstance(obj, SyncRun):
        return obj.connection.company
    return obj.budget.project.company if isinstance(obj, Batch) else obj.project.company
