"""The ERP's own people: they change jobs and codes in the ERP, and the sync sees it.

`Office` is the ERP on paper with its master data written out, equal to what the scene's mirror holds until a test
changes it. Ask for the fixture `office` (it brings the scene), change its rows, then `sync(scene)`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.utils import timezone

from erp.port import (
    AssignedCostCodeRow,
    CostCodeRow,
    CostTypeRow,
    ErpCompany,
    ErpLimits,
    JobRow,
    JobStatus,
    UnitRow,
)
from erp.sync import syncing as erp_sync
from tests.support.paper import PaperErp
from tests.support.scene import COST_CODES, COST_TYPES, MAIN, SUB, Scene

STARTED = JobStatus.STARTED


def _jobs() -> dict[str, JobRow]:
    rows = (JobRow(MAIN, "Quay Street", "", STARTED), JobRow(SUB, "Quay Street", MAIN, STARTED))
    return {row.code: row for row in rows}


def _cost_codes() -> dict[str, CostCodeRow]:
    parents = {code: code[:2] if "-" in code else "" for code in COST_CODES}
    return {code: CostCodeRow(code, name, parents[code], True) for code, name in COST_CODES.items()}


def _cost_types() -> dict[str, CostTypeRow]:
    names = {f"{place + 1}000": name for place, name in enumerate(COST_TYPES.values())}
    return {code: CostTypeRow(code, name, True) for code, name in names.items()}


def _assigned() -> dict[tuple[str, str], bool]:
    return {(job, code): True for job in (MAIN, SUB) for code in COST_CODES}


@dataclass
class Office:
    """What the ERP's people have set up. Change a row with `change`, or the dictionaries themselves."""

    jobs: dict[str, JobRow] = field(default_factory=_jobs)
    cost_codes: dict[str, CostCodeRow] = field(default_factory=_cost_codes)
    cost_types: dict[str, CostTypeRow] = field(default_factory=_cost_types)
    units: dict[str, UnitRow] = field(default_factory=lambda: {"CY": UnitRow("CY", "Cubic yard")})
    assigned: dict[tuple[str, str], bool] = field(default_factory=_assigned)

    def job(self, code: str, **changes: object) -> None:
        """Change a job."""
        self.jobs[code] = replace(self.jobs[code], **changes)  # type: ignore[arg-type]

    def cost_code(self, code: str, **changes: object) -> None:
        """Change a cost code."""
        self.cost_codes[code] = replace(self.cost_codes[code], **changes)  # type: ignore[arg-type]

    def cost_type(self, code: str, **changes: object) -> None:
        """Change a cost type."""
        self.cost_types[code] = replace(self.cost_types[code], **changes)  # type: ignore[arg-type]


OFFICE = Office()
BACKENDS = {"paper": {"BACKEND": "tests.erp.office.OfficeErp"}}


def open_office() -> Office:
    """Set everything up as in the scene."""
    OFFICE.__init__()  # type: ignore[misc]
    return OFFICE


class OfficeErp(PaperErp):
    """Reads master data from `OFFICE`."""

    def jobs(self, company: ErpCompany, *, changed_since: datetime | None = None) -> Iterator[JobRow]:
        yield from OFFICE.jobs.values()

    def cost_codes(
        self, company: ErpCompany, *, changed_since: datetime | None = None
    ) -> Iterator[CostCodeRow]:
        yield from OFFICE.cost_codes.values()

    def cost_types(
        self, company: ErpCompany, *, changed_since: datetime | None = None
    ) -> Iterator[CostTypeRow]:
        yield from OFFICE.cost_types.values()

    def units(self, company: ErpCompany) -> Iterator[UnitRow]:
        yield from OFFICE.units.values()

    def assigned_cost_codes(
        self, company: ErpCompany, jobs: Sequence[str], *, changed_since: datetime | None = None
    ) -> Iterator[AssignedCostCodeRow]:
        for (job, code), active in OFFICE.assigned.items():
            if job in jobs:
                yield AssignedCostCodeRow(job, code, active)


class MainJobsOnly(OfficeErp):
    """A release that takes no lines on sub jobs."""

    limits = ErpLimits(10, 16, 16, r"[A-Za-z0-9 ._-]+", takes_sub_jobs=False)


def sync(scene: Scene) -> None:
    """A worker reads the office's master data."""
    scene.connection.refresh_from_db()
    erp_sync.sync_company(scene.connection, now=timezone.now())
    scene.reload()
