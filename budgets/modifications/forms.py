"""A modification as its form holds it: kept as it was typed, shown with what each line is, read for the services."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
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
from budgets.modifications.lines import NAMED, LineChange, costs, revised
from workflow.numbers import number, version

MOST_ROWS = 500  # lines of a modification that the form takes
TOO_MANY = f"This form takes at most {MOST_ROWS} lines. Write several, import a file, or use the API."
NEW_FIELDS = ("job", "cost_code", "cost_type", "description")


@dataclass
class TypedRow:
    """One row: the line's id, or the codes of one to be made; the amount as typed; and what is wrong with it."""

    line: str = ""
    amount: str = ""
    new: Mapping[str, str] = field(default_factory=dict)
    ticked: bool = False
    error: str = ""
    shown: LineChange | None = None  # the line as it is now; none for one that is to be made
    fresh: bool = False  # just added: the person goes on here

    @property
    def value(self) -> str:
        """What the hidden field says of the line."""
        return json.dumps(dict(self.new)) if self.new else self.line

    @property
    def name(self) -> str:
        """The line in a few words."""
        if self.new:
            return f"{self.new.get('cost_code', '')} {self.new.get('cost_type', '')}".strip()
        return str(self.shown.line) if self.shown else ""

    @property
    def before(self) -> Decimal:
        """What the line is without this change."""
        return self.shown.before if self.shown else money.ZERO

    @property
    def number(self) -> Decimal | None:
        """The amount; None while it cannot be read."""
        try:
            return money.amount(self.amount) if self.amount.strip() else money.ZERO
        except money.NotExact:
            return None

    @property
    def change(self) -> LineChange | None:
        """The line before and after, with warnings; None where the amount cannot be read."""
        if self.shown is None or self.number is None:
            return None
        return LineChange(self.shown.line, self.shown.before, self.number, self.shown.cost)


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
        return sum((row.number or money.ZERO for row in self.rows), money.ZERO)


def empty_modification(*, lines: Iterable[str] = ()) -> TypedModification:
    """This function will make an empty form, dated today, with the lines of these ids chosen already."""
    rows = [TypedRow(line=line) for line in lines if number(line) is not None]
    return TypedModification("", timezone.localdate().isoformat(), "", rows[:MOST_ROWS])


def stored_modification(modification: Modification) -> TypedModification:
    """This function will make the form of a modification."""
    rows = [TypedRow(str(change.line_id), f"{change.amount:f}") for change in modification.lines.all()]
    return TypedModification(
        modification.title, modification.date.isoformat(), modification.note, rows, modification.version
    )


def typed_modification(post: QueryDict) -> TypedModification:
    """This function will take a modification out of a form, as it was typed."""
    pairs = zip_longest(post.getlist("line"), post.getlist("amount"), fillvalue="")
    ticked = set(post.getlist("tick"))
    rows = []
    for place, (line, amount) in enumerate(pairs):
        if line or amount.strip():
            rows.append(_typed_row(line, amount, ticked=str(place) in ticked))
    return TypedModification(
        post.get("title", ""),
        post.get("date", ""),
        post.get("note", ""),
        rows,
        version(post.get("version", "")),
    )


def _typed_row(line: str, amount: str, *, ticked: bool) -> TypedRow:
    if not line.startswith("{"):
        return TypedRow(line, amount, ticked=ticked)
    try:
        given = json.loads(line)
        new = {name: str(given.get(name, ""))[:200] for name in NEW_FIELDS}
    except (ValueError, RecursionError):  # nothing this form wrote
        new = dict.fromkeys(NEW_FIELDS, "")
    return TypedRow("", amount, new=new, ticked=ticked)


def look_up(
    typed: TypedModification, budget: Budget, modification: Modification | None, *, with_costs: bool = True
) -> None:
    """This function will put beside each row what its line is now, without this modification.

    Costs so far are read for the whole budget at once; whoever shows no warnings does without.
    """
    wanted = [pk for row in typed.rows if (pk := number(row.line)) is not None]
    lines = budget.lines.select_related(*NAMED).in_bulk(wanted)
    before = revised(lines, without=modification)
    known = costs(budget) if lines and with_costs else {}
    for row in typed.rows:
        line = lines.get(number(row.line) or 0)
        if line is not None:
            row.shown = LineChange(line, before[line.pk], money.ZERO, known.get(line.pk))


def read_modification(typed: TypedModification, budget: Budget) -> dict[str, Any]:
    """This function will turn what was typed into what `save_modification` takes.

    Raises InvalidInput, and leaves the sentence about a bad row on that row.
    """
    wanted = [pk for row in typed.rows if (pk := number(row.line)) is not None]
    known = budget.lines.select_related(*NAMED).in_bulk(wanted)
    errors: dict[str, str] = {}
    lines: list[tuple[BudgetLine, Decimal]] = []
    new_lines: list[tuple[Mapping[str, str], Decimal]] = []
    for row in typed.rows:
        amount, line = _read_amount(row), known.get(number(row.line) or 0)
        if not row.new and line is None:
            row.error = "Choose the line this amount belongs to."
        if row.error or amount is None:
            continue
        if row.new:
            new_lines.append((row.new, amount))
        elif line is not None:
            lines.append((line, amount))
    if bad := sum(bool(row.error) for row in typed.rows):
        errors["lines"] = f"{bad} {'row' if bad == 1 else 'rows'} to put right below."
    if len(typed.rows) > MOST_ROWS:
        errors["lines"] = TOO_MANY
    day = read_day(typed.date)
    if day is None:
        errors["date"] = "Enter a date, for example 2026-11-20."
    if len(typed.title) > 120:
        errors["title"] = "At most 120 characters."
    if errors:
        raise InvalidInput(errors)
    return {"title": typed.title, "date": day, "note": typed.note, "lines": lines, "new_lines": new_lines}


def _read_amount(row: TypedRow) -> Decimal | None:
    try:
        return money.amount(row.amount)
    except money.NotExact as problem:
        row.error = str(problem) if row.amount.strip() else "Enter an amount, or take the line out."
        return None


def read_day(text: str) -> date | None:
    """This function will read a date as browsers send it; None where it is none."""
    try:
        return parse_date(text)
    except ValueError:  # looks like a date and is none, for example 2026-02-30
        return None
