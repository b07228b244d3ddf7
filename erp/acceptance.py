"""What Accept fixes: the ERP's codes, bases and numbers; and the documents it puts into the queue."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from erp.documents import ZERO, bases_in_erp, content_hash, mint_number, moved, nets_to_nothing
from erp.models import Batch, BatchItem, BatchLine, Document, ErpReading
from erp.port import DocumentKind, ErpDocument, ErpKey, ErpLine, JobStatus
from erp.snapshots import LINKED, erp_connection, erp_key, held_originals, main_status, posted_targets
from workflow.actions import SYSTEM, ensure


def fix_and_queue(batch: Batch, reading: ErpReading, *, now: datetime) -> list[Document]:
    """This function will fix a waiting batch's lines against a reading and write its documents, due at once.

    A document that changes nothing once its lines are mapped is settled as posted without a write.
    """
    lines = _fix_lines(batch, reading)
    deltas = [row.delta for row in lines]
    batch.moved, batch.net = moved(deltas), sum(deltas, ZERO)
    batch.lines_changed = sum(1 for delta in deltas if delta)
    started = main_status(batch.budget, reading) == JobStatus.STARTED
    return [_queue(batch, item, now=now, started=started) for item in batch.items.all()]


def _fix_lines(batch: Batch, reading: ErpReading) -> list[BatchLine]:
    """Fill in the ERP's codes; fix base and before of originals."""
    rows = list(
        BatchLine.objects.filter(item__batch=batch)
        .select_related("item", *(f"line__{name}" for name in LINKED))
        .order_by("item__position", "position")
    )
    keys = {row.pk: key for row in rows if (key := erp_key(row.line))}
    for row in rows:
        key = keys[row.pk]
        row.erp_job, row.erp_cost_code, row.erp_cost_type = key.job, key.cost_code, key.cost_type
    originals = [row for row in rows if row.item.kind == DocumentKind.ORIGINAL]
    _fix_bases(batch, originals, keys, reading)
    BatchLine.objects.bulk_update(
        rows, ["erp_job", "erp_cost_code", "erp_cost_type", "base", "delta", "before"], batch_size=1000
    )
    return rows


def _fix_bases(
    batch: Batch, originals: list[BatchLine], keys: dict[int, ErpKey], reading: ErpReading
) -> None:
    before = bases_in_erp(((row.pk, keys[row.pk]) for row in originals), held_originals(reading))
    never_posted = not posted_targets(batch.budget)
    started = main_status(batch.budget, reading) == JobStatus.STARTED
    for row in originals:
        row.before = before[row.pk]
        if never_posted and row.target is not None:
            row.base = before[row.pk] if started else ZERO
            row.delta = row.target - row.base


def _queue(batch: Batch, item: BatchItem, *, now: datetime, started: bool) -> Document:
    connection = erp_connection(batch.budget)
    if connection is None:
        raise RuntimeError("an accepted batch has a connection")  # `not_linked` stopped Send otherwise
    snapshot = [
        [str(row.pk), row.erp_job, row.erp_cost_code, row.erp_cost_type, str(row.delta), str(row.target)]
        for row in item.lines.all()
    ]
    job = main_job_code(batch)
    document = Document.objects.create(
        batch=batch,
        item=item,
        number=_unused_number(),
        content_hash=content_hash(
            kind=DocumentKind(item.kind),
            company=connection.erp_company,
            job=job,
            title=item.title,
            day=item.date,
            lines=snapshot,
        ),
        mapping_version=connection.mapping_version,
        state_since=now,
        not_before=now,
    )
    if nets_to_nothing(erp_document(document)) and (started or item.kind == DocumentKind.MODIFICATION):
        ensure(document, "post", SYSTEM)
        note = "nets to zero in the ERP; nothing was written"
        document.post(now=now, posted_on=None, evidence={"note": note}, differs=[])
        document.save()
    return document


def _unused_number() -> str:
    number = mint_number(settings.TIEBACK_NUMBER_PREFIX)
    while Document.objects.filter(number=number).exists():
        number = mint_number(settings.TIEBACK_NUMBER_PREFIX)
    return number


def main_job_code(batch: Batch) -> str:
    """This function will find the ERP's code of the batch's main job."""
    link = batch.budget.project.jobs.get(parent=None).erp_link
    return link.erp_job.code


def erp_document(document: Document) -> ErpDocument:
    """This function will make the neutral document that a backend pushes, from the frozen rows."""
    item, batch = document.item, document.batch
    connection = erp_connection(batch.budget)
    if connection is None:
        raise RuntimeError("a document's company has a connection")
    kind = DocumentKind(item.kind)
    return ErpDocument(
        company=connection.erp,
        number=document.number,
        content_hash=document.content_hash,
        kind=kind,
        job=main_job_code(batch),
        title=item.title,
        date=item.date,
        lines=tuple(_erp_line(row, kind) for row in item.lines.all()),
        route=document.route,
        erp_number=document.erp_number,
    )


def _erp_line(row: BatchLine, kind: DocumentKind) -> ErpLine:
    # A quantity travels with the first original alone: a change of the amount says nothing about it.
    first = kind is DocumentKind.ORIGINAL and row.base == 0 and bool(row.unit)
    return ErpLine(
        ref=str(row.pk),
        key=ErpKey(row.erp_job, row.erp_cost_code, row.erp_cost_type),
        description=row.description,
        delta=row.delta,
        target=row.target,
        before=row.before,
        quantity=row.quantity if first else None,
        unit=row.unit if first else "",
    )
