"""Reading jobs and codes from the ERP into the mirror, and making ours by identity.

Most runs read what changed, one a day reads all. What the ERP no longer has is marked gone, never deleted, and only
after a whole read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction

from budgets.models import Budget, BudgetState
from budgets.services import lock_row
from erp import circuit, holds, mapping_services, readings, reconciliation
from erp.assigned import read_assignments
from erp.backends import backend, outside_transactions
from erp.connections import stop
from erp.costs import read_costs
from erp.mirroring import Changes, Mirrored, read_into_mirror
from erp.models import (
    Connection,
    ErpCostCode,
    ErpCostType,
    ErpJob,
    ErpUnit,
    JobLink,
)
from erp.port import ErpMisconfigured
from projects.models import Company, CostCode, Job, Unit
from workflow import events

Progress = Callable[[str], None]
WHOLE_EVERY = timedelta(hours=23)  # at least once a day, also where a run comes a little early


@dataclass
class SyncResult:
    """What a sync found: whether all was read, what changed of each kind, how many rows came, how many of ours were
    made."""

    whole: bool
    changes: dict[str, Changes] = field(default_factory=dict)
    read: dict[str, int] = field(default_factory=dict)
    made: dict[str, int] = field(default_factory=dict)


def sync_company(
    connection: Connection, *, now: datetime, whole: bool = False, progress: Progress = lambda line: None
) -> SyncResult:
    """This function will read a company's jobs, codes, units and assignments, then make what is ours by identity.

    It reads what changed since the last time; all when `whole`, or when the last whole read is a day old. Reads outside
    any transaction; each kind is stored in one. Raises ErpUnavailable and ErpMisconfigured (which also stops the
    connection); what was stored before stays.
    """
    outside_transactions()
    result = SyncResult(whole=whole or _due(connection, now))
    try:
        with circuit.through(connection, now=now):
            _read_masters(connection, now, result, progress)
            _make_ours(connection, now, result, progress)
            _read_assignments(connection, now, result, progress)
            _read_costs(connection, now, result, progress)
    except ErpMisconfigured as problem:
        stop(connection, because=str(problem), now=now)
        raise
    _note(connection, now, result)
    recount(connection.company, now=now)
    with transaction.atomic():
        for budget in [*reconciliation.due(connection, now=now), *readings.mapped_anew(connection)]:
            readings.ask(budget, now=now)
    return result


def _due(connection: Connection, now: datetime) -> bool:
    return connection.read_whole_at is None or now - connection.read_whole_at >= WHOLE_EVERY


def _note(connection: Connection, now: datetime, result: SyncResult) -> None:
    """Keep when it was, and record what changed."""
    connection.synced_at = now
    if result.whole:
        connection.read_whole_at = now
    connection.save(update_fields=["synced_at", "read_whole_at"])
    said = [changes.sentence(words) for words, changes in result.changes.items()]
    with transaction.atomic():
        events.record(
            chain=connection.company_id,
            at=now,
            actor=None,
            action="sync",
            about=[connection],
            sentence="Read all jobs and codes of the ERP"
            if result.whole
            else "Read what changed of the ERP's jobs and codes",
            note="; ".join(part for part in said if part) or "nothing changed",
            data={
                "whole": result.whole,
                "changes": {words: told for words, c in result.changes.items() if (told := c.told())},
                "read": result.read,
                "made": result.made,
            },
        )


def _read_masters(connection: Connection, now: datetime, result: SyncResult, progress: Progress) -> None:
    erp, company = backend(connection.alias), connection.erp
    kinds = (
        Mirrored(
            "jobs",
            ErpJob,
            lambda since: erp.jobs(company, changed_since=since),
            ("name", "parent", "status", "writable"),
        ),
        Mirrored(
            "cost codes",
            ErpCostCode,
            lambda since: erp.cost_codes(company, changed_since=since),
            ("name", "parent", "active"),
        ),
        Mirrored(
            "cost types",
            ErpCostType,
            lambda since: erp.cost_types(company, changed_since=since),
            ("name", "active"),
        ),
        Mirrored("units", ErpUnit, lambda since: erp.units(company), ("name",)),
    )
    for kind in kinds:
        reach = read_into_mirror(connection, kind, now=now, whole=result.whole)
        result.read[kind.words], result.changes[kind.words] = reach.rows, reach.changes
        progress(f"{kind.words}: {reach.rows} read")


def _make_ours(connection: Connection, now: datetime, result: SyncResult, progress: Progress) -> None:
    with transaction.atomic():
        row = mapping_services.lock(connection)
        made = _make_cost_codes(connection)
        result.made["cost codes"] = len(made)
        result.made["units"] = _make_units(connection)
        result.made["sub jobs"] = _make_sub_jobs(connection)
        result.made["cost type matches"] = mapping_services.follow_sync(row, now=now, made=made)
    for words, number in result.made.items():
        if number:
            progress(f"{words}: {number} made")


def _make_cost_codes(connection: Connection) -> set[int]:
    """Make ours of what the ERP has and we lack, and take over names; the ids of those made."""
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
    return {known[code.code].pk for code in new}


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


def _read_assignments(connection: Connection, now: datetime, result: SyncResult, progress: Progress) -> None:
    count, jobs = read_assignments(connection, now=now, whole=result.whole)
    result.read["assignments"] = count
    progress(f"assignments: {count} known for {jobs} linked jobs")


def _read_costs(connection: Connection, now: datetime, result: SyncResult, progress: Progress) -> None:
    told, result.changes["costs of jobs"] = read_costs(connection, now=now, whole=result.whole)
    result.read["jobs with costs"] = len(told)
    new = len(result.changes["costs of jobs"].changed)
    progress(
        f"costs to date: told for {len(told)} linked jobs, new on {new}"
        if told
        else "costs to date: none told"
    )


def recount(company: Company, *, now: datetime) -> None:
    """This function will count the things to do of a company's locked budgets again."""
    for budget in Budget.objects.filter(project__company=company, state=BudgetState.LOCKED):
        with transaction.atomic():
            holds.refresh(lock_row(budget), now=now)
