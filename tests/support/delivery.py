"""Stories whose deliveries go wrong: a brisk CMiC, a watched wire, time that passes, and books that must agree.

Ask for `brisk_cmic` instead of `cmic`; it brings the watch over the wire: no request leaves while a transaction is
open, and none that writes leaves before it is in the journal, committed. End with `assert_books_agree(story)`.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import httpx2
import pytest
from django.conf import LazySettings
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone
from psycopg.pq import TransactionStatus

from erp.backends import backend, forget_backends
from erp.delivery import outbox
from erp.delivery.models import EDGES
from erp.models import Batch, Call, Circuit, Document, DocumentState
from erp.setup import stopping as connections
from tests.support.simulator import Simulator
from tests.support.story import Story
from workflow import events

OPEN = (
    DocumentState.QUEUED,
    DocumentState.SENDING,
    DocumentState.UNCONFIRMED,
    DocumentState.WITHDRAWING,
)
WRITES = ("POST", "PATCH", "DELETE")
QUICK = {"read_timeout": 2.0, "write_timeout": 0.5, "probe_seconds": (0.0, 30.0, 60.0, 150.0)}
PATIENT = {"read_timeout": 20.0, "write_timeout": 10.0, "probe_seconds": (0.0, 1.0, 2.0)}


@pytest.fixture
def brisk_cmic(
    cmic: Simulator, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Simulator]:
    """The simulator as the ERP `cmic`, given up on after half a second, over a watched wire."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.ERP_BACKENDS["cmic"]["OPTIONS"] |= QUICK
    forget_backends()
    real, wrong = httpx2.Client.send, []
    base = backend("cmic")._client.host  # type: ignore[attr-defined]

    def watched(client: httpx2.Client, request: httpx2.Request, **more: Any) -> httpx2.Response:
        if request.url.netloc.decode() == base and "/__sim/" not in request.url.path:
            try:
                look_at_what_leaves(request)
            except AssertionError as problem:  # a worker would keep it as a failure that nobody foresaw
                wrong.append(problem)
                raise
        return real(client, request, **more)

    monkeypatch.setattr(httpx2.Client, "send", watched)
    yield cmic
    new_process()
    assert wrong == []


@pytest.fixture
def steady_cmic(brisk_cmic: Simulator, settings: LazySettings) -> Simulator:
    """The same, waited for with patience: where much happens at once, nobody is given up on who only is slow."""
    settings.ERP_BACKENDS["cmic"]["OPTIONS"] |= PATIENT
    new_process()
    return brisk_cmic


def new_process() -> None:
    """A worker is started anew: it remembers nothing of the ERP, and reads the settings."""
    backend("cmic").close()  # type: ignore[attr-defined]
    forget_backends()


def look_at_what_leaves(request: httpx2.Request) -> None:
    """No transaction may be open, and a write must be on record."""
    raw = connection.connection
    assert not connection.in_atomic_block, "a transaction is open while the ERP is called"
    assert raw is None or raw.info.transaction_status is TransactionStatus.IDLE
    if request.method in WRITES:
        noted = Call.objects.filter(request_id=request.headers["x-api-request-id"], answered_at=None)
        assert noted.count() == 1, f"{request.method} {request.url.path} is not in the journal"


def fill(story: Story) -> None:
    """Dana writes a small budget on the job and its sub job, and locks it."""
    story.add_line("01-31-00", "L", "1260000.10")
    story.add_line("03-30-00", "M", "-0.01", job=story.sub_job)
    story.add_line("09-68-00", "S", "0.00")
    story.lock()


def send_and_accept(story: Story) -> Batch:
    """Dana sends, Mira accepts; the workers have not begun."""
    return story.accept(story.send())


def time_passes(story: Story) -> None:
    """Everything that waits for a moment has waited long enough."""
    Document.objects.filter(not_before__isnull=False).update(not_before=Now())
    Circuit.objects.filter(ask_at__isnull=False).update(ask_at=Now())


def finish(story: Story) -> None:
    """Time passes and workers work, until every document is where it stays."""
    for _ in range(12):
        open_ones = list(Document.objects.filter(state__in=OPEN).values_list("pk", flat=True))
        if not open_ones:
            return
        time_passes(story)
        outbox.sweep()
        connections.probe(story.connection, now=timezone.now())
        for key in open_ones:
            outbox.work_on(key)


def writes(simulator: Simulator, *, since: int = 0) -> list[dict[str, Any]]:
    """Every request that may change something, as the simulator saw it."""
    return [entry for entry in simulator.journal(since=since) if entry["method"] in WRITES]


def until(look: Callable[[], Any], *, patience: float = 10) -> Any:
    """Look until there is something to see."""
    end = time.monotonic() + patience
    while not (seen := look()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)
    return seen


def one() -> Document:
    """The only document there is, as it is now."""
    return Document.objects.select_related("item", "batch").get()


# -- the invariants -------------------------------------------------------------------------------------------


def assert_books_agree(story: Story) -> None:
    """The ERP holds each accepted line once; each change has its event; only declared edges; nothing hangs."""
    documents = list(Document.objects.filter(batch__budget=story.budget).select_related("item", "batch"))
    book = story.simulator.book()
    for document in documents:
        _held_once(document, book)
        history_is_whole(document)
        _rests_or_says_why(story, document)
    nothing_strange(book)
    for batch in Batch.objects.filter(budget=story.budget):
        batch_history_is_whole(batch)
        assert batch.accepted_by_id is None or batch.accepted_by_id not in batch.preparers.values_list(
            "user", flat=True
        )
    all_writes_were_journaled(story)
    _totals_tie(story, documents)
    assert events.verify(story.connection.company_id)[1] is None


def _wanted(document: Document, field: str) -> dict[tuple[str, str, str], Decimal]:
    sums: dict[tuple[str, str, str], Decimal] = {}
    for line in document.item.lines.all():
        key = (line.erp_job, line.erp_cost_code, line.erp_cost_type)
        sums[key] = sums.get(key, Decimal(0)) + getattr(line, field)
    for differs in document.differs:
        sums[differs["job"], differs["cost_code"], differs["cost_type"]] = Decimal(differs["found"])
    return sums


def _held_once(document: Document, book: dict[str, list[dict[str, Any]]]) -> None:
    items = [item for item in book["pcis"] if document.number in item["name"]]
    assert len(items) <= 1, f"{document.number} is in the ERP {len(items)} times"
    done = document.state in (DocumentState.DELIVERED, DocumentState.POSTED)
    if document.route == "enter_budget":
        assert items == []
        if document.state == DocumentState.DELIVERED:
            held = {(r["job"], r["phase"], r["category"]): Decimal(r["original"]) for r in book["budget"]}
            assert {key: held.get(key) for key in _wanted(document, "target")} == _wanted(document, "target")
        return
    wanted = {key: amount for key, amount in _wanted(document, "delta").items() if amount}
    if done and document.calls.exists():
        assert len(items) == 1, f"{document.number} is {document.state}, and the ERP lacks it"
    if document.state == DocumentState.WITHDRAWN:
        left = events.events_about(document.batch).filter(action="leave_in_erp").exists()
        assert left or items == []
        return
    for item in items:
        held_lines = Counter((line["job"], line["phase"], line["category"]) for line in item["lines"])
        assert set(held_lines.values()) <= {1}, f"{document.number} holds a line twice: {held_lines}"
        amounts = {(li["job"], li["phase"], li["category"]): Decimal(li["amount"]) for li in item["lines"]}
        if done:
            assert amounts == wanted
        if item["status"] == "APPR":
            assert set(amounts) == set(wanted), f"{document.number} is approved and not whole"


def nothing_strange(book: dict[str, list[dict[str, Any]]]) -> None:
    numbers = set(Document.objects.values_list("number", flat=True))
    ours = [item["name"].rpartition("[")[2].split()[0] for item in book["pcis"] if "[TB-" in item["name"]]
    assert set(ours) <= numbers
    assert len(ours) == len(set(ours))


BY_PEOPLE = {"confirm_posted": {"delivered": "posted"}}


def history_is_whole(document: Document) -> None:
    """Replay a document's events: they chain up, along declared edges, and end where the document is."""
    state = "queued"
    told = events.events_about(document.batch)
    for event in told:
        if events.label(document) in event.about and event.to_state:
            assert event.from_state == state, f"{document.number}: {event} does not follow {state}"
            assert (event.from_state, event.to_state) in EDGES
            state = event.to_state
        elif event.action in BY_PEOPLE:
            state = BY_PEOPLE[event.action].get(state, state)
    if "nothing was written" in str(document.posting.get("note")):
        state = "posted"
    assert state == document.state, f"{document.number} is {document.state}, its events end at {state}"


OF_BATCH = {
    ("waiting", "accepted"),
    ("waiting", "rejected"),
    ("waiting", "retrieved"),
    ("accepted", "exported"),
    ("accepted", "posted"),
    ("accepted", "returned"),
    ("exported", "accepted"),
    ("exported", "posted"),
    ("exported", "returned"),
}


def batch_history_is_whole(batch: Batch) -> None:
    moves = [
        (event.from_state, event.to_state)
        for event in events.events_about(batch)
        if not event.action.startswith("document_") and event.from_state not in ("", "locked")
    ]
    assert set(moves) <= OF_BATCH
    state = "waiting"
    for before, after in moves:
        assert before == state
        state = after
    assert state == batch.state


def _rests_or_says_why(story: Story, document: Document) -> None:
    if document.state == DocumentState.REFUSED:
        assert document.findings and all(finding["message"] for finding in document.findings)
    if document.state in OPEN:
        story.connection.refresh_from_db()
        original = Document.objects.filter(batch=document.batch, item__position__lt=document.item.position)
        waits = original.exclude(state__in=["delivered", "posted"]).exists()
        assert document.waiting_for or story.connection.stopped_at or waits, (
            f"{document} hangs: {document.state}"
        )
        assert document.claim is None, f"{document} is still claimed"


def all_writes_were_journaled(story: Story) -> None:
    known = set(Call.objects.values_list("request_id", flat=True))
    for entry in story.simulator.journal():
        if entry["method"] in WRITES and entry["user"].endswith("TIEBACK"):
            assert entry["request_id"] in known, f"{entry['method']} {entry['path']} was never journaled"


def _totals_tie(story: Story, documents: list[Document]) -> None:
    """When all is posted as sent, both systems hold the same, line by line."""
    budget = story.reload()
    if budget.hold != "posted" or any(d.state != "posted" or d.confirmed_by_id for d in documents):
        return
    held = story.in_cmic()
    for line in budget.lines.select_related("job", "cost_code", "cost_type__erp_link__erp_cost_type"):
        code = line.cost_type.erp_link.erp_cost_type.code  # type: ignore[union-attr]
        changes = sum((c.amount for c in line.changes.filter(modification__was_posted=True)), Decimal(0))
        there = held.get((line.job.code, line.code, code), (Decimal(0), Decimal(0)))
        assert there == (line.amount, line.amount + changes), f"{line}: {there}"
