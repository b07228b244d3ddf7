"""One function for each thing a person can do with a batch until it is decided; then `delivery` and `posting`.

Each locks budget, then batch, then documents; asks `ensure`; changes; records one event; and enqueues on commit. All
raise ActionBlocked. Three are less than that: `read_again` and `read_erp` change nothing and record no event, and
`open_batch` notes that somebody looked, without blockers. `now` is the business time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from budgets.errors import MOST_TEXT, Conflict, InvalidInput, long_texts, refuse_long
from budgets.models import Budget, BudgetLine, Modification
from budgets.services import lock_row
from erp import bell, holds
from erp.approval import reauthentication, routes, stepping
from erp.approval.approvers import freeze_preparers
from erp.decision.acceptance import fix_and_queue, hold_mapping, weigh
from erp.delivery.settling import settle_batch
from erp.documents import ZERO
from erp.locking import lock_batch, on_budget
from erp.mail import notifications
from erp.models import Batch, BatchLine, BatchState, DocumentState, ErpReading, RejectReason, Remark
from erp.rounds import next_numbers
from erp.snapshots import freeze, latest_reading, new_items
from erp.sync import readings
from workflow import events
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
        _mark(batch, in_batch=True)
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


def _mark(batch: Batch, *, in_batch: bool) -> None:
    """Tell the Budget tool which lines and modifications a batch holds. Lines stay marked: a snapshot names them."""
    if in_batch:
        lines = BatchLine.objects.filter(item__batch=batch).values("line")
        BudgetLine.objects.filter(pk__in=lines, in_batch=False).update(in_batch=True)
    modifications = batch.items.exclude(modification=None).values("modification")
    Modification.objects.filter(pk__in=modifications).update(in_batch=in_batch)


def retrieve(budget: Budget, *, user: Any, now: datetime) -> Batch:
    """This function will pull the waiting batch back to the PM."""
    with on_budget(budget, user=user, now=now) as (locked, event):
        ensure(locked, "retrieve", user)
        batch = Batch.objects.select_for_update().get(budget=locked, state=BatchState.WAITING)
        ensure(batch, "retrieve", SYSTEM)
        batch.retrieve(user=user, now=now)
        batch.save()
        _give_back(batch, locked, now)
        event |= {
            "action": "retrieve",
            "about": [*event["about"], batch],
            "from_state": "waiting",
            "to_state": batch.state,
            "sentence": f"Retrieved batch {batch.number}",
        }
    return batch


def _give_back(batch: Batch, budget: Budget, now: datetime) -> None:
    ensure(budget, "give_back", SYSTEM)
    budget.give_back(now=now)
    budget.save(update_fields=["state", "state_since"])
    _mark(batch, in_batch=False)


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


def read_erp(budget: Budget, *, user: Any, now: datetime) -> ErpReading:
    """This function will ask for a new reading of the ERP for a budget, whatever became of it; a task makes it."""
    with transaction.atomic():
        locked = lock_row(budget)
        ensure(locked, "read_erp", user)
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
            weigh(
                row, reading
            )  # codes may have been mapped anew since: the limit is held against what will move
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
        _give_back(row, locked, now)
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
        }
    return row
