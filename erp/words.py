"""Names, times and numbers in sentences, the same everywhere."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from erp.models import Batch


def person(user: Any) -> str:
    """This function will name a person, or Tieback when nobody acted."""
    return (user.get_full_name() or user.get_username()) if user else "Tieback"


def when(moment: datetime | None, batch: Batch) -> str:
    """This function will say a moment in the company's time zone: "on 2026-11-20 at 14:02 CST"."""
    if moment is None:
        return ""
    local = moment.astimezone(ZoneInfo(batch.budget.project.company.time_zone))
    return local.strftime("on %Y-%m-%d at %H:%M %Z")
