"""What a budget's files hold: every line, with the columns an import reads and some that are only shown.

One function feeds XLSX, CSV and JSON. Numbers are exact texts, as the database writes them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import CharField, F
from django.db.models.functions import Cast, Coalesce

from budgets import facts, large_reads, selectors
from budgets.models import Budget
from budgets.money import ZERO
from projects.models import Job

# key, the column's name in a file, and how it is written; those below the line an import does not read.
COLUMNS = (
    ("job", "Job", "code"),
    ("cost_code", "Cost code", "code"),
    ("cost_type", "Cost type", "code"),
    ("description", "Description", "text"),
    ("quantity", "Quantity", "quantity"),
    ("unit", "Unit", "code"),
    ("unit_cost", "Unit cost", "quantity"),
    ("amount", "Original amount", "money"),
    # ----------------------------------------
    ("modifications", "Modifications", "money"),
    ("revised", "Revised", "money"),
    ("sent", "Sent", "money"),
    ("in_erp", "In ERP", "money"),
)


class Line(NamedTuple):
    """One line as files hold it; numbers as exact text, None where there is none."""

    job: str
    cost_code: str
    cost_type: str
    description: str
    quantity: str | None
    unit: str
    unit_cost: str | None
    amount: str
    modifications: str
    revised: str
    sent: str | None
    in_erp: str | None


@dataclass(frozen=True)
class Export:
    """All lines of a budget in the grid's order, and the name of a file that holds them."""

    budget: Budget
    name: str
    lines: list[Line]


def export(budget: Budget, *, now: datetime) -> Export:
    """This function will read every line of a budget for a file."""
    return Export(budget, _name(budget, now), _lines(budget))


def _lines(budget: Budget) -> list[Line]:
    changes, known = selectors.modified(budget), facts.of_lines(budget, with_warnings=False)
    rows = budget.lines.order_by(
        "cost_code__code", "cost_code_text", "job__code", "cost_type__position", "cost_type_text", "pk"
    ).values_list(
        "pk",
        "job__code",
        Coalesce(F("cost_code__code"), F("cost_code_text")),
        Coalesce(F("cost_type__code"), F("cost_type_text")),
        "description",
        Cast("quantity", CharField()),
        Coalesce(F("unit__code"), F("unit_text")),
        Cast("unit_cost", CharField()),
        Cast("amount", CharField()),
    )
    with large_reads.cursor():
        found = list(rows)
    lines = []
    for pk, *told, amount in found:
        change, fact = changes.get(pk, ZERO), known.get(pk, facts.UNKNOWN)
        revised = f"{Decimal(amount) + change:.2f}" if change else amount
        sums = (amount, f"{change:.2f}", revised, _exact(fact.sent), _exact(fact.in_erp))
        lines.append(Line._make((*told, *sums)))
    return lines


def _exact(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:.2f}"


def _name(budget: Budget, now: datetime) -> str:
    """Project, job and date, without what a file's name cannot hold or a spreadsheet would run."""
    job = Job.objects.filter(project=budget.project_id, parent=None).values_list("code", flat=True).first()
    day = now.astimezone(ZoneInfo(budget.project.company.time_zone)).date()
    return file_name(f"{budget.project.name} {job or ''} {day} budget")


def file_name(name: str) -> str:
    """This function will take out of a name what a file's cannot hold or a spreadsheet would run."""
    return re.sub(r"\s+", " ", re.sub(r"[^\w .()-]", "_", name)).strip(" .-_") or "budget"
