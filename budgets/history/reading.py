"""The change history of a budget: who changed what, when, from which value to which.

Values come from the rows that database triggers keep, people and times from the event of the same change set. So bulk
work is seen, a line that was deleted stays findable, and what somebody changed past Tieback is listed as such.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from budgets import large_reads
from budgets.history import sql
from budgets.models import Budget, BudgetLine, ModificationState
from workflow.events import label
from workflow.people import TIEBACK
from workflow.templatetags.figures import plain_money, plain_price, plain_quantity

OUTSIDE = "Outside of Tieback"  # rows changed in the database, with no event that says who
NEWEST_FIRST = "moment DESC, event_id DESC NULLS LAST, pgh_id DESC, place"
ADDED, DELETED = "insert", "delete"
_STATES = dict(ModificationState.choices)
_NUMBERS = {"quantity": plain_quantity, "unit_cost": plain_price}


@dataclass(frozen=True)
class Change:
    """One value that changed. `field`, `old` and `new` are words to show; the `*_value` are exact, None for nothing."""

    at: datetime
    who: str
    what: str  # the line or modification, as it was called then
    field: str
    old: str
    new: str
    key: str  # the field's name in the database
    deed: str  # insert, update or delete
    line_id: int | None
    modification_id: int | None
    old_value: str | None
    new_value: str | None
    difference: Decimal | None  # of an amount, company currency
    sentence: str
    detail: str  # what a line that was added or deleted holds besides its amount

    @property
    def old_number(self) -> str | Decimal | None:
        """The value before, as a number where it is one."""
        return _number(self.key, self.old_value)

    @property
    def new_number(self) -> str | Decimal | None:
        """The value after, as a number where it is one."""
        return _number(self.key, self.new_value)

    @property
    def deeds(self) -> str:
        """What was done to the line or the modification."""
        return {ADDED: "added", DELETED: "deleted"}.get(self.deed, "changed")


def changes_of_line(line: BudgetLine) -> list[Change]:
    """This function will list what changed on a line and what modifications brought to it, the newest first."""
    select = f"SELECT * FROM wanted ORDER BY {NEWEST_FIRST}"  # noqa: S608  words of ours
    return [change(row) for row in rows(line.budget, "pgh_id IS NOT NULL", {"line": line.pk}, select)]


def rows(budget: Budget, where: str, more: Mapping[str, Any], select: str) -> list[dict[str, Any]]:
    """This function will run a SELECT over the `wanted` changes of a budget: see budgets/history/sql.py."""
    given = {
        "budget": budget.pk,
        "company": budget.project.company_id,
        "about": label(budget),
        "line": None,
        **more,
    }
    with large_reads.cursor() as cursor:
        cursor.execute(sql.TOLD.format(where=where) + select, given)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, values, strict=True)) for values in cursor]


def change(row: Mapping[str, Any]) -> Change:
    """This function will put one row of `wanted` into words."""
    field = row["field"]
    return Change(
        at=row["moment"],
        who=who(row),
        what=what(row),
        field=sql.LABELS.get(field, ""),
        old=_words(field, row["old"]),
        new=_words(field, row["new"]),
        key=field or "",
        deed=row["deed"] or "",
        line_id=row["line_id"],
        modification_id=row["modification_id"],
        old_value=row["old"],
        new_value=row["new"],
        difference=row["difference"],
        sentence=row["sentence"] or "",
        detail=(row["detail"] or "").rstrip(", "),
    )


def who(row: Mapping[str, Any]) -> str:
    """This function will name who made a change: a person, Tieback, or nobody Tieback knows of."""
    if row["event_id"] is None:
        return OUTSIDE
    return row["actor"] or TIEBACK


def what(row: Mapping[str, Any]) -> str:
    """This function will name what changed: a line by its codes, a modification by its number."""
    line = " ".join(part for part in (row["job"], row["cost_code"], row["cost_type"]) if part)
    if row["modification_id"] is None:
        return line
    modification = f"Modification {row['number']}" if row["number"] else f"Modification “{row['title']}”"
    return f"{line} in {modification}" if line else modification


def _number(field: str, value: str | None) -> str | Decimal | None:
    return Decimal(value) if value and (field in sql.MONEY or field in _NUMBERS) else value


def _words(field: str | None, value: str | None) -> str:
    if value is None or field is None:
        return ""
    if field in sql.MONEY:
        return plain_money(Decimal(value))
    if field in _NUMBERS:
        return _NUMBERS[field](Decimal(value))
    return _STATES.get(value, value) if field == "state" else value
