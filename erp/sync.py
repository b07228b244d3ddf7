"""Reading jobs and codes from the ERP into the mirror, and making ours by identity.

What the ERP no longer has is marked gone, never deleted, and only after a complete read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from budgets.models import Budget, BudgetState
from budgets.services import lock_row
from erp import holds, readings, reconciliation
from erp.backends import backend, outside_transactions
from erp.connections import note_contact, stop
from erp.models import (
    Connection,
    CostCodeLink,
    CostTypeLink,
    ErpAssignment,
    ErpCostCode,
    ErpCostType,
    ErpJob,
    ErpUnit,
    JobLink,
)
from erp.port import ErpMisconfigured
from projects.models import Company, CostCode, CostType, Job, Unit
from workflow import events

Progress = Callable[[str], None]


@dataclass
class SyncResult:
    """How many rows the ERP has of each kind, and how many of ours were made."""

    read: dict[str, int] = field(default_factory=dict)
    made: dict[str, int] = field(default_factory=dict)


def sync_company(
    connection: Connection, *, now: datetime, progress: Progress = lambda line: None
) -> SyncResult:
    """This function will read a company's jobs, codes, units and assignments, then make what is ours by identity.

    Reads outside any transaction; each kind is stored in one. Raises ErpUnavailable and ErpMisconfigured (which also
    stops the connection); what was stored before stays.
    """
    outside_transactions()
    result = SyncResult()
    try:
        _read_masters(connection, now, result, progress)
        _make_ours(connection, result, progress)
        _read_assignments(connection, result, progress)
    except ErpMisconfigured as problem:
        stop(connection, because=str(problem), now=now)
        raise
    Connection.objects.filter(pk=connection.pk).update(synced_at=now)
    connection.synced_at = now
    note_contact(connection, now=now)
    with transaction.atomic():
        events.record(
            chain=connection.company_id,
            at=now,
            actor=None,
            action="sync",
            about=[connection],
            sentence="Read jobs and codes from the ERP",
            data={"read": result.read, "made": result.made},
        )
    recount(connection.company, now=now)
    with transaction.atomic():
        for budget in reconciliation.due(connection, now=now):
            readings.ask(budget, now=now)
    return result


def _read_masters(connection: Connection, now: datetime, result: SyncResult, progress: Progress) -> None:
    erp, company = backend(connection.alias), connection.erp
    kinds: tuple[tuple[str, type[Any], Callable[[], Iterable[Any]], tuple[str, ...]], ...] = (
        ("jobs", ErpJob, lambda: erp.jobs(company), ("name", "parent", "status", "writable")),
        ("cost codes", ErpCostCode, lambda: erp.cost_codes(company), ("name", "parent", "active")),
        ("cost types", ErpCostType, lambda: erp.cost_types(company), ("name", "active")),
        ("units", ErpUnit, lambda: erp.units(company), ("name",)),
    )
    for words, model, read, fields in kinds:
        rows = list(read())
        _mirror(connection, model, rows, fields, now)
        result.read[words] = len(rows)
        progress(f"{words}: {len(rows)} read")


def _mirror(
    connection: Connection, model: type[Any], rows: list[Any], fields: tuple[str, ...], now: datetime
) -> None:
    columns = {"parent": "parent_code"}
    made = [
        model(connection=connection, code=row.code, **{columns.get(f, f): getattr(row, f) for f in fields})
        for row in rows
    ]
    with transaction.atomic():
        model.objects.bulk_create(
            made,
            update_conflicts=True,
            unique_fields=["connection", "code"],
            update_fields=[*(columns.get(f, f) for f in fields), "gone_at"],
            batch_size=2000,
        )
        seen = [row.code for row in rows]
        model.objects.filter(connection=connection, gone_at=None).exclude(code__in=seen).update(gone_at=now)


def _make_ours(connection: Connection, result: SyncResult, progress: Progress) -> None:
    with transaction.atomic():
        result.made["cost codes"] = _make_cost_codes(connection)
        result.made["units"] = _make_units(connection)
        result.made["cost type matches"] = _match_cost_types(connection)
        result.made["sub jobs"] = _make_sub_jobs(connection)
    for words, number in result.made.items():
        if number:
            progress(f"{words}: {number} made")


def _make_cost_codes(connection: Connection) -> int:
    company = connection.company
    mirrored = list(ErpCostCode.objects.filter(connection=connection, gone_at=None).order_by("code"))
    parents = {row.code: row.parent_code for row in mirrored}
    known = {code.code: code for code in CostCode.objects.filter(company=company)}
    new = [
        CostCode(company=company, code=row.code, name=row.name, division=_root(row.code, parents))
        for row in mirrored
        if row.code not in known
    ]
    known |= {code.code: code for code in CostCode.objects.bulk_create(new, batch_size=2000)}
    changed = []
    for row in mirrored:
        ours, parent = known[row.code], known.get(row.parent_code)
        wanted = (row.name, _root(row.code, parents), parent.pk if parent else None)
        if (ours.name, ours.division, ours.parent_id) != wanted:
            ours.name, ours.division, ours.parent_id = wanted
            changed.append(ours)
    CostCode.objects.bulk_update(changed, ["name", "division", "parent"], batch_size=1000)
    CostCodeLink.objects.bulk_create(
        [CostCodeLink(cost_code=known[row.code], erp_cost_code=row) for row in mirrored],
        ignore_conflicts=True,
        batch_size=2000,
    )
    return len(new)


def _root(code: str, parents: dict[str, str]) -> str:
    """Follow the tree up to the division; a loop in the ERP's data ends at the code it came back to."""
    seen = {code}
    while parents.get(code) and parents[code] not in seen:
        code = parents[code]
        seen.add(code)
    return code


def _make_units(connection: Connection) -> int:
    rows = ErpUnit.objects.filter(connection=connection, gone_at=None)
    known = set(Unit.objects.filter(company=connection.company).values_list("code", flat=True))
    new = [Unit(company=connection.company, code=r.code, name=r.name) for r in rows if r.code not in known]
    Unit.objects.bulk_create(new)
    return len(new)


def _match_cost_types(connection: Connection) -> int:
    """Match by name; the match counts once an ERP admin has confirmed it."""
    rows = {
        row.name.casefold(): row for row in ErpCostType.objects.filter(connection=connection, gone_at=None)
    }
    open_types = CostType.objects.filter(company=connection.company, erp_link=None)
    matches = [
        CostTypeLink(cost_type=ours, erp_cost_type=rows[ours.name.casefold()])
        for ours in open_types
        if ours.name.casefold() in rows
    ]
    CostTypeLink.objects.bulk_create(matches)
    return len(matches)


def _make_sub_jobs(connection: Connection) -> int:
    """Give linked projects the sub jobs that their main job has in the ERP."""
    made = 0
    mains = JobLink.objects.filter(erp_job__connection=connection, job__parent=None).select_related(
        "job", "erp_job"
    )
    for main in mains:
        subs = ErpJob.objects.filter(
            connection=connection, parent_code=main.erp_job.code, link=None, gone_at=None
        ).order_by("code")
        for row in subs:
            job = Job.objects.create(
                company=connection.company,
                project=main.job.project,
                parent=main.job,
                code=row.code,
                name=row.name,
            )
            JobLink.objects.create(job=job, erp_job=row)
            made += 1
    return made


def _read_assignments(connection: Connection, result: SyncResult, progress: Progress) -> None:
    links = JobLink.objects.filter(erp_job__connection=connection).select_related("erp_job")
    jobs = sorted(link.erp_job.code for link in links)
    rows: dict[tuple[str, str, str], bool] = {}
    if jobs:
        erp, company = backend(connection.alias), connection.erp
        for listed in erp.assigned_cost_codes(company, jobs):
            rows[listed.job, listed.code, ""] = listed.active
        for held in erp.reading(company, jobs).rows:
            rows[held.key.job, held.key.cost_code, held.key.cost_type] = held.active
    with transaction.atomic():
        ErpAssignment.objects.filter(connection=connection).delete()
        ErpAssignment.objects.bulk_create(
            [
                ErpAssignment(
                    connection=connection, job_code=job, cost_code=code, cost_type=kind, active=active
                )
                for (job, code, kind), active in rows.items()
            ],
            batch_size=2000,
        )
    result.read["assignments"] = len(rows)
    progress(f"assignments: {len(rows)} read for {len(jobs)} linked jobs")


def recount(company: Company, *, now: datetime) -> None:
    """This function will count the things to do of a company's locked budgets again."""
    for budget in Budget.objects.filter(project__company=company, state=BudgetState.LOCKED):
        with transaction.atomic():
            holds.refresh(lock_row(budget), now=now)
