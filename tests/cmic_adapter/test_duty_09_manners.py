"""Duty 9, manners: all workers together stay within what CMiC's terms allow."""

import inspect
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from statistics import median

import pytest
from django.conf import settings

from cmic_adapter.backend import CmicBackend
from erp.port import ErpMisconfigured, ErpUnavailable
from tests.cmic_adapter.support import STARTED, Diary, Tenant, change, company, line
from tests.support.soak import Figures, counts

# Starts are spaced evenly; whom the machine wakes late starts late, and comes in the second of others. It holds a place
# while it sleeps, and there are three: so many more than the rate can a second see at most, which CMiC allows.
LATE_AT_MOST = 3
REDIS_IS_DOWN = "redis://127.0.0.1:1/0"


def together(workers: list[Callable[[], object]]) -> None:
    """Run all at once and hand on what goes wrong."""
    wrong: list[BaseException] = []

    def run(work: Callable[[], object]) -> None:
        try:
            work()
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise wrong[0]


def read_companies(backend: CmicBackend) -> None:
    """Read the companies five times."""
    for _ in range(5):
        list(backend.companies())


def test_four_workers_share_eight_requests_a_second_and_three_at_once(
    tenant: Tenant, make_backend: Callable[..., CmicBackend]
):
    tenant.switch(throttle=True)
    tenant.fault("slow", times=None, match={"resource": "glcompany"}, seconds=0.45)
    backends = [make_backend(requests_per_second=8, redis_url=settings.REDIS_URL) for _ in range(4)]
    together([partial(read_companies, backend) for backend in backends])
    stats = tenant.ask("journal/stats")
    assert stats["statuses"] == {"200": 20}
    assert stats["max_in_flight"] == 3
    assert stats["max_per_second"] <= 8 + LATE_AT_MOST


def test_a_storm_of_429_is_weathered_within_the_limits(
    tenant: Tenant, make_backend: Callable[..., CmicBackend]
):
    tenant.switch(throttle=True)
    tenant.fault("429", times=3, match={"probability": 0.5, "seed": 7})

    def deliver(number: int) -> None:
        backend = make_backend(requests_per_second=12, redis_url=settings.REDIS_URL)
        document = change(line("01-100", "L", "-1"), line("02-100", "M", "1"), number=f"TB-0000000{number}")
        for _ in range(10):
            try:
                backend.push(document, Diary())
                return
            except ErpUnavailable:
                continue
        raise AssertionError(f"{number} was never delivered")

    together([partial(deliver, number) for number in range(3)])
    stats = tenant.ask("journal/stats")
    assert stats["statuses"]["429"] == 3
    assert stats["max_in_flight"] <= 5 and stats["max_per_second"] <= 15
    assert len(tenant.pcis()) == 3
    assert tenant.lines() == sorted([(STARTED, "01-100", "L", -1), (STARTED, "02-100", "M", 1)] * 3)


def test_nobody_starts_for_a_second_after_a_429(tenant: Tenant, make_backend: Callable[..., CmicBackend]):
    first, second = [make_backend(redis_url=settings.REDIS_URL) for _ in range(2)]
    tenant.fault("429", match={"method": "POST"})
    with pytest.raises(ErpUnavailable):
        first.push(change(line("01-100", "L", "1")), Diary())
    list(second.companies())
    refused, after = tenant.calls()[-2:]
    assert (refused["status"], after["status"]) == (429, 200)
    assert after["at"] - refused["at"] >= 0.9


def test_a_long_document_uses_the_rate_it_is_allowed_and_no_more(
    tenant: Tenant, make_backend: Callable[..., CmicBackend]
):
    rate, count = 8, 16
    tenant.ask("seed", {"phases": [{"company": "001", "code": f"{n:05}"} for n in range(count)]})
    codes = [{"company": "001", "job": STARTED, "phase": f"{n:05}", "category": "L"} for n in range(count)]
    tenant.ask("seed", {"budget": codes})
    backend = make_backend(requests_per_second=rate, redis_url=settings.REDIS_URL)
    document = change(*[line(f"{n:05}", "L", "1") for n in range(count)])
    tenant.forget_calls()
    backend.push(document, Diary())
    came = [call["at"] for call in tenant.calls()]
    assert tenant.ask("journal/stats")["max_per_second"] <= rate + 1
    # The usual distance, for a machine that has other things to do is late now and then.
    assert median(later - sooner for sooner, later in pairwise(came)) <= 1 / (0.9 * rate)


def test_without_redis_work_goes_on_slowly_and_one_at_a_time(
    tenant: Tenant, make_backend: Callable[..., CmicBackend]
):
    backend = make_backend(requests_per_second=80, redis_url=REDIS_IS_DOWN)
    together([partial(read_companies, backend)] * 2)
    stats = tenant.ask("journal/stats")
    assert (stats["requests"], stats["max_in_flight"]) == (10, 1)
    assert stats["max_per_second"] <= 20


def test_a_worker_that_was_killed_does_not_hold_its_place_for_ever(
    tenant: Tenant, make_backend: Callable[..., CmicBackend], valkey
):
    dead = make_backend(concurrency=1, redis_url=settings.REDIS_URL, read_timeout=0.3, write_timeout=0.3,
                        connect_timeout=0.1)  # fmt: skip
    dead._client._limiter.enter()
    alive = make_backend(concurrency=1, redis_url=settings.REDIS_URL)
    started = time.monotonic()
    assert list(alive.companies())
    assert 0.4 <= time.monotonic() - started < 5


def test_an_unknown_environment_is_told_at_the_first_look(
    make_backend: Callable[..., CmicBackend], tenant: Tenant
):
    backend = make_backend(base_url=tenant.base_url.replace("cmictest", "cmicprod"))
    with pytest.raises(ErpMisconfigured):
        backend.check(company())


def speak(tenant: Tenant, *, workers: int, rate: int) -> None:
    """Let workers in processes of their own each deliver a document and read twice, all at once."""
    command = [sys.executable, "-m", "tests.cmic_adapter.speaker", tenant.base_url, settings.REDIS_URL]
    speaking = [
        subprocess.Popen(
            [*command, f"TB-0000000{n}", str(rate)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for n in range(workers)
    ]
    tenant.forget_calls()
    for process in speaking:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in speaking:
        process.communicate(timeout=120)
        assert process.returncode == 0
    assert len(tenant.pcis()) == workers
    pairs = [(STARTED, "01-100", "L", -1), (STARTED, "02-100", "M", 1)] * workers
    assert tenant.lines() == sorted(pairs)


def test_three_processes_share_eight_requests_a_second_and_three_at_once(tenant: Tenant, figures: Figures):
    tenant.switch(throttle=True)
    tenant.fault("slow", times=None, match={"resource": "glcompany"}, seconds=0.45)
    speak(tenant, workers=3, rate=8)
    stats, calls = tenant.ask("journal/stats"), tenant.calls()
    took = float(calls[-1]["at"] - calls[0]["at"])
    assert "429" not in stats["statuses"]
    assert stats["max_in_flight"] <= 3
    assert (len(calls) - 1) / took <= 8
    assert stats["max_per_second"] <= 8 + LATE_AT_MOST
    figures("three processes", allowed=8, rate=round(len(calls) / took, 2),
            most_in_a_second=stats["max_per_second"], at_once=stats["max_in_flight"])  # fmt: skip


@counts("refusals", short=6, long=200)
def test_a_storm_of_429_over_processes_never_becomes_one_of_ours(
    tenant: Tenant, figures: Figures, refusals: int
):
    tenant.switch(throttle=True)
    tenant.fault("429", times=refusals, match={"probability": 0.3, "seed": 11})
    speak(tenant, workers=3, rate=12)
    stats = tenant.ask("journal/stats")
    assert stats["statuses"]["429"] <= refusals
    assert stats["max_in_flight"] <= 5 and stats["max_per_second"] <= 15
    figures("429 storm", refused=stats["statuses"]["429"], most_in_a_second=stats["max_per_second"],
            at_once=stats["max_in_flight"])  # fmt: skip


def test_one_cmic_has_one_limit_however_its_address_is_spelled(
    tenant: Tenant, make_backend: Callable[..., CmicBackend], valkey
):
    port = tenant.base_url.rsplit(":", 1)[1].partition("/")[0]
    for host in ("LOCALHOST", "localhost"):
        list(
            make_backend(base_url=f"http://{host}:{port}/cmictest", redis_url=settings.REDIS_URL).companies()
        )
    assert {bytes(key).partition(b"}")[0] for key in valkey.keys("cmic:*")} == {
        f"cmic:{{localhost:{port}".encode()
    }


def test_by_default_eight_a_second_three_at_once_five_seconds_to_connect_and_75_for_a_write():
    cmic = CmicBackend(base_url="https://cmic.example/env", username="C||U", password="p")
    caller, budget = cmic._client._caller, inspect.signature(CmicBackend).parameters
    assert (cmic.requests_per_second, budget["concurrency"].default) == (8, 3)
    assert (caller.timeouts.connect, caller.timeouts.write) == (5, 75)
    assert cmic.lease_seconds > caller.timeouts.write
    cmic.close()
