"""Duty 6, four meanings: whatever comes back has one of four, for a read and for a write, and tells no secret."""

import base64
import json
import traceback
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmic_adapter.backend import CmicBackend
from cmic_adapter.meanings import Meaning, of_response
from erp.port import ErpMisconfigured, ErpRefused, ErpUnavailable, ErpUnconfirmed
from tests.cmic_adapter.gate import Gate
from tests.cmic_adapter.support import PASSWORD, USER, Diary, Tenant, change, company, line

DOCUMENT = change(line("01-100", "L", "-1"), line("02-100", "M", "1"))
TOKEN = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
LOGIN = "<!DOCTYPE html><html><body>Please log in</body></html>"
GONE_WRONG = "Something is wrong with the value."
ADF = json.dumps(
    {"title": "Bad", "status": "400", "o:errorDetails": [{"detail": GONE_WRONG, "o:errorCode": "27019"}]}
)
WSD = json.dumps({"uuid": "1", "status": "Error", "errorCode": "WSD-0400", "errorMessage": GONE_WRONG})
ERROR = json.dumps({"error": GONE_WRONG})
RESULT = json.dumps({"result": f"ERROR: {GONE_WRONG}"})
UNKNOWN = "Attribute CmmName in the payload is not known to resource cmmast."

# status, body, what it means for a read, what it means for a write
ANSWERS = [
    (400, GONE_WRONG, ErpMisconfigured, ErpRefused),
    (400, ADF, ErpMisconfigured, ErpRefused),
    (400, WSD, ErpMisconfigured, ErpRefused),
    (400, ERROR, ErpMisconfigured, ErpRefused),
    (200, RESULT, ErpMisconfigured, ErpRefused),
    (200, ADF, ErpMisconfigured, ErpRefused),
    (200, WSD, ErpMisconfigured, ErpRefused),
    (200, ERROR, ErpMisconfigured, ErpRefused),
    (400, "", ErpMisconfigured, ErpRefused),
    (409, GONE_WRONG, ErpMisconfigured, ErpRefused),
    (413, "Request Entity Too Large.", ErpMisconfigured, ErpRefused),
    (422, ADF, ErpMisconfigured, ErpRefused),
    (400, UNKNOWN, ErpMisconfigured, ErpMisconfigured),
    (400, json.dumps({"error": UNKNOWN}), ErpMisconfigured, ErpMisconfigured),
    (400, "JBO-25058: Definition X of type Attribute is not found.", ErpMisconfigured, ErpMisconfigured),
    (400, "Duplicate request 4711.", ErpUnavailable, ErpUnconfirmed),
    (409, "Duplicate request 4711.", ErpUnavailable, ErpUnconfirmed),
    (200, json.dumps({"result": "Duplicate request"}), ErpUnavailable, ErpUnconfirmed),
    (401, LOGIN, ErpMisconfigured, ErpMisconfigured),
    (401, "", ErpMisconfigured, ErpMisconfigured),
    (403, WSD, ErpMisconfigured, ErpMisconfigured),
    (407, "", ErpMisconfigured, ErpMisconfigured),
    (404, "No resource.", ErpMisconfigured, ErpMisconfigured),
    (405, "Method not allowed.", ErpMisconfigured, ErpMisconfigured),
    (406, "", ErpMisconfigured, ErpMisconfigured),
    (415, "", ErpMisconfigured, ErpMisconfigured),
    (408, "", ErpUnavailable, ErpUnconfirmed),
    (429, ERROR, ErpUnavailable, ErpUnavailable),
    (500, ADF, ErpUnavailable, ErpUnconfirmed),
    (500, "", ErpUnavailable, ErpUnconfirmed),
    (502, LOGIN, ErpUnavailable, ErpUnconfirmed),
    (503, LOGIN, ErpUnavailable, ErpUnconfirmed),
    (504, "", ErpUnavailable, ErpUnconfirmed),
    (200, LOGIN, ErpMisconfigured, ErpUnconfirmed),
    (200, "", ErpUnavailable, ErpUnconfirmed),
    (200, "{", ErpUnavailable, ErpUnconfirmed),
    (200, "[]", ErpUnavailable, ErpUnconfirmed),
    (200, "null", ErpUnavailable, ErpUnconfirmed),
    (200, "NaN", ErpUnavailable, ErpUnconfirmed),
    (200, "[" * 100_000, ErpUnavailable, ErpUnconfirmed),
    (201, '{"CmmCode": "TB-7K3MQ0XV"}', ErpUnavailable, ErpUnconfirmed),
    (200, '{"items": 7}', ErpUnavailable, ErpUnconfirmed),
    (200, "OK", ErpUnavailable, ErpUnconfirmed),
]
GO_AWAY = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
NOT_GZIP = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"
RAW = [
    (b"", ErpUnavailable, ErpUnconfirmed),
    (b"garbage", ErpUnavailable, ErpUnconfirmed),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", ErpUnavailable, ErpUnconfirmed),
    (b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{", ErpUnavailable, ErpUnconfirmed),
    (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
        ErpUnavailable,
        ErpUnconfirmed,
    ),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\xff\xfe\x00{", ErpUnavailable, ErpUnconfirmed),
    (
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        ErpMisconfigured,
        ErpMisconfigured,
    ),
    (b"HTTP/1.1 307 Go\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n", ErpMisconfigured, ErpMisconfigured),
]


@pytest.fixture
def gate(tenant: Tenant) -> Iterator[Gate]:
    gate = Gate(base_url=tenant.base_url)
    yield gate
    gate.close()


@pytest.fixture
def behind(gate: Gate, make_backend: Callable[..., CmicBackend]) -> CmicBackend:
    """The adapter behind the gate."""
    return make_backend(base_url=gate.base_url)


@pytest.mark.parametrize(("status", "body", "read", "write"), ANSWERS)
def test_an_answer_to_a_write_has_one_meaning_and_is_not_asked_for_twice(
    gate: Gate, behind: CmicBackend, status: int, body: str, read: type, write: type
):
    gate.answers("POST", status=status, body=body)
    assert_push_fails(gate, behind, write)


@pytest.mark.parametrize(("status", "body", "read", "write"), ANSWERS)
def test_an_answer_to_a_read_has_one_meaning(
    gate: Gate, behind: CmicBackend, status: int, body: str, read: type, write: type
):
    gate.answers("GET", status=status, body=body)
    assert_read_fails(gate, behind, read)


@pytest.mark.parametrize(("raw", "read", "write"), RAW)
def test_broken_bytes_after_a_write_are_unconfirmed_and_redirects_are_not_followed(
    gate: Gate, behind: CmicBackend, raw: bytes, read: type, write: type
):
    gate.answers("POST", raw=raw)
    assert_push_fails(gate, behind, write)


@pytest.mark.parametrize(("raw", "read", "write"), RAW)
def test_broken_bytes_after_a_read(gate: Gate, behind: CmicBackend, raw: bytes, read: type, write: type):
    gate.answers("GET", raw=raw)
    assert_read_fails(gate, behind, read)


@settings(max_examples=100, deadline=None)
@given(
    status=st.integers(100, 599),
    text=st.text() | st.sampled_from([body for _, body, _, _ in ANSWERS]),
    cut=st.integers(0, 99),
)
def test_any_answer_at_all_has_a_meaning(status: int, text: str, cut: int):
    answer = of_response(status=status, text=text[:cut], on_row=False)
    for writes in (False, True):
        assert answer.meaning(writes=writes) in Meaning
    if not 200 <= status < 300:
        assert answer.meaning(writes=True) is not Meaning.DONE


def test_an_endless_answer_is_cut_off(gate: Gate, behind: CmicBackend):
    gate.answers("POST", body="x" * 33 * 1024 * 1024)
    assert_push_fails(gate, behind, ErpUnconfirmed)


def test_a_server_that_is_down_is_unavailable(make_backend: Callable[..., CmicBackend]):
    with pytest.raises(ErpUnavailable):
        list(make_backend(base_url="http://127.0.0.1:1/cmictest").companies())


def test_the_time_a_throttling_server_names_is_handed_on(gate: Gate, behind: CmicBackend):
    gate.answers("POST", status=429, headers="Retry-After: 7\r\n")
    with pytest.raises(ErpUnavailable) as unavailable:
        behind.push(DOCUMENT, Diary())
    assert unavailable.value.retry_after == 7


def test_no_secret_is_told_even_when_the_server_repeats_it(gate: Gate, behind: CmicBackend):
    gate.echo = True
    for status in (400, 401, 403, 409, 429, 500, 302, 200):
        gate.answers("POST", status=status, body="You sent ECHO".ljust(9 + len("Basic ") + len(TOKEN)))
        diary = Diary()
        with pytest.raises(Exception, match="HTTP|ended|refused|CMiC") as raised:
            behind.push(DOCUMENT, diary)
        told = traceback.TracebackException.from_exception(raised.value, capture_locals=True)
        everything = (
            "".join(told.format()) + repr(diary.before_calls) + repr(diary.after_calls) + repr(behind)
        )
        everything += repr(getattr(raised.value, "findings", ""))
        assert TOKEN not in everything and f":{PASSWORD}" not in everything


def test_a_wrong_password_is_not_in_the_complaint(make_backend: Callable[..., CmicBackend]):
    backend = make_backend(password="hunter2-canary")
    with pytest.raises(ErpMisconfigured) as raised:
        backend.check(company())
    told = traceback.TracebackException.from_exception(raised.value, capture_locals=True)
    assert "hunter2-canary" not in "".join(told.format()) + repr(backend)


@pytest.mark.parametrize(
    "base_url", ["ftp://host/x", "https://user:pass@host/x", "nonsense", "file:///etc/passwd"]
)
def test_a_base_url_that_is_none_is_refused_at_once(make_backend: Callable[..., CmicBackend], base_url: str):
    with pytest.raises(ErpMisconfigured):
        make_backend(base_url=base_url)


def test_a_refused_log_in_is_tried_at_most_twice(tenant: Tenant, cmic: CmicBackend):
    tenant.fault("401", times=None)
    for _ in range(2):
        with pytest.raises(ErpMisconfigured):
            cmic.push(DOCUMENT, Diary())
    for _ in range(3):
        with pytest.raises(ErpUnavailable) as rest:
            cmic.push(DOCUMENT, Diary())
        assert rest.value.retry_after is not None and 0 < rest.value.retry_after <= 600
    assert len(tenant.calls()) == 2


def assert_push_fails(gate: Gate, cmic: CmicBackend, expected: type) -> None:
    diary = Diary()
    with pytest.raises(expected) as raised:
        cmic.push(DOCUMENT, diary)
    assert type(raised.value) is expected
    assert len(gate.met) == 1 == len(diary.before_calls)
    word = {ErpRefused: "refused", ErpUnavailable: "unavailable", ErpUnconfirmed: "unconfirmed"}
    assert diary.after_calls[0]["outcome"] == word.get(expected, "misconfigured")


def assert_read_fails(gate: Gate, cmic: CmicBackend, expected: type) -> None:
    with pytest.raises(expected):
        list(cmic.companies())
    assert len(gate.met) == (1 if expected is ErpMisconfigured else len(gate.met))
    assert len(gate.met) <= 2
