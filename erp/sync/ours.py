"""Making what is ours by identity of what was read: cost codes, units, sub jobs of linked projects, matches."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef

from erp.mapping import services as mapping_services
from erp.models import Connection, ErpCostCode, ErpUnit, JobLink
from erp.setup.linking import give_sub_jobs, sub_jobs_to_link
from projects.models import CostCode, Unit


def make_ours(connection: Connection, *, now: datetime) -> dict[str, int]:
    """This function will make what the ERP has and we lack, in one transaction; how many of each."""
    with transaction.atomic():
        row = mapping_services.lock(connection)
        codes = _make_cost_codes(connection)
        made = {
            "cost codes": len(codes),
            "units": _make_units(connection),
            "sub jobs": _make_sub_jobs(connection),
        }
        made["cost type matches"] = mapping_services.follow_sync(row, now=now, made=codes)
    return made


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
    mains = JobLink.objects.filter(erp_job__connection=connection, job__parent=None)
    lacking = sub_jobs_to_link().filter(connection=connection, parent_code=OuterRef("erp_job__code"))
    return sum(
        give_sub_jobs(main.job, main.erp_job)
        for main in mains.filter(Exists(lacking)).select_related("job", "erp_job")
    )
