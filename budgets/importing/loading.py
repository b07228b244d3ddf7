"""Bringing a file's lines into a draft budget: all or nothing, in a handful of statements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Any, cast

from django.db import connection, models

from budgets.errors import Conflict, InvalidInput
from budgets.files.spreadsheets import RowError, Sheet
from budgets.importing.plan import Entry, Plan, Unknown, Values, plan
from budgets.models import Budget, BudgetLine
from budgets.money import ZERO
from budgets.services import change
from workflow import actions
from workflow.actions import ensure

__all__ = ["BadRows", "ImportResult", "Unknown", "import_rows", "removable"]


@dataclass(frozen=True)
class ImportResult:
    """How many lines the import made, changed, removed and found as they are; and the codes nobody knows."""

    new: int
    changed: int
    unchanged: int
    removed: int = 0
    unknown: list[Unknown] = field(default_factory=list)


class BadRows(InvalidInput):
    """Rows that cannot become lines of this budget; nothing was imported."""

    def __init__(self, rows: Sequence[RowError]) -> None:
        shown = [str(row) for row in rows[:10]]
        if len(rows) > len(shown):
            shown.append(f"{len(rows) - len(shown)} more rows have errors.")
        super().__init__({"file": " ".join(shown)})
        self.rows = list(rows)


def import_rows(
    budget: Budget,
    *,
    user: Any,
    now: datetime,
    sheet: Sheet,
    source: str = "",
    good_rows: bool = False,
    remove: bool = False,
    version: int | None = None,
) -> ImportResult:
    """This function will add or change one line for each row of a file, found by job, cost code and cost type.

    Lines that the file does not name stay, or with `remove` those go that may be deleted; that is refused while a row
    does not say which line it means. The same file twice changes nothing. `source` names the file in the trail. With
    `good_rows` those that cannot become lines are left out. `version` is the budget's that a preview was made of.
    Raises BadRows, InvalidInput, Conflict and ActionBlocked; then nothing has changed.
    """
    with change(budget, user=user, now=now) as (locked, event):
        ensure(locked, "import_file", user)
        if version is not None and locked.version != version:
            raise Conflict("The budget was changed since this preview was made.", current=locked)
        made = plan(locked, sheet)
        errors = [*sheet.errors, *made.errors]
        if errors and not good_rows:
            raise BadRows(errors)
        if remove and made.nothing_goes:
            raise InvalidInput({"remove": made.nothing_goes})
        carry_out(locked, made, user=user, now=now)
        removed = _remove(locked, made.missing, user=user) if remove else 0
        result = ImportResult(len(made.new), len(made.changed), len(made.unchanged), removed, made.unknown)
        event |= {"action": "import_file", "sentence": _sentence(result, source), "data": _counts(result)}
    return result


def _sentence(result: ImportResult, source: str) -> str:
    said = f"Imported {source or 'a file'}: {result.new} lines new, {result.changed} changed"
    return f"{said}, {result.removed} removed" if result.removed else said


def _counts(result: ImportResult) -> dict[str, int]:
    counts = {"new": result.new, "changed": result.changed, "unchanged": result.unchanged}
    return {**counts, "removed": result.removed} if result.removed else counts


def carry_out(budget: Budget, made: Plan, *, user: Any, now: datetime) -> None:
    """This function will write a plan's new and changed lines, inside the caller's transaction."""
    signed = {"changed_by_id": user.pk, "changed_at": now}
    _insert([_new_line(budget, entry) | signed for entry in made.new])
    _update([_changed_line(entry) | signed for entry in made.changed])


# -- lines the file does not name -------------------------------------------------------------------------


def removable(budget: Budget, lines: Sequence[Values], *, user: Any) -> dict[int, str]:
    """This function will say of each stored line, by id, why it may not be deleted; "" where it may."""
    related = ("job", "cost_code", "cost_type")
    rows = budget.lines.filter(pk__in=[line["pk"] for line in lines]).select_related(*related)
    told = {}
    for row in rows.prefetch_related("changes__modification"):
        row.budget = budget
        told[row.pk] = " ".join(b.sentence for b in actions.blockers(row, "delete_line", user))
    return told


def _remove(budget: Budget, lines: Sequence[Values], *, user: Any) -> int:
    going = [pk for pk, why in removable(budget, lines, user=user).items() if not why]
    return budget.lines.filter(pk__in=going).delete()[0]


# -- one statement for all rows ---------------------------------------------------------------------------
# Names of tables and columns come from the model, values travel as parameters.

EMPTY: Values = {
    **dict.fromkeys(("cost_code_id", "cost_type_id", "unit_id", "quantity", "unit_cost")),
    **dict.fromkeys(("cost_code_text", "cost_type_text", "unit_text", "description"), ""),
    **{"automatic": False, "amount": ZERO, "version": 0, "was_posted": False, "in_batch": False},
}
CHANGING = (
    *("cost_code", "cost_code_text", "cost_type", "cost_type_text", "unit", "unit_text"),
    *("description", "quantity", "unit_cost", "automatic", "amount"),
    *("version", "changed_by", "changed_at"),
)
STAYING = ("budget", "job", "was_posted", "in_batch")


def _new_line(budget: Budget, entry: Entry) -> Values:
    return EMPTY | {"budget_id": budget.pk, "job_id": entry.key[0]} | entry.values


def _changed_line(entry: Entry) -> Values:
    stored = cast("Values", entry.line)
    return stored | entry.values | {"id": stored["pk"], "version": stored["version"] + 1}


def _columns(names: Iterable[str]) -> dict[str, str]:
    """The columns of a line with their types in the database, as arrays need them."""
    fields = [cast("models.Field[Any, Any]", BudgetLine._meta.get_field(name)) for name in names]
    return {str(each.column): str(each.db_type(connection)) for each in fields}


def _insert(lines: Sequence[Values]) -> None:
    if not lines:
        return
    columns = list(_columns((*STAYING, *CHANGING)))
    values_of = itemgetter(*columns)
    with connection.cursor() as cursor:
        cursor.execute(
            "DO 'BEGIN END'"
        )  # takes the history's change set into the transaction, which COPY does not
        with cursor.copy(f"COPY {BudgetLine._meta.db_table} ({', '.join(columns)}) FROM STDIN") as copy:
            for line in lines:
                copy.write_row(values_of(line))


def _update(lines: Sequence[Values]) -> None:
    columns = {"id": "bigint", **_columns(CHANGING)}
    sets = ", ".join(f"{name} = v.{name}" for name in columns if name != "id")
    table, source = BudgetLine._meta.db_table, f"{_unnest(columns)} AS v ({', '.join(columns)})"
    _run(f"UPDATE {table} SET {sets} FROM {source} WHERE {table}.id = v.id", columns, lines)  # noqa: S608


def _unnest(columns: Mapping[str, str]) -> str:
    return f"unnest({', '.join(f'%s::{kind}[]' for kind in columns.values())})"


def _run(sql: str, columns: Mapping[str, str], lines: Sequence[Values]) -> None:
    if lines:
        with connection.cursor() as cursor:
            cursor.execute(sql, [[line[name] for line in lines] for name in columns])
