"""Four eyes beforehand: who prepared what of a batch, and who may accept it instead; for a page, or a list at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from erp.approval.approvers import able_to_accept
from erp.models import Batch, BatchState
from projects.permissions import names
from workflow.people import name_of

MOST_ASKED = 20


@dataclass(frozen=True)
class Eyes:
    """The people of a batch: (name, what they did), and the names of those who may accept it."""

    prepared: list[tuple[str, str]]
    others: str
    mine: str  # what the person who looks did themselves
    rule: bool  # whether preparers may not accept


def eyes(batch: Batch, user: Any) -> Eyes:
    """This function will say who prepared a batch and who may accept it."""
    rows = list(batch.preparers.select_related("user").order_by("pk"))
    return Eyes(
        prepared=[(name_of(row.user), row.what) for row in rows],
        others=names(able_to_accept(batch), nobody=""),
        mine=next((row.what for row in rows if row.user_id == user.pk), ""),
        rule=batch.four_eyes,
    )


def who_instead(batches: Sequence[Any]) -> dict[int, str]:
    """This function will name who may accept, for rows of the queue that the person may not, by batch id.

    A question a row, so only for the first of them; the page of each batch says it too.
    """
    asked = [
        row
        for row in batches
        if row.state == BatchState.WAITING and ((row.four_eyes and row.prepared) or row.over_limit)
    ]
    return {
        row.pk: names(able_to_accept(row), nobody="another approver (there is none yet)")
        for row in asked[:MOST_ASKED]
    }
