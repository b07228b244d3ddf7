"""Duty 6, four meanings: whatever comes back has one of four, for a read and for a write, and tells no secret."""

import base64
import gzip
import json
import traceback
import tracemalloc
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmic_adapter import reads
from cmic_adapter.backend import CmicBackend
from cmic_adapter.meanings import Meaning, of_response
from erp.port import ErpMisconfigured, ErpRefused, ErpUnavailable, ErpUnconfirmed
from tests.cmic_adapter.corpus import ANSWERS, CASES, Case
from tests.cmic_adapter.gate import Gate, said
from tests.cmic_adapter.support import PASSWORD, USER, Diary, Tenant, change, company, line

FIFTY_MB = 50 * 1024 * 1024
DOCUMENT = change(line("01-100", "L", "-1"), line("02-100", "M", "1"))
TOKEN = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


@pytest.fixture
def gate(tenant: Tenant) -> Iterator[Gate]:
    gate = Gate(base_url=tenant.base_url)
    yield gate
    gate.close()


@pytest.fixture
def behind(gate: Gate, make_backend: Callable[..., CmicBackend]) -> CmicBackend:
    """The adapter behind the gate."""
    return make_backend(base_url=gate.base_url)


def test_the_corpus_is_large_enough():
    assert len({case.raw for case in CASES}) == len(CASES) >= 60


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_answer_to_a_write_has_one_meaning_and_is_not_asked_for_twice(
    gate: Gate, behind: CmicBackend, case: Case
):
    gate.answers("POST", raw=case.raw)
    assert_push_fails(gate, behind, case.write)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_answer_to_a_read_has_one_meaning(gate: Gate, behind: CmicBackend, case: Case):
    gate.answers("GET", raw=case.raw)
    assert_read_fails(gate, behind, case.read)


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


@pytest.mark.parametrize("headers", ["", "Content-Encoding: gzip\r\n"])
def test_an_answer_of_50_mb_is_cut_off_and_never_all_in_memory(gate: Gate, behind: CmicBackend, headers: str):
    content = b" " * FIFTY_MB
    gate.answers("POST", raw=said(200, gzip.compress(content, 1) if headers else content, headers))
    behind.check(company())
    tracemalloc.start()
    try:
        assert_push_fails(gate, behind, ErpUnconfirmed)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 40 * 1024 * 1024


GOOD = [
    ("utf-8", ""),
    ("utf-8-sig", ""),
    ("utf-8", "Content-Type: application/json; charset=UTF-8\r\n"),
    ("utf-16", "Content-Type: application/json; charset=utf-16\r\n"),
    ("latin-1", "Content-Type: application/json; charset=ISO-8859-1\r\n"),
    ("cp1252", "Content-Type: application/json; charset=windows-1252\r\n"),
]


@pytest.mark.parametrize(("encoding", "headers"), GOOD)
def test_a_name_in_another_encoding_is_read_as_it_is(
    gate: Gate, behind: CmicBackend, encoding: str, headers: str
):
    row = '{"CompVUuid": "1", "CompCode": "001", "CompName": "Müller Tiefbau", "CompCurrCode": null}'
    page = f'{{"items": [{row}], "count": 1, "hasMore": false}}'
    gate.answers("GET", raw=said(200, page.encode(encoding), headers))
    assert [(each.code, each.name) for each in behind.companies()] == [("001", "Müller Tiefbau")]


def test_half_characters_and_nul_in_a_name_become_something_that_can_be_kept(gate: Gate, behind: CmicBackend):
    row = '{"CompVUuid": "1", "CompCode": "001", "CompName": "a\\u0000b\\ud800c\\ud83d\\ude00", "CompCurrCode": ""}'
    gate.answers("GET", body=f'{{"items": [{row}]}}')
    assert [each.name for each in behind.companies()] == ["a\ufffdb\ufffdc\U0001f600"]


def test_a_list_without_end_that_repeats_itself_is_not_read_for_ever(gate: Gate, behind: CmicBackend):
    row = '{"CompVUuid": "1", "CompCode": "001", "CompName": "Acme", "CompCurrCode": ""}'
    gate.answers("GET", body=f'{{"items": [{row}], "count": 1, "hasMore": true}}')
    with pytest.raises(ErpUnavailable, match="moving"):
        list(behind.companies())
    assert len(gate.met) == 4


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


@pytest.mark.parametrize(("told", "kept"), [("7", 7), ("99999999", 3600), ("soon", None), ("-5", None)])
def test_a_wait_that_is_asked_for_is_at_most_an_hour(
    gate: Gate, behind: CmicBackend, told: str, kept: int | None
):
    gate.answers("POST", status=429, headers=f"Retry-After: {told}\r\n")
    with pytest.raises(ErpUnavailable) as unavailable:
        behind.push(DOCUMENT, Diary())
    assert unavailable.value.retry_after == kept


@pytest.mark.parametrize("odd", ["[]", "{}", "7", "true", "1e999999999", "-1e400", '"2026-99-99"'])
@pytest.mark.parametrize("field", ["CmmPrepostStatCode", "CmmStatCode", "CmmPostDate", "CmmCode", "CmmVUuid"])
def test_a_row_with_a_value_of_another_kind_is_no_crash(
    gate: Gate, behind: CmicBackend, field: str, odd: str
):
    row = {
        "CmmVUuid": "1", "CmmCompCode": "001", "CmmJobCode": "2401", "CmmTypeCode": "COT", "CmmCode": "TB-7K3MQ0XV",
        "CmmName": "x", "CmmPrepostStatCode": "APPR", "CmmPostDate": None, "CmmStatCode": "U",
    }  # fmt: skip
    text = json.dumps({**row, field: "ODD"}).replace('"ODD"', odd)
    behind.check(company())
    gate.answers("GET", body=f'{{"items": [{text}], "count": 1}}')
    with pytest.raises((ErpUnavailable, ErpMisconfigured)):
        behind.find(DOCUMENT)


@pytest.mark.parametrize("odd", ["[]", "{}", "7", "null"])
def test_a_job_whose_status_is_no_word_takes_nothing(gate: Gate, behind: CmicBackend, odd: str):
    row = (
        '{"JobVUuid": "1", "JobCompCode": "001", "JobCode": "2401", "JobName": "x", "JobCtrlCode": null, '
        f'"JobStatusCode": {odd}, "JobAllowPciFlag": "Y"}}'
    )
    gate.answers("GET", body=f'{{"items": [{row}], "count": 1}}')
    assert reads.visible_jobs(behind._client, company="001", codes=["2401"])["2401"].status == "closed"
