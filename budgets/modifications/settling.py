"""Modifications that somebody's decision about two values writes: effective at once, under the next number."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from budgets.models import Budget, Modification, ModificationLine
from budgets.modifications.services import MOST_TITLE, last_number
from workflow.actions import SYSTEM, ensure

FIRST_VERSION = 1  # of a modification that nobody changed since it was written


def settled(
    budget: Budget,
    *,
    user: Any,
    now: datetime,
    title: str,
    note: str,
    amounts: Mapping[int, Decimal],
    counts_there: bool,
) -> Modification:
    """This function will write an effective modification of a locked budget; `amounts` are by line id and not 0.00.

    With `counts_there` it counts as posted: it says what is in the ERP already, and is never sent.
    """
    today = now.astimezone(ZoneInfo(budget.project.company.time_zone)).date()
    row = Modification(budget=budget, title=title[:MOST_TITLE], date=today, note=note, version=FIRST_VERSION)
    row.changed_by, row.changed_at = user, now
    row.save()
    ModificationLine.objects.bulk_create(
        [ModificationLine(modification=row, line_id=line, amount=amount) for line, amount in amounts.items()]
    )
    ensure(row, "settle", SYSTEM)
    row.settle(number=last_number(budget) + 1)
    row.was_posted = counts_there
    row.save()
    return row
