"""One function for each thing a person can do to a budget; those of modifications are in their room.

Each locks the budget's row first, asks `ensure`, changes, and records the event, in one transaction. All raise
ActionBlocked; those that take values raise InvalidInput (with a sentence a field) and Conflict (somebody was faster).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from budgets.changing import change, lock_row, who
from budgets.errors import Conflict, InvalidInput
from budgets.lines import added_line, apply_values, describe, named, save_line
from budgets.models import Budget, BudgetLine
from budgets.modifications.services import (
    delete_modification,
    make_effective,
    reverse_modification,
    save_modification,
    void_modification,
)
from budgets.requests.book import close
from budgets.requests.models import RequestKind, RequestState
from projects.models import Project
from workflow.actions import ensure

__all__ = [
    "Conflict",
    "InvalidInput",
    "add_line",
    "budget_for",
    "change",
    "delete_line",
    "delete_modification",
    "edit_line",
    "lock",
    "lock_row",
    "make_effective",
    "reverse_modification",
    "save_modification",
    "unlock",
    "void_modification",
]


def budget_for(project: Project, *, now: datetime | None = None) -> Budget:
    """This function will find a project's budget, or open an empty draft (as of `now`)."""
    since = {"state_since": now} if now else {}
    return Budget.objects.get_or_create(project=project, defaults=since)[0]


def lock(budget: Budget, *, user: Any, now: datetime) -> Budget:
    """This function will freeze the original amounts."""
    with change(budget, user=user, now=now) as (locked, event):
        ensure(locked, "lock", user)
        event |= {"action": "lock", "from_state": locked.state}
        locked.lock(now=now)
        locked.save(update_fields=["state", "state_since"])
        event |= {"to_state": locked.state, "sentence": "Locked the budget"}
    return locked


def unlock(budget: Budget, *, user: Any, now: datetime) -> Budget:
    """This function will open the original amounts again; modifications survive."""
    with change(budget, user=user, now=now) as (locked, event):
        ensure(locked, "unlock", user)
        event |= {"action": "unlock", "from_state": locked.state}
        locked.unlock(now=now)
        locked.save(update_fields=["state", "state_since"])
        close(locked, RequestKind.UNLOCK, RequestState.GRANTED, user=user, now=now)
        event |= {"to_state": locked.state, "sentence": "Unlocked the budget"}
    return locked


def add_line(
    budget: Budget, *, user: Any, now: datetime, values: Mapping[str, Any], complete: bool = False
) -> BudgetLine:
    """This function will add a line; on a locked budget it starts at 0.00. See `apply_values` for the rest."""
    with change(budget, user=user, now=now) as (locked, event):
        ensure(locked, "add_line", user)
        line = added_line(locked, user=user, now=now, values=values, complete=complete)
        event |= {"action": "add_line", "sentence": f"Added {named(line)}", "data": describe(line)}
    return line


def edit_line(
    line: BudgetLine, *, user: Any, now: datetime, version: int, values: Mapping[str, Any]
) -> BudgetLine:
    """This function will change a line that is still as the person saw it (`version`); else it raises Conflict."""
    with change(line.budget, user=user, now=now) as (locked, event):
        row = _locked_line(line, locked)
        ensure(row, "edit_line", user)
        if row.version != version:
            raise Conflict(f"{who(row.changed_by)} changed this line before you saved it.", current=row)
        before = describe(row)
        apply_values(row, values, project=locked.project)
        row.version, row.changed_by, row.changed_at = row.version + 1, user, now
        save_line(row)
        event |= {
            "action": "edit_line",
            "sentence": f"Changed {named(row)}",
            "data": {"old": before, "new": describe(row)},
        }
    return row


def delete_line(line: BudgetLine, *, user: Any, now: datetime) -> None:
    """This function will delete a line that no modification names and that never left for the ERP."""
    with change(line.budget, user=user, now=now) as (locked, event):
        row = _locked_line(line, locked)
        ensure(row, "delete_line", user)
        event |= {"action": "delete_line", "sentence": f"Deleted {named(row)}", "data": describe(row)}
        row.delete()


def _locked_line(line: BudgetLine, budget: Budget) -> BudgetLine:
    rows = BudgetLine.objects.select_for_update(of=("self",))
    row = (
        rows.select_related("job", "cost_code", "cost_type", "unit", "changed_by").filter(pk=line.pk).first()
    )
    if row is None:
        raise Conflict("Somebody deleted this line.", current=None)
    row.budget = budget
    return row
