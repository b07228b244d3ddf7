"""Redis is killed, emptied, or hangs while people work: nobody is held up, nothing is lost, nothing is done twice.

PostgreSQL is the queue; when Redis is back, the sweep finds what nobody rang for.
"""

import random
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from erp.models import BatchState, Document, DocumentState
from tests.support.delivery import assert_books_agree, until
from tests.support.people import People, projects
from tests.support.simulator import Simulator
from tests.support.soak import Figures, counts
from tests.support.story import Story
from tests.support.valve import Valve
from tests.support.worker import Worker

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 90.0  # seconds until everything has come to rest, on a busy machine
LONGEST_POST = 6.0  # seconds: a few socket time-outs of 0.2 s, on a busy machine; the figures say what it was


def work_with(valve: Valve, start: Callable[..., Worker]) -> Worker:
    return start(concurrency=2, beat=True, REDIS_URL=valve.url, CMIC_CONCURRENCY="40")


FAULTS: dict[str, tuple[Callable[[Valve], None], Callable[[Valve], None]]] = {
    "killed": (Valve.kill, Valve.start),
    "emptied": (Valve.empty, lambda valve: None),
    "hung": (Valve.shut, Valve.open),
}


@counts("wipes", short=3, long=60)
def test_redis_is_killed_emptied_and_hangs_again_and_again_and_no_document_is_lost(
    steady_cmic: Simulator,
    valve: Valve,
    celery_worker_process: Callable[..., Worker],
    dice: random.Random,
    figures: Figures,
    wipes: int,
):
    stories = projects(steady_cmic, 4)
    people = People(stories, dice)
    work_with(valve, celery_worker_process)
    slowest, found_after = 0.0, []
    for number in range(wipes):
        time.sleep(dice.uniform(0, 0.5))
        begin_fault, end_fault = list(FAULTS.values())[number % len(FAULTS)]
        begin_fault(valve)
        before = set(Document.objects.values_list("pk", flat=True))
        started = time.monotonic()
        people.act()
        slowest = max(slowest, (time.monotonic() - started) / len(stories))
        end_fault(valve)
        found_after.append(seconds_until_taken(before))
    until(people.rest, patience=PATIENCE)
    figures(
        "Redis lost",
        wipes=wipes,
        documents=Document.objects.count(),
        batches=people.sent,
        slowest_send_and_accept=f"{slowest:.2f} s",
        longest_until_found=f"{max(found_after):.1f} s",
    )
    for story in stories:
        assert_books_agree(story)


def seconds_until_taken(before: set[int]) -> float:
    """Wait until a worker has taken every document whose bell was lost; return how long that took."""
    lost = Document.objects.exclude(pk__in=before)
    started = time.monotonic()
    until(lambda: not lost.filter(state=DocumentState.QUEUED, attempts=0).exists(), patience=PATIENCE)
    return time.monotonic() - started


@pytest.mark.parametrize("fault", ["killed", "hung"])
@counts("exports", short=4, long=40)
def test_people_send_and_accept_over_http_while_redis_is_away_and_the_sweep_finds_all_of_it(
    steady_cmic: Simulator,
    valve: Valve,
    celery_worker_process: Callable[..., Worker],
    figures: Figures,
    fault: str,
    exports: int,
):
    stories = projects(steady_cmic, exports)
    begin_fault, end_fault = FAULTS[fault]
    begin_fault(valve)
    took = [seconds for story in stories for seconds in over_http(story)]
    assert max(took) < LONGEST_POST, "a person was held up by Redis"
    assert set(Document.objects.values_list("state", flat=True)) == {DocumentState.QUEUED}
    end_fault(valve)
    work_with(valve, celery_worker_process)
    back = time.monotonic()
    waiting = Document.objects.filter(attempts=0)
    until(lambda: not waiting.exists(), patience=PATIENCE)
    found = time.monotonic() - back
    until(lambda: set(Document.objects.values_list("state", flat=True)) == {"delivered"}, patience=PATIENCE)
    took.sort()
    figures(
        f"Redis {fault}, {exports} exports over HTTP",
        median_request=f"{took[len(took) // 2]:.2f} s",
        slowest_request=f"{took[-1]:.2f} s",
        found_after=f"{found:.1f} s",
    )
    for story in stories:
        assert_books_agree(story)


def over_http(story: Story) -> list[float]:
    """Dana sends and Mira accepts through the API; return the seconds of each POST."""
    dana, mira = Client(), Client()
    dana.force_login(story.dana)
    mira.force_login(story.mira)
    sent, first = timed(dana, f"/api/v1/budgets/{story.project.pk}/send/", {})
    assert sent.status_code == 201, sent.content
    seen = story.read()
    accepted, second = timed(
        mira, f"/api/v1/batches/{sent.json()['id']}/accept/", {"reading_hash": seen.hash}
    )
    assert accepted.status_code == 200, accepted.content
    assert accepted.json()["state"] == BatchState.ACCEPTED
    return [first, second]


def timed(client: Client, url: str, body: dict[str, Any]) -> tuple[Any, float]:
    started = time.monotonic()
    answer = client.post(url, body, content_type="application/json")
    return answer, time.monotonic() - started
