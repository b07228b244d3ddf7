"""What one row of the queue says: what the batch holds, where it stands, what to heed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from budgets.models import Hold
from erp.delivery.left_there import left_ones
from erp.models import Batch, BatchState, ConfirmationState, Document, DocumentState
from erp.posting import by_word
from erp.words import erp_of
from projects.permissions import names


def what(batch: Any) -> str:
    """This function will say what a row of the queue holds: "original, 2 modifications"."""
    number = batch.modifications or 0
    said = ["original"] if batch.originals else []
    if number:
        said.append(f"{number} modification" if number == 1 else f"{number} modifications")
    return ", ".join(said)


WORDS = {
    BatchState.WAITING: ("wait", "Waiting for accounting"),
    BatchState.ACCEPTED: ("wait", "Accepted, exporting"),
    BatchState.EXPORTED: ("wait", "In {erp}, waiting for posting"),
    BatchState.REJECTED: ("warn", "Sent back"),
    BatchState.RETURNED: ("warn", "Returned"),
    BatchState.RETRIEVED: ("neutral", "Retrieved"),
}


def standing(batch: Any) -> tuple[str, str]:
    """This function will say where a row of the queue stands: (tone, words)."""
    if batch.state in (BatchState.ACCEPTED, BatchState.EXPORTED):
        if batch.refused or batch.unsure or batch.budget.hold == Hold.ATTENTION:
            return "bad", "Needs attention"
        if batch.withdrawing:
            return "wait", "Being taken back"
    if batch.state == BatchState.POSTED:
        return by_word.posted(_open_word(batch), erp=erp_of(batch.budget.project.company))
    if batch.disproved:
        return "bad", "Needs attention"
    tone, words = WORDS[batch.state]
    if batch.state == BatchState.WAITING and batch.budget.hold_data.get("step"):
        return tone, _on_its_route(batch.budget.hold_data)
    erp = erp_of(batch.budget.project.company)
    return tone, f"{words.format(erp=erp)}{_so_far(batch, erp)}"


def _open_word(batch: Any) -> str:
    """The word of a person that a row rests on; empty where the ERP has proved it, or nobody gave one."""
    if batch.disproved:
        return ConfirmationState.DISPROVED
    return ConfirmationState.WATCHED if batch.by_hand else ""


def _so_far(batch: Any, erp: str) -> str:
    """How many of the documents that are being written are there."""
    told = batch.budget.hold_data
    if batch.state != BatchState.ACCEPTED or told.get("batch") != batch.number or not told.get("total"):
        return ""
    return f", {told['done']} of {told['total']} document{'' if told['total'] == 1 else 's'} in {erp}"


def _on_its_route(told: dict[str, Any]) -> str:
    """Who approved, and for whom it waits now."""
    waits = f"waiting for {told['step']}: {told['who']}"
    if not told["approved_by"]:
        return f"{waits[:1].upper()}{waits[1:]} ({told['place']} of {told['steps']})"
    return f"Approved by {told['approved_by']} ({told['place'] - 1} of {told['steps']}), {waits}"


def _more_steps(batch: Any) -> bool:
    """Whether other steps follow the one that is due; limits count at the last."""
    told = batch.budget.hold_data
    return bool(told.get("place", 0) < told.get("steps", 0))


def count_left(rows: Iterable[Any]) -> None:
    """This function will note on returned rows how many documents were left in the ERP, in two queries for a page."""
    returned = {row.pk: row for row in rows if row.state == BatchState.RETURNED}
    documents = Document.objects.filter(batch__in=returned, state=DocumentState.WITHDRAWN) if returned else ()
    for document in left_ones(list(documents)):
        row = returned[document.batch_id]
        row.left = getattr(row, "left", 0) + 1


def warnings(batch: Any) -> list[str]:
    """This function will list what to heed about a row of the queue, in a few words each."""
    said, company = [], batch.budget.project.company
    erp, connection = erp_of(company), getattr(company, "erp_connection", None)
    if batch.state == BatchState.WAITING:
        ask = f": ask {instead}" if (instead := getattr(batch, "instead", "")) else ""
        if batch.four_eyes and batch.prepared:
            said.append(f"you prepared it{ask}")
        if batch.over_limit and not batch.yours and not _more_steps(batch):
            said.append(f"over your limit{ask}")
        if batch.read_at is None:
            said.append(f"{erp} not read yet")
    if batch.state in (BatchState.ACCEPTED, BatchState.EXPORTED):
        if batch.refused:
            said.append("a document was refused")
        if batch.budget.hold == Hold.ATTENTION and not batch.refused:
            said.append(batch.budget.hold_data["text"])
        elif batch.unsure:
            said.append("not known whether a document arrived")
    if batch.disproved:
        said.append(f"not posted in {erp} as was confirmed")
    elif batch.by_hand:
        said.append(f"not seen posted in {erp}")
    if left := getattr(batch, "left", 0):
        said.append(f"{left} document{'' if left == 1 else 's'} left in {erp}, as changed there")
    if batch.differing:
        said.append("posted with other amounts")
    if batch.state not in (
        BatchState.POSTED,
        BatchState.REJECTED,
        BatchState.RETRIEVED,
        BatchState.RETURNED,
    ) and (connection is None or connection.stopped_at or not connection.enabled):
        said.append("connection stopped")
    return said


def sender(batch: Batch) -> str:
    """This function will name who sent a batch."""
    return names([batch.sent_by])
