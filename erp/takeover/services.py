"""Taking over the original budget that the ERP holds, as `erp/takeover/plan.py` said it would be."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from budgets.errors import Conflict, InvalidInput
from budgets.models import Budget, BudgetLine
from budgets.services import change, lock_row
from erp.decision.acceptance import hold_mapping
from erp.models import ErpReading
from erp.snapshots import erp_connection
from erp.sync import readings
from erp.takeover.plan import Mode, Plan, Taken, plan, usable_reading
from erp.words import erp_name
from workflow.actions import ensure


def ask_reading(budget: Budget, *, user: Any, now: datetime) -> ErpReading:
    """This function will let a task read what the ERP holds, for somebody who wants to take it over."""
    with transaction.atomic():
        locked = lock_row(budget)
        ensure(locked, "import_from_erp", user)
        return readings.ask(locked, now=now)


def import_from_erp(budget: Budget, *, user: Any, now: datetime, mode: str, seen: str) -> Plan:
    """This function will take over what the plan that `seen` names says; all of it or nothing.

    Raises Conflict when the budget, the mapping or the reading is another by now; InvalidInput; ActionBlocked.
    """
    if mode not in list(Mode):
        raise InvalidInput({"mode": "Choose whether your amounts stay or the ERP's are taken."})
    with change(budget, user=user, now=now) as (locked, event):
        ensure(locked, "import_from_erp", user)
        hold_mapping(locked)
        erp = erp_name(erp_connection(locked))
        reading = usable_reading(locked, now=now)
        if reading is None:
            raise Conflict(f"{erp} was not read within the last hour. Read it again.", current=locked)
        found = plan(locked, reading)
        if found.seen != seen:
            raise Conflict(
                f"The budget, the mapping of codes or what {erp} holds has changed since you looked.",
                current=locked,
            )
        new = [_new_line(locked, taken, user=user, now=now) for taken in found.new]
        changed = found.changed if mode == Mode.OVERWRITE else []
        old = {str(taken.line.pk): taken.line.amount for taken in changed if taken.line}
        BudgetLine.objects.bulk_create(new, batch_size=2000)
        BudgetLine.objects.bulk_update(
            [_overwritten(taken, user=user, now=now) for taken in changed], OVERWRITES, batch_size=1000
        )
        event |= _told(found, erp, Mode(mode), reading, old)
    return found


OVERWRITES = ("amount", "automatic", "version", "changed_by", "changed_at")


def _new_line(budget: Budget, taken: Taken, *, user: Any, now: datetime) -> BudgetLine:
    return BudgetLine(
        budget=budget,
        job=taken.job,
        cost_code=taken.cost_code,
        cost_type=taken.cost_type,
        description=(taken.held.name or taken.cost_code.name)[:200],
        amount=taken.held.original,
        changed_by=user,
        changed_at=now,
    )


def _overwritten(taken: Taken, *, user: Any, now: datetime) -> BudgetLine:
    """A line with the ERP's amount; quantity x unit cost, which came to another, no longer decides it."""
    line = taken.line
    assert line is not None  # noqa: S101  a changed one has a line; narrows the type
    line.amount, line.automatic = taken.held.original, False
    line.version, line.changed_by, line.changed_at = line.version + 1, user, now
    return line


def _told(
    found: Plan, erp: str, mode: Mode, reading: ErpReading, old: Mapping[str, Decimal]
) -> dict[str, Any]:
    counts = {"new": len(found.new), "changed": len(old), "left": len(found.left), "zeros": found.zeros}
    return {
        "action": "import_from_erp",
        "sentence": f"Took over the budget of {erp}: {counts['new']} lines new, {counts['changed']} changed",
        "data": {**counts, "mode": mode.value, "reading": reading.hash, "old": dict(old)},
    }
