"""How much of a batch the ERP holds, as far as receipts, proofs and the journal of calls tell. Nothing is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from django.db.models import Count, Q

from erp.delivery.left_there import is_left, look_up
from erp.delivery.still_as_seen import NOTHING_WRITTEN
from erp.models import Batch, Call, Document, DocumentState

REMOVED, TURNED_DOWN = "removed_in_erp", "rejected_in_erp"
STOOD_STILL = (DocumentState.REFUSED, DocumentState.QUEUED)  # what was found last still holds


class Where(Enum):
    """Where a document is; the value is how many documents are told so."""

    THERE = "there"
    PARTLY = "partly there"
    SENDING = "being sent"
    UNKNOWN = "not known whether there"
    REJECTED = "rejected there"
    LEAVING = "being taken back"
    OUT = "taken back"
    LEFT = "left there, as changed there"
    REMOVED = "removed there"
    NOT = "not there"
    NEEDLESS = "needed no entry"


ALSO = [place for place in Where if place not in (Where.THERE, Where.NOT)]  # what is told beside the numbers


@dataclass(frozen=True)
class Writes:
    """The calls of a document that may have written: how many the ERP confirmed, and how many it did not."""

    done: int = 0
    unclear: int = 0


NONE = Writes()


def writes_of(batch: Batch) -> dict[int, Writes]:
    """This function will count what was written of documents without a receipt, by document id, in one query."""
    rows = Call.objects.filter(document__batch=batch, document__delivered_at=None)
    counted = (
        rows.exclude(outcome__in=NOTHING_WRITTEN)
        .order_by()
        .values_list("document_id")
        .annotate(done=Count("pk", filter=Q(outcome="done")), all=Count("pk"))
    )
    return {document: Writes(done, number - done) for document, done, number in counted}


def needed_no_entry(document: Document) -> bool:
    """This function will tell whether a document was settled as it was accepted: the ERP knows nothing of it."""
    return document.state == DocumentState.POSTED and not document.attempts


def where_is(document: Document, writes: Writes = NONE) -> Where:
    """This function will say where a document is."""
    if document.state == DocumentState.POSTED:
        return Where.NEEDLESS if needed_no_entry(document) else Where.THERE
    if document.state == DocumentState.WITHDRAWN:
        return Where.LEFT if is_left(document) else Where.OUT
    if document.state == DocumentState.WITHDRAWING:
        return Where.LEAVING
    if document.state == DocumentState.SENDING:
        return Where.SENDING
    codes = {finding.get("code") for finding in document.findings}
    if document.state in STOOD_STILL and TURNED_DOWN in codes:
        return Where.REJECTED  # its receipt is gone once it is tried again, and it lies there as before
    if document.delivered_at is not None:
        return Where.REMOVED if REMOVED in codes else Where.THERE
    if writes.done:
        return Where.PARTLY
    unsure = writes.unclear or document.state == DocumentState.UNCONFIRMED
    return Where.UNKNOWN if unsure else Where.NOT


@dataclass(frozen=True)
class Tally:
    """How many of the documents that need an entry are in the ERP, and what else is to be said."""

    there: int
    total: int
    also: tuple[str, ...]

    @property
    def aside(self) -> str:
        """What else is to be said: ", 1 partly there"."""
        return "".join(f", {said}" for said in self.also)


def tally(documents: Sequence[Document], writes: Mapping[int, Writes]) -> Tally:
    """This function will count a batch's documents by where they are."""
    look_up(documents)
    places = Counter(where_is(document, writes.get(document.pk, NONE)) for document in documents)
    return Tally(
        there=places[Where.THERE],
        total=len(documents) - places[Where.NEEDLESS],
        also=tuple(f"{places[place]} {place.value}" for place in ALSO if places[place]),
    )


def all_made(places: Collection[Where]) -> bool:
    """This function will tell whether everything that was to be made in the ERP is there."""
    return set(places) <= {Where.THERE, Where.NEEDLESS}
