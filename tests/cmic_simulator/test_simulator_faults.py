"""Faults, each as a caller meets it, and whether the write was done."""

import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from tests.cmic_simulator.tenant import SEED, SERVICES, Tenant, a_header, a_line

HASTE = httpx2.Timeout(5, read=0.15)


def codes(tenant: Tenant) -> list[str]:
    return [pci["code"] for pci in tenant.state()["book"]["pcis"]]


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not true():
        assert time.monotonic() < deadline, "it did not happen within 5 s"
        time.sleep(0.005)


@pytest.mark.parametrize(
    ("kind", "error", "written"),
    [
        ("reset_before", httpx2.ReadError, []),
        ("hang_before", httpx2.ReadTimeout, []),
        ("reset_after_commit", httpx2.ReadError, ["TB-1"]),
        ("hang_after_commit", httpx2.ReadTimeout, ["TB-1"]),
        ("truncate_after_commit", httpx2.RemoteProtocolError, ["TB-1"]),
    ],
)
def test_a_caller_without_an_answer_cannot_know_what_was_written(
    tenant: Tenant, kind: str, error: type[Exception], written: list[str]
) -> None:
    tenant.fault(kind)
    with tenant.caller("ACME||TIEBACK", timeout=HASTE) as caller, pytest.raises(error):
        caller.post(SERVICES["cmmast"], json=a_header())
    wait_until(lambda: tenant.journal()[0]["outcome"] != "")
    assert codes(tenant) == written
    [entry] = tenant.journal()
    assert (entry["fault"], entry["committed"]) == (kind, bool(written))
    assert tenant.post("cmmast", a_header(CmmCode="TB-2")).status_code == 201, "it happens once"


@pytest.mark.parametrize(
    ("kind", "status", "content_type"),
    [
        ("429", 429, "application/json"),
        ("503_html", 503, "text/html"),
        ("401", 401, "text/html"),
        ("403", 403, "application/json"),
        ("413", 413, "application/json"),
        ("login_html_200", 200, "text/html"),
        ("refuse", 400, "application/json"),
    ],
)
def test_a_refusal_writes_nothing(tenant: Tenant, kind: str, status: int, content_type: str) -> None:
    tenant.fault(kind)
    answer = tenant.post("cmmast", a_header())
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, content_type)
    assert "Retry-After" not in answer.headers
    assert codes(tenant) == []


def test_a_server_error_after_the_commit_hides_that_it_was_written(tenant: Tenant) -> None:
    tenant.fault("error500_after_commit")
    assert tenant.post("cmmast", a_header()).status_code == 500
    assert codes(tenant) == ["TB-1"]


def test_retry_after_can_be_asked_for(tenant: Tenant) -> None:
    tenant.fault("503_html", retry_after=7)
    assert tenant.get("jcjob").headers["Retry-After"] == "7"


def test_a_reset_is_a_real_reset(tenant: Tenant) -> None:
    tenant.fault("reset_before")
    host, port = tenant.origin.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as raw:
        raw.sendall(b"GET /cmictest/jc-rest-api/rest/1/jcjob HTTP/1.1\r\nHost: x\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            raw.recv(1)


def test_a_hang_lasts_until_the_caller_is_gone(tenant: Tenant) -> None:
    tenant.fault("hang_before")
    with tenant.caller("ACME||TIEBACK", timeout=HASTE) as caller, pytest.raises(httpx2.ReadTimeout):
        caller.get(SERVICES["jcjob"])
    wait_until(lambda: tenant.sim.get("journal/stats").json()["in_flight"] == 0)


@pytest.mark.parametrize("kind", ["hang_before", "slow"])
def test_a_reset_lets_waiting_callers_go_and_they_change_nothing(tenant: Tenant, kind: str) -> None:
    parameters: dict[str, Any] = {"seconds": 60} if kind == "slow" else {}
    tenant.fault(kind, **parameters)
    with ThreadPoolExecutor(1) as pool, tenant.caller("ACME||TIEBACK", timeout=30) as caller:
        waiting = pool.submit(caller.post, SERVICES["cmmast"], json=a_header())
        wait_until(lambda: len(tenant.journal()) == 1)
        tenant.control("reset", **SEED)
        with pytest.raises(httpx2.TransportError):
            waiting.result(timeout=10)
    assert tenant.items("cmmast") == []


@pytest.mark.parametrize("then", ["hang", "reset", "500"])
def test_a_late_commit_lands_after_the_caller_gave_up(tenant: Tenant, then: str) -> None:
    tenant.control("clock", frozen=True)
    tenant.fault("late_commit", seconds=30, then=then)
    with tenant.caller("ACME||TIEBACK", timeout=HASTE) as caller:
        if then == "500":
            assert caller.post(SERVICES["cmmast"], json=a_header()).status_code == 500
        else:
            with pytest.raises(httpx2.TransportError):
                caller.post(SERVICES["cmmast"], json=a_header())
    wait_until(lambda: tenant.journal()[0]["outcome"] != "")
    assert tenant.items("cmmast") == []
    tenant.control("clock", advance=29)
    assert tenant.items("cmmast") == []
    tenant.control("clock", advance=1)
    assert [item["CmmCode"] for item in tenant.items("cmmast")] == ["TB-1"]
    entry = tenant.journal()[0]
    assert entry["committed"] is True
    assert "committed late" in entry["outcome"]


def test_a_late_commit_meets_the_rules_when_it_lands(tenant: Tenant) -> None:
    tenant.control("clock", frozen=True)
    tenant.fault("late_commit", seconds=30, then="500")
    tenant.post("cmmast", a_header())
    assert tenant.post("cmmast", a_header()).status_code == 201
    tenant.control("clock", advance=31)
    assert codes(tenant) == ["TB-1"]
    assert "ORA-00001" in tenant.journal()[0]["outcome"]


def test_stale_reads_show_the_book_of_before(tenant: Tenant) -> None:
    tenant.fault("stale_read", times=2)
    assert tenant.post("cmmast", a_header()).status_code == 201
    assert tenant.items("cmmast") == []
    assert tenant.items("cmmast", q="CmmCompCode = '001' and CmmCode in ('TB-1')") == []
    assert len(tenant.items("cmmast")) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_broken_json_comes_with_a_right_length(tenant: Tenant, method: str) -> None:
    tenant.fault("bad_json")
    answer = tenant.http.request(method, SERVICES["cmmast"], json=a_header() if method == "POST" else None)
    assert answer.is_success
    with pytest.raises(ValueError):
        answer.json()
    assert codes(tenant) == (["TB-1"] if method == "POST" else [])


def read_in_pages(tenant: Tenant, size: int = 10) -> tuple[list[str], int]:
    found: list[str] = []
    offset = 0
    while True:
        page = tenant.get(
            "jcmastercostcodes", limit=size, offset=offset, orderBy="PhsCode", totalResults="true"
        ).json()
        found += [item["PhsCode"] for item in page["items"]]
        offset += size
        if not page["hasMore"]:
            return found, page["totalResults"]
        assert offset < 1000, "a page that promises more for ever"


@pytest.fixture
def thirty_codes(tenant: Tenant) -> list[str]:
    new = [f"{n:02d}-00-00" for n in range(10, 37)]
    tenant.control("seed", phases=[{"company": "001", "code": code} for code in new])
    return sorted([*new, "03-30-00", "05-12-00", "09-68-00"])


def test_a_drifting_page_loses_a_row_and_the_total_tells(tenant: Tenant, thirty_codes: list[str]) -> None:
    tenant.fault("page_drift")
    found, total = read_in_pages(tenant)
    assert set(thirty_codes) - set(found) == {thirty_codes[10]}
    assert total == 30
    assert read_in_pages(tenant)[0] == thirty_codes


def test_a_page_can_repeat_rows_of_the_one_before(tenant: Tenant, thirty_codes: list[str]) -> None:
    tenant.fault("duplicate_across_pages", times=None)
    found, _ = read_in_pages(tenant)
    assert len(found) == 32
    assert sorted(set(found)) == thirty_codes


def test_a_page_can_promise_more_and_hold_nothing(tenant: Tenant, thirty_codes: list[str]) -> None:
    tenant.fault("has_more_with_nothing")
    page = tenant.get("jcmastercostcodes").json()
    assert (page["items"], page["count"], page["hasMore"]) == ([], 0, True)


def test_texts_are_cut_in_answers_and_in_what_is_stored(tenant: Tenant) -> None:
    tenant.fault("truncate_strings", match={"method": "POST"}, length=8, attributes=["CmmName"])
    tenant.post("cmmast", a_header())
    assert tenant.items("cmmast")[0]["CmmName"] == "Scope ga"
    tenant.fault("truncate_strings", match={"method": "GET"}, length=2)
    assert tenant.items("cmmast")[0]["CmmCode"] == "TB"
    assert codes(tenant) == ["TB-1"]


def test_amounts_are_rounded_in_answers_and_in_what_is_stored(tenant: Tenant) -> None:
    tenant.post("cmmast", a_header())
    tenant.fault("round_amounts", match={"method": "POST"}, digits=1)
    tenant.post("cmdetail", a_line(CmdBudgAmt=100.26))
    assert tenant.items("cmdetail")[0]["CmdBudgAmt"] == Decimal("100.3")
    tenant.fault("round_amounts", match={"resource": "cmdetail"})
    assert tenant.items("cmdetail")[0]["CmdBudgAmt"] == Decimal(100)
    assert tenant.items("cmdetail")[0]["CmdBudgAmt"] == Decimal("100.3")


def test_a_renamed_attribute_is_another_name_everywhere(tenant: Tenant) -> None:
    tenant.post("cmmast", a_header())
    new_name: dict[str, Any] = {"from": "CmdBudgAmt", "to": "CmdFinalAmt"}
    tenant.fault("rename_attribute", match={"resource": "cmdetail"}, **new_name)
    described = tenant.http.get(f"{SERVICES['cmdetail']}/describe").json()["Resources"]["cmdetail"]
    names = [attribute["name"] for attribute in described["attributes"]]
    assert "CmdFinalAmt" in names
    assert "CmdBudgAmt" not in names
    assert tenant.post("cmdetail", a_line()).status_code == 400
    line = a_line(CmdFinalAmt=7)
    del line["CmdBudgAmt"]
    assert tenant.post("cmdetail", line).json()["CmdFinalAmt"] == 7
    assert len(tenant.items("cmdetail", q="CmdFinalAmt = 7")) == 1
    assert tenant.get("cmdetail", q="CmdBudgAmt = 7").status_code == 400
    tenant.sim.delete("faults")
    assert tenant.items("cmdetail")[0]["CmdBudgAmt"] == 7


def test_a_dropped_attribute_is_gone_until_the_fault_is_deleted(tenant: Tenant) -> None:
    tenant.fault("drop_attribute", match={"resource": "jcjob"}, attribute="JobStatusCode")
    assert "JobStatusCode" not in tenant.items("jcjob")[0]
    assert "JobStatusCode" not in tenant.http.get("jc-rest-api/rest/1/describe").text
    assert tenant.get("jcjob", fields="JobStatusCode").status_code == 400
    tenant.sim.delete("faults")
    assert "JobStatusCode" in tenant.items("jcjob")[0]


def test_the_nth_line_of_a_pci_is_refused_however_often_it_is_sent(tenant: Tenant) -> None:
    tenant.post("cmmast", a_header())
    tenant.fault("refuse_nth_line", n=2, times=None)
    second = a_line(CmdPhsCode="05-12-00")
    third = a_line(CmdJobCode="26-1-01")
    assert tenant.post("cmdetail", a_line()).status_code == 201
    for _ in range(2):
        answer = tenant.post("cmdetail", second)
        assert answer.status_code == 400
        assert "Cost Code Code 05-12-00" in answer.text
    assert tenant.post("cmdetail", third).status_code == 201
    assert tenant.post("cmdetail", second).status_code == 400


def test_a_slow_answer_still_comes(tenant: Tenant) -> None:
    tenant.fault("slow", seconds=0.2)
    started = time.monotonic()
    assert tenant.post("cmmast", a_header()).status_code == 201
    assert time.monotonic() - started >= 0.2


def test_a_slow_write_is_done_even_if_the_caller_has_gone(tenant: Tenant) -> None:
    tenant.fault("slow", seconds=0.3)
    with tenant.caller("ACME||TIEBACK", timeout=HASTE) as caller, pytest.raises(httpx2.ReadTimeout):
        caller.post(SERVICES["cmmast"], json=a_header())
    wait_until(lambda: codes(tenant) == ["TB-1"])


@pytest.mark.parametrize("serve", [True, False])
def test_any_answer_can_be_given(tenant: Tenant, serve: bool) -> None:
    tenant.fault("custom_answer", status=302, headers={"Location": "http://x/"}, body="<p>", serve=serve)
    answer = tenant.post("cmmast", a_header())
    assert (answer.status_code, answer.headers["Location"], answer.text) == (302, "http://x/", "<p>")
    assert codes(tenant) == (["TB-1"] if serve else [])
