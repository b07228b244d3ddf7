"""What a batch and its budget become when their documents have moved.

Called with budget, batch and documents locked.
"""

from __future__ import annotations

from datetime import datetime

from budgets.models import Budget, BudgetLine, BudgetState, Modification
from budgets.requests.book import close
from budgets.requests.models import RequestKind, RequestState
from erp.giving_back import free_modifications, give_back
from erp.mail import notifications
from erp.models import Batch, BatchLine, BatchState, Document, DocumentState
from erp.posting import by_word
from erp.sync import readings
from workflow import events
from workflow.actions import SYSTEM, ensure

DONE = {DocumentState.DELIVERED, DocumentState.POSTED}
SETTLED = {DocumentState.POSTED, DocumentState.WITHDRAWN}


def settle_batch(batch: Batch, budget: Budget, *, now: datetime) -> None:
    """This function will move a batch to where its documents are, and hand the budget back when it is at its end."""
    documents = list(batch.documents.select_related("item"))
    _mark_posted_rows(documents)
    states = {document.state for document in documents}
    if batch.state == BatchState.EXPORTED and not states <= DONE | {DocumentState.WITHDRAWN}:
        _move(batch, budget, "reopen", now)
    if batch.state == BatchState.ACCEPTED and states == {DocumentState.POSTED}:
        _finish(batch, budget, "mark_posted", now)
    elif batch.state == BatchState.ACCEPTED and states <= DONE:
        _move(batch, budget, "mark_exported", now)
    elif batch.state == BatchState.EXPORTED and states == {DocumentState.POSTED}:
        _finish(batch, budget, "mark_posted", now)
    elif batch.state in (BatchState.ACCEPTED, BatchState.EXPORTED) and states <= SETTLED:
        _finish(batch, budget, "mark_returned", now)


def _move(batch: Batch, budget: Budget, name: str, now: datetime) -> None:
    before = batch.state
    ensure(batch, name, SYSTEM)
    getattr(batch, name)(now=now)
    batch.save(update_fields=["state", "state_since", "exported_at", "posted_at"])
    events.record(
        chain=budget.project.company_id,
        at=now,
        actor=None,
        action=name,
        about=[budget, budget.project, batch],
        from_state=before,
        to_state=batch.state,
        sentence=f"Batch {batch.number} is {_become(batch, name)}",
    )


def _become(batch: Batch, name: str) -> str:
    """What a batch is by a move: its state, but who reads that it is accepted thinks of the approver."""
    if name == "reopen":
        return "being exported again"
    by_hand = ", confirmed by hand" if batch.state == BatchState.POSTED and by_word.open_word(batch) else ""
    return f"{batch.get_state_display().lower()}{by_hand}"


def _finish(batch: Batch, budget: Budget, name: str, now: datetime) -> None:
    _move(batch, budget, name, now)
    if batch.state == BatchState.RETURNED:
        close(budget, RequestKind.RETURN, RequestState.GRANTED, user=batch.sent_back_by, now=now)
    else:
        over = "It was posted meanwhile: unlock it, or write a modification."
        close(budget, RequestKind.RETURN, RequestState.OVER, user=None, now=now, answer=over)
    free_modifications(batch)
    if budget.state == BudgetState.SENT:
        give_back(budget, now=now)
    # What the ERP holds now stands beside our amounts from here on, not what it held at acceptance.
    readings.ask(budget, now=now)
    notifications.tell_sender_of_end(batch)


def _mark_posted_rows(documents: list[Document]) -> None:
    """Tell the Budget tool which lines and modifications count in the ERP."""
    posted = [document for document in documents if document.state == DocumentState.POSTED]
    modifications = [d.item.modification_id for d in posted if d.item.modification_id is not None]
    lines = BatchLine.objects.filter(item__in=[document.item_id for document in posted]).values("line")
    if posted:
        BudgetLine.objects.filter(pk__in=lines, was_posted=False).update(was_posted=True)
    if modifications:
        Modification.objects.filter(pk__in=modifications, was_posted=False).update(was_posted=True)
