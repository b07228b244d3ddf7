"""What a person does with an accepted batch that is stuck or shall come back: retry, and return to the PM.

The outline is the services' (see there): lock, `ensure`, change, one event.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from budgets.errors import InvalidInput, refuse_long
from budgets.requests.book import close
from budgets.requests.models import RequestKind, RequestState
from erp import bell
from erp.delivery.outcomes import tell
from erp.delivery.settling import settle_batch
from erp.locking import lock_batch, lock_documents, on_budget
from erp.models import Batch, Document, DocumentState
from workflow.actions import SYSTEM, ensure


def retry(batch: Batch, *, user: Any, now: datetime) -> Batch:
    """This function will queue the refused documents again; what is in the ERP already is not sent twice."""
    with on_budget(batch.budget, user=user, now=now) as (locked, event):
        row = lock_batch(batch, locked)
        ensure(row, "retry", user)
        for document in lock_documents(row, DocumentState.REFUSED):
            if document.changed_there:
                continue  # it was to come back: it waits for Return to PM, or for a verdict
            ensure(document, "queue_again", SYSTEM)
            document.queue_again(now=now, not_before=now)
            document.stumbles = 0  # a person has looked
            document.save()
            tell(document, now, "Queued again", DocumentState.REFUSED, by=user)
            bell.ring("deliver", document.pk)
        settle_batch(row, locked, now=now)
        event |= {
            "action": "retry",
            "about": [*event["about"], row],
            "sentence": f"Retried batch {row.number}",
        }
    return row


def return_to_pm(batch: Batch, *, user: Any, now: datetime, note: str) -> Batch:
    """This function will take what is not posted out of the ERP again and hand the budget back when that is done."""
    if not note.strip():
        raise InvalidInput({"note": "Say why it goes back; the project manager reads it."})
    refuse_long(note=note)
    with on_budget(batch.budget, user=user, now=now) as (locked, event):
        row = lock_batch(batch, locked)
        documents = lock_documents(row, DocumentState.QUEUED, DocumentState.REFUSED, DocumentState.DELIVERED)
        ensure(row, "return_to_pm", user)
        row.reason, row.sent_back_by = note.strip(), user
        row.save(update_fields=["reason", "sent_back_by"])
        for document in documents:
            _take_back(document, user=user, now=now)
        settle_batch(row, locked, now=now)
        event |= {
            "action": "return_to_pm",
            "about": [*event["about"], row],
            "note": row.reason,
            # Whether it comes back is told when it has: an accountant may be faster.
            "sentence": f"Asked for batch {row.number} to go back to the project manager",
        }
    return row


def clear_for_reset(batch: Batch, *, by: Any, now: datetime, note: str) -> Batch:
    """This function will take what is not posted out of the ERP because the link is reset, as `by` confirmed."""
    with on_budget(batch.budget, user=None, now=now) as (locked, event):
        row = lock_batch(batch, locked)
        documents = lock_documents(row, DocumentState.QUEUED, DocumentState.REFUSED, DocumentState.DELIVERED)
        ensure(row, "clear_for_reset", SYSTEM)
        row.reason, row.sent_back_by = note, by
        row.save(update_fields=["reason", "sent_back_by"])
        for document in documents:
            _take_back(document, user=None, now=now)
        settle_batch(row, locked, now=now)
        event |= {
            "action": "clear_for_reset",
            "about": [*event["about"], row],
            "note": note,
            "sentence": f"Takes batch {row.number} out of the ERP: the link is reset",
        }
    return row


def _take_back(document: Document, *, user: Any, now: datetime) -> None:
    """Let a worker take a document out of the ERP; what never left us needs no ERP for it."""
    before, never_left = document.state, not document.calls.exists()
    ensure(document, "withdraw", SYSTEM)
    document.withdraw(now=now)
    document.stumbles = 0
    document.save()
    tell(document, now, "Takes back", before, by=user)
    if before != DocumentState.QUEUED or not never_left:
        bell.ring("deliver", document.pk)
        return
    ensure(document, "mark_withdrawn", SYSTEM)
    document.mark_withdrawn(now=now)
    document.save()
    tell(document, now, "Never left:", DocumentState.WITHDRAWING, by=user)


def decline_return(batch: Batch, *, user: Any, now: datetime, note: str) -> Batch:
    """This function will turn the project manager's request to return a batch down with a sentence."""
    if not note.strip():
        raise InvalidInput({"note": "Say why not; whoever asked reads it."})
    refuse_long(note=note)
    with on_budget(batch.budget, user=user, now=now) as (locked, event):
        row = lock_batch(batch, locked)
        ensure(row, "decline_return", user)
        close(locked, RequestKind.RETURN, RequestState.DECLINED, user=user, now=now, answer=note.strip())
        event |= {
            "action": "decline_return",
            "about": [*event["about"], row],
            "note": note.strip(),
            "sentence": f"Declined to return batch {row.number}",
        }
    return row
