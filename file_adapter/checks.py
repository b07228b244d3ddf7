"""What stands against a document: on paper, and by what the reference files say of its jobs and codes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation

from pydantic import BaseModel, ConfigDict, ValidationError

from erp.port import (
    DocumentKind,
    ErpCompany,
    ErpDocument,
    ErpLine,
    ErpMisconfigured,
    Finding,
    JobRow,
    JobStatus,
)
from file_adapter.cells import CENT, LIMIT
from file_adapter.papers import entries_of
from file_adapter.places import SAFE
from file_adapter.reference import LIMITS, Reference

UNIT_STEP = Decimal("0.0001")


class Options(BaseModel):
    """The settings of a company this backend knows."""

    model_config = ConfigDict(extra="forbid", strict=True)
    assign_missing: bool = True
    originals_on_started_jobs: bool = False


def options_of(company: ErpCompany) -> Options:
    """This function will read a company's options. Raises ErpMisconfigured for one it does not know."""
    try:
        return Options.model_validate(dict(company.options))
    except ValidationError as problem:
        names = ", ".join(sorted({str(error["loc"][0]) for error in problem.errors() if error["loc"]}))
        raise ErpMisconfigured(f"The file adapter does not take these options so: {names}.") from None


def faults_of_options(company: ErpCompany) -> list[str]:
    """This function will say what is wrong with a company's options."""
    try:
        options_of(company)
    except ErpMisconfigured as problem:
        return [str(problem)]
    return []


# -- on paper ------------------------------------------------------------------------------------------------


def problems_of(document: ErpDocument) -> list[Finding]:
    """This function will return what is wrong with a document before the folder is asked."""
    options_of(document.company)
    found = []
    if not SAFE.fullmatch(document.number):
        found.append(Finding("number_unfit", f"The number {document.number!r} cannot be the name of a file."))
    for line in document.lines:
        found += [*_of_codes(line), *_of_amounts(document, line)]
    return found or [
        Finding("amount_unfit", "The sum for this budget code is too large.", entry.refs, "amount")
        for entry in entries_of(document)
        if not _fits(entry.change, CENT)
    ]


def _of_codes(line: ErpLine) -> Iterator[Finding]:
    for field, words, longest in (
        ("job", "job", LIMITS.job),
        ("cost_code", "cost code", LIMITS.cost_code),
        ("cost_type", "cost type", LIMITS.cost_type),
    ):
        code = getattr(line.key, field)
        if not 0 < len(code) <= longest or not re.fullmatch(LIMITS.code_pattern, code):
            said = f"The {words} {code!r} must have 1 to {longest} plain characters."
            yield Finding("code_unfit", said, (line.ref,), field)


def _of_amounts(document: ErpDocument, line: ErpLine) -> Iterator[Finding]:
    original = document.kind is DocumentKind.ORIGINAL
    amounts = [line.delta, *([line.target, line.before] if original else [])]
    for amount in amounts:
        if amount is None or not _fits(amount, CENT):
            said = f"{amount} is no amount that can be written: at most 2 decimals, below {LIMIT:,.0f}."
            yield Finding("amount_unfit", said, (line.ref,), "amount")
            return
    if line.quantity is not None and not _fits(line.quantity, UNIT_STEP):
        yield Finding(
            "quantity_unfit", f"{line.quantity} is no quantity: at most 4 decimals.", (line.ref,), "quantity"
        )


def _fits(value: Decimal, step: Decimal) -> bool:
    try:
        return value.is_finite() and abs(value) < LIMIT and value == value.quantize(step)
    except InvalidOperation:
        return False


# -- by the reference ----------------------------------------------------------------------------------------


def findings_of(document: ErpDocument, reference: Reference) -> list[Finding]:
    """This function will return what the reference files say against a document. Raises their failures."""
    options = options_of(document.company)
    jobs = {row.code: row for row in reference.jobs()}
    found = list(_of_jobs(document, jobs))
    codes = {row.code for row in reference.cost_codes() if row.active}
    types = {row.code for row in reference.cost_types() if row.active}
    found += _unknown(document, codes, "cost_code", "cost code")
    found += _unknown(document, types, "cost_type", "cost type")
    budget = {row.key: row.active for row in reference.budget()}
    for line in document.lines:
        if budget.get(line.key, options.assign_missing) is False:
            said = f"{line.key.cost_code} {line.key.cost_type} takes no entries on job {line.key.job}."
            found.append(Finding("not_assigned", said, (line.ref,), "cost_code"))
    main = jobs.get(document.job)
    started = main is not None and main.status is JobStatus.STARTED
    if document.kind is DocumentKind.ORIGINAL and started and not options.originals_on_started_jobs:
        said = f"Job {document.job} is started, and the company changes no original amounts of started jobs."
        found.append(Finding("originals_on_started_off", said))
    return found


def _of_jobs(document: ErpDocument, jobs: dict[str, JobRow]) -> Iterator[Finding]:
    for code in dict.fromkeys([document.job, *(line.key.job for line in document.lines)]):
        row = jobs.get(code)
        refs = tuple(line.ref for line in document.lines if line.key.job == code)
        if row is None:
            yield Finding(
                "job_not_visible",
                f"The folder names no job {code}. Have the jobs exported again.",
                refs,
                "job",
            )
        elif row.status is JobStatus.CLOSED or not row.writable:
            yield Finding(
                "job_closed", f"Job {code} is closed; reopen it and export the jobs again.", refs, "job"
            )


def _unknown(document: ErpDocument, known: set[str], field: str, words: str) -> Iterable[Finding]:
    for line in document.lines:
        code = getattr(line.key, field)
        if code not in known:
            said = f"The {words} {code} is unknown or inactive. Use another, or have the {words}s exported again."
            yield Finding(f"{field}_unknown", said, (line.ref,), field)
