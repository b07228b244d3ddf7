"""The lines of a budget that the ERP would not take, found by the database in one query."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from budgets import large_reads
from budgets.models import Budget, BudgetLine
from erp.line_codes import with_codes
from erp.models import Connection, ErpAssignment, ErpUnit
from erp.port import JobStatus
from erp.snapshots import erp_connection
from workflow.blockers import once_per_object


@dataclass
class Unfit:
    """Lines by what is wrong with them; a line may stand in several lists."""

    job_not_linked: list[BudgetLine]
    job_closed: list[BudgetLine]
    cost_code_unknown: list[BudgetLine]
    cost_code_inactive: list[BudgetLine]
    cost_type_unknown: list[BudgetLine]
    cost_type_inactive: list[BudgetLine]
    not_assigned: list[BudgetLine]
    unit_unknown: list[BudgetLine]


@once_per_object
def unfit_lines(budget: Budget) -> Unfit:
    """This function will sort the lines the ERP would refuse, as far as the last sync knows."""
    unfit = Unfit([], [], [], [], [], [], [], [])
    connection = erp_connection(budget)
    if connection is None:
        return unfit
    with large_reads.cursor():
        suspects = list(_suspects(budget, connection))
    for line in suspects:
        _sort(line, unfit, connection)
    return unfit


def _suspects(budget: Budget, connection: Connection) -> QuerySet[BudgetLine]:
    assigned = ErpAssignment.objects.filter(
        connection=connection,
        gone_at=None,
        job_code=OuterRef("job__erp_link__erp_job__code"),
        cost_code=OuterRef("cost_code__erp_link__erp_cost_code__code"),
    )
    this_type = OuterRef("cost_type__erp_link__erp_cost_type__code")
    unit = ErpUnit.objects.filter(connection=connection, code=OuterRef("unit__code"), gone_at=None)
    job, code, kind = "job__erp_link", "cost_code__erp_link", "cost_type__erp_link"
    return (
        with_codes(budget.lines.all())
        .annotate(
            inactive_there=Q(Exists(assigned.filter(cost_type="", active=False)))
            | Q(Exists(assigned.filter(cost_type=this_type, active=False))),
            assigned_there=Exists(assigned.filter(active=True, cost_type=this_type)),
            unit_known=Exists(unit),
        )
        .filter(
            Q(**{f"{job}": None})
            | Q(**{f"{job}__erp_job__status": JobStatus.CLOSED})
            | Q(**{f"{job}__erp_job__writable": False})
            | Q(**{f"{job}__erp_job__gone_at__isnull": False})
            | ~Q(cost_code_text="")
            | Q(cost_code__isnull=False, **{code: None})
            | Q(**{f"{code}__erp_cost_code__active": False})
            | Q(**{f"{code}__erp_cost_code__gone_at__isnull": False})
            | ~Q(cost_type_text="")
            | Q(cost_type__isnull=False, **{f"{kind}__confirmed_at": None})
            | Q(**{f"{kind}__erp_cost_type__active": False})
            | Q(**{f"{kind}__erp_cost_type__gone_at__isnull": False})
            | Q(inactive_there=True)
            | (Q(assigned_there=False) if not connection.assign_missing else Q(pk__in=[]))
            | ~Q(unit_text="")
            | Q(unit__isnull=False, unit_known=False)
        )
        .order_by("job__code", "cost_code_text", "cost_code__code", "pk")
    )


def _sort(line: BudgetLine, unfit: Unfit, connection: Connection) -> None:
    job = getattr(line.job, "erp_link", None)
    if job is None:
        unfit.job_not_linked.append(line)
    elif job.erp_job.gone_at or job.erp_job.status == JobStatus.CLOSED or not job.erp_job.writable:
        unfit.job_closed.append(line)
    _sort_code(line, unfit)
    _sort_type(line, unfit)
    known = line.cost_code is not None and line.cost_type is not None
    if known and (line.inactive_there or (not connection.assign_missing and not line.assigned_there)):  # type: ignore[attr-defined]
        unfit.not_assigned.append(line)
    if line.unit_text or (line.unit_id and not line.unit_known):  # type: ignore[attr-defined]
        unfit.unit_unknown.append(line)


def _sort_code(line: BudgetLine, unfit: Unfit) -> None:
    link = getattr(line.cost_code, "erp_link", None) if line.cost_code else None
    if line.cost_code_text or (line.cost_code and link is None):
        unfit.cost_code_unknown.append(line)
    elif link is not None and (link.erp_cost_code.gone_at or not link.erp_cost_code.active):
        unfit.cost_code_inactive.append(line)


def _sort_type(line: BudgetLine, unfit: Unfit) -> None:
    link = getattr(line.cost_type, "erp_link", None) if line.cost_type else None
    if line.cost_type_text or (line.cost_type and (link is None or link.confirmed_at is None)):
        unfit.cost_type_unknown.append(line)
    elif link is not None and (link.erp_cost_type.gone_at or not link.erp_cost_type.active):
        unfit.cost_type_inactive.append(line)
