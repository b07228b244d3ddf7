"""What an ERP would refuse of a waiting batch on paper alone, without a network: looked at before it is accepted."""

from __future__ import annotations

from django.conf import settings

from erp.acceptance import erp_line, linked_batch_lines, main_jobs, set_bases
from erp.backends import backend
from erp.documents import mint_number, nets_to_nothing
from erp.models import Batch, BatchItem, BatchLine, Connection, ErpReading
from erp.port import DocumentKind, ErpDocument, ErpMisconfigured, Finding, JobStatus
from erp.snapshots import erp_connection, erp_key, latest_reading, main_status


def unfit(batch: Batch) -> list[Finding]:
    """This function will ask the backend what is wrong with the documents that accepting a batch would make.

    Empty before the ERP was read or while a line has no codes there: other rules speak of these.
    """
    connection, reading = erp_connection(batch.budget), latest_reading(batch.budget)
    if connection is None or reading is None:
        return []
    try:
        return [
            finding
            for document in _drafts(batch, connection, reading)
            for finding in backend(connection.alias).problems(document)
        ]
    except ErpMisconfigured as problem:
        return [Finding("misconfigured", str(problem))]


def _drafts(batch: Batch, connection: Connection, reading: ErpReading) -> list[ErpDocument]:
    """The documents as they would be accepted now, less those that would be settled without a write."""
    rows = linked_batch_lines(batch)
    for row in rows:
        key = erp_key(row.line)
        if key is None:
            return []
        row.erp_job, row.erp_cost_code, row.erp_cost_type = key.job, key.cost_code, key.cost_type
    set_bases(batch, rows, reading)
    started = main_status(batch.budget, reading) == JobStatus.STARTED
    job = main_jobs([batch.budget.project_id]).get(batch.budget.project_id, "")
    drafts = [_draft(item, rows, connection, job) for item in batch.items.all()]
    return [
        draft
        for draft in drafts
        if not (nets_to_nothing(draft) and (started or draft.kind is DocumentKind.MODIFICATION))
    ]


def _draft(item: BatchItem, rows: list[BatchLine], connection: Connection, job: str) -> ErpDocument:
    kind = DocumentKind(item.kind)
    return ErpDocument(
        company=connection.erp,
        number=mint_number(settings.TIEBACK_NUMBER_PREFIX),  # of the right shape, and never used
        content_hash="0" * 64,
        kind=kind,
        job=job,
        title=item.title,
        date=item.date,
        lines=tuple(erp_line(row, kind) for row in rows if row.item_id == item.pk),
    )
