"""Which entries the ERP gets when a batch is accepted, one a document: of which kind, how much, what happens then."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from budgets.money import moved
from erp.acceptance import erp_documents
from erp.backends import backend
from erp.documents import ZERO, nets_to_nothing
from erp.models import Batch, BatchItem, BatchState, Document
from erp.port import DocumentKind, ErpDocument, ErpKey, ErpMisconfigured, JobStatus
from erp.preflight import drafts
from erp.snapshots import erp_connection, latest_reading, main_status
from erp.words import erp_name


@dataclass(frozen=True)
class Entry:
    """What one document becomes in the ERP. Company currency."""

    item: BatchItem
    kind: str  # in the ERP's own words; empty where it has none, or nothing is written
    codes: int  # budget codes of the ERP that change
    moved: Decimal
    net: Decimal
    then: str  # what happens with it, in a sentence
    number: str = ""  # once it was minted
    settled: str = ""  # why there is no entry


def entries(batch: Batch) -> list[Entry]:
    """This function will list what the ERP gets for a batch, or got; nothing before it was read."""
    if batch.state == BatchState.WAITING:
        reading = latest_reading(batch.budget)
        status = _status(batch, main_status(batch.budget, reading) if reading else "")
        return [_entry(batch, draft.item, draft.document, status, draft.settled) for draft in drafts(batch)]
    rows = list(batch.documents.select_related("item", "batch__budget__project").order_by("item__position"))
    status = _status(batch, main_status(batch.budget, batch.reading) if batch.reading else "")
    return [
        _entry(batch, row.item, document, status, _settled(row, document), row.number)
        for row, document in zip(rows, erp_documents(rows), strict=True)
    ]


def _status(batch: Batch, said: str) -> JobStatus | None:
    return JobStatus(said) if said else None


def _settled(row: Document, document: ErpDocument) -> bool:
    return row.state == "posted" and nets_to_nothing(document) and not row.route


def _entry(
    batch: Batch,
    item: BatchItem,
    document: ErpDocument,
    status: JobStatus | None,
    settled: bool,
    number: str = "",
) -> Entry:
    sums: dict[ErpKey, Decimal] = {}
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
        number=number,
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
    if status is JobStatus.PENDING:
        return f"Entered directly; it counts when the job is started in {erp}."
    if status is JobStatus.CLOSED:
        return f"The job is closed in {erp}: this would be refused."
    return f"Waits in {erp} until an accountant posts it."
