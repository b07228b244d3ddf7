"""One function for each thing an approver does with a waiting batch: open it, read the ERP again, accept, reject.

Each locks budget, then batch, then documents; asks `ensure`; changes; records one event; and enqueues on commit. All
raise ActionBlocked. Two are less than that: `read_again` changes nothing and records no event, and `open_batch` notes
that somebody looked, without blockers. `now` is the business time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from budgets.errors import MOST_TEXT, InvalidInput, long_texts
from budgets.models import Budget
from budgets.services import lock_row
from erp import bell, holds
from erp.approval import reauthentication, stepping
from erp.decision.acceptance import fix_and_queue, hold_mapping, weigh
from erp.delivery.settling import settle_batch
from erp.giving_back import free_modifications, give_back
from erp.locking import lock_batch, on_budget
from erp.mail import notifications
from erp.models import Batch, BatchLine, BatchState, DocumentState, ErpReading, RejectReason, Remark
from erp.snapshots import latest_reading
from erp.sync import readings
from workflow import events
from workflow.actions import ensure


def open_batch(batch: Batch, *, user: Any, now: datetime) -> None:
    """This function will note that an approver has opened a waiting batch, each person's first time.

    Whoever prepared it and so may not accept it is no approver of it.
    """
    prepared = batch.four_eyes and batch.preparers.filter(user=user).exists()
    if batch.state != BatchState.WAITING or prepared or _has_opened(batch, user):
        return
    with transaction.atomic():
        row = Batch.objects.select_for_update(of=("self",), no_key=True).get(pk=batch.pk)
        if row.state != BatchState.WAITING or _has_opened(row, user):
            return  # in another window, in the same moment
        if row.opened_at is None:
            Batch.objects.filter(pk=row.pk).update(opened_at=now, opened_by=user)
        events.record(
            chain=batch.budget.project.company_id,
            at=now,
            actor=user,
            action="open",
            about=[batch.budget, batch.budget.project, batch],
            sentence=f"Opened batch {batch.number}",
        )


def _has_opened(batch: Batch, user: Any) -> bool:
    return events.events_about(batch).filter(action="open", actor_pk=user.pk).exists()


def read_again(batch: Batch, *, user: Any, now: datetime) -> ErpReading:
    """This function will ask for a new reading of the ERP; a task makes it."""
    with transaction.atomic():
        locked = lock_row(batch.budget)
        row = lock_batch(batch, locked)
        ensure(row, "read_again", user)
        return readings.ask(locked, now=now)


def accept(batch: Batch, *, user: Any, now: datetime, reading_hash: str, password: str = "") -> Batch:
    """This function will take the step that is due, on the strength of the reading the approver looked at.

    The last step lets the batch go to the ERP: it writes the documents and queues them in the same transaction. A
    step before it leaves the batch waiting for the next. The password is looked at before anything is locked, and
    only where the company wants it.
    """
    proven = bool(password) and reauthentication.wanted(batch) and reauthentication.prove(user, password)
    return _accept(batch, user=user, now=now, reading_hash=reading_hash, proven=proven)


@transaction.atomic
def _accept(batch: Batch, *, user: Any, now: datetime, reading_hash: str, proven: bool) -> Batch:
    with on_budget(batch.budget, user=user, now=now) as (locked, event):
        row = lock_batch(batch, locked)
        hold_mapping(locked)
        row.__dict__ |= {"read_hash": reading_hash, "deciding_at": now, reauthentication.PROVEN: proven}
        reading = latest_reading(locked)
        if reading is not None and row.state == BatchState.WAITING:
            weigh(row, reading)  # codes may have been mapped anew: the limit is held against what will move
        ensure(row, "accept", user)
        if reading is None:  # `reading_missing` has said so already; this tells the type checker
            raise InvalidInput({"reading": "The ERP was not read yet."})
        taken = stepping.take(row, user=user, now=now, reading=reading)
        event["about"] = [*event["about"], row]
        event |= (
            _let_go(row, locked, taken, user=user, now=now, reading=reading)
            if taken.last
            else stepping.pass_on(row, taken, reading=reading)
        )
    if not taken.last:
        return row
    # After its own event: a batch that changes nothing in the ERP is posted in the same moment.
    settle_batch(row, locked, now=now)
    if row.state != BatchState.ACCEPTED:
        holds.refresh(locked, now=now)
    return row


def _let_go(
    row: Batch, locked: Budget, taken: stepping.Taken, *, user: Any, now: datetime, reading: ErpReading
) -> dict[str, Any]:
    """Queue the documents of a batch whose route is done, and write the event."""
    documents = fix_and_queue(row, reading, now=now)
    row.accept(user=user, now=now, reading=reading)
    row.save()
    locked.ever_exported = True
    for document in documents:
        if document.state == DocumentState.QUEUED:
            bell.ring("deliver", document.pk)
    route = taken.told if taken.of > 1 or taken.for_whom else {}
    return {
        "action": "accept",
        "from_state": "waiting",
        "to_state": "accepted",
        "sentence": f"Accepted batch {row.number}{taken.for_whom}",
        "data": {"reading": reading.hash, "moved": row.moved, "net": row.net, **route},
    }


def reject(
    batch: Batch,
    *,
    user: Any,
    now: datetime,
    reason_code: str,
    reason: str,
    remarks: Mapping[int, str] | None = None,
) -> Batch:
    """This function will send a batch back with a reason, a sentence, and remarks pinned to lines (by line id)."""
    refuse_incomplete(reason_code=reason_code, reason=reason, remarks=remarks)
    with on_budget(batch.budget, user=user, now=now) as (locked, event):
        row = lock_batch(batch, locked)
        ensure(row, "reject", user)
        row.reject(user=user, now=now, reason_code=reason_code, reason=reason.strip())
        row.save()
        pinned = _pin(row, remarks or {})
        free_modifications(row)
        give_back(locked, now=now)
        notifications.tell_sender_of_rejection(row, pinned)
        event |= {
            "action": "reject",
            "about": [*event["about"], row],
            "from_state": "waiting",
            "to_state": row.state,
            "sentence": f"Sent batch {row.number} back: {row.get_reason_code_display()}",
            "note": row.reason,
            "data": {"remarks": {str(r.line_id): r.text for r in pinned}},
        }
    return row


def refuse_incomplete(*, reason_code: str, reason: str, remarks: Mapping[int, str] | None = None) -> None:
    """This function will raise InvalidInput where a rejection lacks a reason or a sentence, or says too much."""
    errors = long_texts({"reason": reason})
    if any(long_texts({"remark": text}) for text in (remarks or {}).values()):
        errors["remarks"] = f"A remark has at most {MOST_TEXT:,} characters."
    if reason_code not in RejectReason.values:
        errors["reason_code"] = "Choose a reason."
    if len(reason.strip()) < 5:
        errors["reason"] = "Say in a sentence what the project manager should do."
    if errors:
        raise InvalidInput(errors)


def _pin(batch: Batch, remarks: Mapping[int, str]) -> list[Remark]:
    wanted = {key: text.strip() for key, text in remarks.items() if text.strip()}
    lines = {
        row.line_id: row.line
        for row in BatchLine.objects.filter(item__batch=batch, line__in=wanted).select_related("line")
    }
    missing = set(wanted) - set(lines)
    if missing:
        raise InvalidInput({"remarks": "A remark is on a line that is not in this batch. Reload the page."})
    return Remark.objects.bulk_create(
        Remark(batch=batch, line=lines[key], line_version=lines[key].version, text=text)
        for key, text in wanted.items()
    )
