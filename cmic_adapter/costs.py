"""Costs to date: the postings of a job's costs, summed by budget code.

Nothing that is written needs them, so what is wrong with them alone stops nothing: they are not told then, and the
report says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from cmic_adapter import adf, audit, wire
from cmic_adapter.client import Client
from cmic_adapter.meanings import Kind
from cmic_adapter.reads import MOST_JOBS, Span, visible_jobs
from cmic_adapter.wire import Cost, Resource
from erp.port import CostRow, ErpKey, ErpMisconfigured, JobCosts


@dataclass(frozen=True, slots=True)
class Part:
    """What is kept of one posting while a job is read: a job may have a hundred thousand."""

    key: ErpKey
    amount: Decimal
    day: date | None
    changed_at: datetime | None


def costs(client: Client, *, company: str, jobs: Sequence[str], span: Span) -> Iterator[JobCosts]:
    """This function will tell each visible job's costs, one job after the other; with a span, what is new alone.

    Raises ErpUnavailable; ErpMisconfigured only where it is not about the costs alone.
    """
    try:
        visible = sorted(visible_jobs(client, company=company, codes=jobs))
        changed = set(visible) if span.since is None else _changed(client, company, visible, span)
        for job in visible:
            yield _of_job(client, company, job, span) if job in changed else JobCosts(job, None)
    except ErpMisconfigured:
        if client.ask(wire.COMPANIES.path, adf.probe_query(wire.COMPANIES)).kind is not Kind.OK:
            raise


def _changed(client: Client, company: str, jobs: Sequence[str], span: Span) -> set[str]:
    """The jobs that something was posted on since; all of them where the server cannot tell."""
    dated = audit.DATED_COSTS
    if span.since is None or not span.is_told(dated):
        return set(jobs)
    found: set[str] = set()
    for start in range(0, len(jobs), MOST_JOBS):
        where = dated.where(company=company, job=jobs[start : start + MOST_JOBS])
        asked = f"{where} and {audit.changed_since(dated, span.since)}"
        found.update(client.parts(dated, asked, part=lambda row: row.job))
    return found


def _of_job(client: Client, company: str, job: str, span: Span) -> JobCosts:
    resource: Resource[Any] = audit.DATED_COSTS if span.is_told(audit.DATED_COSTS) else wire.COSTS
    keys: dict[ErpKey, ErpKey] = {}  # each once in memory, however many postings name it

    def part(row: Cost) -> Part:
        return Part(keys.setdefault(row.key, row.key), row.amount, row.day, audit.changed_at(row))

    parts = client.parts(resource, resource.where(company=company, job=job), part=part)
    return JobCosts(job, _summed(parts), _latest(one.changed_at for one in parts))


def _summed(parts: Iterable[Part]) -> tuple[CostRow, ...]:
    found: dict[ErpKey, CostRow] = {}
    for one in parts:
        so_far = found.get(one.key, CostRow(one.key, Decimal("0.00")))
        found[one.key] = CostRow(one.key, so_far.amount + one.amount, _latest((so_far.posted_to, one.day)))
    return tuple(found[key] for key in sorted(found))


def _latest(moments: Iterable[Any]) -> Any:
    return max((moment for moment in moments if moment is not None), default=None)
