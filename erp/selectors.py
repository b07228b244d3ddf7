"""Reads for screens and the API: what Send would carry, what an approver decides on, a batch's timeline."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet, Sum

from budgets.models import Budget
from erp.acceptance import linked_batch_lines, set_bases
from erp.approvers import able_to_accept_next
from erp.backends import backend
from erp.blockers import open_remarks
from erp.documents import ZERO, moved
from erp.models import (
    OPEN,
    Batch,
    BatchItem,
    BatchLine,
    BatchState,
    Document,
    ErpReading,
    Remark,
)
from erp.port import DocumentKind, ErpKey, JobStatus
from erp.snapshots import (
    NewItem,
    current_budget,
    erp_connection,
    erp_key,
    latest_batch,
    latest_reading,
    linked_lines,
    main_status,
    new_items,
    posted_targets,
)
from projects import permissions
from workflow.events import events_about
from workflow.models import Event

__all__ = [
    "decision",
    "erp_totals",
    "line_amounts",
    "open_batch",
    "open_remarks",
    "preview",
    "remarks_on_lines",
    "timeline",
    "visible_batches",
]


def visible_batches(user: Any) -> QuerySet[Batch]:
    """This function will find the batches of the companies whose queue a user may see; all others are a 404."""
    return Batch.objects.filter(
        budget__project__company__in=permissions.queue_companies(user)
    ).select_related("budget__project__company", "sent_by", "accepted_by", "sent_back_by")


def open_batch(budget: Budget) -> Batch | None:
    """This function will find the batch that is waiting or under way."""
    return budget.batches.filter(state__in=OPEN).first()


def remarks_on_lines(budget: Budget) -> dict[int, Remark]:
    """This function will find the newest batch's remarks by line id, answered or not, if it was rejected."""
    last = latest_batch(budget)
    if last is None or last.state != BatchState.REJECTED:
        return {}
    return {remark.line_id: remark for remark in last.remarks.select_related("answered_by", "line")}


# -- before sending ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Preview:
    """What Send would put into a batch; amounts in company currency."""

    items: list[NewItem]
    deciders: list[Any]
    seconds: float  # how long the export takes at the ERP's allowed rate
    reading: ErpReading | None

    @property
    def moved(self) -> Decimal:
        """Sum of the positive deltas."""
        return moved(row.delta for item in self.items for row in item.lines)

    @property
    def net(self) -> Decimal:
        """Sum of all deltas."""
        return sum((item.net for item in self.items), ZERO)

    @property
    def lines_changed(self) -> int:
        """Lines with a delta."""
        return sum(1 for item in self.items for row in item.lines if row.delta)


def preview(budget: Budget, *, user: Any, today: date) -> Preview:
    """This function will show exactly what Send would carry now, and who would decide."""
    reading = latest_reading(budget)
    items = new_items(budget, reading=reading, today=today)
    amount = moved(row.delta for item in items for row in item.lines)
    deciders = able_to_accept_next(budget, user, amount=amount)
    calls = sum(len(item.lines) + 4 for item in items)
    connection = erp_connection(budget)
    rate = backend(connection.alias).requests_per_second if connection else 1.0
    return Preview(items, list(deciders), calls / rate, reading)


# -- the grid's columns ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LineAmounts:
    """What was sent for a line and what the ERP holds for its budget code (None: nothing known)."""

    sent: Decimal | None
    in_erp: Decimal | None


@dataclass(frozen=True)
class ErpTotals:
    """Company currency; `in_erp` is the ERP's current budget of the project's codes at `read_at`."""

    sent_not_posted: Decimal
    in_erp: Decimal | None
    read_at: datetime | None


def _sent(budget: Budget) -> dict[int, Decimal]:
    """Sum what open and posted documents carry, by line: posted originals by their target, the rest by delta."""
    sent: dict[int, Decimal] = defaultdict(lambda: ZERO, posted_targets(budget))
    carried = BatchLine.objects.filter(item__batch__budget=budget).filter(
        Q(item__kind=DocumentKind.MODIFICATION, item__document__state="posted")
        | Q(item__batch__state__in=OPEN)
    )
    undone = carried.exclude(item__kind=DocumentKind.ORIGINAL, item__document__state="posted")
    for line, total in undone.values_list("line").annotate(total=Sum("delta")).order_by():
        sent[line] += total
    opened = open_batch(budget)
    if opened is not None and not posted_targets(budget):
        bases = BatchLine.objects.filter(item__batch=opened, item__kind=DocumentKind.ORIGINAL)
        for line, base in bases.values_list("line", "base"):
            sent[line] += base or ZERO
    return dict(sent)


def line_amounts(budget: Budget) -> dict[int, LineAmounts]:
    """This function will find, for each line, what was sent and what the ERP held at the last reading."""
    sent, reading = _sent(budget), latest_reading(budget)
    held = current_budget(reading) if reading else {}
    amounts: dict[int, LineAmounts] = {}
    for line in linked_lines(budget):
        key = erp_key(line)
        in_erp = None if reading is None or key is None else held.pop(key, ZERO)
        amounts[line.pk] = LineAmounts(sent.get(line.pk), in_erp)
    return amounts


def erp_totals(budget: Budget) -> ErpTotals:
    """This function will sum what is under way and what the ERP held at the last reading."""
    reading = latest_reading(budget)
    on_its_way = (
        BatchLine.objects.filter(item__batch__budget=budget, item__batch__state__in=OPEN)
        .exclude(item__document__state="posted")
        .aggregate(total=Sum("delta"))["total"]
    )
    in_erp = sum(current_budget(reading).values(), ZERO) if reading else None
    return ErpTotals(on_its_way or ZERO, in_erp, reading.made_at if reading else None)


# -- the approver's decision -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class DecisionRow:
    """One line as the approver reads it: in the ERP now, sent, change, after posting. Company currency."""

    row: BatchLine
    in_erp: Decimal | None
    change: Decimal
    remark: Remark | None = None
    finding: str = ""

    @property
    def sent(self) -> Decimal:
        """The original's target, or the modification's amount."""
        return self.row.delta if self.row.target is None else self.row.target

    @property
    def after(self) -> Decimal | None:
        """What the ERP will hold once it is posted."""
        return None if self.in_erp is None else self.in_erp + self.change


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
        """Sum of the positive changes."""
        return moved(row.change for row in self.rows)

    @property
    def in_erp(self) -> Decimal:
        """What the ERP holds for all lines of the document."""
        return sum((row.in_erp or ZERO for row in (*self.rows, *self.unchanged)), ZERO)

    @property
    def sent(self) -> Decimal:
        """What was sent on all lines."""
        return sum((row.sent for row in (*self.rows, *self.unchanged)), ZERO)

    @property
    def after(self) -> Decimal:
        """What the ERP will hold for all lines."""
        return self.in_erp + self.net

    @property
    def unchanged_sum(self) -> Decimal:
        """What the folded lines hold."""
        return sum((row.sent for row in self.unchanged), ZERO)

    @property
    def unchanged_in_erp(self) -> Decimal:
        """What the ERP holds for the folded lines, before and after."""
        return sum((row.in_erp or ZERO for row in self.unchanged), ZERO)


@dataclass(frozen=True)
class Decision:
    """All an approver needs to decide a batch."""

    batch: Batch
    reading: ErpReading | None
    asked: ErpReading | None  # a reading that is being made
    items: list[DecisionItem]
    route: str
    only_in_erp: list[tuple[str, str, str, str, Decimal]]  # job, code, type, name, current

    @property
    def net(self) -> Decimal:
        """Sum of all changes."""
        return sum((item.net for item in self.items), ZERO)

    @property
    def moved(self) -> Decimal:
        """Sum of the positive changes."""
        return sum((item.moved for item in self.items), ZERO)


def decision(batch: Batch) -> Decision:
    """This function will put a batch beside what the ERP holds, line by line.

    While the batch waits, changes of originals are worked out against the newest reading, as Accept will fix them.
    """
    waiting = batch.state == BatchState.WAITING
    reading = latest_reading(batch.budget) if waiting else batch.reading
    newest = batch.budget.readings.first()
    asked = newest if newest is not None and newest.state != "made" else None
    lines = linked_batch_lines(batch)
    if waiting and reading is not None:
        set_bases(batch, lines, reading)
    current, left, item_id = current_budget(reading) if reading else {}, {}, None
    remarks = {remark.line_id: remark for remark in batch.remarks.all()} or _asked_before(batch)
    findings = _findings(batch)
    items = {item.pk: DecisionItem(item) for item in batch.items.select_related("modification")}
    for row in lines:
        if row.item_id != item_id:  # each document is read against what the ones before it leave
            item_id, left = row.item_id, dict(current)
        item, key, in_erp = items[row.item_id], erp_key(row.line), None
        if key is not None and reading is not None:
            in_erp = left.pop(key, ZERO)  # several lines on one code: the first carries the ERP's amount
            current[key] = current.get(key, ZERO) + row.delta
        shown = DecisionRow(row, in_erp, row.delta, remarks.get(row.line_id), findings.get(row.pk, ""))
        (item.rows if shown.change or shown.finding else item.unchanged).append(shown)
    for document in batch.documents.all():
        items[document.item_id].document = document
    return Decision(
        batch, reading, asked, list(items.values()), _route(batch, reading), _only_there(batch, reading)
    )


def _asked_before(batch: Batch) -> dict[int, Remark]:
    """The remarks of the rejection that this batch answers."""
    if batch.answers is None:
        return {}
    return {remark.line_id: remark for remark in batch.answers.remarks.select_related("answered_by")}


def _findings(batch: Batch) -> dict[int, str]:
    found: dict[int, str] = {}
    for document in batch.documents.exclude(findings=[]):
        for finding in document.findings:
            for ref in finding.get("refs", []):
                found[int(ref)] = finding["message"]
    return found


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


def _only_there(batch: Batch, reading: ErpReading | None) -> list[tuple[str, str, str, str, Decimal]]:
    if reading is None:
        return []
    ours = {erp_key(line) for line in linked_lines(batch.budget)}
    return [
        (row[0], row[1], row[2], row[3], Decimal(row[5]))
        for row in reading.rows
        if ErpKey(row[0], row[1], row[2]) not in ours and Decimal(row[5])
    ]


# -- what happened ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Moment:
    """One entry of a batch's timeline."""

    event: Event
    duration: timedelta | None  # since the moment before

    @property
    def at(self) -> datetime:
        """When it happened."""
        return self.event.at

    @property
    def by_person(self) -> bool:
        """Whether a person acted, not Tieback."""
        return self.event.actor_pk is not None


def timeline(batch: Batch) -> list[Moment]:
    """This function will tell what happened to a batch, oldest first, with the time between."""
    moments, before = [], None
    for event in events_about(batch).order_by("at", "seq"):
        moments.append(Moment(event, event.at - before if before else None))
        before = event.at
    return moments
