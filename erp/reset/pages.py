"""What the pages of a link's reset read: what is in the ERP, what would be freed and kept, how far the reset is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.db.models import Q, Sum
from django.db.models.functions import Coalesce

from budgets.models import Budget
from erp.delivery.landed import lines_there
from erp.delivery.left_there import left_ones
from erp.documents import ZERO
from erp.models import Batch, Connection, Document, DocumentState, ErpJob, JobLink
from erp.reset.answer_blockers import answer_of, by_word
from erp.reset.blockers import open_reset, posted_documents
from erp.reset.link_epochs import epoch_of
from erp.reset.models import Fate, LinkReset, ResetDocument
from projects.models import Job

UNPOSTED = (
    *(DocumentState.QUEUED, DocumentState.SENDING, DocumentState.UNCONFIRMED, DocumentState.DELIVERED),
    *(DocumentState.REFUSED, DocumentState.WITHDRAWING),
)


Typed = tuple[str, str]


@dataclass(frozen=True)
class Listed:
    """A document with what it moves (company currency), and what was said of it."""

    document: Document
    moved: Decimal
    net: Decimal
    word: ResetDocument | None = None
    there: str = ""  # how much of it is there, where that is not all
    said: str = ""  # what the ERP answered about it since the reset was asked for
    typed: Typed = ("", "")  # the fate and the note that were typed and not kept

    @property
    def by_word(self) -> bool:
        """Whether it counts by a person's word alone."""
        return by_word(self.document)


@dataclass(frozen=True)
class ResetPage:
    """The page: the link, what is in the ERP, the reset that is open or ended last, and those before."""

    job: ErpJob | None
    subs: list[str]
    reset: LinkReset | None  # open, or the last one
    earlier: list[LinkReset]
    unposted: list[Listed]
    posted: list[Listed]
    unspoken: int
    left: list[
        str
    ]  # numbers of what an approver left there, as somebody had changed it: a reset touches none of it

    @property
    def ended(self) -> list[LinkReset]:
        """The resets that are over, the last one first."""
        return [row for row in (self.reset, *self.earlier) if row is not None and not row.is_open]

    @property
    def unposted_moved(self) -> Decimal:
        """What the documents that will be taken out move."""
        return sum((row.moved for row in self.unposted), ZERO)

    @property
    def by_word(self) -> int:
        """How many of the posted documents count by a person's word alone."""
        return sum(row.by_word for row in self.posted)

    @property
    def posted_moved(self) -> Decimal:
        """What the posted documents moved."""
        return sum((row.moved for row in self.posted), ZERO)


def linked_projects(connection: Connection) -> list[Job]:
    """This function will list the main jobs of a company's projects, each with its link where it has one."""
    rows = Job.objects.filter(company=connection.company_id, parent=None, project__budget__isnull=False)
    return list(rows.select_related("project__budget", "erp_link__erp_job").order_by("code"))


def reset_page(budget: Budget, typed: Mapping[int, Typed] | None = None) -> ResetPage:
    """This function will read everything about a budget's link, with what was `typed` of documents, by id."""
    links = JobLink.objects.filter(job__project=budget.project_id).select_related("erp_job", "job")
    main = next((link.erp_job for link in links if link.job.parent_id is None), None)
    resets = list(
        LinkReset.objects.filter(project=budget.project_id).select_related(
            "asked_by", "confirmed_by", "cancelled_by", "connection__company", "project__company"
        )
    )
    current = open_reset(budget)
    reset = next((row for row in resets if current and row.pk == current.pk), resets[0] if resets else None)
    words = (
        {word.document_id: word for word in reset.documents.select_related("by", "document")} if reset else {}
    )
    posted = posted_documents(budget)
    if reset is not None and not reset.is_open:  # what it was about, as it was then
        keys = list(words)
        posted = (
            list(Document.objects.filter(pk__in=keys).select_related("item", "batch"))
            if main is None
            else posted
        )
    rows = Document.objects.filter(batch__budget=budget, state__in=UNPOSTED)
    rows = rows.select_related("item", "batch__budget__project__company")
    is_open = bool(reset and reset.is_open)
    listed = _listed(posted, words if main is None or is_open else {}, reset if is_open else None)
    return ResetPage(
        job=main,
        subs=sorted(link.erp_job.code for link in links if link.job.parent_id is not None),
        reset=reset,
        earlier=[row for row in resets if reset is None or row.pk != reset.pk],
        unposted=_listed(list(rows.order_by("batch__number", "item__position")), {}),
        posted=[replace(row, typed=(typed or {}).get(row.document.pk, row.typed)) for row in listed],
        left=_left_there(budget),
        unspoken=sum(1 for row in listed if row.word is None) if reset and reset.is_open else 0,
    )


def _left_there(budget: Budget) -> list[str]:
    withdrawn = Document.objects.filter(batch__budget=budget, state=DocumentState.WITHDRAWN)
    rows = withdrawn.filter(batch__number__gt=epoch_of(budget).floor)
    return [row.number for row in left_ones(list(rows.order_by("pk")))]


def declared_reversed(batch: Batch) -> dict[int, list[ResetDocument]]:
    """This function will find what of a batch was posted before and declared reversed at a reset, by item id."""
    words = ResetDocument.objects.filter(document__batch__budget=batch.budget_id).exclude(fate=Fate.STAYS)
    words = words.filter(document__batch__number__lt=batch.number)
    before: dict[int | None, list[ResetDocument]] = {}
    for word in words.select_related("document__item", "by").order_by("pk"):
        before.setdefault(word.document.item.modification_id, []).append(word)
    if not before:
        return {}
    items = batch.items.values_list("pk", "modification")
    return {key: before[modification] for key, modification in items if modification in before}


def _landed(documents: list[Document]) -> dict[int, str]:
    """How much is there of what is not wholly there. Only an open batch has such documents, and only one is open."""
    open_ones = [document for document in documents if document.state in UNPOSTED]
    return lines_there(open_ones[0].batch, open_ones) if open_ones else {}


def _listed(
    documents: list[Document], words: dict[int, ResetDocument], reset: LinkReset | None = None
) -> list[Listed]:
    keys = [document.pk for document in documents]
    landed = _landed(documents)
    sums: dict[int, Any] = {
        row["pk"]: row
        for row in Document.objects.filter(pk__in=keys)
        .order_by()
        .values("pk")
        .annotate(
            net=Coalesce(Sum("item__lines__delta"), ZERO),
            up=Coalesce(Sum("item__lines__delta", filter=Q(item__lines__delta__gt=0)), ZERO),
        )
    }
    return [
        Listed(
            document,
            max(up, up - net),  # as `money.moved`
            net,
            words.get(document.pk),
            landed.get(document.pk, ""),
            answer_of(reset, document) if reset else "",
        )
        for document in documents
        for up, net in [(sums[document.pk]["up"], sums[document.pk]["net"])]
    ]
