"""Which cost codes and budget codes the linked jobs have in the ERP.

The cost codes an ERP lists for a job are read by what changed, as the mirror is; the budget codes come whole with the
amounts. A job that was linked since has no mark of its own, so its list is read whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from erp.backends import backend
from erp.mirroring import keep_mark, latest, mark
from erp.models import Connection, ErpAssignment, JobLink
from erp.port import AssignedCostCodeRow

WORDS = "assigned codes"


def read_assignments(connection: Connection, *, now: datetime, whole: bool) -> tuple[int, int]:
    """This function will read what the linked jobs have, and return how many codes that is, on how many jobs."""
    jobs = sorted(
        JobLink.objects.filter(erp_job__connection=connection).values_list("erp_job__code", flat=True)
    )
    since = None if whole else mark(connection, WORDS)
    known = set(connection.read_jobs) if since else set()
    old, new = [job for job in jobs if job in known], [job for job in jobs if job not in known]
    erp, company = backend(connection.alias), connection.erp
    afresh = list(erp.assigned_cost_codes(company, new)) if new else []
    changed = list(erp.assigned_cost_codes(company, old, changed_since=since)) if old else []
    held = {
        (row.key.job, row.key.cost_code, row.key.cost_type): row.active
        for row in (erp.reading(company, jobs).rows if jobs else ())
    }
    with transaction.atomic():
        Connection.objects.select_for_update(of=("self",)).get(pk=connection.pk)
        rows = ErpAssignment.objects.filter(connection=connection)
        rows.exclude(cost_type="", job_code__in=old).delete()
        _keep(connection, {**_listed([*afresh, *changed]), **held})
        Connection.objects.filter(pk=connection.pk).update(read_jobs=jobs)
        count = rows.count()
    connection.read_jobs = jobs
    # The jobs read afresh came first: what changed in the others meanwhile comes after this mark.
    keep_mark(connection, WORDS, latest(changed if since else afresh, before=since, now=now))
    return count, len(jobs)


def _listed(rows: Iterable[AssignedCostCodeRow]) -> dict[tuple[str, str, str], bool]:
    return {(row.job, row.code, ""): row.active for row in rows}


def _keep(connection: Connection, rows: dict[tuple[str, str, str], bool]) -> None:
    ErpAssignment.objects.bulk_create(
        [
            ErpAssignment(connection=connection, job_code=job, cost_code=code, cost_type=kind, active=active)
            for (job, code, kind), active in rows.items()
        ],
        update_conflicts=True,
        unique_fields=["connection", "job_code", "cost_code", "cost_type"],
        update_fields=["active"],
        batch_size=2000,
    )
