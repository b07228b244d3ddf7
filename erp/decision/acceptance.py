"""What Accept fixes: the ERP's codes, bases and numbers; and the documents it puts into the queue."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db import connection as database
from django.db.models import F

from budgets import large_reads
from budgets.models import Budget
from budgets.money import moved
from erp.documents import ZERO, bases_in_erp, content_hash, mint_number, nets_to_nothing
from erp.line_codes import ERP_CODES
from erp.models import Batch, BatchItem, BatchLine, Connection, Document, ErpReading, JobLink
from erp.port import DocumentKind, ErpDocument, ErpKey, ErpLine, JobStatus
from erp.reset.link_epochs import resets_of
from erp.reset.models import LinkReset
from erp.snapshots import erp_connection, held_originals, main_status, posted_targets
from workflow.actions import SYSTEM, ensure
from workflow.blockers import once_per_object

MAPPED = ("mapped_job", "mapped_cost_code", "mapped_cost_type")
WEIGHED = {"base": "numeric", "delta": "numeric", "before": "numeric"}
FIXED = {"erp_job": "text", "erp_cost_code": "text", "erp_cost_type": "text", **WEIGHED}


def fix_and_queue(batch: Batch, reading: ErpReading, *, now: datetime) -> list[Document]:
    """This function will fix a waiting batch's lines against a reading and write its documents, due at once.

    A document that changes nothing once its lines are mapped is settled as posted without a write.
    """
    _weigh(batch, _fix_lines(batch, reading))
    started = main_status(batch.budget, reading) == JobStatus.STARTED
    return [_queue(batch, item, now=now, started=started) for item in batch.items.all()]


def hold_mapping(budget: Budget) -> None:
    """This function will keep the mapping of a budget's company as it is until the transaction ends."""
    held = Connection.objects.select_for_update(no_key=True).filter(company=budget.project.company_id)
    held.values_list("pk").first()


def weigh(batch: Batch, reading: ErpReading) -> None:
    """This function will work out what a waiting batch moves, against a new reading, and save it with its lines.

    Lists, limits and every page then speak of the amounts that Accept will fix; a batch that is never accepted keeps
    those its approver saw.
    """
    rows = lines_of(batch)
    stood = [(row.base, row.delta, row.before) for row in rows]
    set_bases(batch, rows, reading)
    _store(
        [row for row, old in zip(rows, stood, strict=True) if (row.base, row.delta, row.before) != old],
        WEIGHED,
    )
    _weigh(batch, rows)
    batch.save(update_fields=["moved", "net", "lines_changed"])
    # Steps for larger amounts are part of the route from now on, whatever the next reading says.
    batch.steps.filter(needed=False, moved_from__lte=batch.moved).update(needed=True)


def _weigh(batch: Batch, rows: list[BatchLine]) -> None:
    documents: dict[int, list[Decimal]] = {}
    for row in rows:
        documents.setdefault(row.item_id, []).append(row.delta)
    batch.moved = sum((moved(deltas) for deltas in documents.values()), ZERO)
    batch.net = sum((row.delta for row in rows), ZERO)
    batch.lines_changed = sum(1 for row in rows if row.delta)


def linked_batch_lines(batch: Batch) -> list[BatchLine]:
    """This function will read a batch's lines with the codes they are mapped to now, in the snapshot's order.

    The codes come as text beside each row: 10,000 lines with all their linked rows would be 140,000 objects.
    """
    rows = BatchLine.objects.filter(item__batch=batch).order_by("item__position", "position")
    codes = {name: F(f"line__{path}") for name, path in zip(MAPPED, ERP_CODES, strict=True)}
    ours = {"our_cost_code": F("line__cost_code_id"), "our_cost_type": F("line__cost_type_id")}
    with large_reads.cursor():
        found = list(rows.annotate(**ours, **codes))
    for row in found:
        key = [getattr(row, name) for name in MAPPED]
        row.mapped = ErpKey(*key) if None not in key else None
    return found


@once_per_object
def lines_of(batch: Batch) -> list[BatchLine]:
    """This function will read the same once for everything that one page asks of a batch."""
    return linked_batch_lines(batch)


def _fix_lines(batch: Batch, reading: ErpReading) -> list[BatchLine]:
    """Fill in the ERP's codes; fix base and before of originals."""
    rows = lines_of(batch)  # read under the lock of the mapping, by what stands before
    for row in rows:
        if row.mapped is None:  # `lines_not_mapped` said so
            raise RuntimeError("a line of an accepted batch has codes in the ERP")
        row.fix_codes(row.mapped)
    set_bases(batch, rows, reading)
    _store(rows, FIXED)
    return rows


def _store(rows: list[BatchLine], columns: Mapping[str, str]) -> None:
    """One statement for all lines: Django's bulk_update writes a CASE of thousands of branches instead."""
    values = {"id": "bigint", **columns}
    sets = ", ".join(f"{name} = new.{name}" for name in columns)
    arrays = ", ".join(f"%s::{kind}[]" for kind in values.values())
    statement = f"""
        UPDATE erp_batchline AS line SET {sets}
        FROM unnest({arrays}) AS new({", ".join(values)}) WHERE line.id = new.id
    """  # noqa: S608  the names stand above, none comes from outside
    with database.cursor() as cursor:
        cursor.execute(statement, [[getattr(row, name) for row in rows] for name in values])


def set_bases(batch: Batch, rows: list[BatchLine], reading: ErpReading) -> None:
    """This function will set before, base and delta of originals against a reading, without saving."""
    keys = [(row.pk, row.mapped) for row in rows if row.target is not None and row.mapped]
    before = bases_in_erp(keys, held_originals(reading))
    never_posted = not posted_targets(batch.budget)
    for row in rows:
        if row.target is None:
            continue
        row.before = before.get(row.pk, ZERO)
        if never_posted:
            row.base, row.delta = row.before, row.target - row.before


def _queue(batch: Batch, item: BatchItem, *, now: datetime, started: bool) -> Document:
    connection = erp_connection(batch.budget)
    if connection is None:
        raise RuntimeError("an accepted batch has a connection")  # `not_linked` stopped Send otherwise
    snapshot = [
        [str(row.pk), row.erp_job, row.erp_cost_code, row.erp_cost_type, str(row.delta), str(row.target)]
        for row in item.lines.all()
    ]
    job = main_jobs([batch.budget.project_id])[batch.budget.project_id]
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


def erp_document(document: Document) -> ErpDocument:
    """This function will make the neutral document that a backend pushes, from the frozen rows."""
    return erp_documents([document])[0]


def erp_documents(documents: Sequence[Document]) -> list[ErpDocument]:
    """This function will make the neutral documents of many rows, in their order and in three queries in all.

    Their items, and their batches down to the project, are read here one by one where the caller has not.
    """
    connections = Connection.objects.in_bulk(
        {document.batch.budget.project.company_id for document in documents}, field_name="company_id"
    )
    jobs = main_jobs({document.batch.budget.project_id for document in documents})
    past = _jobs_of_the_past({document.batch.budget.project_id for document in documents})
    lines = _lines({document.item_id: DocumentKind(document.item.kind) for document in documents})
    return [
        ErpDocument(
            company=connections[document.batch.budget.project.company_id].erp,
            number=document.number,
            content_hash=document.content_hash,
            kind=DocumentKind(document.item.kind),
            job=_job_of(document.batch, past) or jobs[document.batch.budget.project_id],
            title=document.item.title,
            date=document.item.date,
            lines=tuple(lines.get(document.item_id, ())),
            route=document.route,
            erp_number=document.erp_number,
        )
        for document in documents
    ]


def main_jobs(projects: Collection[int]) -> dict[int, str]:
    """This function will find the ERP's code of each project's main job."""
    links = JobLink.objects.filter(job__project__in=projects, job__parent=None)
    return dict(links.values_list("job__project_id", "erp_job__code"))


def _jobs_of_the_past(projects: Collection[int]) -> dict[int, list[LinkReset]]:
    found: dict[int, list[LinkReset]] = defaultdict(list)
    for reset in resets_of(projects):
        found[reset.project_id].append(reset)
    return found


def _job_of(batch: Batch, past: Mapping[int, list[LinkReset]]) -> str:
    """The job a batch was sent to, where the project's link was reset since; empty where it was not."""
    ended = (r for r in past.get(batch.budget.project_id, ()) if batch.number <= (r.after_batch or 0))
    first = next(ended, None)
    return first.job_code if first else ""


def _lines(kinds: Mapping[int, DocumentKind]) -> dict[int, list[ErpLine]]:
    """The lines of many items, by item."""
    found: dict[int, list[ErpLine]] = defaultdict(list)
    for row in BatchLine.objects.filter(item__in=kinds).order_by("item_id", "position"):
        found[row.item_id].append(erp_line(row, kinds[row.item_id]))
    return found


def erp_line(row: BatchLine, kind: DocumentKind) -> ErpLine:
    """This function will make the neutral line of a row whose codes in the ERP are filled in."""
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
