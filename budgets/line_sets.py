"""Services on several lines at once: all of them or none, one event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.apps import apps

from budgets import forms, links
from budgets.changing import change
from budgets.errors import Conflict, InvalidInput
from budgets.lines import added_line, describe, named
from budgets.models import Budget, BudgetLine
from workflow import actions
from workflow.actions import ActionBlocked, ensure
from workflow.blockers import Blocker

WITH = ("job", "cost_code", "cost_type", "unit", "changed_by")
GONE = "Somebody deleted one of these lines. Look at what is left before you delete."


def delete_lines(budget: Budget, *, user: Any, now: datetime, lines: Sequence[int]) -> list[BudgetLine]:
    """This function will delete lines by id, all or none; the blockers it raises name every line that stays."""
    with change(budget, user=user, now=now) as (locked, event):
        rows = _locked_lines(locked, lines)
        if found := blockers(rows, user):
            raise ActionBlocked(actions.get(rows[0], "delete_line"), found)
        for row in rows:
            ensure(row, "delete_line", user)
        event |= {
            "action": "delete_line",
            "sentence": f"Deleted {_named(rows)}",
            "data": {"lines": [{"id": row.pk, **describe(row)} for row in rows]},
        }
        locked.lines.filter(pk__in=[row.pk for row in rows]).delete()
    return rows


def blockers(lines: Sequence[BudgetLine], user: Any) -> list[Blocker]:
    """This function will say everything that stops this user from deleting these lines, and which of them."""
    found: dict[tuple[str, str], tuple[Blocker, list[BudgetLine]]] = {}
    for line in lines:
        for blocker in actions.blockers(line, "delete_line", user):
            found.setdefault((blocker.code, blocker.sentence), (blocker, []))[1].append(line)
    merged = [_with_lines(blocker, stay, len(lines)) for blocker, stay in found.values()]
    return sorted(merged, key=lambda blocker: blocker.kind)


def _with_lines(blocker: Blocker, stay: list[BudgetLine], number: int) -> Blocker:
    """What stops all of them alike needs no names."""
    if len(stay) == number:
        return blocker
    return replace(blocker, lines=links.places(stay, stay[0].budget.project_id))


def restore_lines(budget: Budget, *, user: Any, now: datetime, lines: Sequence[int]) -> list[BudgetLine]:
    """This function will add deleted lines, by their old ids, again as new ones holding what they last held."""
    with change(budget, user=user, now=now) as (locked, event):
        ensure(locked, "add_line", user)
        rows = [
            added_line(locked, user=user, now=now, values=values) for values in _last_values(locked, lines)
        ]
        event |= {
            "action": "add_line",
            "sentence": f"Added again {_named(rows)}",
            "data": {"lines": [{"id": row.pk, **describe(row)} for row in rows]},
        }
    return rows


def _last_values(budget: Budget, lines: Sequence[int]) -> list[dict[str, Any]]:
    """What deleted lines held, out of the rows' history; the codes as the company has them now."""
    history = apps.get_model("budgets", "BudgetLineEvent")
    rows = (
        history.objects.filter(budget_id=budget.pk, pgh_obj_id__in=list(lines))
        .order_by("pgh_obj_id", "-pgh_id")
        .distinct("pgh_obj_id")
    )
    kept = set(budget.lines.filter(pk__in=list(lines)).values_list("pk", flat=True))
    found = list(rows.select_related("job", "cost_code", "cost_type", "unit"))
    if kept or len(found) != len(set(lines)) or not found:
        raise InvalidInput({"lines": "These lines are not deleted, or they never were in this budget."})
    return [forms.stored_line(row) for row in found]


def _locked_lines(budget: Budget, lines: Sequence[int]) -> list[BudgetLine]:
    rows = list(budget.lines.select_for_update(of=("self",)).select_related(*WITH).filter(pk__in=list(lines)))
    if not rows or len(rows) != len(set(lines)):
        raise Conflict(GONE, current=None)
    for row in rows:
        row.budget = budget
    return rows


def _named(rows: Sequence[BudgetLine]) -> str:
    return f"{len(rows)} lines" if len(rows) > 1 else named(rows[0])
