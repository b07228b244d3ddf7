"""Whether anything has changed of what an open budget page shows beside its lines: a fingerprint, cheap to ask for.

Whoever keeps facts that stand in the way of an action, or take it away, tells a part. A part is one query by index.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

from budgets.models import Budget
from projects.permissions import fingerprint

MOST_LINES = 200  # changed by others that a page takes over by itself
Part = Callable[[Budget], object]

_parts: list[Part] = []


def register(part: Part) -> None:
    """This function will let something be watched on open budget pages; an app calls it when it starts."""
    _parts.append(part)


def seen(budget: Budget) -> str:
    """This function will name all of it: another name means that something is not as the page shows it."""
    company = budget.project.company
    told = [
        *(getattr(budget, field.attname) for field in Budget._meta.concrete_fields),
        company.four_eyes,
        company.allow_total_change,
        fingerprint(budget.project),
        *(part(budget) for part in _parts),
    ]
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def changed_by_others(budget: Budget, user: Any, *, since: datetime) -> list[int]:
    """This function will find the lines that others changed since a moment, at most one more than is taken over."""
    lines = budget.lines.filter(changed_at__gt=since).exclude(changed_by=user)
    return list(lines.order_by("pk").values_list("pk", flat=True)[: MOST_LINES + 1])
