"""What the queue's pages of one batch show, besides what `beside_erp.decision` works out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from budgets.models import Hold
from budgets.money import moved
from budgets.states import state_of
from erp.approval.other_eyes import eyes
from erp.decision import beside_erp as decisions
from erp.decision import earlier_round as decision_compare
from erp.decision import lines as decision_lines
from erp.decision import preflight
from erp.decision.asked import ERP, Asked
from erp.decision.beside_erp import Decision, DecisionRow
from erp.decision.blockers import READING_MAX_AGE
from erp.decision.earlier_round import Beside
from erp.decision.entries import entries
from erp.decision.lines import ShownItem
from erp.delivery import left_there, whereabouts
from erp.delivery.whereabouts import Where
from erp.documents import ZERO
from erp.models import OPEN, Batch, BatchLine, BatchState, Document, DocumentState, ErpReading, ReadingState
from erp.posting import by_word, waiting
from erp.posting.confirmations import contradicted
from erp.reset.pages import declared_reversed
from erp.rounds import sent_again_as
from erp.snapshots import latest_reading
from projects.models import CostCode, CostType, Job


def context(
    batch: Batch, user: Any, wanted: Asked, *, typed_remarks: Mapping[int, str] | None = None
) -> dict[str, Any]:
    """This function will gather what an approver reads before deciding."""
    decision = decisions.decision(batch)
    switch = decision_compare.switch(batch, decision, wanted)
    items = [] if switch.beside else decision_lines.shown(decision, wanted)
    return {
        "decision": decision,
        "main_job": main_job(batch),
        "asked": replace(wanted, against=switch.against),
        "switch": switch,
        "beside": switch.beside,
        "ends_off": wanted.link(against=ERP, show="", find="") + "#lines",
        "shown_items": items,
        "left_out": any(item.left_out for item in items),
        "entries": entries(batch),
        "findings": findings(batch, decision),
        "eyes": eyes(batch, user),
        "sent_before": declared_reversed(batch),
        "elsewhere": _elsewhere(decision, items, switch.beside, typed_remarks or {}),
        **readings(batch),
    }


@dataclass(frozen=True)
class Told:
    """One thing the ERP would refuse, and the lines it is about."""

    message: str
    lines: list[DecisionRow]


def findings(batch: Batch, decision: Decision) -> list[Told]:
    """This function will list all that the ERP would refuse of a batch on paper, with the lines of each."""
    rows = {str(row.row.pk): row for item in decision.items for row in (*item.rows, *item.unchanged)}
    return [
        Told(finding.message, [rows[ref] for ref in finding.refs if ref in rows])
        for finding in preflight.unfit(batch)
    ]


def _elsewhere(
    decision: Decision,
    items: list[ShownItem],
    beside: Beside | None,
    typed: Mapping[int, str],
) -> list[tuple[BatchLine, str]]:
    """The remarks that were typed on lines which this page does not show; they stay in the form."""
    here = {row.row.line_id for item in items for row in (*item.rows, *item.folded)}
    if beside:
        here |= {line.row.line_id for line in beside.lines if line.row.line_id in beside.pinnable}
    lines = {row.row.line_id: row.row for one in decision.items for row in (*one.rows, *one.unchanged)}
    return [(lines[key], text) for key, text in typed.items() if text and key in lines and key not in here]


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

    @property
    def difference(self) -> Decimal:
        """By how much."""
        return (self.now or ZERO) - (self.then or ZERO)


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


# -- afterwards ----------------------------------------------------------------------------------------------

UNDER_WAY = (BatchState.ACCEPTED, BatchState.EXPORTED)


def progress(batch: Batch) -> dict[str, Any]:
    """This function will gather how far a batch's documents are, and what happened, oldest first."""
    documents = waiting.documents_now(batch)
    states = {document.state for document in documents}
    disproved = any(waiting.disproved(document) for document in documents)
    return {
        "documents": documents,
        "waiting": waiting.waiting_of(batch, documents),
        "checking": any(waiting.question_of(document).wanted_at for document in documents),
        "in_erp": whereabouts.tally(documents, whereabouts.writes_of(batch)) if documents else None,
        "attention": batch.state in UNDER_WAY and batch.budget.hold == Hold.ATTENTION or disproved,
        "disproved": disproved,
        "by_word": by_word.open_word(batch),
        "refused_ones": DocumentState.REFUSED in states,
        "moving": batch.state in UNDER_WAY and not states <= {DocumentState.REFUSED, DocumentState.POSTED},
        "open_states": OPEN,
        "state": state_of(batch.budget),
        "took": _took(batch),
        "again": sent_again_as(batch),
        "sent_before": declared_reversed(batch),
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
        """What it moves: see `money.moved`."""
        return moved(row.delta for row in self.lines)


def posting_list(batch: Batch) -> dict[str, Any]:
    """This function will list what waits to be posted, with each document's lines in the ERP's own codes.

    The others of the batch are counted by where they are, so that nobody misses one on the paper.
    """
    documents = list(batch.documents.select_related("item").prefetch_related("item__lines"))
    to_post = [one for one in documents if one.state == DocumentState.DELIVERED]
    entries = [Entry(one, [row for row in one.item.lines.all() if row.delta]) for one in to_post]
    left_there.look_up(documents)
    writes = whereabouts.writes_of(batch)
    places = [whereabouts.where_is(one, writes.get(one.pk, whereabouts.NONE)) for one in documents]
    others = Counter(
        "posted already" if place is Where.THERE else place.value
        for one, place in zip(documents, places, strict=True)
        if one not in to_post
    )
    return {
        "entries": entries,
        "net": sum((entry.net for entry in entries), ZERO),
        "moved": sum((entry.moved for entry in entries), ZERO),
        "main_job": main_job(batch),
        "others": [f"{number} {place}" for place, number in others.items()],
        "made": timezone.now(),
    }
