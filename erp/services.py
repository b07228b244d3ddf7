"""One function for each thing a project manager does with a batch: send, retrieve, have the ERP read, answer a remark.

Each locks the budget, then the batch; asks `ensure`; changes; records one event; and enqueues on commit. All raise
ActionBlocked. `read_erp` is less than that: it changes nothing and records no event. `now` is the business time.
What an approver does is in `decision/deciding`; what follows in `delivery/` and `posting/`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from budgets.errors import Conflict, InvalidInput, refuse_long
from budgets.models import Budget, BudgetLine, Modification
from budgets.services import lock_row
from erp.approval import routes
from erp.approval.approvers import freeze_preparers
from erp.documents import ZERO
from erp.giving_back import free_modifications, give_back, modifications_of
from erp.locking import on_budget
from erp.mail import notifications
from erp.models import Batch, BatchLine, BatchState, ErpReading, Remark
from erp.rounds import next_numbers
from erp.snapshots import freeze, latest_reading, new_items
from erp.sync import readings
from workflow.actions import SYSTEM, ensure
from workflow.people import name_of


def send(budget: Budget, *, user: Any, now: datetime, note: str = "") -> Batch:
    """This function will freeze what is new into a batch and put it before the approvers."""
    refuse_long(note=note)
    with on_budget(budget, user=user, now=now) as (locked, event):
        ensure(locked, "send", user)
        reading = latest_reading(locked)
        today = now.astimezone(ZoneInfo(locked.project.company.time_zone)).date()
        items = new_items(locked, reading=reading, today=today)
        number, round_, answers = next_numbers(locked)
        deltas = [row.delta for item in items for row in item.lines]
        batch = Batch.objects.create(
            budget=locked,
            number=number,
            round=round_,
            answers=answers,
            state_since=now,
            sent_by=user,
            sent_at=now,
            note=note.strip(),
            moved=sum((item.moved for item in items), ZERO),
            net=sum(deltas, ZERO),
            lines_changed=sum(1 for delta in deltas if delta),
            four_eyes=locked.project.company.four_eyes,
        )
        freeze(batch, items)
        freeze_preparers(batch, sender=user)
        routes.freeze(batch, routes.carried_by(items))
        _mark(batch)
        locked.send(now=now)
        locked.save(update_fields=["state", "state_since"])
        readings.ask(locked, now=now)
        if round_ > 1:
            notifications.tell_approvers_of_resend(batch)
        event |= {
            "action": "send",
            "about": [*event["about"], batch],
            "from_state": "locked",
            "to_state": "sent",
            "sentence": f"Sent batch {number} to accounting",
            "note": batch.note,
        }
    return batch


def _mark(batch: Batch) -> None:
    """Tell the Budget tool which lines and modifications a batch holds."""
    lines = BatchLine.objects.filter(item__batch=batch).values("line")
    BudgetLine.objects.filter(pk__in=lines, in_batch=False).update(in_batch=True)
    Modification.objects.filter(pk__in=modifications_of(batch)).update(in_batch=True)


def retrieve(budget: Budget, *, user: Any, now: datetime) -> Batch:
    """This function will pull the waiting batch back to the PM."""
    with on_budget(budget, user=user, now=now) as (locked, event):
        ensure(locked, "retrieve", user)
        batch = Batch.objects.select_for_update().get(budget=locked, state=BatchState.WAITING)
        ensure(batch, "retrieve", SYSTEM)
        batch.retrieve(user=user, now=now)
        batch.save()
        free_modifications(batch)
        give_back(locked, now=now)
        event |= {
            "action": "retrieve",
            "about": [*event["about"], batch],
            "from_state": "waiting",
            "to_state": batch.state,
            "sentence": f"Retrieved batch {batch.number}",
        }
    return batch


def read_erp(budget: Budget, *, user: Any, now: datetime) -> ErpReading:
    """This function will ask for a new reading of the ERP for a budget, whatever became of it; a task makes it."""
    with transaction.atomic():
        locked = lock_row(budget)
        ensure(locked, "read_erp", user)
        return readings.ask(locked, now=now)


def answer_remark(
    remark: Remark, *, user: Any, now: datetime, answer: str, seen: datetime | None = None
) -> Remark:
    """This function will answer a rejection's remark without changing its line, or change the answer.

    `seen` is when the answer that the person saw was given: another one is never replaced unread.
    """
    if not answer.strip():
        raise InvalidInput({"answer": "Write an answer, or change the line."})
    refuse_long(answer=answer)
    with on_budget(remark.batch.budget, user=user, now=now) as (locked, event):
        row = Remark.objects.select_for_update().get(pk=remark.pk)
        locked.__dict__["answering"] = row
        ensure(locked, "answer_remark", user)
        if row.answered_at != seen:
            raise Conflict(f"{name_of(row.answered_by)} has answered this remark already.", current=row)
        row.answer, row.answered_by, row.answered_at = answer.strip(), user, now
        row.save()
        event |= {
            "action": "answer_remark",
            "about": [*event["about"], remark.batch],
            "sentence": f"{'Changed the answer to' if seen else 'Answered'} the remark on {remark.line}",
            "note": row.answer,
            "data": {"line": row.line_id},
        }
    return row
