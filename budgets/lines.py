"""What a line takes: turning typed values into a BudgetLine, and back into words for the trail.

Values (all optional when editing): `job` (code), `cost_code`, `cost_type`, `description`, `quantity`, `unit`,
`unit_cost`, `automatic`, `amount`. A code the company does not have is kept as text; Send asks for it later.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from budgets import money
from budgets.errors import InvalidInput
from budgets.models import Budget, BudgetLine, BudgetState
from projects.models import Company, CostCode, CostType, Job, Project, Unit

POSTED = "This line was posted in the ERP: its job, code and type stay. Add another line instead."
IDENTITY = ("job", "cost_code", "cost_type")  # what makes the budget code
MISSING = {"cost_code": "Enter a cost code.", "cost_type": "Enter a cost type."}


def apply_values(
    line: BudgetLine,
    values: Mapping[str, Any],
    *,
    project: Project,
    adding: bool = False,
    complete: bool = False,
) -> None:
    """This function will put values on a line, without saving. Raises InvalidInput naming each bad field.

    A line that must be `complete` has a cost code and a cost type, known or not; any other may get them later.
    """
    errors: dict[str, str] = {}
    before = _identity(line)
    _apply_job(line, values, project, errors, adding=adding)
    company = project.company
    _apply_code(line, values, company, errors, field="cost_code", model=CostCode, longest=40)
    _apply_code(line, values, company, errors, field="cost_type", model=CostType, longest=40)
    _apply_code(line, values, company, errors, field="unit", model=Unit, longest=20)
    for field in MISSING if complete else ():
        if not values.get(field):
            errors.setdefault(field, MISSING[field])
    if "description" in values:
        line.description = str(values["description"])
        if len(line.description) > 200:
            errors["description"] = "At most 200 characters."
    for field in ("quantity", "unit_cost"):
        if field in values:
            setattr(line, field, _number(values[field], field, errors, money.quantity))
    line.automatic = bool(values.get("automatic", line.automatic))
    _apply_amount(line, values, errors)
    if adding and not (line.code or line.type or line.description or line.amount):
        errors.setdefault(
            "cost_code", "Enter a cost code, or at least a description of what the line is for."
        )
    for field in _changed(before, _identity(line)) if line.was_posted else ():
        errors[field] = POSTED
    if errors:
        raise InvalidInput(errors)


def _identity(line: BudgetLine) -> dict[str, Any]:
    """What makes the budget code, as far as it is set."""
    return {field: getattr(line, f"{field}_id") for field in IDENTITY}


def _changed(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [field for field in before if before[field] != after[field]]


def _apply_job(
    line: BudgetLine, values: Mapping[str, Any], project: Project, errors: dict[str, str], *, adding: bool
) -> None:
    if "job" not in values and not adding:
        return
    code = values.get("job", "")
    jobs = Job.objects.filter(project=project)
    job = jobs.filter(code=code).first() if code else jobs.filter(parent=None).first()
    if job is None:
        errors["job"] = (
            f"{code} is no job of this project. Use {', '.join(jobs.values_list('code', flat=True))}."
        )
    else:
        line.job = job


def _apply_code(
    line: BudgetLine,
    values: Mapping[str, Any],
    company: Company,
    errors: dict[str, str],
    *,
    field: str,
    model: type[CostCode | CostType | Unit],
    longest: int,
) -> None:
    if field not in values:
        return
    code = str(values[field])
    if len(code) > longest:
        errors[field] = f"At most {longest} characters."
        return
    known = model.objects.filter(company=company, code=code).first() if code else None
    setattr(line, field, known)
    setattr(line, f"{field}_text", "" if known else code)


def _number(value: Any, field: str, errors: dict[str, str], read: Any) -> Any:
    if value is None or value == "":
        return None
    try:
        return read(value)
    except money.NotExact as problem:
        errors[field] = str(problem)
        return None


def _apply_amount(line: BudgetLine, values: Mapping[str, Any], errors: dict[str, str]) -> None:
    if line.automatic:
        if line.quantity is None or line.unit_cost is None:
            errors.setdefault("quantity", "An automatic amount needs a quantity and a unit cost.")
            return
        try:
            line.amount = money.extended(line.quantity, line.unit_cost)
        except money.NotExact as problem:
            errors["amount"] = str(problem)
    elif "amount" in values:
        amount = _number(values["amount"], "amount", errors, money.amount)
        line.amount = money.ZERO if amount is None else amount


def describe(line: BudgetLine) -> dict[str, Any]:
    """This function will say what a line holds, for the trail; Decimals stay Decimals."""
    return {
        "job": line.job.code,
        "cost_code": line.code,
        "cost_type": line.type,
        "description": line.description,
        "quantity": line.quantity,
        "unit": line.unit_code,
        "unit_cost": line.unit_cost,
        "amount": line.amount,
    }


def named(line: BudgetLine) -> str:
    """This function will name a line in a sentence of the trail."""
    return str(line) if line.code else f"a {line}"


def added_line(
    budget: Budget, *, user: Any, now: datetime, values: Mapping[str, Any], complete: bool = False
) -> BudgetLine:
    """This function will add a line to a budget that is locked by a service; on a locked budget it starts at 0.00."""
    line = BudgetLine(budget=budget, changed_by=user, changed_at=now)
    apply_values(line, values, project=budget.project, adding=True, complete=complete)
    if budget.state != BudgetState.DRAFT and line.amount:
        said = "The budget is locked: a new line starts at 0.00. Bring money to it with a modification."
        raise InvalidInput({"amount": said})
    save_line(line)
    return line


def save_line(line: BudgetLine) -> None:
    """This function will store a line. Raises InvalidInput where its budget code is in the budget already."""
    try:
        with transaction.atomic():
            line.save()
    except IntegrityError as error:
        if "budget_code_once_per_budget" not in str(error):
            raise
        raise InvalidInput(
            {"cost_code": f"{line.job.code} {line} is in this budget already. Change that line instead."}
        ) from None
