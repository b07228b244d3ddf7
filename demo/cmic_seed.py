"""What CMiC holds before anybody opens Tieback, in the seed format of the simulator."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

from demo import catalog
from demo.catalog import (
    ANNEX,
    CLINIC,
    COMPANY,
    DOCK,
    HOTEL,
    JOBS,
    LABS,
    NAMES,
    OTHER_COMPANY,
    OTHER_JOB,
    PARKADE,
    QUAY,
    STARTED,
    DemoJob,
    lines_of,
)

# Amounts that somebody entered in CMiC for Eastgate before the first budget came: (code, type) -> less than ours.
CLINIC_LAGS = {("03-30-00", "M"): 18_400, ("05-12-00", "S"): 25_000, ("09-21-16", "S"): 12_600}

# How far the work is, as a share of each budget; the rest has cost nothing yet.
PROGRESS = {DOCK: 0.1, CLINIC: 0.25, LABS: 0.4, PARKADE: 0.55, HOTEL: 0.75, ANNEX: 0.95}
OVERRUN = 0.2  # at most, on a line whose work is nearly done


def seed() -> dict[str, Any]:
    """This function will return both companies with their jobs, codes and budgets."""
    return {
        "companies": [{"code": code, "name": name, "currency": "USD"} for code, name in NAMES.items()],
        "units": [{"code": code, "name": name} for code, name in catalog.UNITS.items()],
        "jobs": [row for job in JOBS for row in _jobs(job, COMPANY)] + _jobs(OTHER_JOB, OTHER_COMPANY),
        "phases": [row for company in NAMES for row in _phases(company)],
        "categories": [
            {"company": company, "code": code, "name": name}
            for company in NAMES
            for code, name in catalog.CATEGORIES.items()
        ],
        "job_phases": _job_phases(),
        "budget": [row for job in JOBS for row in _budget(job)],
    }


def _jobs(job: DemoJob, company: str) -> list[dict[str, Any]]:
    main = {"company": company, "code": job.code, "name": job.name, "control": "ALL", "status": job.status}
    subs = [
        {**main, "code": f"{job.code}-{suffix}", "name": name, "control": job.code}
        for suffix, name in job.sub_jobs
    ]
    return [main, *subs]


def _phases(company: str) -> list[dict[str, Any]]:
    divisions = [
        {"company": company, "code": code, "name": name, "control": "ALL"}
        for code, name in catalog.DIVISIONS.items()
    ]
    names = {kind.cost_code: kind.description for kind in reversed(catalog.kinds())}
    return divisions + [
        {"company": company, "code": code, "name": name, "control": code[:2]}
        for code, name in sorted(names.items())
    ]


def _job_phases() -> list[dict[str, Any]]:
    """The list of cost codes of Union Labs' main job; the other jobs have none, so that all are allowed."""
    codes = sorted({line.kind.cost_code for line in lines_of(LABS) if line.job == LABS.code})
    return [{"company": COMPANY, "job": LABS.code, "phase": code, "control": code[:2]} for code in codes]


def _budget(job: DemoJob) -> list[dict[str, Any]]:
    """The budget codes a started job has: Eastgate's with amounts, the others still empty; and Quay Street's few."""
    if job is QUAY:
        return _entered(job)
    if job.status != STARTED:
        return []
    keys = [line.key for line in lines_of(job)] if job.lines else _harborline()
    rows = [
        {"company": COMPANY, "job": code, "phase": phase, "category": catalog.CATEGORY_OF[kind]}
        for code, phase, kind in keys
    ]
    if job is CLINIC:
        for row, line in zip(rows, lines_of(job), strict=True):
            row["original"] = str(line.amount - CLINIC_LAGS.get(line.key[1:], 0))
    return rows


def _entered(job: DemoJob) -> list[dict[str, Any]]:
    """What accounting keyed in before the budget came: one amount as in it, one other, one it lacks, one of 0.00."""
    lines = [line for line in lines_of(job) if line.job == job.code]
    codes = {line.kind.cost_code for line in lines}
    spare = next(kind for kind in catalog.kinds() if kind.cost_code not in codes)
    amounts = [
        (lines[0].kind, lines[0].amount),
        (lines[1].kind, lines[1].amount + 800),
        (spare, 6500),
        (lines[2].kind, 0),
    ]
    return [
        {
            "company": COMPANY,
            "job": job.code,
            "phase": kind.cost_code,
            "category": catalog.CATEGORY_OF[kind.cost_type],
            "original": str(amount),
        }
        for kind, amount in amounts
    ]


def _harborline() -> list[tuple[str, str, str]]:
    """What Harborline has in CMiC: its main job's codes; those of the sub jobs come with the first budget."""
    rows = csv.DictReader(io.StringIO(catalog.true_file()))
    return [
        (row["job"], row["phase_code"], row["cost_type"]) for row in rows if row["job"] == row["master_job"]
    ]


def costs(today: date) -> list[dict[str, Any]]:
    """This function will return what was spent on the started jobs: invoices of the last months, the same each time."""
    return [row for job, share in PROGRESS.items() for row in _costs(job, share, today)]


def _costs(job: DemoJob, share: float, today: date) -> Iterator[dict[str, Any]]:
    dice = Random(f"costs of {job.code}")
    for line in lines_of(job):
        done = min(1.0 + OVERRUN * dice.random(), share * dice.uniform(0.2, 1.8))
        invoices = dice.randint(1, 3) if done > 0.1 else 0
        for number in range(invoices):
            cents = round(line.amount * 100 * done / invoices) + dice.randint(-40, 40)
            yield {
                "company": COMPANY,
                "job": line.job,
                "phase": line.kind.cost_code,
                "category": catalog.CATEGORY_OF[line.kind.cost_type],
                "amount": f"{cents / 100:.2f}",
                "date": (today - timedelta(days=3 + 28 * number + dice.randint(0, 9))).isoformat(),
            }
