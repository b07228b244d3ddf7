"""The control interface: seed and state, clock, journal, and who may use it."""

from decimal import Decimal

import httpx2
import pytest

from tests.cmic_simulator.tenant import SEED, Tenant, a_header, a_line


def test_only_the_token_opens_it(tenant: Tenant) -> None:
    for headers in ({}, {"X-Sim-Token": "wrong"}):
        assert httpx2.get(f"{tenant.origin}/__sim/state", headers=headers).status_code == 403
    assert tenant.sim.get("nothing").status_code == 404


def test_the_state_can_be_seeded_back(tenant: Tenant) -> None:
    tenant.control("set_budget", company="001", job="26-1", phase="03-30-00", category="1000", current="7.77")
    tenant.pci(100.25, -50, CmmTypeCode="COT", status="PPEND")
    tenant.pci(9999999999999.99, CmmCode="TB-2", CmmTypeCode="COO")
    tenant.control("post", company="001", job="26-1", code="TB-2")
    before = tenant.sim.get("state").text
    book = httpx2.Response(200, text=before).json()["book"]
    book["pcis"][1]["lines"][0]["amount"] = "9999999999999.99"
    tenant.control("reset", **book)
    assert tenant.sim.get("state").text == before
    assert tenant.budget()[1] == Decimal("9999999999999.99") + Decimal("7.77")


def test_a_seed_adds_and_changes_and_leaves_the_rest(tenant: Tenant) -> None:
    changed = {"company": "001", "code": "26-1", "status": "P"}
    tenant.control("seed", jobs=[changed, {"company": "001", "code": "26-5"}])
    jobs = {job["JobCode"]: job for job in tenant.items("jcjob", q="JobCompCode = '001'")}
    assert (jobs["26-1"]["JobStatusCode"], jobs["26-1"]["JobName"]) == ("P", "Harborline Center")
    assert set(jobs) == {"26-1", "26-1-01", "26-2", "26-5", "26-9"}


def test_a_company_without_types_and_statuses_gets_the_usual_ones(tenant: Tenant) -> None:
    kinds = tenant.items("cmtype", q="CmtCompCode = '002'")
    assert {kind["CmtTypeCode"]: kind["CmtClassCode"] for kind in kinds} == {
        "COO": "O",
        "COI": "I",
        "COT": "T",
        "COE": "E",
    }
    own = {"company": "003", "code": "REV", "class": "I"}
    tenant.control("seed", companies=[{"code": "003"}], types=[own])
    assert len(tenant.items("cmtype", q="CmtCompCode = '003'")) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"castles": []},
        {"jobs": [{"company": "001"}]},
        {"jobs": [{"company": "777", "code": "X"}]},
        {"jobs": [{"company": "001", "code": "X" * 11}]},
        {"jobs": [{"company": "001", "code": "X", "colour": "red"}]},
        {"jobs": [{"company": "001", "code": "X", "status": "Q"}]},
        {"budget": [{"company": "001", "job": "26-1", "phase": "77", "category": "1000"}]},
        {"budget": [{**SEED["budget"][0], "original": "ten"}]},
        {"budget": [{**SEED["budget"][0], "original": "0.001"}]},
    ],
)
def test_a_seed_that_makes_no_sense_is_refused_with_a_reason(tenant: Tenant, wrong: dict) -> None:
    answer = tenant.sim.post("seed", json=wrong)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_reset_forgets_everything(tenant: Tenant) -> None:
    tenant.pci(100)
    tenant.fault("refuse", times=None)
    tenant.control("switches", release="patch21", hide_posted=True)
    tenant.control("clock", set="2030-01-01T00:00:00Z")
    tenant.control("hide_job", company="001", job="26-1")
    tenant.control("reset")
    state = tenant.state()
    assert not any(state["book"].values())
    assert state["faults"] == state["hidden_jobs"] == []
    assert state["switches"]["release"] == "nexus2"
    assert not state["clock"].startswith("2030")
    assert tenant.journal() == []


def test_the_clock_dates_what_is_written(tenant: Tenant) -> None:
    tenant.control("clock", set="2026-03-01T12:00:00Z", frozen=True)
    tenant.post("cmmast", a_header())
    tenant.control("clock", advance=3600)
    header = tenant.items("cmmast")[0]
    assert header["CmmIuCreateDate"] == header["CmmIuUpdateDate"] == "2026-03-01T12:00:00Z"
    changed = tenant.patch("cmmast", header["CmmVUuid"], CmmName="x").json()
    assert changed["CmmIuCreateDate"] == "2026-03-01T12:00:00Z"
    assert changed["CmmIuUpdateDate"] == "2026-03-01T13:00:00Z"
    since = tenant.items("cmmast", q="CmmIuUpdateDate > '2026-03-01T12:59:59Z'")
    assert len(since) == 1
    assert tenant.sim.post("clock", json={"set": "2026-03-01T12:00:00"}).status_code == 400


def test_the_journal_tells_what_became_of_each_request(tenant: Tenant) -> None:
    tenant.post("cmmast", a_header(), headers={"x-api-request-id": "one"})
    tenant.post("cmdetail", a_line(CmdPhsCode="99"))
    tenant.get("cmdetail")
    first, second, third = tenant.journal()
    assert (first["method"], first["resource"], first["status"]) == ("POST", "cmmast", 201)
    assert (first["request_id"], first["user"], first["in_flight"]) == ("one", "ACME||TIEBACK", 1)
    assert [entry["committed"] for entry in (first, second, third)] == [True, False, False]
    assert "TB-1" in first["body"]
    narrowed = tenant.sim.get("journal", params={"method": "POST", "since": first["number"]}).json()
    assert [entry["resource"] for entry in narrowed["entries"]] == ["cmdetail"]
    tenant.sim.delete("journal")
    assert tenant.journal() == []


def test_a_wrong_control_call_says_what_is_wrong(tenant: Tenant) -> None:
    assert "company" in tenant.sim.post("post", json={"job": "26-1"}).json()["error"]
    missing = tenant.sim.post("post", json={"company": "001", "job": "26-1", "code": "NONE"})
    assert missing.status_code == 404
    assert tenant.sim.post("set_active", json={"company": "001", "active": True}).status_code == 400
    nowhere = {"company": "001", "job": "26-9", "phase": "05-12-00", "category": "1000", "current": 1}
    assert tenant.sim.post("set_budget", json=nowhere).status_code == 404
    assert tenant.sim.post("hide_job", json={"company": "001", "job": "NONE"}).status_code == 404
