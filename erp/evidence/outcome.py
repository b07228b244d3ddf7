"""The part of an evidence pack that tells what became of a batch: documents, calls, readings, events."""

from __future__ import annotations

from typing import Any

from erp.decision.acceptance import main_jobs
from erp.delivery.left_there import is_left, look_up
from erp.evidence.seal import sha256
from erp.evidence.words import at, day, named, person
from erp.models import Batch, BatchState, Call, Document
from erp.timeline.masking import mask
from workflow.models import Event


def documents_of(row: Batch, documents: list[Document]) -> list[dict[str, Any]]:
    """This function will write a batch's documents, with what a content hash is over beside the lines.

    `jobs` are those that may have been the main one at accept: a project can be linked anew.
    """
    linked = getattr(row.budget.project.company, "erp_connection", None)
    same_erp = linked is not None and not (
        linked.moved_at and row.accepted_at and linked.moved_at > row.accepted_at
    )
    jobs = {*main_jobs([row.budget.project_id]).values(), *(row.reading.statuses if row.reading else ())}
    hashed = {"company": linked.erp_company, "jobs": sorted(jobs)} if linked and same_erp else None
    look_up(documents)
    return [{**_document(one), "hashed": hashed} for one in documents]


def _document(one: Document) -> dict[str, Any]:
    return {
        "id": one.pk,
        "item": one.item_id,
        "number": one.number,
        "content_hash": one.content_hash,
        "mapping_version": one.mapping_version,
        "route": one.route,
        "erp_number": one.erp_number,
        "state": one.state,
        "state_since": at(one.state_since),
        "attempts": one.attempts,
        "times_asked": one.times_asked,
        "findings": one.findings,
        "receipt": one.receipt,
        "delivered_at": at(one.delivered_at),
        "posted_at": at(one.posted_at),
        "posted_on": day(one.posted_on),
        "posting": one.posting,
        "differs": one.differs,
        "confirmed_by": person(one.confirmed_by),
        "by_hand": _word(getattr(one, "by_hand", None)),
        "left_there": is_left(one),
    }


def _word(word: Any) -> dict[str, Any] | None:
    """A person's word that it is posted, and what the ERP showed since."""
    if word is None:
        return None
    return {
        "confirmed_by": named(word.confirmed_by),
        **({"on_behalf_of": named(word.on_behalf_of)} if word.on_behalf_of_id else {}),
        "confirmed_at": at(word.confirmed_at),
        "note": word.note,
        "against": word.against,
        "state": word.state,
        "why": word.why,
        "posted_on": day(word.posted_on),
        "evidence": word.evidence,
        "differs": word.differs,
        "closed_by": person(word.closed_by),
        "closed_note": word.closed_note,
    }


def calls(row: Batch) -> list[dict[str, Any]]:
    """This function will write a batch's calls, in the order they were journaled."""
    rows = Call.objects.filter(document__batch=row).order_by("pk")
    return [call_of(call) for call in rows.iterator(chunk_size=500)]


def call_of(call: Call) -> dict[str, Any]:
    """This function will write a call: secrets out, with the hashes of what is kept of both sides."""
    return {
        "id": call.pk,
        "document": call.document_id,
        "step": call.step,
        "attempt": call.attempt,
        "method": call.method,
        "target": mask(call.target).text,
        "request_id": call.request_id,
        "sent_at": at(call.sent_at),
        "answered_at": at(call.answered_at),
        "status": call.status,
        "outcome": call.outcome,
        "request": _side(call.body),
        "answer": _side(call.answer),
    }


def _side(kept: str) -> dict[str, Any]:
    shown = mask(kept)
    return {"text": shown.text, "masked": shown.masked, "sha256": sha256(kept)}


def readings(row: Batch) -> list[dict[str, Any]]:
    """This function will write what was read of the ERP since it was sent, until it was decided or now."""
    rows = row.budget.readings.filter(asked_at__gte=row.sent_at)
    if row.state != BatchState.WAITING:
        rows = rows.filter(asked_at__lte=row.accepted_at or row.state_since)
    found = dict.fromkeys(rows.order_by("pk").values_list("pk", "asked_at", "made_at", "state", "hash"))
    if row.reading is not None:
        one = row.reading
        found.setdefault((one.pk, one.asked_at, one.made_at, one.state, one.hash))
    return [
        {"id": pk, "asked_at": at(asked), "made_at": at(made), "state": state, "hash": digest}
        for pk, asked, made, state, digest in found
    ]


def event(event: Event) -> dict[str, Any]:
    """This function will write an event with everything its hash is over, in the form it is hashed in."""
    return {
        "seq": event.seq,
        "at": at(event.at),
        "actor": event.actor,
        "actor_pk": event.actor_pk,
        "action": event.action,
        "about": event.about,
        "from_state": event.from_state,
        "to_state": event.to_state,
        "sentence": event.sentence,
        "note": event.note,
        "data": event.data,
        "prev_hash": event.prev_hash,
        "hash": event.hash,
    }
