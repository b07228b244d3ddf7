"""What stops somebody from saying what became of a posted document that the ERP tells otherwise: it is asked.

One word of one person would else send a modification again that counts already, or an original again that was
confirmed by hand and is posted there later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from budgets.models import Budget
from erp import bell
from erp.backends import backend
from erp.delivery.circuit import open_circuit
from erp.models import Connection, Document
from erp.port import PostingState
from erp.posting.confirmation_models import OPEN_WORDS
from erp.posting.waiting import SAID
from erp.reset.blockers import posted_documents
from erp.reset.models import Fate, LinkReset
from erp.words import erp_name
from workflow.blockers import Found, Kind, blocker

POSTED = (PostingState.POSTED, PostingState.POSTED_DIFFERENT)
UNPOSTED = (PostingState.WAITING, PostingState.STAGING)  # no word of an ERP that sees no postings by itself
DECLARED = "declared"  # what the service keeps on the reset it locked


def ask(budget: Budget, *, now: datetime, but_watched: bool = False) -> bool:
    """This function will have the ERP asked now about every posted document, or only what is not watched already.

    Tells whether there is any to ask about.
    """
    rows = Document.objects.filter(pk__in=[document.pk for document in posted_documents(budget)])
    if but_watched:
        rows = rows.filter(poll_at=None)
    found = bool(rows.update(poll_at=now, check_at=now))
    if found:
        bell.ring("poll_postings")
    return found


def declare(reset: LinkReset, documents: Mapping[str, Sequence[Document]]) -> None:
    """This function will keep on a reset what somebody is about to say, by fate."""
    reset.__dict__[DECLARED] = documents


def speaks(reset: LinkReset) -> bool:
    """This function will tell whether somebody is about to say something."""
    return DECLARED in reset.__dict__


def declared(reset: LinkReset, fate: str) -> list[Document]:
    """This function will find the documents of which one fate was said in this reset, or is being said."""
    words = reset.documents.filter(fate=fate).select_related("document__item").order_by("pk")
    return [*(word.document for word in words), *reset.__dict__.get(DECLARED, {}).get(fate, [])]


def _said(reset: LinkReset, fate: str) -> list[Document]:
    """What is being given this fate; where nobody speaks, what was in this reset. Nothing once it is over."""
    if not reset.is_open:
        return []
    if speaks(reset):
        return list(reset.__dict__[DECLARED].get(fate, []))
    return declared(reset, fate)


@blocker("still_stands_there", Kind.PROBLEM)
def still_stands_there(reset: LinkReset, user: Any) -> Found | None:
    """The ERP shows a document that is said to be reversed there."""
    there = [d for d in _said(reset, Fate.REVERSED) if stands(reset, d)]
    if not there:
        return None
    told = "; ".join(f"{d.number} ({d.item.title}): {answer_of(reset, d)}" for d in there)
    # What is not posted there is not said to stay either: see `counts_by_word`.
    if speaks(reset) and any(d.answer in UNPOSTED for d in there):
        said = "; what is not posted there may be said to stay only once it is"
    elif speaks(reset):
        said = ", or say that it stays, or name the entry that took it back"
    else:
        said = ", or cancel this reset"
    return Found(
        f"{erp_name(reset.connection)} still shows what is said to be reversed: {told}. Sent again it would count "
        f"twice. Have it taken out there and wait for the next answer{said}."
    )


@blocker("reversal_not_looked_up", Kind.WAITING)
def reversal_not_looked_up(reset: LinkReset, user: Any) -> Found | None:
    """Nobody calls a document reversed before the ERP was asked about it, where it can be."""
    if not _can_ask(reset.connection):
        return None
    waiting = [d for d in _said(reset, Fate.REVERSED) if not _heard(reset, d)]
    if not waiting:
        return None
    numbers = ", ".join(document.number for document in waiting)
    erp = erp_name(reset.connection)
    return Found(f"{erp} is being asked whether {numbers} still stands there. This takes a few seconds.")


@blocker("counts_by_a_word_alone", Kind.PROBLEM)
def counts_by_word(reset: LinkReset, user: Any) -> Found | None:
    """What is said to stay, or to be taken back by another entry, does not count there yet: nobody posted it.

    Without it the sums look as if another entry had taken it back.
    """
    if not backend(reset.connection.alias).sees_postings:
        return None
    rows = [*_said(reset, Fate.STAYS), *_said(reset, Fate.OFFSET)]
    open_ones = [d for d in rows if d.answer in UNPOSTED and not d.unanswered and _answered(reset, d)]
    if not open_ones:
        return None
    told = "; ".join(f"{d.number} ({d.item.title}): {answer_of(reset, d)}" for d in open_ones)
    return Found(
        f"{erp_name(reset.connection)} does not count what is said to stay and count, or to be taken back by "
        f"another entry: {told}. After the reset it would be sent again, and count twice once both are posted. "
        f"Have it posted there, or taken out there and say that it was reversed, and wait for the next "
        f"answer{'' if speaks(reset) else '; or cancel this reset'}."
    )


@blocker("word_not_looked_up", Kind.WAITING)
def word_not_looked_up(reset: LinkReset, user: Any) -> Found | None:
    """Nobody says that what was confirmed by hand stays, or was taken back by an entry, before the ERP has answered."""
    if not backend(reset.connection.alias).sees_postings:
        return None
    rows = [*_said(reset, Fate.STAYS), *_said(reset, Fate.OFFSET)]
    words = [d for d in rows if by_word(d) and (d.unanswered or not _answered(reset, d))]
    if not words:
        return None
    erp, numbers = erp_name(reset.connection), ", ".join(document.number for document in words)
    if _can_ask(reset.connection) and not any(d.unanswered for d in words):
        return Found(f"{erp} is being asked whether {numbers} is posted there. This takes a few seconds.")
    return Found(
        f"{numbers} was only confirmed by hand, and {erp} gives no answer whether it is posted there. "
        f"Wait until it does: sent again, it could count twice."
    )


def by_word(document: Document) -> bool:
    """This function will tell whether a document counts by a person's word alone: the ERP has not shown it posted."""
    word = getattr(document, "by_hand", None)
    return word is not None and word.state in OPEN_WORDS


def _can_ask(connection: Connection) -> bool:
    return connection.enabled and connection.stopped_at is None and open_circuit(connection) is None


def _heard(reset: LinkReset, document: Document) -> bool:
    """Whether the ERP was asked since the reset was asked for, and answered or failed to."""
    if document.asked_at is None or document.asked_at < reset.asked_at:
        return False
    return bool(document.unanswered) or _answered(reset, document)


def _answered(reset: LinkReset, document: Document) -> bool:
    return document.answered_at is not None and document.answered_at >= reset.asked_at


def stands(reset: LinkReset, document: Document) -> bool:
    """This function will tell whether the ERP, asked since, shows a document."""
    if document.unanswered or not _answered(reset, document):
        return False
    sees = backend(reset.connection.alias).sees_postings
    return document.answer in ((*POSTED, *UNPOSTED) if sees else POSTED)


def answer_of(reset: LinkReset, document: Document) -> str:
    """This function will say what the ERP answered about a document since the reset was asked for."""
    if document.unanswered and _heard(reset, document):
        return f"no answer ({document.unanswered})"
    if not _answered(reset, document) or not document.answer:
        return (
            "not asked since the reset was asked for" if _can_ask(reset.connection) else "could not be asked"
        )
    return SAID[PostingState(document.answer)]
