"""Budgets of any size for the page's figures: locked, modified, and partly held by an ERP of paper."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from typing import Any

from django.conf import settings
from django.utils import timezone

from budgets import services
from budgets.files import spreadsheets
from budgets.importing import loading as imports
from budgets.models import Budget
from erp.backends import forget_backends
from erp.models import CostCodeLink, ErpAssignment, ErpCostCode, ErpJob, ErpReading, JobLink
from erp.sync import readings
from projects.models import BudgetLevel, CostCode, Job, Project, ProjectRole
from tests.support import paper, scene
from tests.support.scene import COST_TYPES, Scene

DIVISIONS, CODES_EACH = 13, 4
STEP = Decimal("10.25")


@dataclass(frozen=True)
class Sized:
    """A budget of so many lines, and who manages it."""

    budget: Budget
    dana: Any
    lines: int


def people() -> Scene:
    """This function will make the cast and their company with enough cost codes, linked with those of the paper."""
    settings.ERP_BACKENDS = paper.BACKENDS
    forget_backends()
    paper.clean()
    made = scene.make_scene()
    names = {f"{60 + d}": f"Division {60 + d}" for d in range(DIVISIONS)}
    roots = {row.code: row for row in _codes(made, list(names.items()), None)}
    for code, root in roots.items():
        _codes(made, [(f"{code}-{k:02d}-00", f"Work {code}.{k}") for k in range(1, CODES_EACH + 1)], root)
    return made


def _codes(made: Scene, rows: list[tuple[str, str]], root: CostCode | None) -> list[CostCode]:
    ours = CostCode.objects.bulk_create(
        CostCode(
            company=made.company, code=code, name=name, parent=root, division=root.code if root else code
        )
        for code, name in rows
    )
    theirs = ErpCostCode.objects.bulk_create(
        ErpCostCode(connection=made.connection, code=code, name=name) for code, name in rows
    )
    CostCodeLink.objects.bulk_create(
        CostCodeLink(cost_code=own, erp_cost_code=other) for own, other in zip(ours, theirs, strict=True)
    )
    return ours


def sized(made: Scene, *, code: str, lines: int, sub_jobs: int) -> Sized:
    """This function will import so many lines over so many sub jobs, lock and modify them, and read the ERP."""
    project = Project.objects.create(company=made.company, name=f"{lines:,} lines")
    ProjectRole.objects.create(user=made.dana, project=project, level=BudgetLevel.ADMIN)
    jobs = _jobs(made, project, code, sub_jobs)
    budget = services.budget_for(project)
    sheet = spreadsheets.read(data=_csv(jobs, lines))
    now = timezone.now()
    imports.import_rows(budget, user=made.dana, now=now, sheet=sheet, source="bench.csv")
    services.lock(budget, user=made.dana, now=now)
    _modify(budget, made.dana)
    _hold(made, budget)
    return Sized(Budget.objects.select_related("project__company").get(pk=budget.pk), made.dana, lines)


def _jobs(made: Scene, project: Project, code: str, sub_jobs: int) -> list[str]:
    names = [code, *(f"{code}-{place:02d}" for place in range(1, sub_jobs + 1))]
    parent = None
    every = CostCode.objects.filter(company=made.company).values_list("code", flat=True)
    for name in names:
        job = Job.objects.create(company=made.company, project=project, parent=parent, code=name, name=name)
        parent = parent or job
        row = ErpJob.objects.create(
            connection=made.connection, code=name, parent_code=code if job != parent else "", status="started"
        )
        JobLink.objects.create(job=job, erp_job=row)
        ErpAssignment.objects.bulk_create(
            ErpAssignment(connection=made.connection, job_code=name, cost_code=code) for code in every
        )
    return names


def _csv(jobs: list[str], lines: int) -> bytes:
    codes = [
        f"{60 + d}-{k:02d}-00" for k, d in product(range(1, CODES_EACH + 1), range(DIVISIONS))
    ]  # every division has some before any has more
    rows = ["job,cost_code,cost_type,description,quantity,unit,unit_cost,amount"]
    for place, (code, kind, job) in enumerate(product(codes, COST_TYPES, jobs)):
        if place == lines:
            break
        amount = Decimal((place * 7919) % 9_999_999 + 100) / 100
        rows.append(
            f"{job},{code},{kind},Work of the kind {kind} number {place},{place % 90},CY,12.5,{amount}"
        )
    return "\n".join(rows).encode()


def _modify(budget: Budget, user: Any) -> None:
    chosen = list(budget.lines.order_by("pk")[::5])  # a fifth of the lines
    chosen = chosen[: len(chosen) // 2 * 2]
    changes = [(line, STEP if place % 2 else -STEP) for place, line in enumerate(chosen)]
    now = timezone.now()
    written = services.save_modification(
        budget, user=user, now=now, title="Buyout", date=now.date(), lines=changes
    )
    services.make_effective(written, user=user, now=now)


def _hold(made: Scene, budget: Budget) -> None:
    """The ERP holds every third line at its original, as the last reading tells."""
    lines = budget.lines.select_related("job", "cost_code", "cost_type__erp_link__erp_cost_type")
    for line in lines.order_by("pk")[::3]:
        kind = line.cost_type.erp_link.erp_cost_type.code  # type: ignore[union-attr]
        made.sheet.hold(line.job.code, line.code, kind, str(line.amount))
    readings.make(ErpReading.objects.create(budget=budget, asked_at=timezone.now()), now=timezone.now())
