"""What a budget has that is new: read for the preview and the blockers, frozen by Send."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import QuerySet

from budgets.models import Attachment, Budget, BudgetLine, Modification, ModificationLine, ModificationState
from budgets.money import moved
from erp.documents import ZERO, OriginalLine, bases_in_erp, original_lines
from erp.line_codes import amounts_and_keys, keys_of, linked_lines
from erp.models import (
    Batch,
    BatchAttachment,
    BatchItem,
    BatchLine,
    Connection,
    ErpReading,
    JobLink,
    ReadingState,
)
from erp.port import DocumentKind, ErpKey
from erp.reconciliation.drift_models import DriftDecision
from erp.reset.link_epochs import counts, epoch_of, jobs_now
from projects.models import Company
from workflow.blockers import once_per_object


@dataclass(frozen=True)
class NewLine:
    """One line of what would be sent. `target` and `base` are None on a modification's line."""

    line: BudgetLine
    delta: Decimal
    target: Decimal | None = None
    base: Decimal | None = None


@dataclass(frozen=True)
class NewItem:
    """One document to be: the original budget, or a modification that was not sent yet."""

    kind: DocumentKind
    title: str
    date: date
    lines: tuple[NewLine, ...]
    modification: Modification | None = None

    @property
    def net(self) -> Decimal:
        """Sum of the deltas, company currency."""
        return sum((row.delta for row in self.lines), ZERO)

    @property
    def unchanged(self) -> int:
        """How many of its lines stay as they are."""
        return sum(not row.delta for row in self.lines)

    @property
    def moved(self) -> Decimal:
        """What the document moves, company currency: see `money.moved`."""
        return moved(row.delta for row in self.lines)


@once_per_object
def posted_targets(budget: Budget) -> dict[int, Decimal]:
    """This function will find what was last posted as original of each line, by line id.

    In the job it is linked to: what was posted before the link was reset is part of what the ERP holds, or is not.
    """
    rows = (
        BatchLine.objects.filter(
            item__batch__budget=budget,
            item__batch__number__gt=epoch_of(budget).floor,
            item__kind=DocumentKind.ORIGINAL,
            item__document__state="posted",
        )
        .order_by("line_id", "-item__batch__number")
        .distinct("line_id")
        .values_list("line_id", "target")
    )
    return {line: target for line, target in rows if target is not None}


def unsent_modifications(budget: Budget) -> QuerySet[Modification]:
    """This function will find the effective modifications that no open or posted batch carries."""
    effective = budget.modifications.filter(state=ModificationState.EFFECTIVE, in_batch=False)
    if not epoch_of(budget).floor:
        return effective.filter(was_posted=False).order_by("number")
    there = BatchItem.objects.filter(
        counts(budget, batch="batch", document="document"),
        batch__budget=budget,
        document__state="posted",
        modification__isnull=False,
    )
    # What was taken over from a job in a reconciliation is in that job.
    taken = DriftDecision.objects.filter(budget=budget, erp_job__in=jobs_now(budget.pk), taken__isnull=False)
    return (
        effective.exclude(pk__in=there.values("modification"))
        .exclude(pk__in=taken.values("taken"))
        .order_by("number")
    )


@once_per_object
def erp_connection(budget: Budget) -> Connection | None:
    """This function will find the connection of a budget's company."""
    return _connection_of(budget.project.company)


@once_per_object
def _connection_of(company: Company) -> Connection | None:
    return Connection.objects.filter(company=company).select_related("company").first()


@once_per_object
def latest_batch(budget: Budget) -> Batch | None:
    """This function will find the batch that was sent last, with the people who decided it."""
    return budget.batches.order_by("-number").select_related("accepted_by", "sent_back_by").first()


@once_per_object
def latest_reading(budget: Budget) -> ErpReading | None:
    """This function will find the newest reading that was made of the company's present ERP and the present link."""
    made = budget.readings.filter(state=ReadingState.MADE)
    since = epoch_of(budget).since
    if since is not None:
        made = made.filter(made_at__gt=since)
    connection = erp_connection(budget)
    if connection is not None and connection.moved_at is not None:
        made = made.filter(made_at__gt=connection.moved_at)
    return made.first()


def main_status(budget: Budget, reading: ErpReading | None = None) -> str:
    """This function will find the main job's status: of the reading when given, else of the last sync."""
    link = _main_link(budget)
    if link is None:
        return ""
    if reading is not None:
        return str(reading.statuses.get(link.erp_job.code, ""))
    return link.erp_job.status


@once_per_object
def _main_link(budget: Budget) -> JobLink | None:
    links = JobLink.objects.filter(job__project=budget.project_id, job__parent=None)
    return links.select_related("erp_job").first()


def held_originals(reading: ErpReading) -> dict[ErpKey, Decimal]:
    """This function will take the original amounts out of a reading, by budget code."""
    return {ErpKey(row[0], row[1], row[2]): Decimal(row[4]) for row in reading.rows}


def current_budget(reading: ErpReading) -> dict[ErpKey, Decimal]:
    """This function will take the current budget out of a reading, by budget code."""
    return {ErpKey(row[0], row[1], row[2]): Decimal(row[5]) for row in reading.rows}


def bases(
    budget: Budget, keys: Iterable[tuple[int, ErpKey]], reading: ErpReading | None
) -> dict[int, Decimal]:
    """This function will find each line's base: last posted, else the ERP's own original."""
    posted = posted_targets(budget)
    if posted or reading is None:
        return posted
    return bases_in_erp(keys, held_originals(reading))


def new_items(budget: Budget, *, reading: ErpReading | None, today: date) -> list[NewItem]:
    """This function will find everything that Send would put into a batch, in the order it will be delivered.

    With a reading, originals of a budget that was never posted are shown as changes of what the ERP holds.
    """
    lines = linked_lines(budget)
    by_id = {line.pk: line for line in lines}
    posted = posted_targets(budget)
    base = bases(budget, keys_of(lines), reading)
    originals = _originals(((line.pk, line.amount) for line in lines), posted, base)
    items = []
    if originals:
        rows = tuple(NewLine(by_id[row.line_id], row.delta, row.target, row.base) for row in originals)
        title = "Original budget" if not posted else "Changes of the original budget"
        items.append(NewItem(DocumentKind.ORIGINAL, title, today, rows))
    items += _modification_items(budget, by_id)
    return items


def new_moved(budget: Budget, *, reading: ErpReading | None) -> Decimal:
    """This function will sum what the documents of `new_items` move, without reading what else there is to a line."""
    amounts, keys = amounts_and_keys(budget)
    originals = _originals(amounts, posted_targets(budget), bases(budget, keys, reading))
    changes = ModificationLine.objects.filter(modification__in=unsent_modifications(budget).order_by())
    documents: dict[int, list[Decimal]] = {0: [row.delta for row in originals]}
    for modification, amount in changes.values_list("modification", "amount"):
        documents.setdefault(modification, []).append(amount)
    return sum((moved(deltas) for deltas in documents.values()), ZERO)


def _originals(
    amounts: Iterable[tuple[int, Decimal]], posted: dict[int, Decimal], base: dict[int, Decimal]
) -> list[OriginalLine]:
    """The originals to send, against what counts in the ERP; none when nothing was changed since the last posting."""
    originals = [
        OriginalLine(row.line_id, row.target, base.get(row.line_id, ZERO))
        for row in original_lines(amounts, posted)
    ]
    return originals if not posted or any(row.delta for row in originals) else []


def _modification_items(budget: Budget, by_id: dict[int, BudgetLine]) -> list[NewItem]:
    modifications = list(unsent_modifications(budget))
    rows: dict[int, list[NewLine]] = {modification.pk: [] for modification in modifications}
    for change in ModificationLine.objects.filter(modification__in=modifications).order_by("pk"):
        rows[change.modification_id].append(NewLine(by_id[change.line_id], change.amount))
    return [
        NewItem(DocumentKind.MODIFICATION, f"{m}: {m.title}", m.date, tuple(rows[m.pk]), m)
        for m in modifications
    ]


def freeze(batch: Batch, items: list[NewItem]) -> None:
    """This function will write a batch's items and lines, in bulk."""
    stored = BatchItem.objects.bulk_create(
        BatchItem(
            batch=batch,
            kind=item.kind,
            modification=item.modification,
            position=place,
            title=item.title,
            date=item.date,
        )
        for place, item in enumerate(items)
    )
    BatchLine.objects.bulk_create(
        (
            _frozen(row, item, place)
            for item, new in zip(stored, items, strict=True)
            for place, row in enumerate(new.lines)
        ),
        batch_size=2000,
    )
    _freeze_attachments(stored)


def _freeze_attachments(items: list[BatchItem]) -> None:
    """Keep which files go along; from now on nobody takes one off."""
    by_modification = {item.modification_id: item for item in items if item.modification_id}
    files = Attachment.objects.filter(modification__in=by_modification)
    rows = [BatchAttachment(item=by_modification[row.modification_id], attachment=row) for row in files]
    if rows:
        BatchAttachment.objects.bulk_create(rows)
        files.filter(was_sent=False).update(was_sent=True)


def _frozen(row: NewLine, item: BatchItem, place: int) -> BatchLine:
    line = row.line
    return BatchLine(
        item=item,
        line=line,
        position=place,
        job=line.job.code,
        cost_code=line.code,
        cost_type=line.type,
        division=line.cost_code.division if line.cost_code else "",
        description=line.description,
        quantity=line.quantity,
        unit=line.unit_code,
        target=row.target,
        base=row.base,
        delta=row.delta,
    )
