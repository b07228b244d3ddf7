"""What a person does about the posting of a delivered batch: ask the ERP now, or confirm it by hand.

The outline is the services' (see there): lock, `ensure`, change, one event.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model

from budgets.errors import InvalidInput, refuse_long
from erp import bell
from erp.approval import reaching
from erp.backends import backend
from erp.delivery.settling import settle_batch
from erp.locking import lock_batch, lock_documents, on_budget, told_by_rules
from erp.models import Batch, Confirmation, ConfirmationState, Document, DocumentState
from erp.port import PostingState
from erp.posting import by_hand
from erp.posting.waiting import SAID
from erp.snapshots import erp_connection
from erp.words import erp_name
from workflow.actions import SYSTEM, ensure
from workflow.people import name_of

TURNED_DOWN = (PostingState.REJECTED, PostingState.ABSENT)
UNPOSTED = (PostingState.WAITING, PostingState.STAGING)


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


def confirm_posted(batch: Batch, *, user: Any, now: datetime, note: str, despite_erp: bool = False) -> Batch:
    """This function will take an approver's word that the delivered documents are posted; marked as such.

    Where the ERP has just said that one is not posted, the approver must say that they confirm it all the same.
    """
    if not note.strip():
        raise InvalidInput({"note": "Say how you know, for example the posting batch number."})
    refuse_long(note=note)
    with on_budget(batch.budget, user=user, now=now) as (locked, event):
        row = lock_batch(batch, locked)
        row.__dict__["deciding_at"] = now
        ensure(row, "confirm_posted", user)
        documents = lock_documents(row, DocumentState.DELIVERED)
        against = contradicted(row, documents)
        if against and not despite_erp:
            raise InvalidInput({"despite_erp": _contradiction(row, against)})
        way = reaching.through(row, user, moved=row.moved)
        lender = get_user_model()._default_manager.get(pk=way.lender) if way and way.lender else None
        with told_by_rules(row, "confirm_posted", user):
            _keep(documents, user=user, lender=lender, now=now, note=note.strip())
        event |= {
            "action": "confirm_posted",
            "about": [*event["about"], row],
            "note": note.strip(),
            "sentence": f"Confirmed by hand that batch {row.number} is posted{reaching.for_whom(lender)}",
            "data": {
                "despite_erp": bool(against),
                **({"on_behalf_of": name_of(lender)} if lender else {}),
            },
        }
        settle_batch(row, locked, now=now)
    return row


def _keep(documents: Iterable[Document], *, user: Any, lender: Any, now: datetime, note: str) -> None:
    """Post the documents on a person's word, and keep the word beside each."""
    for document in documents:
        said = "" if document.unanswered else document.answer
        ensure(document, "post", SYSTEM)
        document.post(now=now, posted_on=None, evidence={"confirmed_by_hand": note}, differs=[])
        document.confirmed_by = user
        document.save()
        by_hand.remember(document, user=user, lender=lender and lender.pk, now=now, note=note, against=said)


def contradicted(batch: Batch, documents: Iterable[Document]) -> list[Document]:
    """This function will find the documents that the ERP, when it was last asked, called not posted.

    An ERP that sees no postings by itself only says that nobody has told it so.
    """
    connection = erp_connection(batch.budget)
    sees = connection is not None and backend(connection.alias).sees_postings
    no = (*TURNED_DOWN, *UNPOSTED) if sees else TURNED_DOWN
    return [document for document in documents if not document.unanswered and document.answer in no]


def _contradiction(batch: Batch, documents: Iterable[Document]) -> str:
    told = "; ".join(f"{d.number}: {SAID[PostingState(d.answer)]}" for d in documents)
    erp = erp_name(erp_connection(batch.budget))
    return f"{erp} says otherwise ({told}). Tick that you confirm it all the same, and say why."


def close_alarm(batch: Batch, *, user: Any, now: datetime, note: str) -> Batch:
    """This function will end the alarm about words the ERP disproved: a person has found out and put it right."""
    if not note.strip():
        raise InvalidInput({"note": "Say what you found out and what was done."})
    refuse_long(note=note)
    with on_budget(batch.budget, user=user, now=now) as (locked, event):
        row = lock_batch(batch, locked)
        ensure(row, "close_alarm", user)
        disproved = Confirmation.objects.select_for_update(of=("self",)).filter(
            document__batch=row, state=ConfirmationState.DISPROVED
        )
        for word in disproved:
            word.state, word.state_since = ConfirmationState.CLOSED, now
            word.closed_by, word.closed_note = user, note.strip()
            word.save()
        row.documents.filter(by_hand__state=ConfirmationState.CLOSED).update(poll_at=None)
        event |= {
            "action": "close_alarm",
            "about": [*event["about"], row],
            "note": note.strip(),
            "sentence": f"Closed the alarm about batch {row.number}",
        }
    return row
