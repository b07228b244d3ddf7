"""Which entries the ERP gets when a batch is accepted, one a document: of which kind, how much, what happens then.

Afterwards: how much of each is there, and with which amounts it was posted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from budgets.money import moved
from erp.backends import backend
from erp.decision.acceptance import erp_documents
from erp.decision.preflight import drafts
from erp.delivery import left_there, whereabouts
from erp.delivery.landed import lines_there
from erp.delivery.whereabouts import Where, Writes, all_made
from erp.documents import ZERO
from erp.models import Batch, BatchItem, BatchState, Document
from erp.port import DocumentKind, ErpDocument, ErpKey, ErpMisconfigured, JobStatus
from erp.posting.differences import posted_more
from erp.snapshots import erp_connection, latest_reading, main_status
from erp.words import erp_name


@dataclass(frozen=True)
class Entry:
    """What one document becomes in the ERP. Company currency."""

    item: BatchItem
    kind: str  # in the ERP's own words; empty where it has none, or nothing is written
    codes: int  # budget codes of the ERP that change
    moved: Decimal  # as it was sent, or as it was posted where an accountant changed it
    net: Decimal
    then: str  # what happens with it, in a sentence
    number: str = ""  # once it was minted
    settled: str = ""  # why there is no entry
    where: Where | None = None  # once it was accepted
    known: str = ""  # what is known of how much of it is there, in a few words


def made(found: Iterable[Entry]) -> bool:
    """This function will tell whether all that was to be made in the ERP is there."""
    return all_made([entry.where for entry in found if entry.where])


def entries(batch: Batch) -> list[Entry]:
    """This function will list what the ERP gets for a batch, or got; nothing before it was read."""
    if batch.state == BatchState.WAITING:
        reading = latest_reading(batch.budget)
        status = _status(batch, main_status(batch.budget, reading) if reading else "")
        return [_entry(batch, draft.item, draft.document, status, draft.settled) for draft in drafts(batch)]
    rows = list(batch.documents.select_related("item", "batch__budget__project").order_by("item__position"))
    status = _status(batch, main_status(batch.budget, batch.reading) if batch.reading else "")
    writes = whereabouts.writes_of(batch)
    left_there.look_up(rows)
    landed = lines_there(batch, rows)
    return [
        _what_became(
            batch, row, document, status, writes.get(row.pk, whereabouts.NONE), landed.get(row.pk, "")
        )
        for row, document in zip(rows, erp_documents(rows), strict=True)
    ]


def _what_became(
    batch: Batch, row: Document, document: ErpDocument, status: JobStatus | None, writes: Writes, lines: str
) -> Entry:
    where, more = whereabouts.where_is(row, writes), posted_more(row.differs)
    entry = _entry(batch, row.item, document, status, where is Where.NEEDLESS, more)
    return replace(entry, number=row.number, where=where, known=_known(row, where, writes, more, lines))


def _known(row: Document, where: Where, writes: Writes, more: Mapping[ErpKey, Decimal], lines: str) -> str:
    """How much of a document is there, by its receipt, its proof or its calls."""
    if where is Where.PARTLY and lines:
        return f"{lines} by the calls"
    if where is Where.PARTLY:
        return f"{writes.done:,} write{'' if writes.done == 1 else 's'} confirmed, not the whole document"
    if where is not Where.THERE:
        return ""
    number = row.receipt.get("lines")
    whole = f"{number:,} line{'' if number == 1 else 's'} by the receipt" if isinstance(number, int) else ""
    otherwise = f"posted with {len(more)} other amount{'' if len(more) == 1 else 's'}" if more else ""
    return ", ".join(said for said in (whole, otherwise) if said)


def _status(batch: Batch, said: str) -> JobStatus | None:
    return JobStatus(said) if said else None


def _entry(
    batch: Batch,
    item: BatchItem,
    document: ErpDocument,
    status: JobStatus | None,
    settled: bool,
    more: Mapping[ErpKey, Decimal] | None = None,
) -> Entry:
    sums: dict[ErpKey, Decimal] = dict(more or {})
    for line in document.lines:
        sums[line.key] = sums.get(line.key, ZERO) + line.delta
    changed = [amount for amount in sums.values() if amount]
    return Entry(
        item=item,
        kind="" if settled else _kind(batch, document, status),
        codes=len(changed),
        moved=moved(changed),
        net=sum(changed, ZERO),
        then=_then(batch, document, status, settled),
        settled="nets to zero, no entry" if settled else "",
    )


def _kind(batch: Batch, document: ErpDocument, status: JobStatus | None) -> str:
    connection = erp_connection(batch.budget)
    if connection is None or status is None:
        return ""
    try:
        return backend(connection.alias).entry(document, status)
    except ErpMisconfigured:
        return ""  # `document_unfit` says what is wrong


def _then(batch: Batch, document: ErpDocument, status: JobStatus | None, settled: bool) -> str:
    erp = erp_name(erp_connection(batch.budget))
    if settled:
        return f"Nets to zero in {erp}: no entry, settled as posted at once."
    if status is JobStatus.PENDING and document.kind is DocumentKind.MODIFICATION:
        return f"Waits until the job is started in {erp}, then it is written and waits to be posted."
    if status is JobStatus.PENDING:  # `holds` tells the project manager the same
        return f"Entered directly; it counts when the job is started in {erp}."
    if status is JobStatus.CLOSED:
        return f"The job is closed in {erp}: this would be refused."
    return f"Waits in {erp} until an accountant posts it."
