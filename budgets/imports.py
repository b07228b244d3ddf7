"""Bringing a file's lines into a draft budget: all or nothing, in a handful of statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, cast

from django.db import connection, models

from budgets import money
from budgets.errors import InvalidInput
from budgets.models import Budget, BudgetLine
from budgets.services import change
from budgets.spreadsheets import FileRow, RowError, double
from projects.models import CostCode, CostType, Job, Project, Unit
from workflow.actions import ensure

LINKED: dict[str, type[CostCode | CostType | Unit]] = {
    "cost_code": CostCode,
    "cost_type": CostType,
    "unit": Unit,
}
PLAIN = ("description", "quantity", "unit_cost", "automatic", "amount")
MOST_HINTS = 50  # comparing is slow, and nobody reads more
Key = tuple[int, str, str]  # job id, cost code, cost type: the budget code


@dataclass(frozen=True)
class Unknown:
    """A code of the file that the company does not have; it stays on its lines as text until Send asks for it."""

    field: str  # cost_code, cost_type or unit
    code: str
    rows: tuple[int, ...]
    suggestion: str  # a code of the company that looks alike, or empty


@dataclass(frozen=True)
class ImportResult:
    """How many lines the import made, changed and found as they are; and the codes nobody knows."""

    new: int
    changed: int
    unchanged: int
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
    budget: Budget, *, user: Any, now: datetime, rows: Sequence[FileRow], source: str = ""
) -> ImportResult:
    """This function will add or change one line for each row, found by job, cost code and cost type.

    Lines that the file does not name stay; the same file twice changes nothing. `source` names the file in the trail.
    Raises BadRows and ActionBlocked; then nothing has changed.
    """
    with change(budget, user=user, now=now) as (locked, event):
        ensure(locked, "import_file", user)
        codes = _Codes(locked.project)
        wanted = _by_budget_code(rows, codes)
        lines = {codes.key_of(line): line for line in _lines(locked)}
        new = [_new_line(locked, key, row, codes) for key, row in wanted.items() if key not in lines]
        changed = [
            lines[key] for key, row in wanted.items() if key in lines and _apply(lines[key], row, codes)
        ]
        for line in (*new, *changed):
            line.changed_by_id, line.changed_at = user.pk, now
        _insert(new)
        _update(changed)
        result = ImportResult(
            len(new), len(changed), len(wanted) - len(new) - len(changed), codes.unknown(rows)
        )
        event |= {
            "action": "import_file",
            "sentence": f"Imported {source or 'a file'}: {result.new} lines new, {result.changed} changed",
            "data": {"new": result.new, "changed": result.changed, "unchanged": result.unchanged},
        }
    return result


def _lines(budget: Budget) -> Iterable[BudgetLine]:
    return budget.lines.select_related("cost_code", "cost_type", "unit").order_by("pk")


# -- codes ------------------------------------------------------------------------------------------------


class _Codes:
    """The codes of a project and its company, read once for all rows."""

    def __init__(self, project: Project) -> None:
        jobs = Job.objects.filter(project=project)
        self.jobs = {job.code: job.pk for job in jobs}
        self.main = next((job.pk for job in jobs if job.parent_id is None), None)
        self.known: dict[str, dict[str, int]] = {
            name: dict(model.objects.filter(company=project.company_id).values_list("code", "pk"))
            for name, model in LINKED.items()
        }

    def key(self, row: FileRow) -> Key | None:
        """The budget code a row means; None where its job is not one of the project's."""
        code = row.values.get("job", "")
        job = self.jobs.get(code) if code else self.main
        return None if job is None else (job, row.values["cost_code"], row.values["cost_type"])

    def key_of(self, line: BudgetLine) -> Key:
        """The budget code of a stored line."""
        return line.job_id, line.code, line.type

    def values(self, row: FileRow) -> dict[str, Any]:
        """A row as columns of a line: a known code as its id, an unknown one as text."""
        values = {name: row.values[name] for name in PLAIN if name in row.values}
        for name, known in self.known.items():
            if name in row.values:
                code = row.values[name]
                values[f"{name}_id"] = known.get(code)
                values[f"{name}_text"] = "" if code in known else code
        return values

    def unknown(self, rows: Sequence[FileRow]) -> list[Unknown]:
        """The codes of the file that nobody knows, each with its rows and what may have been meant."""
        found: dict[tuple[str, str], list[int]] = defaultdict(list)
        for row in rows:
            for name, known in self.known.items():
                code = row.values.get(name, "")
                if code and code not in known:
                    found[name, code].append(row.number)
        return [
            Unknown(name, code, tuple(numbers), _alike(code, self.known[name]) if place < MOST_HINTS else "")
            for place, ((name, code), numbers) in enumerate(found.items())
        ]


def _alike(code: str, known: Mapping[str, int]) -> str:
    """The known code that looks most like it; a difference of case or blanks alone comes first."""
    plain = {other.strip().casefold(): other for other in known}
    close = get_close_matches(code, known, n=1, cutoff=0.7)
    return plain.get(code.strip().casefold()) or (close[0] if close else "")


def _by_budget_code(rows: Sequence[FileRow], codes: _Codes) -> dict[Key, FileRow]:
    wanted: dict[Key, FileRow] = {}
    errors: list[RowError] = []
    for row in rows:
        key = codes.key(row)
        if key is None:
            said = f"{row.values['job']} is no job of this project. It has {', '.join(sorted(codes.jobs))}."
            errors.append(RowError(row.number, "job", row.values["job"], said))
        elif key in wanted:
            errors.append(double(row, first=wanted[key].number, column="cost code"))
        else:
            wanted[key] = row
    if errors:
        raise BadRows(errors)
    return wanted


# -- lines ------------------------------------------------------------------------------------------------


def _new_line(budget: Budget, key: Key, row: FileRow, codes: _Codes) -> BudgetLine:
    return BudgetLine(budget=budget, job_id=key[0], **codes.values(row))


def _apply(line: BudgetLine, row: FileRow, codes: _Codes) -> bool:
    """Put a row on a stored line; tell whether that changes anything."""
    values = codes.values(row)
    if line.automatic and "automatic" not in values:
        # The file brings a plain amount: the line stays automatic only where that is what it comes to anyway.
        quantity, unit_cost = (values.get(name, getattr(line, name)) for name in ("quantity", "unit_cost"))
        values["automatic"] = _comes_to(quantity, unit_cost) == values["amount"]
    if all(getattr(line, name) == value for name, value in values.items()):
        return False
    for name, value in values.items():
        setattr(line, name, value)
    line.version += 1
    return True


def _comes_to(quantity: Decimal | None, unit_cost: Decimal | None) -> Decimal | None:
    if quantity is None or unit_cost is None:
        return None
    try:
        return money.extended(quantity, unit_cost)
    except money.NotExact:
        return None


# -- one statement for all rows ---------------------------------------------------------------------------
# Names of tables and columns come from the model, values travel as parameters.


def _columns(names: Iterable[str]) -> dict[str, str]:
    """The columns of a line with their types in the database, as arrays need them."""
    fields = [cast("models.Field[Any, Any]", BudgetLine._meta.get_field(name)) for name in names]
    return {str(each.column): str(each.db_type(connection)) for each in fields}


CHANGING = (
    *("cost_code", "cost_code_text", "cost_type", "cost_type_text", "unit", "unit_text"),
    *("description", "quantity", "unit_cost", "automatic", "amount"),
    *("version", "changed_by", "changed_at"),
)
STAYING = ("budget", "job", "was_posted", "in_batch")


def _insert(lines: Sequence[BudgetLine]) -> None:
    columns = _columns((*STAYING, *CHANGING))
    names = ", ".join(columns)
    sql = f"INSERT INTO {BudgetLine._meta.db_table} ({names}) SELECT * FROM {_unnest(columns)}"  # noqa: S608
    _run(sql, columns, lines)


def _update(lines: Sequence[BudgetLine]) -> None:
    columns = {"id": "bigint", **_columns(CHANGING)}
    sets = ", ".join(f"{name} = v.{name}" for name in columns if name != "id")
    table, source = BudgetLine._meta.db_table, f"{_unnest(columns)} AS v ({', '.join(columns)})"
    _run(f"UPDATE {table} SET {sets} FROM {source} WHERE {table}.id = v.id", columns, lines)  # noqa: S608


def _unnest(columns: Mapping[str, str]) -> str:
    return f"unnest({', '.join(f'%s::{kind}[]' for kind in columns.values())})"


def _run(sql: str, columns: Mapping[str, str], lines: Sequence[BudgetLine]) -> None:
    if lines:
        with connection.cursor() as cursor:
            cursor.execute(sql, [[getattr(line, name) for line in lines] for name in columns])
