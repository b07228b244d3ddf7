"""What a person does about the posting of a delivered batch: ask the ERP now, or confirm it by hand.

The outline is the services' (see there): lock, `ensure`, change, one event.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from budgets.errors import InvalidInput, refuse_long
from erp import bell
from erp.locking import lock_batch, lock_documents, on_budget
from erp.models import Batch, DocumentState
from erp.settling import settle_batch
from workflow.actions import SYSTEM, ensure


def check_now(batch: Batch, *, user: Any, now: datetime) -> Batch:
    """This function will ask the ERP for postings of this batch now instead of at the next poll."""
    with on_budget(batch.budget, user=user, now=now) as (locked, event):
        row = lock_batch(batch, locked)
        ensure(row, "check_now", user)
        row.documents.filter(state=DocumentState.DELIVERED).update(poll_at=now, check_at=now)
        bell.ring("poll_postings")
        event |= {
            "action": "check_now",
            "about": [*event["about"], row],
            "sentence": "Asked for postings now",
        }
    return row


def confirm_posted(batch: Batch, *, user: Any, now: datetime, note: str) -> Batch:
    """This function will take an approver's word that the delivered documents are posted; marked as such."""
    if not note.strip():
        raise InvalidInput({"note": "Say how you know, for example the posting batch number."})
    refuse_long(note=note)
    with on_budget(batch.budget, user=user, now=now) as (locked, event):
        row = lock_batch(batch, locked)
        ensure(row, "confirm_posted", user)
        for document in lock_documents(row, DocumentState.DELIVERED):
            ensure(document, "post", SYSTEM)
            document.post(now=now, posted_on=None, evidence={"confirmed_by_hand": note.strip()}, differs=[])
            document.confirmed_by = user
            document.save()
        event |= {
            "action": "confirm_posted",
            "about": [*event["about"], row],
            "note": note.strip(),
            "sentence": f"Confirmed by hand that batch {row.number} is posted",
        }
        settle_batch(row, locked, now=now)
    return row
