"""What CMiC holds before anybody opens Tieback, in the seed format of the simulator."""

from __future__ import annotations

import csv
import io
from typing import Any

from demo import catalog
from demo.catalog import CLINIC, COMPANY, JOBS, LABS, NAMES, OTHER_COMPANY, OTHER_JOB, STARTED, DemoJob

# Amounts that somebody entered in CMiC for Eastgate before the first budget came: (code, type) -> less than ours.
CLINIC_LAGS = {("03-30-00", "M"): 18_400, ("05-12-00", "S"): 25_000, ("09-21-16", "S"): 12_600}


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
    codes = sorted({line.kind.cost_code for line in catalog.lines_of(LABS) if line.job == LABS.code})
    return [{"company": COMPANY, "job": LABS.code, "phase": code, "control": code[:2]} for code in codes]


def _budget(job: DemoJob) -> list[dict[str, Any]]:
    """The budget codes a started job has: Eastgate's with amounts, the others still empty."""
    if job.status != STARTED:
        return []
    keys = [line.key for line in catalog.lines_of(job)] if job.lines else _harborline()
    rows = [
        {"company": COMPANY, "job": code, "phase": phase, "category": catalog.CATEGORY_OF[kind]}
        for code, phase, kind in keys
    ]
    if job is CLINIC:
        for row, line in zip(rows, catalog.lines_of(job), strict=True):
            row["original"] = str(line.amount - CLINIC_LAGS.get(line.key[1:], 0))
    return rows


def _harborline() -> list[tuple[str, str, str]]:
    """What Harborline has in CMiC: its main job's codes; those of the sub jobs come with the first budget."""
    rows = csv.DictReader(io.StringIO(catalog.true_file()))
    return [
        (row["job"], row["phase_code"], row["cost_type"]) for row in rows if row["job"] == row["master_job"]
    ]
