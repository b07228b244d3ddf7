"""The preview of an import: what a plan does to the budget, in groups, as JSON that is kept compressed."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from budgets.files import layouts
from budgets.files.spreadsheets import RowError, Sheet
from budgets.importing.loading import removable
from budgets.importing.plan import Entry, Plan, Values, code_of, type_of
from budgets.models import Budget
from budgets.money import ZERO

LABELS = {
    "description": "Description",
    "quantity": "Quantity",
    "unit": "Unit",
    "unit_cost": "Unit cost",
    "automatic": "Automatic",
    "amount": "Amount",
    "cost_code": "Cost code",
    "cost_type": "Cost type",
}
GROUPS = ("errors", "unknown", "new", "changed", "missing", "unchanged")
Shown = dict[str, Any]


def make(budget: Budget, sheet: Sheet, plan: Plan, *, user: Any) -> Shown:
    """This function will put a plan into the words and groups of the preview page. Numbers become strings."""
    jobs = {pk: code for code, pk in budget.project.jobs.values_list("code", "pk")}
    why = _why_they_stay(budget, plan, user=user)
    errors = sorted([*sheet.errors, *plan.errors], key=lambda error: error.row)
    groups = {
        "errors": [_error(error) for error in errors],
        "unknown": [_unknown(asdict(each)) for each in plan.unknown],
        "new": [_row(entry, jobs) for entry in plan.new],
        "changed": [_row(entry, jobs) | {"changes": _changes(entry)} for entry in plan.changed],
        "missing": [_stored(line) | {"stays": why.get(line["pk"], "")} for line in plan.missing],
        "unchanged": [_row(entry, jobs) for entry in plan.unchanged],
    }
    bad = sorted(sheet.bad | plan.bad)
    return {
        "groups": groups,
        "counts": {name: len(rows) for name, rows in groups.items()} | {"bad": len(bad)},
        "bad": bad,
        "sums": _sums(plan, why),
        "removable": sum(not reason for reason in why.values()),
        "nothing_goes": plan.nothing_goes,
        "ignored": sheet.ignored,
        "comma": sheet.comma,
        "certain": sheet.certain,
    }


def _why_they_stay(budget: Budget, plan: Plan, *, user: Any) -> Mapping[int, str]:
    """Why each line that the file does not name stays even where the person removes such lines; "" where it goes."""
    if plan.nothing_goes:
        return {line["pk"]: "a row that is not clear may mean it" for line in plan.missing}
    return removable(budget, plan.missing, user=user)


def _sums(plan: Plan, why: Mapping[int, str]) -> dict[str, str]:
    """The budget's original before and after, company currency; `missing` counts in both unless it is removed."""
    new = _sum(entry.values for entry in plan.new)
    old = _sum(entry.line for entry in (*plan.changed, *plan.unchanged) if entry.line)
    kept = _sum(plan.missing)
    changed = _sum(entry.values for entry in plan.changed) - _sum(e.line for e in plan.changed if e.line)
    removed = _sum(line for line in plan.missing if not why.get(line["pk"], ""))
    before = old + kept
    return {
        "before": str(before),
        "new": str(new),
        "changed": str(changed),
        "missing": str(kept),
        "unchanged": str(_sum(entry.values for entry in plan.unchanged)),
        "after": str(before + new + changed),
        "after_removing": str(before + new + changed - removed),
    }


def _sum(rows: Any) -> Decimal:
    return sum((row["amount"] for row in rows), ZERO)


def _row(entry: Entry, jobs: Mapping[int, str]) -> Shown:
    given = entry.row.values
    stored = entry.line or {}
    return {
        "row": entry.row.number,
        "job": jobs[entry.key[0]],
        "cost_code": entry.key[1],
        "cost_type": entry.key[2],
        "description": given.get("description", stored.get("description", "")),
        "amount": str(entry.values["amount"]),
    }


def _changes(entry: Entry) -> list[list[str]]:
    return [[LABELS[name], words(name, old), words(name, new)] for name, old, new in entry.changes]


def words(name: str, value: Any) -> str:
    """This function will write a value of a line for people; "" where there is none."""
    if name == "automatic":
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return f"{value:,.2f}" if name == "amount" else f"{value.normalize():,f}"
    return "" if value is None else str(value)


def _stored(line: Values) -> Shown:
    return {
        "pk": line["pk"],
        "job": line["job__code"],
        "cost_code": code_of(line),
        "cost_type": type_of(line),
        "description": line["description"],
        "amount": str(line["amount"]),
    }


def _error(error: RowError) -> Shown:
    return {**asdict(error), "words": layouts.words(error.field)}


def _unknown(each: Shown) -> Shown:
    return {**each, "words": layouts.words(each["field"]), "rows": list(each["rows"])}


def pack(shown: Shown) -> bytes:
    """This function will compress a preview for keeping."""
    return zlib.compress(json.dumps(shown, ensure_ascii=False).encode(), 1)


def unpack(kept: bytes | memoryview) -> Shown:
    """This function will read a kept preview."""
    shown: Shown = json.loads(zlib.decompress(bytes(kept)))
    return shown
