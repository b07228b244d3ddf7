"""What holds at every moment, whatever anybody did: `assert_always(stories)` after each step of a long day."""

from collections import Counter
from collections.abc import Collection, Sequence
from decimal import Decimal

from erp.documents import content_hash
from erp.models import Batch, Document
from erp.port import DocumentKind
from projects.models import Membership
from tests.support.delivery import (
    all_writes_were_journaled,
    batch_history_is_whole,
    history_is_whole,
    nothing_strange,
)
from tests.support.story import Story
from workflow import events

DECISIONS = ("accept", "reject", "retry", "return_to_pm", "check_now", "confirm_posted")
READY = "APPR"


def assert_always(
    stories: Sequence[Story], *, touched: Collection[str] = (), only: Batch | None = None
) -> None:
    """Nothing doubled, nothing half approved, nothing sent changed, every change told once, by somebody who may.

    `touched` are the numbers that people changed in CMiC with their own hands: their amounts are their affair. With
    `only` the trail is replayed for that batch alone.
    """
    book = stories[0].simulator.book()
    nothing_strange(book)
    held = {
        item["name"].rpartition("[")[2].split()[0]: item for item in book["pcis"] if "[TB-" in item["name"]
    }
    for document in Document.objects.filter(number__in=held).select_related("item"):
        _whole_where_ready(document, held[document.number], touched)
    batches = Batch.objects.select_related("budget__project")
    for batch in batches.filter(pk=only.pk) if only else batches:
        batch_history_is_whole(batch)
        _decided_by_who_may(batch)
        for document in batch.documents.select_related("item", "batch__budget__project__company"):
            history_is_whole(document)
            _nothing_sent_has_changed(document)
    all_writes_were_journaled(stories[0])
    assert events.verify(stories[0].connection.company_id)[1] is None


def _whole_where_ready(document: Document, item: dict, touched: Collection[str]) -> None:
    """A change item that an accountant may post has each line of ours once, with the amount that was accepted."""
    if item["status"] != READY:
        return
    lines = Counter((line["job"], line["phase"], line["category"]) for line in item["lines"])
    assert set(lines.values()) <= {1}, f"{document.number} is ready and holds a line twice: {lines}"
    wanted: dict[tuple[str, str, str], Decimal] = {}
    for row in document.item.lines.all():
        key = (row.erp_job, row.erp_cost_code, row.erp_cost_type)
        wanted[key] = wanted.get(key, Decimal(0)) + row.delta
    wanted = {key: amount for key, amount in wanted.items() if amount}
    assert set(lines) == set(wanted), f"{document.number} is ready and not whole"
    if document.number not in touched:
        there = {(li["job"], li["phase"], li["category"]): Decimal(li["amount"]) for li in item["lines"]}
        assert there == wanted, f"{document.number} is ready with other amounts"


def _nothing_sent_has_changed(document: Document) -> None:
    company = document.batch.budget.project.company
    snapshot = [
        [str(row.pk), row.erp_job, row.erp_cost_code, row.erp_cost_type, str(row.delta), str(row.target)]
        for row in document.item.lines.all()
    ]
    now = content_hash(
        kind=DocumentKind(document.item.kind),
        company=company.erp_connection.erp_company,
        job=document.batch.budget.project.jobs.get(parent=None).erp_link.erp_job.code,
        title=document.item.title,
        day=document.item.date,
        lines=snapshot,
    )
    assert now == document.content_hash, f"{document.number} was changed after it was accepted"


def _decided_by_who_may(batch: Batch) -> None:
    preparers = set(batch.preparers.values_list("user", flat=True))
    assert batch.accepted_by_id is None or batch.accepted_by_id not in preparers
    may = set(
        Membership.objects.filter(company=batch.budget.project.company_id, can_push=True).values_list(
            "user", flat=True
        )
    )
    for event in events.events_about(batch).filter(action__in=DECISIONS):
        assert event.actor_pk in may, f"{event.actor} may not {event.action}"
