"""What people typed into a form, kept as they typed it, and read for the services."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_date

from budgets import money
from budgets.errors import InvalidInput
from budgets.models import Budget, BudgetLine, Modification
from workflow.numbers import version

LINE_FIELDS = ("job", "cost_code", "cost_type", "description", "quantity", "unit", "unit_cost", "amount")
LABELS = {
    "job": "Job",
    "cost_code": "Cost code",
    "cost_type": "Cost type",
    "description": "Description",
    "quantity": "Quantity",
    "unit": "Unit",
    "unit_cost": "Unit cost",
    "amount": "Original amount",
}
EMPTY_ROWS = 4
MOST_ROWS = 200  # lines of a modification that the form takes
MOST_CHOICES = 50  # lines or rows with a drop-down in every row; beyond, all rows share one list
PICKED = re.compile(r"#([0-9]{1,18})\Z")  # how that list names a line
TOO_BIG = "Write it as several modifications, or use the API, which takes any number of lines."


def typed_line(post: QueryDict) -> dict[str, Any]:
    """This function will take a line's values out of a form, as the services want them."""
    values: dict[str, Any] = {field: post[field] for field in LINE_FIELDS if field in post}
    return {**values, "automatic": "automatic" in post}


def stored_line(line: Any) -> dict[str, Any]:
    """This function will take the values of a line, or of a row of its history, as a form shows them."""
    return {
        "job": line.job.code,
        "cost_code": line.cost_code.code if line.cost_code else line.cost_code_text,
        "cost_type": line.cost_type.code if line.cost_type else line.cost_type_text,
        "description": line.description,
        "quantity": line.quantity,
        "unit": line.unit.code if line.unit else line.unit_text,
        "unit_cost": line.unit_cost,
        "amount": line.amount,
        "automatic": line.automatic,
    }


def differences(stored: Mapping[str, Any], typed: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """This function will list the typed fields that are stored otherwise: (label, stored now, typed)."""
    return [
        (label, stored[field], typed[field])
        for field, label in LABELS.items()
        if field in typed and not same(stored[field], typed[field])
    ]


def same(stored: Any, typed: Any) -> bool:
    """This function will tell whether a typed value says what is stored already."""
    if stored is None or not isinstance(typed, str) or isinstance(stored, str):
        return (stored or "") == (typed or "")
    try:
        return bool(money.quantity(typed) == stored)
    except money.NotExact:
        return False


@dataclass
class TypedRow:
    """One row of a modification's form: the line's id and the amount as typed, and what is wrong."""

    line: str = ""
    amount: str = ""
    error: str = ""
    shown: str = ""  # the line as the shared list names it


@dataclass
class TypedModification:
    """A modification as its form holds it."""

    title: str
    date: str
    note: str
    rows: list[TypedRow]
    version: int | None = None

    @property
    def net(self) -> Decimal:
        """Sum of the amounts that can be read, company currency."""
        return sum((amount for row in self.rows if (amount := _readable(row.amount)) is not None), money.ZERO)


def empty_modification(*, line: str = "") -> TypedModification:
    """This function will make an empty form, dated today, with the line of id `line` chosen already."""
    rows = [TypedRow(line=line), *(TypedRow() for _ in range(EMPTY_ROWS - 1))]
    return TypedModification("", timezone.localdate().isoformat(), "", rows)


def stored_modification(modification: Modification, *, reverse: bool = False) -> TypedModification:
    """This function will make the form of a modification, or of its opposite."""
    sign = -1 if reverse else 1
    rows = [TypedRow(str(change.line_id), f"{sign * change.amount:f}") for change in modification.lines.all()]
    if reverse:
        title = f"Reverse of modification {modification.number}: {modification.title}"[:120]
        return TypedModification(title, timezone.localdate().isoformat(), "", rows)
    rows += [TypedRow()]
    return TypedModification(
        modification.title, modification.date.isoformat(), modification.note, rows, modification.version
    )


def typed_modification(post: QueryDict) -> TypedModification:
    """This function will take a modification out of a form, as it was typed."""
    pairs = zip_longest(post.getlist("line"), post.getlist("amount"), fillvalue="")
    rows = [TypedRow(_picked(line), amount) for line, amount in pairs]
    return TypedModification(
        post.get("title", ""),
        post.get("date", ""),
        post.get("note", ""),
        rows,
        version(post.get("version", "")),
    )


def choice(line: BudgetLine) -> str:
    """This function will name a line in the list that all rows share, so that its id can be read out again."""
    return f"{line.code} {line.type} · {line.job.code} · #{line.pk}"


def _picked(line: str) -> str:
    found = PICKED.search(line)
    return found[1] if found else line


def read_modification(typed: TypedModification, budget: Budget) -> dict[str, Any]:
    """This function will turn what was typed into what `save_modification` takes.

    Raises InvalidInput, and leaves the sentence about a bad row on that row.
    """
    known = {str(line.pk): line for line in budget.lines.select_related("job", "cost_code", "cost_type")}
    errors: dict[str, str] = {}
    lines = [pair for row in typed.rows if (pair := _read_row(row, known)) is not None]
    if bad := sum(bool(row.error) for row in typed.rows):
        errors["lines"] = f"{bad} {'row' if bad == 1 else 'rows'} to put right below."
    if len(lines) > MOST_ROWS:
        errors["lines"] = f"This form takes at most {MOST_ROWS} lines. {TOO_BIG}"
    if _day(typed.date) is None:
        errors["date"] = "Enter a date, for example 2026-11-20."
    if len(typed.title) > 120:
        errors["title"] = "At most 120 characters."
    if errors:
        raise InvalidInput(errors)
    return {"title": typed.title, "date": _day(typed.date), "note": typed.note, "lines": lines}


def _read_row(row: TypedRow, known: Mapping[str, BudgetLine]) -> tuple[BudgetLine, Decimal] | None:
    if not row.line and not row.amount.strip():
        return None
    if row.line not in known:
        row.error = "Choose the line this amount belongs to."
        return None
    try:
        return known[row.line], money.amount(row.amount)
    except money.NotExact as problem:
        row.error = str(problem) if row.amount.strip() else "Enter an amount, or take the line out."
        return None


def _readable(text: str) -> Decimal | None:
    try:
        return money.amount(text)
    except money.NotExact:
        return None


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:  # looks like a date and is none, for example 2026-02-30
        return None


def blank_rows(rows: Iterable[TypedRow], *, more: int) -> list[TypedRow]:
    """This function will put empty rows below those there are."""
    return [*rows, *(TypedRow() for _ in range(more))]
