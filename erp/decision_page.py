"""What the queue's pages of one batch show, besides what `decisions.decision` works out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Prefetch
from django.utils import timezone

from budgets.models import Hold
from budgets.states import state_of
from erp import decisions, waiting
from erp.compare import SAME, Comparison, Row, of_batches
from erp.confirmations import contradicted
from erp.decision_blockers import READING_MAX_AGE
from erp.documents import ZERO, moved
from erp.models import (
    OPEN,
    Batch,
    BatchLine,
    BatchState,
    Call,
    Document,
    DocumentState,
    ErpReading,
    ReadingState,
    Remark,
)
from erp.snapshots import latest_reading
from projects.models import CostCode, CostType, Job


def context(batch: Batch) -> dict[str, Any]:
    """This function will gather what an approver reads before deciding."""
    return {
        "decision": decisions.decision(batch),
        "main_job": main_job(batch),
        "since": since_then(batch),
        **readings(batch),
    }


def main_job(batch: Batch) -> Job | None:
    """This function will find the job the batch is about."""
    return Job.objects.filter(project=batch.budget.project_id, parent=None).first()


def readings(batch: Batch) -> dict[str, Any]:
    """This function will say what is known of the ERP: the newest reading, whether it is old, and one being made."""
    made, newest = latest_reading(batch.budget), batch.budget.readings.first()
    old = made is not None and timezone.now() - (made.made_at or made.asked_at) > READING_MAX_AGE
    return {
        "reading": made,
        "reading_old": old,
        "being_read": newest if newest is not None and newest.state == ReadingState.ASKED else None,
        "not_read": newest if newest is not None and newest.state == ReadingState.FAILED else None,
    }


@dataclass(frozen=True)
class Movement:
    """One budget code that the ERP holds differently now than when the approver looked."""

    job: str
    cost_code: str
    cost_type: str
    then: Decimal | None
    now: Decimal | None


def moved_since(batch: Batch, seen: str) -> list[Movement]:
    """This function will list what changed in the ERP between the reading an approver saw and the newest one."""
    now = latest_reading(batch.budget)
    before = batch.budget.readings.filter(state=ReadingState.MADE, hash=seen).first() if seen else None
    if now is None or before is None or now.hash == before.hash:
        return []
    old, new = _amounts(before), _amounts(now)
    return [
        Movement(*key, old.get(key), new.get(key))
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    ]


def recoded_since(batch: Batch, seen: str) -> list[tuple[str, str, str]]:
    """This function will list the codes mapped elsewhere since the reading an approver saw: (ours, then, now).

    Codes are empty where one was unmapped.
    """
    now = latest_reading(batch.budget)
    before = batch.budget.readings.filter(state=ReadingState.MADE, hash=seen).first() if seen else None
    if now is None or before is None or not now.codes or not before.codes:
        return []
    found = []
    for kind, model in (("cost_code", CostCode), ("cost_type", CostType)):
        then, since = before.codes[kind], now.codes[kind]
        keys = {int(key) for key in then.keys() | since.keys() if then.get(key) != since.get(key)}
        names = dict(model._default_manager.filter(pk__in=keys).values_list("pk", "code"))
        found += [(names[key], then.get(str(key), ""), since.get(str(key), "")) for key in keys]
    return sorted(found)


def _amounts(reading: ErpReading) -> dict[tuple[str, str, str], Decimal]:
    return {(row[0], row[1], row[2]): Decimal(row[5]) for row in reading.rows}


@dataclass(frozen=True)
class Answered:
    """A remark of the rejection this batch answers, with its line as it was sent then and as it is sent now."""

    remark: Remark
    row: Row

    @property
    def changed(self) -> bool:
        """Whether the line is another one now."""
        return self.row.status != SAME


@dataclass(frozen=True)
class SinceThen:
    """What changed between the batch that came back and the one that answers it."""

    answered: list[Answered]
    others: list[Row]  # lines that changed without a remark
    found: Comparison


def since_then(batch: Batch) -> SinceThen | None:
    """This function will put the round before beside this one; None where this batch answers none."""
    if batch.answers is None:
        return None
    batch.answers.budget = batch.budget
    found = of_batches(batch.answers, batch)
    by_line = {line: row for row in found.rows for line in row.shown.lines}
    remarks = batch.answers.remarks.select_related(
        "answered_by", "line__job", "line__cost_code", "line__cost_type"
    )
    answered = [Answered(remark, by_line[remark.line_id]) for remark in remarks.order_by("pk")]
    remarked = {one.remark.line_id for one in answered}
    others = [row for row in found.rows if row.status != SAME and row.line_id not in remarked]
    return SinceThen(answered, others, found)


# -- afterwards ----------------------------------------------------------------------------------------------

UNDER_WAY = (BatchState.ACCEPTED, BatchState.EXPORTED)
FINISHED = {DocumentState.DELIVERED, DocumentState.POSTED}


def progress(batch: Batch) -> dict[str, Any]:
    """This function will gather how far a batch's documents are, and what happened, oldest first."""
    calls = Prefetch("calls", queryset=Call.objects.order_by("pk"))
    rows = batch.documents.select_related("item", *waiting.BY_HAND).prefetch_related(calls)
    documents = list(rows)
    states = {document.state for document in documents}
    disproved = any(waiting.disproved(document) for document in documents)
    return {
        "documents": documents,
        "waiting": waiting.waiting_of(batch, documents),
        "checking": any(waiting.question_of(document).wanted_at for document in documents),
        "done": sum(document.state in FINISHED for document in documents),
        "attention": batch.state in UNDER_WAY and batch.budget.hold == Hold.ATTENTION or disproved,
        "disproved": disproved,
        "refused_ones": DocumentState.REFUSED in states,
        "moving": batch.state in UNDER_WAY and not states <= {DocumentState.REFUSED, DocumentState.POSTED},
        "open_states": OPEN,
        "state": state_of(batch.budget),
        "took": _took(batch),
        "main_job": main_job(batch),
        "remarks": batch.remarks.select_related("line__job", "line__cost_code", "line__cost_type"),
    }


def answers(batch: Batch) -> dict[str, Any]:
    """This function will gather what the ERP last said of the documents that somebody is about to confirm."""
    documents = list(batch.documents.filter(state=DocumentState.DELIVERED).select_related("item"))
    return {"answers": documents, "contradicted": contradicted(batch, documents)}


def _took(batch: Batch) -> timedelta | None:
    """How long it took from sending to posting."""
    return batch.posted_at - batch.sent_at if batch.posted_at else None


@dataclass(frozen=True)
class Entry:
    """A document of the posting list, with the lines that change."""

    document: Document
    lines: list[BatchLine]

    @property
    def net(self) -> Decimal:
        """Sum of the changes."""
        return sum((row.delta for row in self.lines), ZERO)

    @property
    def moved(self) -> Decimal:
        """Sum of what goes up."""
        return moved(row.delta for row in self.lines)


def posting_list(batch: Batch) -> dict[str, Any]:
    """This function will list what waits to be posted or is, with each document's lines in the ERP's own codes."""
    rows = batch.documents.filter(state__in=[DocumentState.DELIVERED, DocumentState.POSTED])
    documents = rows.select_related("item").prefetch_related("item__lines")
    entries = [Entry(one, [row for row in one.item.lines.all() if row.delta]) for one in documents]
    return {
        "entries": entries,
        "net": sum((entry.net for entry in entries), ZERO),
        "moved": sum((entry.moved for entry in entries), ZERO),
        "main_job": main_job(batch),
    }
