"""What pages show about waiting for posting and about what was posted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import template
from django.utils import timezone

from budgets.models import Budget, BudgetState, Hold
from erp.approval import route_words, routes
from erp.delivery import whereabouts
from erp.models import Batch, Document
from erp.posting import by_word, differences, waiting
from erp.posting import proof as evidence
from erp.posting.waiting import Usual
from erp.reset.blockers import clearing_reset
from erp.reset.models import LinkReset
from erp.snapshots import latest_batch
from erp.timeline import waits as timeline_waits
from erp.timeline.calls import SoFar, so_far
from erp.words import erp_of

register = template.Library()


@register.filter
def how_long(waits: waiting.Waiting) -> str:
    """This function will say since when a batch waits to be posted, what is usual, and what is posted already."""
    return waits.how_long(timezone.now())


@register.simple_tag
def posted_as(batch: Batch) -> tuple[str, str]:
    """This function will call a posted batch what it is, by the ERP's word or a person's: (tone, words)."""
    return by_word.posted(by_word.open_word(batch), erp=erp_of(batch.budget.project.company))


@register.simple_tag
def waiting_for_posting(budget: Budget) -> waiting.Waiting | None:
    """This function will find how a budget's last batch waits to be posted; None while it does not."""
    if budget.hold not in (Hold.IN_ERP, Hold.EXPORTING):
        return None
    batch = latest_batch(budget)
    if batch is None:
        return None
    batch.budget = budget
    return waiting.waiting_of(batch, list(batch.documents.select_related("item")))


@dataclass(frozen=True)
class Deciding:
    """How long accounting usually takes to decide, where that is known, and the route where it has several steps."""

    usual: Usual | None
    route: list[route_words.ShownStep]


@register.simple_tag
def waiting_for_decision(budget: Budget) -> Deciding | None:
    """This function will say what is known of the decision that a budget's last batch waits for."""
    batch = latest_batch(budget)
    if batch is None:
        return None
    batch.budget = budget
    route = route_words.shown(batch)
    first = routes.waiting_since(batch) == batch.sent_at
    often = timeline_waits.usual_decision(budget.project.company) if first else None
    return Deciding(often, route if len(route) > 1 else [])


@register.simple_tag
def calls_so_far(budget: Budget) -> SoFar | None:
    """This function will count the calls of what is being written now; None while nothing is."""
    batch = latest_batch(budget)
    return None if batch is None else so_far(batch)


@register.simple_tag
def in_erp_now(budget: Budget) -> whereabouts.Tally | None:
    """This function will count how many documents of a budget's last batch are in the ERP, and where the others are."""
    batch = latest_batch(budget)
    documents = list(batch.documents.all()) if batch else []
    return whereabouts.tally(documents, whereabouts.writes_of(batch)) if batch and documents else None


@register.simple_tag
def link_being_reset(budget: Budget) -> LinkReset | None:
    """This function will find the confirmed reset for which what was sent is taken out again, if there is one."""
    return clearing_reset(budget) if budget.state == BudgetState.SENT else None


@register.filter
def needless(document: Document) -> bool:
    """This function will tell whether nothing was written for a document: its number is nowhere in the ERP."""
    return whereabouts.needed_no_entry(document)


@register.filter
def question(document: Document) -> waiting.Question:
    """This function will say what the ERP was last asked about a document, and when it is asked again."""
    return waiting.question_of(document)


@register.filter
def proof(document: Document) -> evidence.Evidence:
    """This function will put the evidence of a posted document into words, of one confirmed by hand what came since."""
    word = getattr(document, "by_hand", None)
    return evidence.evidence_of(document.posting if word is None else word.evidence)


@register.simple_tag
def differences_of(documents: Sequence[Document]) -> list[tuple[Document, Any]]:
    """This function will lay out what was posted with other amounts: (document, differences)."""
    stored = {document.item_id: document.differs or _disproving(document) for document in documents}
    laid_out = differences.differences_by_item(stored)
    return [(document, laid_out[document.item_id]) for document in documents if document.item_id in laid_out]


def _disproving(document: Document) -> list[Any]:
    word = getattr(document, "by_hand", None)
    return [] if word is None else word.differs
