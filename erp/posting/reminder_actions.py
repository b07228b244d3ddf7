"""A company's rule for reminders: who may set it, and setting it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from budgets.errors import InvalidInput
from erp.models import Connection, Reminder
from erp.rights import may_administer
from workflow import events
from workflow.actions import Action, ensure, register

MOST_DAYS = 60  # working days

register(
    Action(
        name="set_reminder",
        model=Connection,
        label="Save reminder",
        permission=may_administer,
        tone="primary",
    ),
)


def set_reminder(
    connection: Connection, *, user: Any, now: datetime, rule: str, days: int | None
) -> Connection:
    """This function will keep after what time approvers are reminded; `days` are working days, for rule `days`."""
    with transaction.atomic():
        row = (
            Connection.objects.select_for_update(of=("self",)).select_related("company").get(pk=connection.pk)
        )
        ensure(row, "set_reminder", user)
        if rule not in Reminder.values:
            raise InvalidInput({"rule": "Choose when to remind."})
        if rule == Reminder.DAYS and (days is None or not 1 <= days <= MOST_DAYS):
            raise InvalidInput({"days": f"Write a number of working days from 1 to {MOST_DAYS}."})
        old = {"rule": row.reminder, "days": row.reminder_days}
        row.reminder = rule
        if rule == Reminder.DAYS and days is not None:
            row.reminder_days = days
        new = {"rule": row.reminder, "days": row.reminder_days}
        row.save(update_fields=["reminder", "reminder_days"])
        if old != new:
            events.record(
                chain=row.company_id,
                at=now,
                actor=user,
                action="set_reminder",
                about=[row],
                sentence=f"Set the reminder: {Reminder(rule).label.lower()}",
                data={"old": old, "new": new},
            )
    return row
