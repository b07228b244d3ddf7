"""What keeps an amount from being taken back twice."""

from __future__ import annotations

from typing import Any

from budgets import links
from budgets.models import Modification, ModificationState
from workflow.blockers import Found, Kind, blocker


def _taken_back_by(other: Modification | None, modification: Modification, project_id: int) -> Found | None:
    if other is None:
        return None
    if other.was_posted:
        what = f"To bring {modification} back, reverse that one."
    else:
        what = f"{'Void' if other.number else 'Delete'} that one first, or use it."
    return Found(
        f"{modification} is reversed already, by “{other}”. {what}",
        link=links.modification(other, project_id),
        link_label=str(other),
    )


def _reversal_of(modification: Modification, *, beside: Modification | None = None) -> Modification | None:
    """The reversal that is not void, be it a draft; another one than `beside`."""
    rows = (row for row in modification.reversals.all() if row.state != ModificationState.VOID)
    return next((row for row in rows if row != beside), None)


@blocker("modification_reversed", Kind.STATE)
def modification_reversed(modification: Modification, user: Any) -> Found | None:
    """An amount is taken back once."""
    other = _reversal_of(modification)
    return _taken_back_by(other, modification, modification.budget.project_id)


@blocker("modification_reversed_by_another", Kind.STATE)
def modification_reversed_by_another(modification: Modification, user: Any) -> Found | None:
    """Of two reversals of one modification none counts beside the other."""
    if modification.reverses is None:
        return None
    other = _reversal_of(modification.reverses, beside=modification)
    return _taken_back_by(other, modification.reverses, modification.budget.project_id)
