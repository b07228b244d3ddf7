"""Another project's budget as a start: its lines as rows of an import, for a draft.

Choices: `project` (id), `jobs` (their job's code -> ours), `amounts` (same, zero or percent) and `percent`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from budgets import money, selectors
from budgets.errors import InvalidInput
from budgets.files.spreadsheets import FileRow, RowError, Sheet
from budgets.files.workbooks import MOST_ROWS
from budgets.models import Budget
from budgets.money import CENT, ZERO
from projects.models import Job

AMOUNTS = {
    "same": "as they are there",
    "percent": "as they are there, plus or minus a percentage",
    "zero": "all 0.00",
}
LEAST, MOST = Decimal(-100), Decimal(1000)  # percent


def checked(budget: Budget, source: Budget, choices: Mapping[str, Any]) -> dict[str, Any]:
    """This function will check what a person chose for copying. Raises InvalidInput naming each bad field."""
    errors: dict[str, str] = {}
    amounts = str(choices.get("amounts", ""))
    if source.pk == budget.pk:
        errors["project"] = "This is the project itself. Choose another one."
    if amounts not in AMOUNTS:
        errors["amounts"] = "Choose what becomes of the amounts."
    percent = _percent(choices.get("percent", ""), errors) if amounts == "percent" else ZERO
    ours = set(Job.objects.filter(project=budget.project_id).values_list("code", flat=True))
    jobs = {theirs: ours_ for theirs, ours_ in dict(choices.get("jobs", {})).items() if ours_}
    wrong = sorted(set(jobs.values()) - ours)
    if wrong:
        errors["jobs"] = f"{', '.join(wrong)} is no job of this project."
    if errors:
        raise InvalidInput(errors)
    return {"project": source.project_id, "jobs": jobs, "amounts": amounts, "percent": str(percent)}


def _percent(typed: Any, errors: dict[str, str]) -> Decimal:
    try:
        percent = money.quantity(str(typed).replace("%", ""))
    except money.NotExact:
        errors["percent"] = "Enter a percentage such as 5 or -2.5."
        return ZERO
    if not LEAST <= percent <= MOST:
        errors["percent"] = "Enter a percentage from -100 to 1000."
    return percent


def rows(budget: Budget, choices: Mapping[str, Any], *, user: Any) -> Sheet:
    """This function will read the other budget's lines as rows of an import.

    Lines that meet on one budget code, because a sub job goes to the main job, are added up. Raises Http404 where the
    person may not see the other project any more.
    """
    source = selectors.visible_budget(user, choices["project"])
    sheet = Sheet()
    taken: dict[tuple[str, str, str], FileRow] = {}
    lines = source.lines.select_related("job", "cost_code", "cost_type", "unit")
    for number, line in enumerate(lines[: MOST_ROWS + 1], start=1):
        job = "" if line.job.parent_id is None else choices["jobs"].get(line.job.code, "")
        if not line.code or not line.type:
            said = "This line has no cost code or no cost type there. Give it both, or leave it out."
            sheet.errors.append(RowError(number, "cost code", line.description[:60], said, "cost_code"))
            sheet.left_out.append(FileRow(number, {}))
            continue
        values = _values(line, choices) | {"job": job}
        row = taken.setdefault((job, line.code, line.type), FileRow(number, values))
        if row.number != number:
            _add_up(row.values, values)
        if abs(row.values["amount"]) > money.LARGEST:
            raise InvalidInput({"percent": f"{line} would be larger than {money.LARGEST:,}. Choose less."})
    sheet.rows.extend(taken.values())
    return sheet


def _values(line: Any, choices: Mapping[str, Any]) -> dict[str, Any]:
    values = {
        "cost_code": line.code,
        "cost_type": line.type,
        "description": line.description,
        "quantity": line.quantity,
        "unit": line.unit_code,
        "unit_cost": line.unit_cost,
        "automatic": line.automatic,
        "amount": line.amount,
    }
    if choices["amounts"] == "zero":
        return values | {"quantity": None, "unit_cost": None, "automatic": False, "amount": ZERO}
    if choices["amounts"] == "percent":
        factor = 1 + Decimal(choices["percent"]) / 100
        amount = (line.amount * factor).quantize(CENT, rounding=ROUND_HALF_UP) + 0
        return values | {"unit_cost": None, "automatic": False, "amount": amount}
    return values


def _add_up(values: dict[str, Any], more: Mapping[str, Any]) -> None:
    """One line of two: amounts are added, quantities only where both are of one unit and not automatic."""
    same = values["unit"] == more["unit"] and None not in (values["quantity"], more["quantity"])
    values["quantity"] = values["quantity"] + more["quantity"] if same else None
    values |= {"amount": values["amount"] + more["amount"], "unit_cost": None, "automatic": False}
