"""What the Budget tool knows of the ERP, kept in plain columns of the budget: worked out here and nowhere else."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from budgets.models import Budget, BudgetState, Hold, ModificationLine
from budgets.services import lock_row
from budgets.signals import budget_changed
from erp.approval import route_words, routes
from erp.decision import remarks
from erp.delivery import attention
from erp.delivery.left_there import left_ones
from erp.delivery.whereabouts import Where, tally, where_is
from erp.models import (
    Batch,
    BatchState,
    Confirmation,
    ConfirmationState,
    Document,
    DocumentState,
    DriftDecision,
)
from erp.port import JobStatus
from erp.posting import by_word
from erp.reconciliation import drift_reads
from erp.reset.link_epochs import epoch_of
from erp.snapshots import erp_connection, main_status
from erp.words import erp_name
from projects import permissions
from workflow.actions import blockers
from workflow.blockers import Kind, forget_facts
from workflow.people import name_of


def refresh(budget: Budget, *, now: datetime) -> None:
    """This function will work out `hold*` and `things_to_do` of a budget whose row the caller has locked."""
    forget_facts(budget)
    forget_facts(budget.project.company)
    batch = budget.batches.order_by("-number").select_related("sent_back_by").first()
    past = epoch_of(budget).floor
    if batch is not None and batch.number <= past:
        budget.hold, budget.hold_since, budget.hold_data = "", None, {}  # of a link that was reset since
    elif batch is not None:
        budget.hold, budget.hold_since, told = _hold(budget, batch, now)
        budget.hold_data = {"erp": erp_name(erp_connection(budget)), "batch": batch.number, **told}
    budget.things_to_do = _things_to_do(budget)
    budget.save(update_fields=["hold", "hold_since", "hold_data", "things_to_do", "ever_exported"])


def _things_to_do(budget: Budget) -> int:
    if budget.state != BudgetState.LOCKED:
        return 0
    return sum(1 for blocker in blockers(budget, "send", None) if blocker.kind is Kind.PROBLEM)


def _hold(budget: Budget, batch: Batch, now: datetime) -> tuple[str, datetime | None, dict[str, Any]]:
    if batch.state == BatchState.WAITING:
        told = {"who": _who_decides(batch), "round": batch.round, **route_words.progress_of(batch)}
        return Hold.WAITING, routes.waiting_since(batch), told
    if batch.state == BatchState.REJECTED:
        return Hold.SENT_BACK, batch.state_since, _rejected(budget, batch)
    if batch.state == BatchState.RETRIEVED:
        return Hold.RETRIEVED, batch.state_since, {}
    documents = list(batch.documents.select_related("item"))
    if batch.state == BatchState.RETURNED:
        by = {"by": name_of(batch.sent_back_by)} if batch.sent_back_by else {}
        left = len(left_ones(documents))
        told = {"text": batch.reason or "returned by accounting", "left": left, **by}
        return Hold.RETURNED, batch.state_since, told
    if batch.state == BatchState.POSTED:
        return _posted(budget, batch, documents)
    return _on_its_way(budget, batch, documents, now)


def _who_decides(batch: Batch) -> str:
    return route_words.said(routes.due_ways(batch)) or permissions.names([])


def _rejected(budget: Budget, batch: Batch) -> dict[str, Any]:
    """Who sent it back, why, and how many of the remarks Re-send still waits for."""
    counted = remarks.tally(budget)
    told = {
        "text": batch.reason,
        "reason": batch.get_reason_code_display(),
        "by": name_of(batch.sent_back_by),
    }
    return {**told, "remarks": counted.every, "wanting": counted.wanting}


def drift_of(budget: Budget, batch: Batch) -> dict[str, Any]:
    """This function will find what the last comparison with the ERP said of this posted batch; empty before one."""
    drift: dict[str, Any] = budget.hold_data.get("drift", {})
    return drift if drift.get("batch") == batch.number else {}


def posted_otherwise(batch: Batch) -> bool:
    """This function will tell whether a document of a batch was posted with other amounts than were sent."""
    return batch.documents.exclude(differs=[]).exists()


def _posted(
    budget: Budget, batch: Batch, documents: list[Document]
) -> tuple[str, datetime | None, dict[str, Any]]:
    """Posted: with other amounts, or changed in the ERP since, as far as it was compared."""
    drift = drift_of(budget, batch)
    disproved = Confirmation.objects.filter(document__batch=batch, state=ConfirmationState.DISPROVED).first()
    if disproved is not None:
        kept = {"drift": drift} if drift else {}
        return Hold.DIFFERS, disproved.state_since, {"disproved": disproved.why, **kept}
    differs = drift["lines"] if drift else sum(len(document.differs) for document in documents)
    told: dict[str, Any] = {"differs": differs, **({"drift": drift} if drift else {})}
    if by_word.open_word(batch):
        told["by_hand"] = True
    if not differs:
        since, kept = _kept(budget)
        return Hold.POSTED, since or batch.posted_at, {**told, **kept}
    return Hold.DIFFERS, datetime.fromisoformat(drift["since"]) if drift else batch.posted_at, told


def _kept(budget: Budget) -> tuple[datetime | None, dict[str, Any]]:
    """Since when modifications put the ERP back with the next send: which, and on how many lines."""
    rows = drift_reads.to_send(budget)
    if not rows:
        return None, {}
    lines = ModificationLine.objects.filter(modification__in=rows).count()
    since = DriftDecision.objects.filter(correction__in=rows).earliest("at").at
    return since, {"kept": [row.number for row in rows], "kept_lines": lines}


def _on_its_way(
    budget: Budget, batch: Batch, documents: list[Document], now: datetime
) -> tuple[str, datetime | None, dict[str, Any]]:
    found = tally(documents, {})
    told: dict[str, Any] = {"done": found.there, "total": found.total}
    called = attention.call_of(budget, documents, now=now)
    if called and not any(document.state == DocumentState.REFUSED for document in documents):
        return Hold.ATTENTION, called.since, {**told, "text": called.text, "next": called.next}
    if any(document.state == DocumentState.WITHDRAWING for document in documents):
        out = [where_is(document) for document in documents].count(Where.OUT)
        back = {"done": out, "total": found.total - found.there - len(left_ones(documents))}
        return Hold.EXPORTING, _since(documents), {**back, "returning": True, "text": batch.reason}
    waiting = [d.waiting_for for d in documents if d.state == DocumentState.QUEUED and d.waiting_for]
    if waiting:
        told["text"] = waiting[0]
    refused = [document for document in documents if document.state == DocumentState.REFUSED]
    if refused:
        lines = {
            ref for document in refused for finding in document.findings for ref in finding.get("refs", [])
        }
        what = (
            f"{len(lines)} {'line' if len(lines) == 1 else 'lines'} refused"
            if lines
            else "a document was refused"
        )
        return Hold.ATTENTION, refused[0].state_since, {**told, "text": what}
    if batch.state == BatchState.EXPORTED:
        there = [document for document in documents if where_is(document) is Where.THERE]
        posted = sum(1 for document in there if document.state == DocumentState.POSTED)
        starts = {"starts": True} if _counts_at_start(budget, batch, there) else {}
        return Hold.IN_ERP, batch.exported_at, {**told, "posted": posted, **starts}
    return Hold.EXPORTING, batch.accepted_at, told


def _counts_at_start(budget: Budget, batch: Batch, there: list[Document]) -> bool:
    """Whether nobody posts what is still open: an original that was entered on a pending job counts once it starts."""
    left = [document for document in there if document.state != DocumentState.POSTED]
    if batch.reading is None or main_status(budget, batch.reading) != JobStatus.PENDING:
        return False
    return all(document.item.modification_id is None for document in left)


def _since(documents: list[Document]) -> datetime:
    """When the first of the documents that are being taken back was called back."""
    return min(d.state_since for d in documents if d.state == DocumentState.WITHDRAWING)


def call_for_attention(*, now: datetime) -> None:
    """This function will let the budgets that wait too long by now say so."""
    for budget in attention.overdue(now=now):
        with transaction.atomic():
            refresh(lock_row(budget), now=now)


def name_who_decides(*, now: datetime, company: int | None = None) -> None:
    """This function will let the budgets that wait for accounting (in a company, by id) name who can decide them now.

    Rights are taken, logins locked, delegations end by themselves: none of that touches the budget.
    """
    batches = Batch.objects.filter(state=BatchState.WAITING, budget__hold=Hold.WAITING).order_by("budget_id")
    if company is not None:
        batches = batches.filter(budget__project__company=company)
    for batch in batches.select_related("budget__project__company"):
        if batch.budget.hold_data.get("who") != _who_decides(batch):
            with transaction.atomic():
                refresh(lock_row(batch.budget), now=now)


def _recount(sender: Any, *, budget: Budget, now: datetime, **kwargs: Any) -> None:
    refresh(budget, now=now)


def listen() -> None:
    """This function will keep the columns right when the Budget tool changes a budget."""
    budget_changed.connect(_recount, dispatch_uid="erp.holds")
