"""One function for each thing a person can do to a budget.

Each locks the budget's row first, asks `ensure`, changes, and records the event, in one transaction. All raise
ActionBlocked; those that take values raise InvalidInput (with a sentence a field) and Conflict (somebody was faster).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pghistory
from django.db import IntegrityError, transaction
from django.db.models import F, Max

from budgets import money
from budgets.errors import Conflict, InvalidInput, long_texts
from budgets.lines import apply_values, describe
from budgets.models import Budget, BudgetLine, Modification, ModificationLine, ModificationState
from budgets.signals import budget_changed
from projects import permissions
from projects.models import Project
from workflow import events
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
    "save_modification",
    "unlock",
    "void_modification",
]

MOST_TITLE = 120  # characters of a modification's title


def budget_for(project: Project, *, now: datetime | None = None) -> Budget:
    """This function will find a project's budget, or open an empty draft (as of `now`)."""
    since = {"state_since": now} if now else {}
    return Budget.objects.get_or_create(project=project, defaults=since)[0]


def lock_row(budget: Budget) -> Budget:
    """This function will re-fetch a budget under its row lock: the first lock of every service."""
    rows = Budget.objects.select_for_update(of=("self",)).select_related("project__company")
    return rows.get(pk=budget.pk)


@contextmanager
def change(budget: Budget, *, user: Any, now: datetime) -> Iterator[tuple[Budget, dict[str, Any]]]:
    """This function will open a transaction on a locked budget and record one event when it ends well.

    Yields the locked budget and the event's arguments to fill in (`action` at least). The rows' history carries the
    same change set id as the event.
    """
    change_set = str(uuid.uuid4())
    with transaction.atomic(), pghistory.context(change_set=change_set, user=user.pk if user else None):
        locked = lock_row(budget)
        event: dict[str, Any] = {"about": [locked, locked.project], "data": {}}
        yield locked, event
        Budget.objects.filter(pk=locked.pk).update(version=F("version") + 1)
        event["data"] = {**event["data"], "change_set": change_set}
        events.record(chain=locked.project.company_id, at=now, actor=user, **event)
        budget_changed.send(Budget, budget=locked, now=now)


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
        event |= {"to_state": locked.state, "sentence": "Unlocked the budget"}
    return locked


def add_line(budget: Budget, *, user: Any, now: datetime, values: Mapping[str, Any]) -> BudgetLine:
    """This function will add a line; on a locked budget it starts at 0.00. `values`: see budgets/lines.py."""
    with change(budget, user=user, now=now) as (locked, event):
        ensure(locked, "add_line", user)
        line = BudgetLine(budget=locked, changed_by=user, changed_at=now)
        apply_values(line, values, project=locked.project, adding=True)
        if locked.state != "draft" and line.amount:
            raise InvalidInput(
                {
                    "amount": "The budget is locked: a new line starts at 0.00. Bring money to it with a modification."
                }
            )
        _save_line(line)
        event |= {"action": "add_line", "sentence": f"Added {line}", "data": describe(line)}
    return line


def edit_line(
    line: BudgetLine, *, user: Any, now: datetime, version: int, values: Mapping[str, Any]
) -> BudgetLine:
    """This function will change a line that is still as the person saw it (`version`); else it raises Conflict."""
    with change(line.budget, user=user, now=now) as (locked, event):
        row = _locked_line(line, locked)
        ensure(row, "edit_line", user)
        if row.version != version:
            raise Conflict(f"{_who(row.changed_by)} changed this line before you saved it.", current=row)
        before = describe(row)
        apply_values(row, values, project=locked.project)
        row.version, row.changed_by, row.changed_at = row.version + 1, user, now
        _save_line(row)
        event |= {
            "action": "edit_line",
            "sentence": f"Changed {row}",
            "data": {"old": before, "new": describe(row)},
        }
    return row


def delete_line(line: BudgetLine, *, user: Any, now: datetime) -> None:
    """This function will delete a line that no modification names and that never left for the ERP."""
    with change(line.budget, user=user, now=now) as (locked, event):
        row = _locked_line(line, locked)
        ensure(row, "delete_line", user)
        event |= {"action": "delete_line", "sentence": f"Deleted {row}", "data": describe(row)}
        row.delete()


def _who(person: Any) -> str:
    return permissions.names([person] if person else [], nobody="Somebody")


def _locked_line(line: BudgetLine, budget: Budget) -> BudgetLine:
    rows = BudgetLine.objects.select_for_update(of=("self",))
    row = (
        rows.select_related("job", "cost_code", "cost_type", "unit", "changed_by").filter(pk=line.pk).first()
    )
    if row is None:
        raise Conflict("Somebody deleted this line.", current=None)
    row.budget = budget
    return row


def _save_line(line: BudgetLine) -> None:
    try:
        with transaction.atomic():
            line.save()
    except IntegrityError as error:
        if "budget_code_once_per_budget" not in str(error):
            raise
        raise InvalidInput(
            {"cost_code": f"{line.job.code} {line} is in this budget already. Change that line instead."}
        ) from None


def save_modification(
    budget: Budget,
    *,
    user: Any,
    now: datetime,
    title: str,
    date: date,
    note: str = "",
    lines: Sequence[tuple[BudgetLine, Decimal]],
    modification: Modification | None = None,
    version: int | None = None,
) -> Modification:
    """This function will write a draft modification, or change one that is not frozen. Amounts: 2 places, signed."""
    with change(budget, user=user, now=now) as (locked, event):
        row = _modification_to_write(locked, modification, user=user, version=version)
        lines = _as_they_are_now(lines)
        _refuse_bad_modification(locked, title=title, note=note, lines=lines)
        row.title, row.date, row.note = title.strip(), date, note.strip()
        row.changed_by, row.changed_at, row.version = user, now, row.version + 1
        row.save()
        row.lines.all().delete()
        ModificationLine.objects.bulk_create(
            [ModificationLine(modification=row, line=line, amount=amount) for line, amount in lines]
        )
        if row.state == ModificationState.EFFECTIVE:
            ensure(row, "change_effective", user)
        event |= {
            "action": "save_modification",
            "about": [*event["about"], row],
            "sentence": f"Wrote {f'modification {row.number}' if row.number else 'draft modification'}: {row.title}",
            "data": {"lines": [[str(line), amount] for line, amount in lines]},
        }
    return row


def _modification_to_write(
    budget: Budget, modification: Modification | None, *, user: Any, version: int | None
) -> Modification:
    if modification is None:
        ensure(budget, "modify", user)
        return Modification(budget=budget)
    row = _locked_modification(modification, budget)
    ensure(row, "change_modification", user)
    _refuse_stale(row, version, then="saved it")
    return row


def _refuse_stale(row: Modification, version: int | None, *, then: str) -> None:
    if version is not None and row.version != version:
        raise Conflict(f"{_who(row.changed_by)} changed this modification before you {then}.", current=row)


def _as_they_are_now(lines: Sequence[tuple[BudgetLine, Decimal]]) -> list[tuple[BudgetLine, Decimal]]:
    """Read lines again under the budget's lock: somebody may have deleted one since the caller looked."""
    rows = BudgetLine.objects.select_related("job", "cost_code", "cost_type")
    now = rows.in_bulk([line.pk for line, _ in lines])
    for line, _ in lines:
        if line.pk not in now:
            raise InvalidInput({"lines": f"Somebody deleted {line}. Take it out."})
    return [(now[line.pk], amount) for line, amount in lines]


def _refuse_bad_modification(
    budget: Budget, *, title: str, note: str, lines: Sequence[tuple[BudgetLine, Decimal]]
) -> None:
    errors = long_texts({"note": note})
    if not title.strip():
        errors["title"] = "Say in a few words what this modification is for."
    if len(title.strip()) > MOST_TITLE:
        errors["title"] = f"At most {MOST_TITLE} characters."
    if not lines:
        errors["lines"] = "Choose at least one line and enter an amount."
    seen = set()
    for line, amount in lines:
        if line.budget_id != budget.pk:
            errors["lines"] = f"{line} is no line of this budget."
        elif amount == 0:
            errors["lines"] = f"The amount of {line} is 0.00. Enter an amount or take the line out."
        elif line.pk in seen:
            errors["lines"] = f"{line} is there twice. Enter one amount for it."
        else:
            try:
                money.amount(amount)
            except money.NotExact as problem:
                errors["lines"] = f"{line}: {problem}"
        seen.add(line.pk)
    if errors:
        raise InvalidInput(errors)


def _locked_modification(modification: Modification, budget: Budget) -> Modification:
    rows = Modification.objects.select_for_update(of=("self",)).select_related("changed_by")
    row = rows.filter(pk=modification.pk).first()
    if row is None:
        raise Conflict("Somebody deleted this modification.", current=None)
    row.budget = budget
    return row


def make_effective(
    modification: Modification, *, user: Any, now: datetime, version: int | None = None
) -> Modification:
    """This function will number a draft modification and let it count, if it is still as the person saw it."""
    with change(modification.budget, user=user, now=now) as (locked, event):
        row = _locked_modification(modification, locked)
        ensure(row, "make_effective", user)
        _refuse_stale(row, version, then="made it effective")
        last = locked.modifications.aggregate(last=Max("number"))["last"] or 0
        row.make_effective(number=last + 1)
        row.changed_by, row.changed_at, row.version = user, now, row.version + 1
        row.save()
        event |= {
            "action": "make_effective",
            "about": [*event["about"], row],
            "from_state": "draft",
            "to_state": row.state,
            "sentence": f"Made modification {row.number} effective: {row.title}",
        }
    return row


def void_modification(modification: Modification, *, user: Any, now: datetime) -> Modification:
    """This function will let an effective modification count no longer; its row stays."""
    with change(modification.budget, user=user, now=now) as (locked, event):
        row = _locked_modification(modification, locked)
        ensure(row, "void", user)
        row.void()
        row.changed_by, row.changed_at, row.version = user, now, row.version + 1
        row.save()
        event |= {
            "action": "void",
            "about": [*event["about"], row],
            "from_state": "effective",
            "to_state": row.state,
            "sentence": f"Voided modification {row.number}",
        }
    return row


def delete_modification(modification: Modification, *, user: Any, now: datetime) -> None:
    """This function will delete a draft modification."""
    with change(modification.budget, user=user, now=now) as (locked, event):
        row = _locked_modification(modification, locked)
        ensure(row, "delete_modification", user)
        event |= {"action": "delete_modification", "sentence": f"Deleted {row}"}
        row.delete()
