"""The documents that accepting a waiting batch would make, and what an ERP would refuse of them on paper alone.

Worked out without a network, before anybody accepts.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from erp.backends import backend
from erp.decision.acceptance import erp_line, lines_of, main_jobs, set_bases
from erp.documents import mint_number, nets_to_nothing
from erp.models import Batch, BatchItem, BatchLine, Connection, ErpReading
from erp.port import DocumentKind, ErpDocument, ErpMisconfigured, Finding, JobStatus
from erp.snapshots import erp_connection, latest_reading, main_status
from workflow.blockers import once_per_object


@dataclass(frozen=True)
class Draft:
    """One document as it would be accepted now; `settled` where it would be posted without a write."""

    item: BatchItem
    document: ErpDocument
    settled: bool


@once_per_object
def unfit(batch: Batch) -> list[Finding]:
    """This function will ask the backend what is wrong with the documents that accepting a batch would make.

    Empty before the ERP was read or while a line has no codes there: other rules speak of these.
    """
    connection = erp_connection(batch.budget)
    if connection is None:
        return []
    try:
        return [
            finding
            for draft in drafts(batch)
            if not draft.settled
            for finding in backend(connection.alias).problems(draft.document)
        ]
    except ErpMisconfigured as problem:
        return [Finding("misconfigured", str(problem))]


@once_per_object
def drafts(batch: Batch) -> list[Draft]:
    """This function will make the documents that accepting a batch now would make, in their order.

    None before the ERP was read, and none while a line has no codes there.
    """
    connection, reading = erp_connection(batch.budget), latest_reading(batch.budget)
    if connection is None or reading is None:
        return []
    return _drafts(batch, connection, reading)


def _drafts(batch: Batch, connection: Connection, reading: ErpReading) -> list[Draft]:
    rows = lines_of(batch)
    for row in rows:
        if row.mapped is None:
            return []
        row.fix_codes(row.mapped)
    set_bases(batch, rows, reading)
    of_item: dict[int, list[BatchLine]] = {}
    for row in rows:
        of_item.setdefault(row.item_id, []).append(row)
    started = main_status(batch.budget, reading) == JobStatus.STARTED
    job = main_jobs([batch.budget.project_id]).get(batch.budget.project_id, "")
    made = []
    for item in batch.items.all():
        document = _document(item, of_item.get(item.pk, []), connection, job)
        without_a_write = started or document.kind is DocumentKind.MODIFICATION
        made.append(Draft(item, document, nets_to_nothing(document) and without_a_write))
    return made


def _document(item: BatchItem, rows: list[BatchLine], connection: Connection, job: str) -> ErpDocument:
    kind = DocumentKind(item.kind)
    return ErpDocument(
        company=connection.erp,
        number=mint_number(settings.TIEBACK_NUMBER_PREFIX),  # of the right shape, and never used
        content_hash="0" * 64,
        kind=kind,
        job=job,
        title=item.title,
        date=item.date,
        lines=tuple(erp_line(row, kind) for row in rows),
    )
