"""What an approver decides on: a batch beside what the ERP holds, line by line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from budgets.money import moved
from erp.compare.sides import mapped_now
from erp.decision.acceptance import lines_of, set_bases
from erp.documents import ZERO
from erp.line_codes import key_of
from erp.models import Batch, BatchItem, BatchLine, BatchState, Document, ErpReading, Remark
from erp.port import ErpKey, JobStatus
from erp.posting.differences import posted_more
from erp.reconciliation.comparing import changed_there
from erp.refusals.explaining import explained_of
from erp.snapshots import current_budget, latest_reading, main_status


@dataclass(frozen=True)
class DecisionRow:
    """One line as the approver reads it: in the ERP now, sent, change, after posting. Company currency."""

    row: BatchLine
    in_erp: Decimal | None
    change: Decimal
    remark: Remark | None = None
    finding: str = ""
    posted_more: Decimal = ZERO  # than was sent, where an accountant posted another amount
    off: Decimal = ZERO  # so much more than was sent it ends with, because somebody changed it in the ERP

    @property
    def sent(self) -> Decimal:
        """The original's target, or the modification's amount."""
        return self.row.delta if self.row.target is None else self.row.target

    @property
    def after(self) -> Decimal | None:
        """What the ERP will hold once it is posted, or held when it was."""
        return None if self.in_erp is None else self.in_erp + self.change + self.posted_more


@dataclass
class DecisionItem:
    """One document to be, its changed lines and the unchanged ones folded."""

    item: BatchItem
    rows: list[DecisionRow] = field(default_factory=list)
    unchanged: list[DecisionRow] = field(default_factory=list)
    document: Document | None = None

    @property
    def net(self) -> Decimal:
        """Sum of the changes."""
        return sum((row.change for row in self.rows), ZERO)

    @property
    def moved(self) -> Decimal:
        """What goes up, or down where that is more."""
        return moved(row.change for row in self.rows)

    @property
    def count(self) -> int:
        """How many lines there are, changed or not."""
        return len(self.rows) + len(self.unchanged)

    @property
    def in_erp(self) -> Decimal | None:
        """What the ERP holds for all lines of the document; None where nothing was read, or is kept with the batch."""
        return _held((*self.rows, *self.unchanged))

    @property
    def sent(self) -> Decimal:
        """What was sent on all lines."""
        return sum((row.sent for row in (*self.rows, *self.unchanged)), ZERO)

    @property
    def after(self) -> Decimal | None:
        """What the ERP will hold for all lines, or held when they were posted."""
        held = self.in_erp
        return None if held is None else held + self.net + sum((row.posted_more for row in self.rows), ZERO)

    @property
    def unchanged_sum(self) -> Decimal:
        """What the folded lines hold."""
        return sum((row.sent for row in self.unchanged), ZERO)

    @property
    def unchanged_in_erp(self) -> Decimal | None:
        """What the ERP holds for the folded lines, before and after; None where nothing was read."""
        return _held(self.unchanged)


def _held(rows: Iterable[DecisionRow]) -> Decimal | None:
    """What the ERP holds for these lines. One that leads to no code holds nothing there; if none does, nobody knows."""
    known = [row.in_erp for row in rows if row.in_erp is not None]
    return sum(known, ZERO) if known else None


@dataclass(frozen=True)
class Decision:
    """All an approver needs to decide a batch."""

    batch: Batch
    reading: ErpReading | None
    asked: ErpReading | None  # a reading that is being made
    items: list[DecisionItem]
    route: str
    only_in_erp: list[tuple[str, str, str, str, Decimal]]  # job, code, type, name, current
    below_zero: list[tuple[ErpKey, Decimal]]  # what it would take from above zero to below, and to how much
    off: dict[ErpKey, Decimal]  # the codes that end with another amount there than was sent: how much more

    @property
    def net(self) -> Decimal:
        """Sum of all changes."""
        return sum((item.net for item in self.items), ZERO)

    @property
    def moved(self) -> Decimal:
        """What goes up, or down where that is more."""
        return sum((item.moved for item in self.items), ZERO)

    @property
    def off_sum(self) -> Decimal:
        """What the ERP will hold more than was sent, by what somebody changed there."""
        return sum(self.off.values(), ZERO)


def decision(batch: Batch) -> Decision:
    """This function will put a batch beside what the ERP holds, line by line.

    While the batch waits, changes of originals are worked out against the newest reading, as Accept will fix them.
    """
    waiting = batch.state == BatchState.WAITING
    reading = latest_reading(batch.budget) if waiting else batch.reading
    newest = batch.budget.readings.first()
    asked = newest if newest is not None and newest.state != "made" else None
    lines = lines_of(batch)
    if waiting and reading is not None:
        set_bases(batch, lines, reading)
    current, left, item_id = current_budget(reading) if reading else {}, {}, None
    there = changed_there(batch.budget, reading) if waiting and reading else {}
    off: dict[ErpKey, Decimal] = {}
    beyond: dict[ErpKey, Decimal] = {}
    remarks = {remark.line_id: remark for remark in batch.remarks.all()} or _asked_before(batch)
    findings = _findings(batch)
    items = {item.pk: DecisionItem(item) for item in batch.items.select_related("modification")}
    for document in batch.documents.all():
        items[document.item_id].document = document
    more = {key: posted_more(item.document.differs) for key, item in items.items() if item.document}
    for row in lines:
        if row.item_id != item_id:  # each document is read against what the ones before it leave
            item_id, left, beyond = row.item_id, dict(current), dict(there)
        item, key, in_erp, extra, ends = items[row.item_id], key_of(row), None, ZERO, ZERO
        if key is not None and reading is not None:
            in_erp = left.pop(key, ZERO)  # several lines on one code: the first carries the ERP's amount
            extra = more.get(row.item_id, {}).pop(key, ZERO)
            ends = beyond.pop(key, ZERO)
            off |= {key: ends} if ends else {}
            current[key] = current.get(key, ZERO) + row.delta + extra
        shown = DecisionRow(
            row, in_erp, row.delta, remarks.get(row.line_id), findings.get(row.pk, ""), extra, ends
        )
        changes = shown.change or shown.finding or extra or ends
        (item.rows if changes else item.unchanged).append(shown)
    return Decision(
        batch,
        reading,
        asked,
        list(items.values()),
        _route(batch, reading),
        _only_there(batch, reading, lines),
        _below_zero(reading, current) if waiting and reading else [],
        off,
    )


def _below_zero(reading: ErpReading, after: dict[ErpKey, Decimal]) -> list[tuple[ErpKey, Decimal]]:
    held = current_budget(reading)
    return [(key, amount) for key, amount in sorted(after.items()) if amount < 0 <= held.get(key, ZERO)]


def _asked_before(batch: Batch) -> dict[int, Remark]:
    """The remarks of the rejection that this batch answers."""
    if batch.answers is None:
        return {}
    return {remark.line_id: remark for remark in batch.answers.remarks.select_related("answered_by")}


def _findings(batch: Batch) -> dict[int, str]:
    """What was said of each line, several things one after the other."""
    found: dict[int, list[str]] = {}
    for finding in explained_of(batch):
        for line in finding.lines:
            found.setdefault(line.batch_line, []).append(finding.meaning)
    return {line: " ".join(dict.fromkeys(said)) for line, said in found.items()}


def _route(batch: Batch, reading: ErpReading | None) -> str:
    status = main_status(batch.budget, reading) if reading else ""
    return (
        {
            JobStatus.PENDING: "The job is pending: the original budget is entered directly; modifications wait "
            "until the job is started.",
            JobStatus.STARTED: "The job is in process: each document becomes a change item that an accountant posts.",
            JobStatus.CLOSED: "The job is closed.",
        }.get(JobStatus(status), "")
        if status
        else ""
    )


def _only_there(
    batch: Batch, reading: ErpReading | None, sent: list[BatchLine]
) -> list[tuple[str, str, str, str, Decimal]]:
    if reading is None:
        return []
    ours = {*mapped_now(batch.budget).values(), *(key_of(row) for row in sent)}
    return [
        (row[0], row[1], row[2], row[3], Decimal(row[5]))
        for row in reading.rows
        if ErpKey(row[0], row[1], row[2]) not in ours and Decimal(row[5])
    ]
