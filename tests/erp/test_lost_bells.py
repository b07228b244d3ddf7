"""PostgreSQL is the queue and Redis a bell: nothing is lost when nobody hears it, and nobody waits for it."""

import socket
import time
from collections.abc import Callable, Iterator

import pytest
import redis
from celery import Celery
from django.utils import timezone

from erp import services
from erp.delivery import outbox
from erp.models import Document, DocumentState
from tests.support.delivery import assert_books_agree, fill, one, send_and_accept, until
from tests.support.simulator import Simulator
from tests.support.story import Story, begin
from tests.support.worker import Worker
from workflow import bell

pytestmark = pytest.mark.django_db(transaction=True)

MODIFICATIONS = 4
WIPES = 5


def with_modifications(story: Story) -> None:
    fill(story)
    labor, sub = story.budget.lines.order_by("cost_code__code")[:2]
    for number in range(MODIFICATIONS):
        story.modify(f"shift {number}", (labor, "-1.10"), (sub, "1.10"))


def delivered() -> bool:
    states = set(Document.objects.values_list("state", flat=True))
    return states == {DocumentState.DELIVERED}


@pytest.fixture
def broker_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """A function that gives this process another broker; everything else is as in the settings."""
    elsewhere = Celery("elsewhere", set_as_current=False)

    def go(url: str) -> None:
        elsewhere.config_from_object("django.conf:settings", namespace="CELERY")
        elsewhere.conf.broker_url = url
        monkeypatch.setattr(bell, "current_app", elsewhere)
        monkeypatch.setattr(bell, "_silent_until", 0.0)

    yield go
    elsewhere.close()


@pytest.mark.parametrize("broker", ["down", "silent"])
def test_a_dead_broker_costs_the_approver_less_than_a_second_and_loses_nothing(
    brisk_cmic: Simulator, broker_at: Callable[[str], None], caplog: pytest.LogCaptureFixture, broker: str
):
    story = begin(brisk_cmic, status="I")
    with_modifications(story)
    batch = story.send()
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        if broker == "silent":
            nobody.listen(16)
        broker_at(f"redis://127.0.0.1:{nobody.getsockname()[1]}/0")
        started = time.monotonic()
        story.accept(batch)
        took = time.monotonic() - started
        outbox.sweep()
        story.work()
    print(f"accepting {MODIFICATIONS + 1} documents took {took:.2f} s with a broker that is {broker}")
    assert took < 1.5
    tries = [record for record in caplog.records if "the broker did not take" in record.message]
    assert len(tries) == 1  # not once for each document
    assert delivered()
    assert_books_agree(story)


def test_a_bell_that_was_never_rung_is_found_by_the_sweep(brisk_cmic: Simulator, valkey: redis.Redis):
    story = begin(brisk_cmic, status="I")
    fill(story)
    send_and_accept(story)
    valkey.flushdb()
    assert outbox.sweep() == 1
    assert valkey.llen("celery") == 1
    outbox.work_on(one().pk)
    assert outbox.sweep() == 0
    assert_books_agree(story)


def more_than(number: int) -> None:
    """Wait for one more delivery, or for the last."""
    there = Document.objects.filter(state=DocumentState.DELIVERED)
    until(lambda: delivered() or there.count() > number, patience=30)


def test_a_redis_that_is_wiped_again_and_again_loses_no_document(
    brisk_cmic: Simulator, valkey: redis.Redis, celery_worker_process: Callable[..., Worker]
):
    story = begin(brisk_cmic, status="I")
    with_modifications(story)
    batch = services.send(story.budget, user=story.dana, now=timezone.now())
    celery_worker_process(concurrency=2, beat=True)
    valkey.flushdb()
    until(lambda: story.budget.readings.filter(state="made").exists(), patience=30)
    story.accept(batch)
    for _ in range(WIPES):
        valkey.flushdb()
        more_than(Document.objects.filter(state=DocumentState.DELIVERED).count())
    until(delivered, patience=30)
    assert_books_agree(story)
    print(f"{WIPES} wipes under {MODIFICATIONS + 1} documents")
