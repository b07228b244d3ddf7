"""What a person says of a document that neither Tieback nor the ERP can decide about.

The ERP cannot tell whether it arrived: it is there, or it is not. Somebody changed in the ERP what was to come back:
take it out all the same, or leave it there as the ERP's own. The outline is the services' (see there).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from budgets.errors import InvalidInput, refuse_long
from erp import bell
from erp.delivery.left_there import LEAVES
from erp.delivery.outcomes import tell
from erp.delivery.settling import settle_batch
from erp.locking import lock_batch, on_budget
from erp.models import Batch, Document
from workflow.actions import SYSTEM, ensure

Step = tuple[str, Callable[[Document], None]]  # the action on the document, and its transition


def say_arrived(batch: Batch, *, user: Any, now: datetime, note: str, document: int) -> Batch:
    """This function will take an approver's word that a lost document is in the ERP; it waits to be posted there."""

    def deliver(row: Document) -> None:
        row.deliver(receipt={"number": row.number, "said_by": user.get_username(), "note": note}, now=now)

    given = {"user": user, "now": now, "note": note, "document": document}
    return _judge(batch, "say_arrived", "Found it in the ERP:", ("deliver", deliver), **given)


def say_not_arrived(batch: Batch, *, user: Any, now: datetime, note: str, document: int) -> Batch:
    """This function will take an approver's word that a lost document is not in the ERP; it is sent again."""

    def queue(row: Document) -> None:
        row.queue_again(now=now, not_before=now)

    given = {"user": user, "now": now, "note": note, "document": document}
    return _judge(batch, "say_not_arrived", "Did not find it in the ERP:", ("queue_again", queue), **given)


def take_out_anyway(batch: Batch, *, user: Any, now: datetime, note: str, document: int) -> Batch:
    """This function will let a worker take a changed document out of the ERP all the same, with what was changed."""

    def withdraw(row: Document) -> None:
        row.withdraw(now=now, anyway=True)

    given = {"user": user, "now": now, "note": note, "document": document}
    return _judge(batch, "take_out_anyway", "Takes out with its changes", ("withdraw", withdraw), **given)


def leave_in_erp(batch: Batch, *, user: Any, now: datetime, note: str, document: int) -> Batch:
    """This function will leave a changed document in the ERP as the ERP's own; here it counts as if it was not sent."""
    steps: tuple[Step, ...] = (
        ("withdraw", lambda row: row.withdraw(now=now)),
        ("mark_withdrawn", lambda row: row.mark_withdrawn(now=now)),
    )
    given = {"user": user, "now": now, "note": note, "document": document}
    return _judge(batch, "leave_in_erp", LEAVES, *steps, **given)


def _judge(
    batch: Batch,
    name: str,
    sentence: str,
    *steps: Step,
    user: Any,
    now: datetime,
    note: str,
    document: int,
) -> Batch:
    """Lock, ask whether the person may say this of the document, move it, and record each move and the verdict."""
    if not note.strip():
        raise InvalidInput({"note": "Say how you know; it is kept."})
    refuse_long(note=note)
    with on_budget(batch.budget, user=user, now=now) as (locked, event):
        row = lock_batch(batch, locked)
        rows = row.documents.select_for_update(of=("self",)).select_related("item")
        judged = rows.filter(pk=document).first()
        if judged is not None:
            row.__dict__["judged"] = judged
        ensure(row, name, user)  # first: who may not decide is not told what there is
        if judged is None:
            raise InvalidInput({"document": "There is no such document in this batch. Reload the page."})
        for action, move in steps:
            before = judged.state
            ensure(judged, action, SYSTEM)
            move(judged)
            judged.save()
            tell(judged, now, sentence, before, by=user, note=note.strip())
        settle_batch(row, locked, now=now)
        bell.ring("deliver", judged.pk)
        event |= {
            "action": name,
            "about": [*event["about"], row],
            "note": note.strip(),
            "sentence": f"{sentence} {judged.number}",
        }
    return row
