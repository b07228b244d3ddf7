"""Tasks that come twice, five times or late, and workers that meet at one document: one effect."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections as databases
from django.db.models.functions import Now
from django.utils import timezone

from erp import services, tasks
from erp.decision import deciding
from erp.delivery import aftercare, outbox
from erp.models import Document, DocumentState, ReadingState
from tests.support.delivery import (
    assert_books_agree,
    fill,
    finish,
    one,
    send_and_accept,
    time_passes,
    until,
    writes,
)
from tests.support.simulator import Simulator
from tests.support.story import Story, begin

pytestmark = pytest.mark.django_db(transaction=True)

TIMES = 5  # how often each task is delivered


def accepted(simulator: Simulator, *, status: str = "I") -> Story:
    story = begin(simulator, status=status)
    fill(story)
    send_and_accept(story)
    return story


def at_once(times: int, call: Callable[[], Any]) -> list[Any]:
    """Run a call in so many threads, each with its own database connection, all starting together."""
    start = threading.Barrier(times)

    def run(_: int) -> Any:
        try:
            start.wait()
            return call()
        finally:
            databases.close_all()

    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(run, range(times)))


def posted(story: Story) -> None:
    finish(story)
    story.post_everything()
    story.poll()
    assert set(Document.objects.values_list("state", flat=True)) == {DocumentState.POSTED}
    assert_books_agree(story)


@pytest.mark.parametrize("status", ["I", "P"])
def test_a_task_delivered_five_times_at_once_writes_once(brisk_cmic: Simulator, status: str):
    story = accepted(brisk_cmic, status=status)
    brisk_cmic.fault("slow", match={"method": "GET"}, times=3, seconds=0.1)
    key = one().pk
    at_once(TIMES, lambda: tasks.deliver(key))
    assert one().state == DocumentState.DELIVERED
    assert one().attempts == 1
    assert_books_agree(story)
    print(f"{TIMES} deliveries at once")


def test_a_task_that_comes_late_asks_the_erp_nothing(brisk_cmic: Simulator):
    story = accepted(brisk_cmic)
    outbox.work_on(one().pk)
    seen = len(brisk_cmic.journal())
    for _ in range(TIMES):
        tasks.deliver(one().pk)
    story.post_everything()
    story.poll()
    asked = len(brisk_cmic.journal())
    for _ in range(TIMES):
        tasks.deliver(one().pk)
        tasks.poll_postings()
    assert asked == len(brisk_cmic.journal()) > seen
    tasks.deliver(document_id=10**9)
    assert_books_agree(story)


def test_an_unknown_outcome_is_asked_about_by_one_of_five_workers(brisk_cmic: Simulator):
    story = accepted(brisk_cmic)
    brisk_cmic.fault("reset_after_commit", match={"method": "PATCH", "resource": "cmmast"})
    outbox.work_on(one().pk)
    key = one().pk
    brisk_cmic.fault("slow", match={"method": "GET"}, times=2, seconds=0.1)
    assert sorted(at_once(TIMES, lambda: outbox.work_on(key))) == [False] * (TIMES - 1) + [True]
    posted(story)


def test_a_withdrawal_delivered_five_times_takes_the_document_out_once(brisk_cmic: Simulator):
    story = accepted(brisk_cmic)
    outbox.work_on(one().pk)
    batch = story.budget.batches.get()
    aftercare.return_to_pm(batch, user=story.mira, now=timezone.now(), note="not yet, please")
    key = one().pk
    brisk_cmic.fault("slow", match={"method": "GET"}, times=2, seconds=0.1)
    at_once(TIMES, lambda: tasks.deliver(key))
    assert one().state == DocumentState.WITHDRAWN
    assert brisk_cmic.book()["pcis"] == []
    assert_books_agree(story)


def test_a_worker_that_lost_its_claim_sends_nothing_more(brisk_cmic: Simulator):
    """It slept over its lease between two writes; somebody else has the document by now."""
    story = accepted(brisk_cmic)
    key = one().pk
    brisk_cmic.fault("slow", match={"method": "POST", "resource": "cmdetail", "nth": 1}, seconds=0.4)
    with ThreadPoolExecutor(1) as threads:
        sleeper = threads.submit(at_once, 1, lambda: outbox.work_on(key))
        until(lambda: [entry for entry in writes(brisk_cmic) if entry["resource"] == "cmdetail"])
        Document.objects.update(lease_until=Now() - timedelta(seconds=1))
        outbox.sweep()
        assert one().state == DocumentState.UNCONFIRMED
        assert "stopped" in one().waiting_for
        sleeper.result()
    assert one().state == DocumentState.UNCONFIRMED
    assert [entry["resource"] for entry in writes(brisk_cmic)].count("cmdetail") == 1
    assert "PATCH" not in [entry["method"] for entry in writes(brisk_cmic)]
    posted(story)


def test_a_worker_that_comes_back_after_another_has_finished_changes_nothing(brisk_cmic: Simulator):
    story = accepted(brisk_cmic)
    key = one().pk
    brisk_cmic.fault("slow", match={"method": "PATCH", "resource": "cmmast"}, seconds=0.45)
    with ThreadPoolExecutor(1) as threads:
        sleeper = threads.submit(at_once, 1, lambda: outbox.work_on(key))
        until(lambda: [entry for entry in writes(brisk_cmic) if entry["method"] == "PATCH"])
        Document.objects.update(lease_until=Now() - timedelta(seconds=1))
        outbox.sweep()
        until(
            lambda: [entry for entry in writes(brisk_cmic) if entry["method"] == "PATCH" and entry["status"]]
        )
        time_passes(story)
        outbox.work_on(key)
        sleeper.result()
    posted(story)


def test_a_reading_made_five_times_is_stored_once_and_one_that_is_asked_twice_is_one(brisk_cmic: Simulator):
    story = begin(brisk_cmic, status="I")
    fill(story)
    batch = services.send(story.budget, user=story.dana, now=timezone.now())
    asked = deciding.read_again(batch, user=story.mira, now=timezone.now())
    again = deciding.read_again(batch, user=story.mira, now=timezone.now())
    assert asked == again
    assert story.budget.readings.count() == 1
    at_once(TIMES, lambda: tasks.make_reading(asked.pk))
    asked.refresh_from_db()
    assert asked.state == ReadingState.MADE
    made_at = asked.made_at
    seen = len(brisk_cmic.journal())
    tasks.make_reading(asked.pk)
    asked.refresh_from_db()
    assert (asked.made_at, len(brisk_cmic.journal())) == (made_at, seen)
    story.accept(batch)
    posted(story)


def test_a_posting_seen_five_times_at_once_is_recorded_once(brisk_cmic: Simulator):
    story = accepted(brisk_cmic)
    finish(story)
    story.post_everything()
    Document.objects.update(poll_at=timezone.now())
    at_once(TIMES, tasks.poll_postings)
    assert one().state == DocumentState.POSTED
    assert_books_agree(story)
