"""Tasks that come twice, five times, late, or while somebody is still at them, and workers told to stop: one effect."""

import random
import re
import signal
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections as databases

from erp import tasks
from erp.models import Document, DocumentState
from tests.support.delivery import assert_books_agree, fill, one, send_and_accept, until, writes
from tests.support.people import People, projects
from tests.support.simulator import Simulator
from tests.support.soak import Figures, counts
from tests.support.story import begin
from tests.support.worker import Worker

pytestmark = pytest.mark.django_db(transaction=True)

HANDS = 6  # threads that do what the messages say
PATIENCE = 60.0  # seconds
TERM_SECONDS = 30  # a worker that is told to stop has ended by then


def do(task: str, *args: int) -> None:
    """Do what one message says, over a database connection of its own."""
    try:
        getattr(tasks, task)(*args)
    finally:
        databases.close_all()


@counts("deliveries", short=60, long=1000)
def test_every_message_delivered_two_to_five_times_at_once_or_late_has_one_effect(
    steady_cmic: Simulator, dice: random.Random, figures: Figures, deliveries: int
):
    people = People(projects(steady_cmic, 4), dice)
    delivered, late = 0, []
    with ThreadPoolExecutor(HANDS) as hands:
        while delivered < deliveries or not people.rest():
            if delivered < deliveries:
                people.act()
            messages = [
                ("deliver", key) for key in Document.objects.values_list("pk", flat=True).order_by("-pk")[:12]
            ]
            messages += [("poll_postings",), ("sweep",)]
            copies = [message for message in messages for _ in range(dice.randint(2, 5))]
            dice.shuffle(copies)
            keep = len(copies) // 5
            now, late = [*copies[keep:], *late], copies[:keep]
            for done in [hands.submit(do, *message) for message in now]:
                done.result()
            delivered += len(now)
    documents = Document.objects.count()
    headers = [e for e in writes(steady_cmic) if (e["method"], e["resource"]) == ("POST", "cmmast")]
    figures("messages again", deliveries=delivered, documents=documents, headers_sent=len(headers))
    assert all(entry["committed"] for entry in headers), "no header was sent a second time"
    assert Document.objects.filter(attempts__gt=1).count() == 0
    for story in people.stories:
        assert_books_agree(story)


def test_a_message_handed_out_again_while_a_worker_is_still_at_it_changes_nothing(
    steady_cmic: Simulator, celery_worker_process: Callable[..., Worker]
):
    """The broker's patience is a second, the delivery takes four; two workers, one change item."""
    story = begin(steady_cmic, status="I")
    fill(story)
    impatient = {"DJANGO_SETTINGS_MODULE": "tests.soak.impatient"}
    workers = [celery_worker_process(concurrency=2, **impatient) for _ in range(2)]
    steady_cmic.fault("slow", match={"resource": ["cmmast", "cmdetail"]}, times=None, seconds=0.7)
    send_and_accept(story)
    until(lambda: one().state == DocumentState.DELIVERED, patience=PATIENCE)

    def received() -> Counter[str]:
        said = " ".join(worker.said() for worker in workers)
        return Counter(re.findall(r"Task erp\.tasks\.deliver\[([-0-9a-f]{36})\] received", said))

    until(lambda: max(received().values(), default=0) > 1, patience=PATIENCE)
    steady_cmic.clear_faults()
    assert one().attempts == 1
    assert len(steady_cmic.book()["pcis"]) == 1
    assert_books_agree(story)
    print(f"one message was handed out {max(received().values())} times")


@counts("stops", short=2, long=20)
def test_a_worker_told_to_stop_finishes_what_it_sends_and_leaves_the_rest(
    steady_cmic: Simulator,
    celery_worker_process: Callable[..., Worker],
    dice: random.Random,
    figures: Figures,
    stops: int,
):
    people = People(projects(steady_cmic, 3), dice)
    steady_cmic.fault("slow", match={"resource": ["cmmast", "cmdetail"]}, times=None, seconds=0.1)
    under_way = 0
    for _ in range(stops):
        worker = celery_worker_process(concurrency=2, beat=True)

        def sending() -> bool:
            people.act()
            return Document.objects.filter(state=DocumentState.SENDING).exists()

        until(sending, patience=PATIENCE)
        under_way += Document.objects.filter(state=DocumentState.SENDING).count()
        worker.process.send_signal(signal.SIGTERM)
        assert worker.process.wait(TERM_SECONDS) == 0
        assert not Document.objects.filter(state=DocumentState.SENDING).exists()
        assert not Document.objects.filter(state=DocumentState.UNCONFIRMED).exists()
    steady_cmic.clear_faults()
    celery_worker_process(concurrency=2, beat=True)
    until(people.rest, patience=PATIENCE)
    figures("workers told to stop", stops=stops, finished_first=under_way, documents=Document.objects.count())
    for story in people.stories:
        assert_books_agree(story)
