"""kill -9 of real Celery workers in the middle of pushes: each document ends in the ERP exactly once.

A fault of the simulator holds each of a worker's processes at a named point. Then the worker is killed with all its
processes, and a new one finds what the old one left. Nobody helps: the lease runs out, the sweep sees it, the ERP is
asked, the rest is written.
"""

from collections.abc import Callable
from typing import Any

import pytest

from erp import bell
from erp.models import Batch, Call, Document, DocumentState
from tests.support.delivery import assert_books_agree, fill, one, send_and_accept, until, writes
from tests.support.simulator import Simulator
from tests.support.story import Story, begin
from tests.support.worker import Worker
from workflow.events import events_about

pytestmark = pytest.mark.django_db(transaction=True)

# Times a real worker process gets from its environment: a lease of 1.5 * 6 + 5 = 14 seconds.
HELD = {
    "CMIC_WRITE_TIMEOUT": "6",
    "CMIC_READ_TIMEOUT": "8",
    "CMIC_PROBE_SECONDS": "0,1",
    "CMIC_CONCURRENCY": "8",
}
PATIENCE = 120  # seconds
TRANSFER_WRITES = 4  # header, two lines, ready: the budget codes are there already


def hold(simulator: Simulator, point: str, number: str) -> None:
    """Hold whoever works on this document at this point."""
    match: dict[str, Any] = {"contains": number}
    if point == "after claim":
        simulator.fault("slow", match={**match, "method": "GET", "resource": "cmmast"}, seconds=30)
    elif point == "before a write":
        simulator.fault("hang_before", match={**match, "method": "POST", "resource": "cmmast"})
    elif point == "after a write, before its answer":
        simulator.fault("hang_after_commit", match={**match, "method": "POST", "resource": "cmdetail"})
    elif point == "delivered, before its mark":
        # Looked at before writing, after the lines, and after the ready status.
        simulator.fault("slow", match={**match, "method": "GET", "resource": "cmmast", "nth": 3}, seconds=30)


POINTS = ("after claim", "before a write", "after a write, before its answer", "delivered, before its mark")


def held(simulator: Simulator) -> bool:
    """Whether every point has somebody standing there."""
    return all(fault["fired"] for fault in simulator.control("GET", "faults")["faults"])


def delivered() -> bool:
    done = [DocumentState.DELIVERED, DocumentState.POSTED]
    return not Document.objects.exclude(state__in=done).exists()


def test_a_worker_killed_at_each_point_of_a_push_leaves_nothing_lost_and_nothing_doubled(
    brisk_cmic: Simulator, celery_worker_process: Callable[..., Worker]
):
    story = begin(brisk_cmic, status="I")
    fill(story)
    send_and_accept(story)
    story.work()
    story.post_everything()
    story.poll()
    batch = modifications(story)
    documents = dict(zip(POINTS, batch.documents.order_by("item__position"), strict=True))
    brisk_cmic.control("DELETE", "journal")
    for point, document in documents.items():
        hold(brisk_cmic, point, document.number)

    first = celery_worker_process(concurrency=len(POINTS), beat=True, **HELD)
    until(lambda: held(brisk_cmic), patience=PATIENCE)
    first.kill()
    brisk_cmic.clear_faults()
    found_as_left(story, documents)

    celery_worker_process(concurrency=2, beat=True, **HELD)
    until(delivered, patience=PATIENCE)
    for document in documents.values():
        path = [event.to_state for event in events_about(document)]
        assert path[:2] == ["sending", "unconfirmed"]
        assert path[-1] == "delivered"
    done = documents["delivered, before its mark"]
    assert [event.to_state for event in events_about(done)] == ["sending", "unconfirmed", "delivered"]
    assert done.calls.count() == TRANSFER_WRITES
    assert_books_agree(story)
    story.post_everything()
    story.poll()
    assert_books_agree(story)
    assert story.reload().hold == "posted"
    print(f"killed at {len(POINTS)} points")


def modifications(story: Story) -> Batch:
    """One transfer for each point, accepted while no worker lives."""
    story.reload()
    labor, material = lines(story)
    for point in POINTS:
        story.modify(point, (labor, "-1.10"), (material, "1.10"))
    return send_and_accept(story)


def lines(story: Story) -> Any:
    return [story.budget.lines.get(cost_type__code=kind) for kind in "LM"]


def found_as_left(story: Story, documents: dict[str, Document]) -> None:
    """The points are where their names say."""
    assert set(Document.objects.filter(batch__state="accepted").values_list("state", flat=True)) == {
        "sending"
    }
    calls = {
        point: list(document.calls.values_list("step", "outcome")) for point, document in documents.items()
    }
    assert calls["after claim"] == []
    assert calls["before a write"] == [("header", "")]
    steps = calls["after a write, before its answer"]
    assert len(steps) == 2 and steps[-1][0].startswith("line:") and steps[-1][1] == ""
    assert [outcome for _, outcome in calls["delivered, before its mark"]] == ["done"] * TRANSFER_WRITES
    there = {item["name"].rpartition("[")[2].split()[0]: item for item in story.simulator.book()["pcis"]}
    assert documents["after claim"].number not in there
    assert documents["before a write"].number not in there
    assert len(there[documents["after a write, before its answer"].number]["lines"]) == 1
    assert there[documents["delivered, before its mark"].number]["status"] == "APPR"


def test_a_worker_killed_while_it_enters_a_budget_leaves_each_amount_once(
    brisk_cmic: Simulator, celery_worker_process: Callable[..., Worker]
):
    story = begin(brisk_cmic, status="P")
    fill(story)
    send_and_accept(story)
    brisk_cmic.fault("hang_after_commit", match={"method": "PATCH", "resource": "jcjobcategory"})
    first = celery_worker_process(beat=True, **HELD)
    until(lambda: held(brisk_cmic), patience=PATIENCE)
    first.kill()
    assert one().state == DocumentState.SENDING
    assert Call.objects.filter(outcome="").count() == 1
    celery_worker_process(beat=True, **HELD)
    until(delivered, patience=PATIENCE)
    assert_books_agree(story)


def test_two_worker_processes_on_the_same_documents_make_one_of_each(
    brisk_cmic: Simulator, celery_worker_process: Callable[..., Worker]
):
    story = begin(brisk_cmic, status="I")
    fill(story)
    labor, material = lines(story)
    for number in range(3):
        story.modify(f"shift {number}", (labor, "-1.10"), (material, "1.10"))
    batch = send_and_accept(story)
    brisk_cmic.fault("slow", match={"method": "GET"}, times=20, seconds=0.05)
    for _ in range(4):
        for key in batch.documents.values_list("pk", flat=True):
            bell.ring("deliver", key)
    celery_worker_process(beat=True)
    celery_worker_process(beat=True)
    until(delivered, patience=PATIENCE)
    assert set(Document.objects.values_list("attempts", flat=True)) == {1}
    headers = [
        entry for entry in writes(brisk_cmic) if (entry["method"], entry["resource"]) == ("POST", "cmmast")
    ]
    assert len(headers) == len(brisk_cmic.book()["pcis"]) == 4
    assert_books_agree(story)
