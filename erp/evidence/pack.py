"""Everything that proves what became of a batch, gathered into one neutral structure for an auditor.

Read in one snapshot of the database and written nowhere: whoever may see the batch may take it away, and that leaves no
event (record 0009). The sections are described in docs/evidence.md; `check` holds each of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from budgets.modifications.attachments import content as bytes_of
from budgets.money import moved
from erp.documents import ZERO
from erp.evidence.outcome import calls, documents_of, event, readings
from erp.evidence.seal import FORMAT, SCHEMA, sha256
from erp.evidence.words import at, day, money, named, person
from erp.models import Batch, BatchAttachment, BatchLine, BatchState
from erp.posting.waiting import BY_HAND
from erp.timeline.sources import events_of
from erp.words import erp_name
from projects.models import Job
from workflow.models import ChainHead

WORDS = {
    BatchState.WAITING: "Not decided yet",
    BatchState.ACCEPTED: "Accepted, not completely in the ERP yet",
    BatchState.EXPORTED: "Accepted and in the ERP, not posted yet",
    BatchState.POSTED: "Accepted and posted in the ERP",
    BatchState.REJECTED: "Sent back",
    BatchState.RETRIEVED: "Retrieved before a decision",
    BatchState.RETURNED: "Accepted, then returned to the project manager",
}
PEOPLE = ("sent_by", "opened_by", "accepted_by", "sent_back_by", "answers", "reading")


def gather(batch: Batch, *, now: datetime, by: Any = None) -> dict[str, Any]:
    """This function will gather the evidence of a batch as it is now, for a person; JSON-ready, unsealed."""
    with one_snapshot():
        company = "budget__project__company__erp_connection"
        row = Batch.objects.select_related(*PEOPLE, company).get(pk=batch.pk)
        documents = list(row.documents.select_related("item", *BY_HAND).order_by("item__position"))
        head = ChainHead.objects.filter(chain=row.budget.project.company_id).first()
        lines = _items(row)
        return {
            "format": FORMAT,
            "schema": SCHEMA,
            "made": {"at": at(now), "for": person(by)},
            "company": _company(row),
            "project": _project(row),
            "batch": _batch(row),
            "preparers": [
                {**named(one.user), "what": one.what}
                for one in row.preparers.select_related("user").order_by("pk")
            ],
            "approvals": _approvals(row),
            "decision": _decision(row),
            "items": lines,
            "documents": documents_of(row, documents),
            "calls": calls(row),
            "readings": readings(row),
            "attachments": _attachments(row),
            "events": [event(one) for one in events_of(row, documents)],
            "chain": {
                "id": row.budget.project.company_id,
                "seq": head.seq if head else 0,
                "hash": head.hash if head else "",
            },
            "totals": totals_of(lines),
        }


@contextmanager
def one_snapshot() -> Iterator[None]:
    """Everything inside is read as it was at one moment, whatever is committed meanwhile."""
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        if outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def _company(row: Batch) -> dict[str, Any]:
    company = row.budget.project.company
    linked = getattr(company, "erp_connection", None)
    return {
        "id": company.pk,
        "code": company.code,
        "name": company.name,
        "currency": company.currency,
        "time_zone": company.time_zone,
        "erp": erp_name(linked),
        "erp_company": linked.erp_company if linked else "",
    }


def _project(row: Batch) -> dict[str, Any]:
    project = row.budget.project
    job = Job.objects.filter(project=project, parent=None).first()
    return {"id": project.pk, "name": project.name, "job": job.code if job else ""}


def _batch(row: Batch) -> dict[str, Any]:
    return {
        "id": row.pk,
        "number": row.number,
        "round": row.round,
        "answers": row.answers.number if row.answers else None,
        "state": row.state,
        "state_since": at(row.state_since),
        "sent_by": named(row.sent_by),
        "sent_at": at(row.sent_at),
        "note": row.note,
        "moved": money(row.moved),
        "net": money(row.net),
        "lines_changed": row.lines_changed,
        "four_eyes": row.four_eyes,
        "opened_by": person(row.opened_by),
        "opened_at": at(row.opened_at),
        "exported_at": at(row.exported_at),
        "posted_at": at(row.posted_at),
    }


def _decision(row: Batch) -> dict[str, Any]:
    remarks = row.remarks.select_related("line__job", "line__cost_code", "line__cost_type", "answered_by")
    return {
        "words": WORDS[BatchState(row.state)],
        "accepted_by": person(row.accepted_by),
        "accepted_at": at(row.accepted_at),
        "reading": row.reading.hash if row.reading else None,
        "sent_back_by": person(row.sent_back_by),
        "reason_code": row.reason_code,
        "reason": row.reason,
        "remarks": [
            {
                "line": remark.line_id,
                "code": f"{remark.line.job.code} {remark.line}",
                "text": remark.text,
                "answer": remark.answer,
                "answered_by": person(remark.answered_by),
                "answered_at": at(remark.answered_at),
            }
            for remark in remarks.order_by("pk")
        ],
    }


def _approvals(row: Batch) -> list[dict[str, Any]]:
    """The steps of the batch's route, where its company has rules for one."""
    return [
        {
            "position": step.position,
            "name": step.name,
            "needed": step.needed,
            "taken_by": person(step.taken_by),
            "on_behalf_of": person(step.on_behalf_of),
            "taken_at": at(step.taken_at),
            "reading": step.reading.hash if step.reading else None,
        }
        for step in row.steps.select_related("taken_by", "on_behalf_of", "reading").order_by("position")
    ]


# -- what was sent --------------------------------------------------------------------------------------------------


def _items(row: Batch) -> list[dict[str, Any]]:
    lines: dict[int, list[dict[str, Any]]] = {}
    for line in (
        BatchLine.objects.filter(item__batch=row).order_by("item__position", "position", "pk").iterator()
    ):
        lines.setdefault(line.item_id, []).append(line_of(line))
    return [
        {
            "id": item.pk,
            "position": item.position,
            "kind": item.kind,
            "modification": item.modification_id,
            "title": item.title,
            "date": day(item.date),
            "lines": lines.get(item.pk, []),
        }
        for item in row.items.order_by("position")
    ]


def line_of(line: BatchLine) -> dict[str, Any]:
    """This function will write a frozen line as a pack holds it."""
    return {
        "id": line.pk,
        "line": line.line_id,
        "position": line.position,
        "job": line.job,
        "cost_code": line.cost_code,
        "cost_type": line.cost_type,
        "description": line.description,
        "quantity": money(line.quantity),
        "unit": line.unit,
        "target": money(line.target),
        "base": money(line.base),
        "delta": money(line.delta),
        "before": money(line.before),
        "erp_job": line.erp_job,
        "erp_cost_code": line.erp_cost_code,
        "erp_cost_type": line.erp_cost_type,
    }


def totals_of(items: list[dict[str, Any]]) -> dict[str, Any]:
    """This function will sum a pack's lines: all, and by item."""
    deltas = [[Decimal(line["delta"]) for line in item["lines"]] for item in items]
    every = [delta for rows in deltas for delta in rows]
    return {
        "lines": len(every),
        "moved": str(sum((moved(rows) for rows in deltas), ZERO)),
        "net": str(sum(every, ZERO)),
        "items": [{"moved": str(moved(rows)), "net": str(sum(rows, ZERO))} for rows in deltas],
    }


def _attachments(row: Batch) -> list[dict[str, Any]]:
    rows = BatchAttachment.objects.filter(item__batch=row).select_related("attachment", "item")
    return [
        {
            "item": one.item_id,
            "name": one.attachment.name,
            "kind": one.attachment.kind,
            "size": one.attachment.size,
            "sha256": sha256(bytes_of(one.attachment)),
        }
        for one in rows.order_by("item__position", "attachment")
    ]
