"""Many open documents: few requests, the same few queries however many there are, and what a posted document costs."""

from __future__ import annotations

import time
import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx2
import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from budgets.models import Modification, ModificationLine, ModificationState
from erp.decision import deciding
from erp.models import Document, DocumentState
from erp.posting import polling as posting
from tests.support.delivery import assert_books_agree, fill, finish, send_and_accept, writes
from tests.support.simulator import Simulator
from tests.support.soak import Figures, counts
from tests.support.story import JOB, Story, begin

pytestmark = pytest.mark.django_db(transaction=True)

REQUESTS_FOR_1000 = 25
QUERIES = 15  # of a poll that finds nothing new, at any number of documents


def many_delivered(story: Story, number: int) -> None:
    """A batch of an original and modifications, `number` documents in all; a worker has put them into CMiC."""
    fill(story)
    labor, sub = (story.budget.lines.get(cost_type__code=kind) for kind in "LS")
    made = Modification.objects.bulk_create(
        Modification(
            budget=story.budget,
            title=f"Shift {place}",
            date=timezone.now().date(),
            changed_by=story.dana,
            number=place,
        )
        for place in range(1, number)
    )
    ModificationLine.objects.bulk_create(
        ModificationLine(modification=one, line=line, amount=Decimal(amount))
        for one in made
        for line, amount in ((labor, "-1.00"), (sub, "1.00"))
    )
    Modification.objects.update(state=ModificationState.EFFECTIVE)
    story.reload()
    batch = story.send()
    seen = story.budget.readings.filter(state="made")[0]
    deciding.accept(batch, user=story.mira, now=timezone.now(), reading_hash=seen.hash)
    put_into_cmic(story)


def put_into_cmic(story: Story) -> None:
    """What a worker does document by document, in one go."""
    documents = list(Document.objects.select_related("item").prefetch_related("item__lines"))
    types = {"original": "COO", "modification": "COT"}
    story.simulator.seed({"pcis": [entry(document, types[document.item.kind]) for document in documents]})
    rows = Document.objects.filter(state=DocumentState.QUEUED)
    rows.update(state=DocumentState.SENDING, claim=uuid.uuid4(), lease_until=Now() + timedelta(minutes=2))
    Document.objects.filter(state=DocumentState.SENDING).update(
        state=DocumentState.DELIVERED,
        claim=None,
        lease_until=None,
        route="pci_transfer",
        receipt={"lines": 2},
        delivered_at=timezone.now(),
        poll_at=timezone.now(),
    )


def entry(document: Document, kind: str) -> dict[str, Any]:
    lines = [
        {
            "job": row.erp_job,
            "phase": row.erp_cost_code,
            "category": row.erp_cost_type,
            "amount": str(row.delta),
        }
        for row in document.item.lines.all()
        if row.delta
    ]
    told = {"company": "001", "job": JOB, "code": document.number, "name": f"[{document.number}]"}
    return {**told, "type": kind, "status": "APPR", "lines": lines}


class Wire:
    """How long requests were out, until the last byte of their answers was read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds, self.left_at = 0.0, 0.0
        send, close = httpx2.Client.send, httpx2.Response.close

        def leaves(client: httpx2.Client, request: httpx2.Request, **more: Any) -> httpx2.Response:
            self.left_at = time.monotonic()
            return send(client, request, **more)

        def is_read(response: httpx2.Response) -> None:
            close(response)
            self.seconds += time.monotonic() - self.left_at
            self.left_at = time.monotonic()

        monkeypatch.setattr(httpx2.Client, "send", leaves)
        monkeypatch.setattr(httpx2.Response, "close", is_read)


@counts("documents", short=120, long=1000)
def test_a_poll_of_many_open_documents_takes_50_a_request_and_a_constant_number_of_queries(
    brisk_cmic: Simulator, monkeypatch: pytest.MonkeyPatch, figures: Figures, documents: int
):
    story = begin(brisk_cmic, status="I")
    many_delivered(story, documents)
    wire = Wire(monkeypatch)
    story.poll()  # the adapter reads the company's types and statuses once
    measured = []
    for asked in (10, documents):
        keys = Document.objects.order_by("pk").values_list("pk", flat=True)[:asked]
        Document.objects.update(poll_at=timezone.now() + timedelta(hours=1))
        Document.objects.filter(pk__in=list(keys)).update(poll_at=timezone.now())
        since = len(brisk_cmic.journal())
        wire.seconds, started, busy = 0.0, time.monotonic(), time.process_time()
        with CaptureQueriesContext(connection) as queries:
            posting.poll(now=timezone.now())
        own, busy = time.monotonic() - started - wire.seconds, time.process_time() - busy
        measured.append((len(brisk_cmic.journal(since=since)), len(queries)))
    (_, few_queries), (requests, many_queries) = measured
    figures(
        f"poll of {documents} open documents",
        requests=requests,
        queries=many_queries,
        seconds_besides_CMiC=f"{own:.2f}",
        seconds_of_processor=f"{busy:.2f}",
        seconds_of_CMiC=f"{wire.seconds:.2f}",
    )
    assert requests <= -(-documents // posting.A_REQUEST)
    assert requests * 1000 <= REQUESTS_FOR_1000 * max(documents, 1000)
    assert many_queries <= few_queries <= QUERIES
    assert set(Document.objects.values_list("answer", flat=True)) == {"waiting"}


def test_what_a_posted_document_costs_in_calls(brisk_cmic: Simulator, figures: Figures):
    """Five documents, an accountant who takes a working day, and polls all the while."""
    story = begin(brisk_cmic, status="I")
    fill(story)
    labor, sub = (story.budget.lines.get(cost_type__code=kind) for kind in "LS")
    for place in range(4):
        story.modify(f"shift {place}", (labor, "-1.10"), (sub, "1.10"))
    since = len(brisk_cmic.journal())
    send_and_accept(story)
    finish(story)
    delivered_after = len(brisk_cmic.journal(since=since))
    now, polls = timezone.now(), 0
    end = now + timedelta(hours=8)
    while now < end:
        before = len(brisk_cmic.journal())
        posting.poll(now=now)
        polls += len(brisk_cmic.journal()) > before
        now = Document.objects.earliest("poll_at").poll_at
    asked = len(brisk_cmic.journal(since=since)) - delivered_after
    story.post_everything()
    posting.poll(now=now + timedelta(minutes=15))
    total = len(brisk_cmic.journal(since=since))
    documents = Document.objects.count()
    figures(
        f"{documents} documents posted after 8 hours",
        writes=len(writes(brisk_cmic, since=since)),
        calls_to_deliver=delivered_after,
        calls_while_waiting=asked,
        calls_in_all=total,
        calls_per_posted_document=f"{total / documents:.1f}",
    )
    assert set(Document.objects.values_list("state", flat=True)) == {DocumentState.POSTED}
    assert polls == asked, "a question about all that wait is one request"
    assert asked <= 100
    assert_books_agree(story)
