"""No call outlasts its time, and no push outlasts its claim, however slowly the bytes come."""

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from cmic_adapter.backend import CmicBackend
from erp.port import ErpUnavailable, ErpUnconfirmed
from tests.cmic_adapter.gate import Gate
from tests.cmic_adapter.support import STARTED, Diary, Tenant, change, line, money

DOCUMENT = change(line("01-100", "L", "-1"), line("02-100", "M", "1"))
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
PATIENCE = 0.6  # seconds for a call
DRIPS = {"head": HEAD + b"X: y\r\n" * 500, "body": HEAD + b"Content-Length: 5000\r\n\r\n" + b" " * 5000}


@pytest.fixture
def gate(tenant: Tenant) -> Iterator[Gate]:
    gate = Gate(base_url=tenant.base_url)
    gate.drip = 0.05
    yield gate
    gate.close()


@pytest.mark.parametrize("part", DRIPS)
def test_a_write_that_is_answered_drop_by_drop_is_given_up_in_its_time(
    gate: Gate, make_backend: Callable[..., CmicBackend], part: str
):
    gate.answers("POST", raw=DRIPS[part])
    cmic, started = make_backend(base_url=gate.base_url, write_timeout=PATIENCE), time.monotonic()
    with pytest.raises(ErpUnconfirmed):
        cmic.push(DOCUMENT, Diary())
    assert time.monotonic() - started < cmic.lease_seconds


@pytest.mark.parametrize("part", DRIPS)
def test_a_read_that_is_answered_drop_by_drop_is_given_up_in_its_time_and_not_tried_twice(
    gate: Gate, make_backend: Callable[..., CmicBackend], part: str
):
    gate.answers("GET", raw=DRIPS[part])
    with pytest.raises(ErpUnavailable):
        list(make_backend(base_url=gate.base_url, read_timeout=PATIENCE).companies())
    assert len(gate.met) == 1


def test_a_server_that_takes_nothing_in_is_given_up_in_its_time(make_backend: Callable[..., CmicBackend]):
    with socket.create_server(("127.0.0.1", 0), backlog=8) as deaf:
        base_url = f"http://127.0.0.1:{deaf.getsockname()[1]}/cmictest"
        with pytest.raises(ErpUnavailable):
            list(make_backend(base_url=base_url, read_timeout=PATIENCE).companies())


def test_slow_reads_between_two_writes_end_the_try_before_the_claim_ends(
    tenant: Tenant, make_backend: Callable[..., CmicBackend]
):
    """Each answer is in time, all of them together are not; the next try goes on from what is there."""
    cmic = make_backend(read_timeout=2, write_timeout=1)
    cmic.check(DOCUMENT.company)  # the set-up is known and not read again
    tenant.fault("slow", times=None, match={"method": "GET"}, seconds=1.5)
    started = time.monotonic()
    with pytest.raises(ErpUnavailable, match="too slowly|No complete answer"):
        cmic.push(DOCUMENT, Diary())
    assert time.monotonic() - started < cmic.lease_seconds
    tenant.no_faults()
    assert cmic.push(DOCUMENT, Diary()).lines == 2
    assert tenant.lines() == [(STARTED, "01-100", "L", money(-1)), (STARTED, "02-100", "M", money(1))]


def test_a_long_push_may_last_longer_than_a_claim_because_each_write_extends_it(
    tenant: Tenant, make_backend: Callable[..., CmicBackend]
):
    cmic = make_backend(read_timeout=2, write_timeout=1)
    cmic.check(DOCUMENT.company)
    tenant.fault("slow", times=None, match={"method": ["POST", "PATCH"]}, seconds=0.35)
    document = change(*[line(f"0{n}-100", kind, "1") for n in range(1, 6) for kind in "LM"])
    started = time.monotonic()
    assert cmic.push(document, Diary()).lines == 10
    assert time.monotonic() - started > cmic.lease_seconds


def test_two_threads_have_each_their_own_time(gate: Gate, make_backend: Callable[..., CmicBackend]):
    cmic = make_backend(base_url=gate.base_url, read_timeout=3, write_timeout=PATIENCE)
    gate.answers("POST", raw=DRIPS["body"])
    wrong: list[BaseException] = []

    def push() -> None:
        try:
            cmic.push(DOCUMENT, Diary())
        except ErpUnconfirmed as error:
            wrong.append(error)

    thread = threading.Thread(target=push)
    thread.start()
    assert len(list(cmic.companies())) == 2
    thread.join()
    assert len(wrong) == 1
