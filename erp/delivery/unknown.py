"""A document whose fate the ERP itself cannot tell: nothing is sent again until a person has looked."""

from __future__ import annotations

from erp.delivery.outcomes import Clock, connection_of, keep
from erp.models import Document
from erp.words import erp_name, when

LAST_WORDS = 1  # requests that the sentence names


def leave_to_a_person(document: Document, clock: Clock, reason: str) -> None:
    """This function will stop asking after an unconfirmed document and say what is known of it."""
    keep(document, clock, "Waits for a person", waiting_for=_facts(document, reason), not_before=None)


def _facts(document: Document, reason: str) -> str:
    erp = erp_name(connection_of(document))
    known = ""
    for call in document.calls.exclude(outcome__in=["done", "refused"]).order_by("-pk")[:LAST_WORDS]:
        known = f" The request “{call.step}” left {when(call.sent_at, document.batch)} without a trustworthy answer."
    return (
        f"{erp} cannot tell whether {document.number} arrived: {reason}{known} "
        f"Look for {document.number} in {erp}, then say here whether it is there."
    )
