"""Reading collections and items: q, finders, fields, paging, order, /describe."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

import cmic_simulator
from tests.cmic_simulator.tenant import SERVICES, Tenant

PROFILE = json.loads((Path(cmic_simulator.__file__).parent / "profile.json").read_text())["resources"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("JobCode = '26-2'", {"26-2"}),
        ("JobCode != '26-2'", {"26-1", "26-1-01", "26-9"}),
        ("JobCode <> '26-2'", {"26-1", "26-1-01", "26-9"}),
        ("JobCode in ('26-2', '26-9')", {"26-2", "26-9"}),
        ("JobCode not in ('26-2','26-9')", {"26-1", "26-1-01"}),
        ("JobCode like '26-1%'", {"26-1", "26-1-01"}),
        ("JobCode like '26-1*'", {"26-1", "26-1-01"}),
        ("JobCode like '26-_'", {"26-1", "26-2", "26-9"}),
        ("JobCode not like '26-_'", {"26-1-01"}),
        ("JobCode like '26.1'", set()),
        ("JobName like 'harborline%'", set()),
        ("JobDefaultDeptCode is null", {"26-1", "26-1-01", "26-2", "26-9"}),
        ("JobDefaultDeptCode is not null", set()),
        ("JobDefaultDeptCode = 'X' or JobDefaultDeptCode != 'X'", set()),
        ("JobCode >= '26-2' AND JobCode < '26-9'", {"26-2"}),
        ("JobCode = '26-1' or (JobCode = '26-2' and JobStatusCode = 'P')", {"26-1", "26-2"}),
        ("(JobCode = '26-1' or JobCode = '26-2') and JobStatusCode = 'P'", {"26-2"}),
        ("JobName = 'it''s'", set()),
        ("JobIuUpdateDate > '2020-01-01T00:00:00Z' and JobCode = '26-9'", {"26-9"}),
        ("JobIuUpdateDate > '2099-01-01'", set()),
    ],
)
def test_a_caller_finds_jobs_by_a_query(tenant: Tenant, query: str, found: set[str]) -> None:
    items = tenant.items("jcjob", q=f"JobCompCode = '001' and ({query})")
    assert {item["JobCode"] for item in items} == found


@pytest.mark.parametrize(
    "query",
    [
        "JobCode = 26",
        "JobCode",
        "JobCode = ",
        "JobCode == '26-1'",
        "JobCode = '26-1",
        "JobCode = '26-1' and",
        "JobCode = 26-1",
        "(JobCode = '26-1'",
        "JobCode in ()",
        "NoSuchName = 'x'",
        "JobIuUpdateDate > 'yesterday'",
        "JobCode = '26-1' JobName = 'x'",
    ],
)
def test_a_query_that_makes_no_sense_is_refused(tenant: Tenant, query: str) -> None:
    assert tenant.get("jcjob", q=query).status_code == 400


def test_amounts_are_compared_as_numbers(tenant: Tenant) -> None:
    items = tenant.items("jcjobcategory", q="JcatOrigBudgAmt > 999.99")
    assert [item["JcatOrigBudgAmt"] for item in items] == [Decimal("1000.1")]
    assert tenant.get("jcjobcategory", q="JcatOrigBudgAmt > '999'").status_code == 400


def test_a_finder_names_its_variables(tenant: Tenant) -> None:
    [job] = tenant.items("jcjob", finder="selectByCode;JobCompCode=001,JobCode=26-2")
    assert job["JobStatusCode"] == "P"
    [same] = tenant.items("jcjob", finder=f"PrimaryKey;JobVUuid={job['JobVUuid']}")
    assert same == job
    for wrong in ("findJobs;JobCode=26-2", "PrimaryKey;JobCode=26-2", "selectByCode;Nothing=1", "PrimaryKey"):
        assert tenant.get("jcjob", finder=wrong).status_code == 400, wrong


def test_a_finder_value_with_a_comma_is_quoted(tenant: Tenant) -> None:
    tenant.control("seed", jobs=[{"company": "001", "code": "26-7", "name": "Yard, north"}])
    [job] = tenant.items("jcjob", finder='selectByName;JobName="Yard, north",JobCompCode=001')
    assert job["JobCode"] == "26-7"


def test_fields_and_only_data_shape_the_items(tenant: Tenant) -> None:
    [item] = tenant.items("jcjob", q="JobCode = '26-2'", fields="JobCode,JobName", onlyData="true")
    assert item == {"JobCode": "26-2", "JobName": "26-2"}
    [linked] = tenant.items("jcjob", q="JobCode = '26-2'", fields="JobCode")
    assert linked["links"][0]["rel"] == "self"
    assert tenant.http.get(linked["links"][0]["href"]).json()["JobCode"] == "26-2"
    assert tenant.get("jcjob", fields="JobCode,Nothing").status_code == 400


def test_pages_tell_whether_there_is_more(tenant: Tenant) -> None:
    codes = [{"company": "001", "code": f"{n:06d}"} for n in range(30)]
    tenant.control("seed", phases=codes)
    first = tenant.get("jcmastercostcodes", totalResults="true", orderBy="PhsCode").json()
    assert (first["count"], first["limit"], first["offset"]) == (25, 25, 0)
    assert (first["hasMore"], first["totalResults"]) == (True, 33)
    last = tenant.get("jcmastercostcodes", limit=500, offset=30, orderBy="PhsCode").json()
    assert (last["count"], last["hasMore"]) == (3, False)
    assert "totalResults" not in last
    assert first["items"][0]["PhsCode"] == "000000", "leading zeros are kept"


@pytest.mark.parametrize(
    "wrong", [{"limit": "0"}, {"limit": "-1"}, {"limit": "x"}, {"offset": "-1"}, {"onlyData": "maybe"}]
)
def test_wrong_paging_is_refused(tenant: Tenant, wrong: dict) -> None:
    assert tenant.get("jcjob", **wrong).status_code == 400


def test_an_unknown_parameter_is_refused(tenant: Tenant) -> None:
    assert tenant.get("jcjob", orderby="JobCode").status_code == 400


def test_order_is_as_asked_and_else_that_of_insertion(tenant: Tenant) -> None:
    inserted = [(job["JobCompCode"], job["JobCode"]) for job in tenant.items("jcjob")]
    assert inserted == [
        ("001", "26-1"),
        ("001", "26-1-01"),
        ("001", "26-2"),
        ("001", "26-9"),
        ("002", "26-1"),
    ]
    ordered = tenant.items("jcjob", orderBy="JobCompCode:desc,JobCode:asc")
    assert [job["JobCode"] for job in ordered] == ["26-1", "26-1", "26-1-01", "26-2", "26-9"]
    assert tenant.get("jcjob", orderBy="JobCode:up").status_code == 400


def test_nothing_comes_last_in_rising_order(tenant: Tenant) -> None:
    tenant.control("seed", jobs=[{"company": "001", "code": "26-2", "department": "D"}])
    assert tenant.items("jcjob", orderBy="JobDefaultDeptCode")[0]["JobCode"] == "26-2"
    assert tenant.items("jcjob", orderBy="JobDefaultDeptCode:desc")[-1]["JobCode"] == "26-2"


def test_an_item_is_read_by_its_vuuid(tenant: Tenant) -> None:
    [job] = tenant.items("jcjob", q="JobCode = '26-2'")
    path = f"{SERVICES['jcjob']}/{job['JobVUuid']}"
    assert tenant.http.get(path).json()["JobCode"] == "26-2"
    assert tenant.http.get(path, params={"fields": "JobName", "onlyData": "true"}).json() == {
        "JobName": "26-2"
    }
    assert tenant.http.get(f"{SERVICES['jcjob']}/0").status_code == 404


@pytest.mark.parametrize("name", PROFILE)
def test_describe_declares_exactly_the_profile(tenant: Tenant, name: str) -> None:
    entry = PROFILE[name]
    declared = tenant.http.get(f"{entry['path']}/describe").json()["Resources"]
    assert list(declared) == [name]
    keys = ("name", "type", "mandatory", "updatable", "queryable", "length")
    wanted = [{key: a[key] for key in keys if key in a} for a in entry["attributes"]]
    assert declared[name]["attributes"] == wanted


def test_describe_of_an_application_lists_its_resources(tenant: Tenant) -> None:
    for root in ("cm-rest-api/rest/1", "cm-rest-api"):
        declared = tenant.http.get(f"{root}/describe").json()["Resources"]
        wanted = {"cmtype", "cmstatus", "cmmast", "cmdetail", "cmdetailunposted", "postcm"}
        assert set(declared) == wanted


def test_costs_can_be_read(tenant: Tenant) -> None:
    cost = {"company": "001", "job": "26-1", "phase": "03-30-00", "category": "1000", "amount": "12.34"}
    tenant.control("seed", costs=[cost, cost])
    items = tenant.items("jcdetailposted", q="JcdtJobCode = '26-1'")
    assert sum(item["JcdtAmt"] for item in items) == Decimal("24.68")
