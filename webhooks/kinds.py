"""What webhooks can tell of: which event in a company's chain is which type on the wire. The types are a promise."""

from __future__ import annotations

from dataclasses import dataclass

TEST = "test"


@dataclass(frozen=True)
class Kind:
    """One type, the action of the event it comes from, and what people read when they choose it."""

    type: str
    action: str
    label: str


ALL = (
    Kind("budget.locked", "lock", "A budget was locked"),
    Kind("budget.unlocked", "unlock", "A budget was unlocked"),
    Kind("batch.sent", "send", "A budget was sent to accounting"),
    Kind("batch.retrieved", "retrieve", "The project manager took it back"),
    Kind("batch.approved", "approve", "One step of several was approved"),
    Kind("batch.accepted", "accept", "Accounting accepted it"),
    Kind("batch.rejected", "reject", "Accounting sent it back"),
    Kind("batch.exported", "mark_exported", "All of it is in the ERP"),
    Kind("batch.overdue", "remind", "It waits to be posted longer than usual"),
    Kind("batch.posted", "mark_posted", "All of it is posted"),
    Kind("batch.returned", "mark_returned", "It was taken out of the ERP again"),
    Kind("document.refused", "document_refused", "The ERP refused a part of it"),
    Kind("connection.stopped", "stop_connection", "The connection to the ERP was stopped"),
    Kind("connection.silent", "erp_is_silent", "The ERP does not answer"),
    Kind("connection.answers", "erp_answers", "The ERP answers again"),
)
BY_ACTION = {kind.action: kind for kind in ALL}
TYPES = {kind.type: kind for kind in ALL}
