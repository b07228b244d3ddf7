"""How an evidence pack writes moments, days, amounts and people."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from workflow.people import name_of


def at(moment: datetime | None) -> str | None:
    """This function will write a moment as events are hashed with it."""
    return moment.astimezone(UTC).isoformat() if moment else None


def day(on: date | None) -> str | None:
    """This function will write a date."""
    return on.isoformat() if on else None


def money(amount: Decimal | None) -> str | None:
    """This function will write an amount or a quantity exactly."""
    return None if amount is None else str(amount)


def named(user: Any) -> dict[str, Any]:
    """This function will name a person, with the id that events know them by."""
    return {"id": user.pk, "name": name_of(user)}


def person(user: Any) -> dict[str, Any] | None:
    """This function will do the same, or nothing where nobody acted."""
    return named(user) if user else None
