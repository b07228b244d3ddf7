"""Which cost codes and budget codes the linked jobs have in the ERP.

The cost codes an ERP lists for a job are read by what changed, as the mirror is; the budget codes come whole with the
amounts. A job that was linked since has no mark of its own, so its list is read whole.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from erp.backends import backend
from erp.models import Connection, ErpAssignment, JobLink
from erp.port import AssignedCostCodeRow
from erp.sync.mirroring import Changes, Watch, keep_mark, latest, mark

WORDS = "assigned codes"
Key = tuple[str, str, str]  # job, cost code, cost type or empty


@dataclass(frozen=True)
class Assigned:
    """What was read: how many codes are known, on how many jobs, and what changed."""

    codes: int
    jobs: int
    changes: Changes


def read_assignments(
    connection: Connection, *, now: datetime, whole: bool, watched: Watch = iter
) -> Assigned:
    """This function will read what the linked jobs have. A code that a job has no more is marked, not deleted."""
    jobs = sorted(
        JobLink.objects.filter(erp_job__connection=connection).values_list("erp_job__code", flat=True)
    )
    since = None if whole else mark(connection, WORDS)
    known = set(connection.read_jobs) if since else set()
    old, new = [job for job in jobs if job in known], [job for job in jobs if job not in known]
    erp, company = backend(connection.alias), connection.erp
    afresh = list(watched(erp.assigned_cost_codes(company, new))) if new else []
    changed = list(watched(erp.assigned_cost_codes(company, old, changed_since=since))) if old else []
    held = {
        (row.key.job, row.key.cost_code, row.key.cost_type): row.active
        for row in (watched(erp.reading(company, jobs).rows) if jobs else ())
    }
    told = {**_listed([*afresh, *changed]), **held}
    with transaction.atomic():
        Connection.objects.select_for_update(of=("self",)).get(pk=connection.pk)
        rows = ErpAssignment.objects.filter(connection=connection)
        rows.exclude(job_code__in=jobs).delete()  # nobody reads a job any more that is not linked
        changes = _keep(rows, told, listed_anew=set(new), connection=connection, now=now)
        Connection.objects.filter(pk=connection.pk).update(read_jobs=jobs)
        count = rows.filter(gone_at=None).count()
    connection.read_jobs = jobs
    # The jobs read afresh came first: what changed in the others meanwhile comes after this mark.
    keep_mark(connection, WORDS, latest(changed if since else afresh, before=since, now=now))
    return Assigned(count, len(jobs), changes)


def _listed(rows: Iterable[AssignedCostCodeRow]) -> dict[Key, bool]:
    return {(row.job, row.code, ""): row.active for row in rows}


def _keep(
    rows: QuerySet[ErpAssignment],
    told: Mapping[Key, bool],
    *,
    listed_anew: Collection[str],
    connection: Connection,
    now: datetime,
) -> Changes:
    """Store what was told and find what changed. Budget codes, and the lists of jobs read anew, were told whole."""
    fields = ("job_code", "cost_code", "cost_type", "active", "gone_at")
    held = {(job, code, kind): state for job, code, kind, *state in rows.values_list(*fields)}
    changes = Changes()
    write: dict[Key, tuple[bool, datetime | None]] = {}
    for key, active in told.items():
        if key not in held:
            changes.added.append(_words(key))
        elif held[key][1] is not None:
            changes.back.append(_words(key))
        elif held[key][0] != active:
            changes.note(_words(key), {"active": held[key][0]}, {"active": active})
        else:
            continue
        write[key] = (active, None)
    for key, (active, gone) in held.items():
        if gone is None and key not in told and (key[2] or key[0] in listed_anew):
            changes.gone.append(_words(key))
            write[key] = (active, now)
    _write(connection, write)
    return changes


def _words(key: Key) -> str:
    return " ".join(part for part in key if part)


def _write(connection: Connection, rows: Mapping[Key, tuple[bool, datetime | None]]) -> None:
    ErpAssignment.objects.bulk_create(
        [
            ErpAssignment(
                connection=connection,
                job_code=job,
                cost_code=code,
                cost_type=kind,
                active=active,
                gone_at=gone,
            )
            for (job, code, kind), (active, gone) in rows.items()
        ],
        update_conflicts=True,
        unique_fields=["connection", "job_code", "cost_code", "cost_type"],
        update_fields=["active", "gone_at"],
        batch_size=2000,
    )
