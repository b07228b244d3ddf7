"""What stops Send in the jobs and lines of a budget: each rule once."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Any

from budgets import links
from budgets.models import Budget, BudgetLine
from erp.backends import backend
from erp.mapping import links as mapping_links
from erp.mapping.models import MappingKind
from erp.models import ErpJob
from erp.port import JobStatus
from erp.readiness import unfit_lines
from erp.snapshots import erp_connection
from erp.words import erp_admins, erp_name, unlock_first
from projects.models import CostCode
from workflow.blockers import Check, Found, Kind, blocker, once_per_object


def _lines(number: int) -> str:
    return "1 line" if number == 1 else f"{number} lines"


# -- jobs -----------------------------------------------------------------------------------------------


@once_per_object
def _erp_jobs(budget: Budget) -> list[ErpJob]:
    return list(ErpJob.objects.filter(link__job__project=budget.project_id).order_by("parent_code", "code"))


def _main(jobs: list[ErpJob]) -> ErpJob | None:
    return next((job for job in jobs if not job.parent_code), None)


@blocker("job_unknown", Kind.PROBLEM)
def job_unknown(budget: Budget, user: Any) -> Found | None:
    """Lines on a job the ERP does not have."""
    return _bad_lines(
        budget, "job_not_linked", "on a job that {erp} does not have", "Link the job, or move them."
    )


@blocker("job_closed", Kind.PROBLEM)
def job_closed(budget: Budget, user: Any) -> Found | None:
    """The main job, or a job with lines, takes nothing any more."""
    main = _main(_erp_jobs(budget))
    erp = erp_name(erp_connection(budget))
    if main and (main.gone_at or main.status == JobStatus.CLOSED or not main.writable):
        return Found(
            f"Job {main.code} is closed or not writable in {erp}. Accounting can open it there.",
            who="Accounting",
        )
    return _bad_lines(
        budget, "job_closed", "on a job that is closed in {erp}", "Accounting can open it there."
    )


@blocker("sub_jobs_differ", Kind.PROBLEM)
def sub_jobs_differ(budget: Budget, user: Any) -> Found | None:
    """Sub jobs stand elsewhere than their main job, so one document cannot carry both."""
    jobs = _erp_jobs(budget)
    main = _main(jobs)
    odd = [job.code for job in jobs if main and job.status != main.status]
    if not (main and odd):
        return None
    erp = erp_name(erp_connection(budget))
    return Found(
        f"Sub job {', '.join(odd)} is not {main.status} in {erp} as its main job {main.code} is. "
        "Accounting can bring them to the same status.",
        who="Accounting",
    )


@blocker("sub_jobs_not_taken", Kind.PROBLEM)
def sub_jobs_not_taken(budget: Budget, user: Any) -> Found | None:
    """The connection does not take lines on sub jobs."""
    connection = erp_connection(budget)
    if connection is None or backend(connection.alias).limits.takes_sub_jobs:
        return None
    lines = list(budget.lines.exclude(job__parent=None).select_related("job", "cost_code", "cost_type")[:50])
    if not lines:
        return None
    return Found(
        f"{_lines(len(lines))} on sub jobs, which {erp_name(connection)} does not take. Move them to the main job.",
        lines=links.places(lines, budget.project_id, column="job"),
    )


# -- lines ----------------------------------------------------------------------------------------------


COLUMNS = {  # where each of these is put right
    "job_not_linked": "job",
    "job_closed": "job",
    "cost_type_unknown": "type",
    "cost_type_inactive": "type",
    "unit_unknown": "unit",
}


def _bad_lines(budget: Budget, which: str, what: str, fix: str) -> Found | None:
    lines: list[BudgetLine] = getattr(unfit_lines(budget), which)
    if not lines:
        return None
    said = what.format(erp=erp_name(erp_connection(budget)))
    return Found(
        f"{_lines(len(lines))} {said}. {fix}{unlock_first(budget)}",
        lines=links.places(lines, budget.project_id, column=COLUMNS.get(which, "code")),
    )


def _line_rule(code: str, what: str, fix: str) -> Check:
    @blocker(code, Kind.PROBLEM)
    def rule(budget: Budget, user: Any) -> Found | None:
        return _bad_lines(budget, code, what, fix)

    return rule


@blocker("cost_code_unknown", Kind.PROBLEM)
def cost_code_unknown(budget: Budget, user: Any) -> Found | None:
    """Lines whose cost code the ERP does not know, with what may have been meant."""
    lines = unfit_lines(budget).cost_code_unknown
    if not lines:
        return None
    hint = _did_you_mean(budget, sorted({line.code for line in lines if line.cost_code_text}))
    first = next((line for line in lines if line.cost_code), lines[0])
    connection = erp_connection(budget)
    found = Found(
        f"{_lines(len(lines))} with a cost code that {erp_name(connection)} does not know"
        f"{hint}. Correct the code, or ask {erp_admins(budget)} to map it.{unlock_first(budget)}",
        lines=links.places(lines, budget.project_id),
    )
    return mapping_links.led(found, connection, first.code, user=user, typed=not first.cost_code)


def _did_you_mean(budget: Budget, unknown: list[str]) -> str:
    known = list(CostCode.objects.filter(company=budget.project.company_id).values_list("code", flat=True))
    pairs = [(code, get_close_matches(code, known, n=1, cutoff=0.7)) for code in unknown[:3]]
    said = [f"{code} - did you mean {close[0]}?" if close else code for code, close in pairs]
    return f" ({'; '.join(said)})" if said else ""


cost_code_inactive = _line_rule(
    "cost_code_inactive",
    "with a cost code that is inactive in {erp}",
    "Use another code, or have it activated there.",
)


@blocker("cost_type_unknown", Kind.PROBLEM)
def cost_type_unknown(budget: Budget, user: Any) -> Found | None:
    """Lines whose cost type is none of ours, leads nowhere, or leads somewhere that nobody confirmed."""
    found = _bad_lines(
        budget,
        "cost_type_unknown",
        "with a cost type that is not matched with one of {erp}",
        "Correct the type, or ask an ERP admin to confirm the match.",
    )
    ours = next((line.cost_type for line in unfit_lines(budget).cost_type_unknown if line.cost_type), None)
    if found is None or ours is None:
        return found
    return mapping_links.led(found, erp_connection(budget), ours.code, user=user, kind=MappingKind.COST_TYPE)


cost_type_inactive = _line_rule(
    "cost_type_inactive",
    "with a cost type that is inactive in {erp}",
    "Use another type, or have it activated there.",
)
not_assigned = _line_rule(
    "not_assigned",
    "with a cost code that {erp} does not allow on their job",
    "Have it assigned there, or use another code.",
)
unit_unknown = _line_rule(
    "unit_unknown", "with a unit that {erp} does not know", "Correct the unit or leave it empty."
)


@blocker("code_not_allowed", Kind.PROBLEM)
def code_not_allowed(budget: Budget, user: Any) -> Found | None:
    """Codes that are too long for the ERP or have characters it refuses."""
    connection = erp_connection(budget)
    if connection is None:
        return None
    limits = backend(connection.alias).limits
    shape = re.compile(limits.code_pattern)
    typed = budget.lines.exclude(cost_code_text="", cost_type_text="")
    suspects = typed.select_related("job", "cost_code", "cost_type")
    bad = [
        line
        for line in suspects
        if len(line.code) > limits.cost_code
        or len(line.type) > limits.cost_type
        or not all(shape.fullmatch(text) for text in (line.code, line.type) if text)
    ]
    if not bad:
        return None
    return Found(
        f"{_lines(len(bad))} with a code that is too long for {erp_name(connection)} (cost codes {limits.cost_code}, "
        f"cost types {limits.cost_type} characters) or has characters it refuses. Correct the code."
        f"{unlock_first(budget)}",
        lines=links.places(bad, budget.project_id),
    )
