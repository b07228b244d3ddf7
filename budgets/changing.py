"""The frame of every service: the budget's row locked first, one event at the end, all in one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pghistory
from django.db import transaction
from django.db.models import F

from budgets.models import Budget
from budgets.signals import budget_changed
from projects import permissions
from workflow import events


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


def who(person: Any) -> str:
    """This function will name whoever was faster."""
    return permissions.names([person] if person else [], nobody="Somebody")
