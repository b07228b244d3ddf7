"""The reads: rows of CMiC as the port's plain rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from cmic_adapter import wire
from cmic_adapter.client import Client
from cmic_adapter.wire import Job
from erp.port import (
    AssignedCostCodeRow,
    BudgetCodeRow,
    CompanyRow,
    CostCodeRow,
    CostTypeRow,
    JobRow,
    JobStatus,
    Reading,
    UnitRow,
)

MOST_JOBS = 50  # a request


def companies(client: Client) -> Iterator[CompanyRow]:
    """This function will read every company visible to us."""
    for row in client.rows(wire.COMPANIES):
        yield CompanyRow(code=row.code, name=row.name, currency=row.currency)


def jobs(client: Client, *, company: str) -> Iterator[JobRow]:
    """This function will read every job of a company visible to us."""
    for row in client.rows(wire.JOBS, wire.JOBS.where(company=company)):
        yield JobRow(
            code=row.code,
            name=row.name,
            parent=row.parent if row.parent != row.code else "",
            status=row.status,
            writable=_writable(row),
        )


def _writable(job: Job) -> bool:
    return job.status is JobStatus.PENDING or (job.status is JobStatus.STARTED and job.takes_changes)


def cost_codes(client: Client, *, company: str) -> Iterator[CostCodeRow]:
    """This function will read every cost code of a company."""
    for row in client.rows(wire.COST_CODES, wire.COST_CODES.where(company=company)):
        yield CostCodeRow(code=row.code, name=row.name, parent=row.parent, active=row.active)


def cost_types(client: Client, *, company: str) -> Iterator[CostTypeRow]:
    """This function will read every cost type of a company."""
    for row in client.rows(wire.COST_TYPES, wire.COST_TYPES.where(company=company)):
        yield CostTypeRow(code=row.code, name=row.name, active=row.active)


def units(client: Client) -> Iterator[UnitRow]:
    """This function will read every unit of measure."""
    for row in client.rows(wire.UNITS):
        yield UnitRow(code=row.code, name=row.name)


def assigned_cost_codes(
    client: Client, *, company: str, jobs: Sequence[str]
) -> Iterator[AssignedCostCodeRow]:
    """This function will read the cost codes CMiC lists for jobs, for all jobs when none is named."""
    if jobs:
        rows = client.rows_in(wire.JOB_COST_CODES, field="job", values=jobs, most=MOST_JOBS, company=company)
    else:
        rows = client.rows(wire.JOB_COST_CODES, wire.JOB_COST_CODES.where(company=company))
    for row in rows:
        yield AssignedCostCodeRow(job=row.job, code=row.code, active=row.active)


def visible_jobs(client: Client, *, company: str, codes: Iterable[str]) -> dict[str, Job]:
    """This function will return those of the jobs that we may see, by their code."""
    rows = client.rows_in(wire.JOBS, field="code", values=codes, most=MOST_JOBS, company=company)
    return {row.code: row for row in rows if row.company == company}


def reading(client: Client, *, company: str, jobs: Sequence[str], names: Mapping[str, str]) -> Reading:
    """This function will read all budget codes and statuses of jobs. `names` are the cost codes' names."""
    read_at = datetime.now(UTC)
    visible = visible_jobs(client, company=company, codes=jobs)
    rows = client.rows_in(wire.BUDGET_CODES, field="job", values=visible, most=MOST_JOBS, company=company)
    return Reading(
        company=company,
        statuses={code: job.status for code, job in visible.items()},
        rows=tuple(
            BudgetCodeRow(
                key=row.key,
                name=names.get(row.cost_code, ""),
                original=row.original,
                current=row.current,
                active=row.type_active and row.code_active,
                unit=row.unit,
            )
            for row in rows
        ),
        read_at=read_at,
    )
