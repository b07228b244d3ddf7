"""A batch against an earlier one of its budget: the one sent last, or the one that was sent back, with its remarks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from erp.compare.states import SAME, Comparison, Row, Sums, of_batches
from erp.decision import documents as decision_documents
from erp.decision.asked import ALL, ERP, LAST, REJECTION, WINDOW, Asked, Window, says, window
from erp.decision.beside_erp import Decision
from erp.decision.documents import DocumentsBeside
from erp.models import Batch, BatchState, Remark
from erp.rounds import SENT_BACK, before, sent_back_before
from erp.snapshots import erp_connection
from erp.words import erp_name
from projects import permissions

ANCHOR = "#lines"


@dataclass(frozen=True)
class Choice:
    """One thing a batch can be read against, and how many lines and documents differ."""

    key: str
    words: str
    count: int
    link: str
    chosen: bool


@dataclass(frozen=True)
class Line:
    """One line of both batches, and what was remarked on it."""

    row: Row
    remark: Remark | None

    @property
    def changed(self) -> bool:
        """Whether the line is another one now."""
        return self.row.status != SAME

    @property
    def said(self) -> bool:
        """Whether there is something to read on it: a change, a remark."""
        return self.changed or self.remark is not None


@dataclass(frozen=True)
class Beside:
    """A batch beside an earlier one. `lines` is one window; the sums are over everything."""

    key: str
    before: Batch
    found: Comparison
    documents: DocumentsBeside
    lines: list[Line]
    window: Window
    unchanged: Sums
    unfold: str
    remarks: int
    answered: int
    pinnable: frozenset[int]  # budget lines of this batch: a remark can be pinned to them

    @property
    def same(self) -> bool:
        """Whether nothing at all was changed since."""
        return not self.found.differing and not self.documents.differ

    @property
    def sent_back_by(self) -> str:
        """Who sent the earlier one back; nobody where it went its way."""
        return permissions.names([self.before.sent_back_by]) if self.before.sent_back_by else ""


@dataclass(frozen=True)
class Switch:
    """What the page can read the batch against, and what it does: `beside` is None against the ERP."""

    choices: list[Choice]
    beside: Beside | None
    against: str


def switch(batch: Batch, decision: Decision, wanted: Asked) -> Switch:
    """This function will count what differs against each, and lay the batch beside the chosen one.

    A batch that answers a rejection or a return opens on what changed since.
    """
    rejected, last = sent_back_before(batch), before(batch).first()
    earlier = {REJECTION: rejected, LAST: last}
    compared: dict[int, Comparison] = {}
    for one in (rejected, last):
        if one is not None and one.pk not in compared:
            one.budget = batch.budget
            compared[one.pk] = of_batches(one, batch)
    documents = decision_documents.beside([one for one in (rejected, last) if one is not None], decision)
    remarks = _remarks(rejected)
    against = wanted.against or (REJECTION if rejected else ERP)
    chosen = earlier.get(against)
    against = against if chosen else ERP
    counts = {ERP: sum(len(item.rows) for item in decision.items)}
    for key, one in earlier.items():
        if one is not None:
            told = _lines(compared[one.pk], remarks if key == REJECTION else {})
            counts[key] = sum(line.said for line in told) + len(documents[one.pk].changes)
    names = {
        ERP: f"Against {erp_name(erp_connection(batch.budget))} now",
        LAST: f"Against batch {last.number}, sent last" if last else "",
        REJECTION: _whose(rejected) if rejected else "",
    }
    return Switch(
        choices=[
            Choice(key, names[key], counts[key], wanted.link(against=key, show="") + ANCHOR, key == against)
            for key in (REJECTION, LAST, ERP)
            if key in counts
        ],
        beside=_beside(against, chosen, compared[chosen.pk], documents[chosen.pk], decision, wanted, remarks)
        if chosen
        else None,
        against=against,
    )


def _whose(rejected: Batch) -> str:
    who = permissions.names([rejected.sent_back_by])
    return f"Since {who} {SENT_BACK[BatchState(rejected.state)]} batch {rejected.number}"


def _remarks(rejected: Batch | None) -> dict[int, Remark]:
    if rejected is None:
        return {}
    return {remark.line_id: remark for remark in rejected.remarks.select_related("answered_by")}


def _lines(found: Comparison, remarks: dict[int, Remark]) -> Iterable[Line]:
    return (Line(row, remarks.get(row.line_id) if row.line_id else None) for row in found.rows)


def _beside(
    key: str,
    before: Batch,
    found: Comparison,
    documents: DocumentsBeside,
    decision: Decision,
    wanted: Asked,
    remarks: dict[int, Remark],
) -> Beside:
    mine = remarks if key == REJECTION else {}
    told, unchanged = [], Sums()
    for line in _lines(found, mine):
        if line.said or wanted.show == ALL:
            told.append(line)
        else:
            unchanged.add(line.row)
    if wanted.words:
        told = [line for line in told if _found(line.row, wanted.words)]
    told.sort(key=lambda line: line.remark is None)  # the remarks first: they wait for an answer
    cut = window(wanted, of=len(told), size=WINDOW, start=wanted.start, item=None, anchor=ANCHOR)
    return Beside(
        key=key,
        before=before,
        found=found,
        documents=documents,
        lines=told[max(0, cut.first - 1) : cut.last],
        window=cut,
        unchanged=unchanged,
        unfold=wanted.link(show=ALL, against=key) + ANCHOR if unchanged.count else "",
        remarks=len(mine),
        answered=sum(bool(remark.answer) for remark in mine.values()),
        pinnable=frozenset(
            row.row.line_id for item in decision.items for row in (*item.rows, *item.unchanged)
        ),
    )


def _found(row: Row, words: str) -> bool:
    cell = row.shown
    return says(words, str(cell.code), cell.description)
