"""A controller signs off who may do what: an event, with what was looked at."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from budgets.errors import InvalidInput, refuse_long
from erp.locking import lock_company
from erp.rights import may_administer
from projects.models import Company
from workflow import events
from workflow.actions import Action, ensure, register
from workflow.models import Event

register(
    Action(name="review_access", model=Company, label="Sign off", permission=may_administer, tone="primary")
)


def review(company: Company, *, user: Any, now: datetime, note: str, people: int, warnings: int) -> Event:
    """This function will record that somebody reviewed the rights. Raises InvalidInput."""
    with transaction.atomic():
        row = lock_company(company)
        ensure(row, "review_access", user)
        refuse_long(note=note)
        if len(note.strip()) < 5:
            raise InvalidInput({"note": "Say in a sentence what you looked at, and what follows."})
        return events.record(
            chain=row.pk,
            at=now,
            actor=user,
            action="review_access",
            about=[row],
            sentence=f"Reviewed who may do what: {people} people, {warnings} warnings",
            note=note.strip(),
            data={"people": people, "warnings": warnings},
        )
