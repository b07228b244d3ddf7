"""The limit of requests, measured through the journal. Loops are bounded; nothing waits for a set time."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.cmic_simulator.tenant import SERVICES, Tenant


@pytest.fixture
def throttled(tenant: Tenant) -> Iterator[Tenant]:
    tenant.control("switches", throttle=True)
    yield tenant
    tenant.control("switches", throttle=False)


def test_the_sixteenth_request_of_a_second_is_refused_at_once(throttled: Tenant) -> None:
    throttled.control("switches", max_per_second=3)
    answers = [throttled.get("jcjob", limit=1) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert "Retry-After" not in answers[3].headers
    assert list(answers[3].json()) == ["error"]
    stats = throttled.sim.get("journal/stats").json()
    assert (stats["max_per_second"], stats["max_in_flight"]) == (5, 1)


def test_refused_requests_do_not_count_so_a_second_later_there_is_room(throttled: Tenant) -> None:
    throttled.control("switches", max_per_second=2)
    deadline = time.monotonic() + 5
    admitted: list[float] = []
    while len(admitted) < 4:
        assert time.monotonic() < deadline, "there was no room within 5 s"
        if throttled.get("jcjob", limit=1).status_code == 200:
            admitted.append(time.monotonic())
    entries = [entry for entry in throttled.journal() if entry["status"] == 200]
    assert entries[2]["at"] - entries[0]["at"] >= 1
    assert entries[3]["at"] - entries[1]["at"] >= 1


def test_more_than_five_at_once_are_refused_until_callers_are_gone(throttled: Tenant) -> None:
    throttled.control("switches", max_per_second=1000)
    throttled.fault("hang_before", times=5)
    with ExitStack() as callers:
        for _ in range(5):
            callers.enter_context(a_caller_who_waits(throttled))
        wait_until(lambda: throttled.sim.get("journal/stats").json()["in_flight"] == 5)
        assert [throttled.get("jcjob").status_code for _ in range(3)] == [429] * 3
    wait_until(lambda: throttled.get("jcjob").status_code == 200)
    assert throttled.sim.get("journal/stats").json()["max_in_flight"] == 6


def a_caller_who_waits(tenant: Tenant) -> socket.socket:
    host, port = tenant.origin.removeprefix("http://").split(":")
    raw = socket.create_connection((host, int(port)), timeout=5)
    raw.sendall(f"GET /cmictest/{SERVICES['jcjob']} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    return raw


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline, "it did not happen within 10 s"
        time.sleep(0.005)


def test_one_caller_after_another_is_never_refused_for_being_two(throttled: Tenant) -> None:
    throttled.control("switches", max_concurrent=1, max_per_second=100_000)
    assert {throttled.get("jcjob", limit=1).status_code for _ in range(200)} == {200}
    assert throttled.sim.get("journal/stats").json()["max_in_flight"] == 1


def test_the_limit_can_be_switched_off(throttled: Tenant) -> None:
    throttled.control("switches", throttle=False)
    assert {throttled.get("jcjob", limit=1).status_code for _ in range(30)} == {200}
