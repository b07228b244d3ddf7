"""What stops an approver once a batch is accepted: retrying, asking, confirming, returning. Each rule once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from budgets.requests.book import open_request
from budgets.requests.models import RequestKind
from erp.approval import routes
from erp.delivery.circuit import open_circuit
from erp.models import Batch, BatchState, ConfirmationState, Document, DocumentState
from erp.posting.waiting import question_of
from erp.snapshots import erp_connection
from erp.words import erp_name
from workflow.blockers import Found, Kind, blocker, once_per_object

ANSWER_MAX_AGE = timedelta(minutes=10)


@once_per_object
def _states(batch: Batch) -> set[str]:
    return set(batch.documents.values_list("state", flat=True))


@blocker("not_under_way", Kind.STATE)
def not_under_way(batch: Batch, user: Any) -> Found | None:
    """The batch is not between acceptance and posting."""
    if batch.state in (BatchState.ACCEPTED, BatchState.EXPORTED):
        return None
    if batch.state == BatchState.WAITING:
        return Found("The batch has not been accepted.")
    if batch.state == BatchState.POSTED:
        return Found("All of it is posted.")
    return Found(f"The batch was {batch.get_state_display().lower()}.")


@blocker("nothing_asked", Kind.STATE)
def nothing_asked(batch: Batch, user: Any) -> Found | None:
    """Nobody wants the budget back."""
    if open_request(batch.budget, RequestKind.RETURN):
        return None
    return Found("Nobody asks to return it (any more).")


@blocker("nothing_refused", Kind.STATE)
def nothing_refused(batch: Batch, user: Any) -> Found | None:
    """Only a refused document is tried again by hand, and none that was to come back and was changed in the ERP."""
    if DocumentState.REFUSED in _states(batch):
        if all(row.changed_there for row in batch.documents.filter(state=DocumentState.REFUSED)):
            return Found(
                "It was to be taken back and somebody changed it in the ERP: return it again, or decide what becomes "
                "of it. Sent again it would count there with the changes."
            )
        return None
    return Found("No document was refused; Tieback tries the others again by itself.")


@blocker("being_sent", Kind.WAITING)
def being_sent(batch: Batch, user: Any) -> Found | None:
    """A document is on the wire, or it is not known whether it arrived."""
    busy = _states(batch) & {DocumentState.SENDING, DocumentState.UNCONFIRMED}
    if not busy:
        return None
    if DocumentState.UNCONFIRMED in busy:
        return Found(
            "It is not known yet whether a document arrived. Tieback is asking; this takes a few minutes."
        )
    return Found("A document is being sent right now. Try again in a minute.")


@blocker("being_withdrawn", Kind.WAITING)
def being_withdrawn(batch: Batch, user: Any) -> Found | None:
    """The batch is on its way back already."""
    if DocumentState.WITHDRAWING not in _states(batch):
        return None
    return Found("The batch is being taken out of the ERP already.")


@blocker("nothing_lost", Kind.STATE)
def nothing_lost(batch: Batch, user: Any) -> Found | None:
    """A person is asked only where the ERP could not tell whether a document arrived."""
    lost = [
        row for row in _judged(batch) if row.state == DocumentState.UNCONFIRMED and row.not_before is None
    ]
    if lost:
        return None
    return Found("Of no such document is it unknown for good whether it arrived; Tieback asks by itself.")


@blocker("nothing_changed_there", Kind.STATE)
def nothing_changed_there(batch: Batch, user: Any) -> Found | None:
    """A person is asked only where somebody changed in the ERP what was to be taken back."""
    if any(row.changed_there for row in _judged(batch)):
        return None
    return Found("Nobody changed in the ERP what was to be taken back.")


def _judged(batch: Batch) -> list[Document]:
    """The document a person speaks of (`batch.judged`, set by the service); all while somebody only looks."""
    judged: Document | None = batch.__dict__.get("judged")
    return [judged] if judged is not None else list(batch.documents.all())


@blocker("nothing_delivered", Kind.STATE)
def nothing_delivered(batch: Batch, user: Any) -> Found | None:
    """There is nothing in the ERP to ask about."""
    if DocumentState.DELIVERED in _states(batch):
        return None
    return Found("No document waits in the ERP to be posted.")


@blocker("not_asked_lately", Kind.STATE)
def not_asked_lately(batch: Batch, user: Any) -> Found | None:
    """Nobody gives their word before the ERP was asked: its answer, or its silence, is minutes old."""
    delivered, connection = _delivered(batch), erp_connection(batch.budget)
    if connection is None or connection.stopped_at or not connection.enabled or open_circuit(connection):
        return None  # nobody can ask it
    erp = erp_name(connection)
    if any(question_of(document).wanted_at for document in delivered):
        return Found(f"{erp} is being asked whether it is posted. This takes a few seconds.")
    asked = [document.asked_at for document in delivered]
    if all(at is not None and routes.moment_of(batch) - at <= ANSWER_MAX_AGE for at in asked):
        return None
    return Found(
        f"{erp} was not asked within the last {ANSWER_MAX_AGE.seconds // 60} minutes whether it is posted. "
        "Check now, then confirm.",
        since=min((at for at in asked if at is not None), default=None),
    )


@once_per_object
def _delivered(batch: Batch) -> list[Document]:
    return list(batch.documents.filter(state=DocumentState.DELIVERED))


@blocker("nothing_disproved", Kind.STATE)
def nothing_disproved(batch: Batch, user: Any) -> Found | None:
    """There is no alarm about a word given by hand."""
    if batch.documents.filter(by_hand__state=ConfirmationState.DISPROVED).exists():
        return None
    return Found("Nothing that was confirmed by hand is in doubt.")
