"""The reads: rows of CMiC as the port's plain rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cmic_adapter import audit, wire
from cmic_adapter.client import Client, RowT
from cmic_adapter.wire import Job, Resource
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


@dataclass(frozen=True)
class Span:
    """How far back to read: what changed since a moment, None for all. `is_told` asks whether a dated resource can be
    searched by its audit times."""

    is_told: Callable[[Resource[Any]], bool]
    since: datetime | None = None


UNDATED = Span(is_told=lambda resource: False)


def companies(client: Client) -> Iterator[CompanyRow]:
    """This function will read every company visible to us."""
    for row in client.rows(wire.COMPANIES):
        yield CompanyRow(code=row.code, name=row.name, currency=row.currency)


def jobs(client: Client, *, company: str, span: Span) -> Iterator[JobRow]:
    """This function will read every job of a company visible to us."""
    for row in _rows(client, wire.JOBS, audit.DATED_JOBS, company=company, span=span):
        yield JobRow(
            code=row.code,
            name=row.name,
            parent=row.parent if row.parent != row.code else "",
            status=row.status,
            writable=_writable(row),
            changed_at=audit.changed_at(row),
        )


def _writable(job: Job) -> bool:
    return job.status is JobStatus.PENDING or (job.status is JobStatus.STARTED and job.takes_changes)


def cost_codes(client: Client, *, company: str, span: Span) -> Iterator[CostCodeRow]:
    """This function will read every cost code of a company."""
    for row in _rows(client, wire.COST_CODES, audit.DATED_COST_CODES, company=company, span=span):
        changed_at = audit.changed_at(row)
        yield CostCodeRow(
            code=row.code, name=row.name, parent=row.parent, active=row.active, changed_at=changed_at
        )


def cost_types(client: Client, *, company: str, span: Span) -> Iterator[CostTypeRow]:
    """This function will read every cost type of a company."""
    for row in _rows(client, wire.COST_TYPES, audit.DATED_COST_TYPES, company=company, span=span):
        yield CostTypeRow(code=row.code, name=row.name, active=row.active, changed_at=audit.changed_at(row))


def assigned_cost_codes(
    client: Client, *, company: str, jobs: Sequence[str], span: Span
) -> Iterator[AssignedCostCodeRow]:
    """This function will read the cost codes CMiC lists for jobs, for all jobs when none is named."""
    wanted = sorted(set(jobs))
    some = [wanted[i : i + MOST_JOBS] for i in range(0, len(wanted), MOST_JOBS)]
    for named in [{"job": group} for group in some] or [{}]:
        for row in _rows(
            client, wire.JOB_COST_CODES, audit.DATED_JOB_COST_CODES, company=company, span=span, **named
        ):
            changed_at = audit.changed_at(row)
            yield AssignedCostCodeRow(job=row.job, code=row.code, active=row.active, changed_at=changed_at)


def _rows(
    client: Client,
    plain: Resource[RowT],
    dated: Resource[Any],
    *,
    company: str,
    span: Span,
    **where: Iterable[str],
) -> list[RowT]:
    """The rows of a company; with audit times, and of those only what changed, where the server can do that."""
    if not span.is_told(dated):
        return client.rows(plain, plain.where(company=company, **where))
    asked = dated.where(company=company, **where)
    if span.since is not None:
        asked = f"{asked} and {audit.changed_since(dated, span.since)}"
    return client.rows(dated, asked)


def units(client: Client) -> Iterator[UnitRow]:
    """This function will read every unit of measure."""
    for row in client.rows(wire.UNITS):
        yield UnitRow(code=row.code, name=row.name)


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
