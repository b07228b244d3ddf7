"""How long a batch has waited to be posted, how long that usually takes, and what of it is posted already."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from django.db.models import F

from erp.models import Batch, BatchState, ConfirmationState, Document, DocumentState
from erp.port import PostingState
from erp.words import erp_of, when
from projects.models import Company
from workflow.events import events_about
from workflow.templatetags.figures import plain_moment, span

SAMPLES, FEWEST = 20, 3  # posted documents the usual time is taken from; fewer than the fewest say nothing
BY_HAND = (
    "confirmed_by",
    "by_hand__confirmed_by",
    "by_hand__on_behalf_of",
    "by_hand__closed_by",
)  # what pages show of a word
MOVING = {
    DocumentState.SENDING,
    DocumentState.UNCONFIRMED,
    DocumentState.REFUSED,
    DocumentState.WITHDRAWING,
}
SAID = {
    PostingState.WAITING: "not posted yet",
    PostingState.POSTED: "posted",
    PostingState.POSTED_DIFFERENT: "posted with other amounts",
    PostingState.REJECTED: "rejected",
    PostingState.ABSENT: "not found",
    PostingState.STAGING: "set back to an unapproved status",
    PostingState.INDETERMINATE: "its answer does not say whether it is posted",
}


# Where a batch stands (the rest of its row says what became of a decision), and its budget.
STANDS = ("state", "state_since", "exported_at", "posted_at")
HELD = ("state", "state_since", "hold", "hold_since", "hold_data", "things_to_do")


def documents_now(batch: Batch) -> list[Document]:
    """This function will read a batch's documents and, in the same question, where it and its budget stand.

    Both were read a moment before: what was posted in between would be shown in a batch that still waits for it.
    """
    found = Document.objects.filter(batch=batch).select_related("item", "batch__budget", *BY_HAND)
    documents = list(found)
    for document in documents:
        now, document.batch = document.batch, batch
        batch.__dict__.update({name: getattr(now, name) for name in STANDS})
        batch.budget.__dict__.update({name: getattr(now.budget, name) for name in HELD})
    return documents


@dataclass(frozen=True)
class Usual:
    """How long accountants of a company take to post a document: the median of the last ones."""

    time: timedelta
    samples: int

    @property
    def seconds(self) -> float:
        """The usual time in seconds."""
        return self.time.total_seconds()

    def __str__(self) -> str:
        return f"Usually {span(self.time.total_seconds())} (median of the company’s last {self.samples})."


def usual(company: Company) -> Usual | None:
    """This function will find how long a company usually takes to post; None while too few were posted.

    Counted from the delivery until Tieback saw the posting. What was confirmed by hand, or was settled without a
    write, says nothing about it.
    """
    seen = Document.objects.filter(
        batch__budget__project__company=company,
        state=DocumentState.POSTED,
        confirmed_by=None,
        posted_at__gt=F("delivered_at"),
    )
    times = [
        (posted - delivered).total_seconds()
        for delivered, posted in seen.order_by("-posted_at").values_list("delivered_at", "posted_at")[
            :SAMPLES
        ]
        if delivered is not None and posted is not None
    ]
    return Usual(timedelta(seconds=median(times)), len(times)) if len(times) >= FEWEST else None


@dataclass(frozen=True)
class Waiting:
    """A batch in the ERP that no accountant has posted whole."""

    erp: str
    since: datetime  # in the company's zone
    total: int
    posted: tuple[str, ...]  # titles of the documents that are posted already
    usual: Usual | None
    reminded: str = ""  # who was last reminded, and when

    def how_long(self, now: datetime) -> str:
        """Since when, how long that is, what is usual, and what is posted already: in sentences."""
        waited = span((now - self.since).total_seconds())
        said = [f"since {plain_moment(self.since, zone=True)} ({waited})."]
        if self.usual:
            said.append(str(self.usual))
        if self.posted:
            said.append(f"{len(self.posted)} of {self.total} posted: {'; '.join(self.posted)}.")
        if self.reminded:
            said.append(self.reminded)
        return " ".join(said)

    def sentence(self, now: datetime) -> str:
        """All of it, as mails and the API say it."""
        return f"In {self.erp}, waiting for posting {self.how_long(now)}"


def waiting_of(
    batch: Batch, documents: Sequence[Document], *, usual_in: Callable[[Company], Usual | None] = usual
) -> Waiting | None:
    """This function will say how a batch waits to be posted; None while it does not wait for that alone.

    `documents` are the batch's, with their items; `usual_in` says what is usual in a company.
    """
    delivered = [d for d in documents if d.state == DocumentState.DELIVERED]
    queued = [d for d in documents if d.state == DocumentState.QUEUED]
    busy = any(d.state in MOVING for d in documents) or not all(d.waiting_for for d in queued)
    if batch.state not in (BatchState.ACCEPTED, BatchState.EXPORTED) or not delivered or busy:
        return None
    company = batch.budget.project.company
    first = min(d.delivered_at for d in delivered if d.delivered_at is not None)
    posted = tuple(d.item.title for d in documents if d.state == DocumentState.POSTED)
    since = batch.exported_at if batch.state == BatchState.EXPORTED and batch.exported_at else first
    return Waiting(
        erp=erp_of(company),
        since=since.astimezone(ZoneInfo(company.time_zone)),
        total=len(documents),
        posted=posted,
        usual=usual_in(company),
        reminded=_reminded(batch),
    )


def _reminded(batch: Batch) -> str:
    """Who was last reminded, and when."""
    if batch.reminded_at is None:
        return ""
    last = events_about(batch).filter(action="remind").order_by("seq").last()
    return f"Reminded {last.data['told']} {when(batch.reminded_at, batch)}." if last else ""


@dataclass(frozen=True)
class Question:
    """What the ERP was last asked about documents, and when it is asked again."""

    wanted_at: datetime | None  # a person wants to know now, and there is no answer yet
    asked_at: datetime | None
    answered_at: datetime | None
    said: str
    silence: str  # why there is no answer to the last question
    next_at: datetime | None


def question_of(document: Document) -> Question:
    """This function will say what the ERP was last asked about a document."""
    wanted, asked, silent = document.check_at, document.asked_at, bool(document.unanswered)
    answered = None if silent else document.answered_at
    asked_since = asked is not None and (wanted is None or asked >= wanted)
    heard = asked_since and (silent or (answered is not None and asked is not None and answered >= asked))
    return Question(
        wanted_at=None if heard else wanted,
        asked_at=asked,
        answered_at=answered,
        said=SAID[PostingState(document.answer)] if document.answer and answered else "",
        silence=document.unanswered,
        next_at=document.poll_at,
    )


def last_question_of(documents: Sequence[Document]) -> Question | None:
    """This function will say what was asked last about any of the documents that wait, and when the next turn is."""
    waiting = [d for d in documents if d.state == DocumentState.DELIVERED]
    if not waiting:
        return None
    last = max(waiting, key=lambda d: (d.asked_at is not None, d.asked_at))
    turns = [d.poll_at for d in waiting if d.poll_at is not None]
    return replace(question_of(last), next_at=min(turns, default=None))


def disproved(document: Document) -> bool:
    """This function will tell whether the ERP says otherwise than a person confirmed by hand."""
    word = getattr(document, "by_hand", None)
    return word is not None and word.state == ConfirmationState.DISPROVED
