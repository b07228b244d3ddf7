"""Duty 8, reads: codes, jobs and budgets are read whole, each once, to the character."""

import json

import pytest

from cmic_adapter.backend import CmicBackend
from erp.port import CompanyRow, ErpKey, ErpMisconfigured, ErpUnavailable, JobStatus
from tests.cmic_adapter.support import COMPANY, PENDING, STARTED, STARTED_SUB, Tenant, book, company, money

MANY = 1200


@pytest.fixture
def many_codes(tenant: Tenant) -> list[str]:
    """A book with 1,200 cost codes, written so that sorting or numbers would spoil them."""
    codes = [f"{n:05}" for n in range(MANY)]
    seed = book()
    seed["phases"] += [{"company": COMPANY, "code": code} for code in codes]
    tenant.reset(seed)
    return codes


def test_companies_types_and_units_are_listed(cmic: CmicBackend):
    assert CompanyRow(code=COMPANY, name="Acme Builders", currency="USD") in list(cmic.companies())
    assert [t.code for t in cmic.cost_types(company())] == ["E", "L", "M"]
    assert [(u.code, u.name) for u in cmic.units(company())] == [("HR", "Hour"), ("M3", "Cubic metre")]


def test_jobs_tell_their_main_job_their_status_and_whether_they_take_documents(cmic: CmicBackend):
    jobs = {job.code: (job.parent, job.status, job.writable) for job in cmic.jobs(company())}
    assert jobs == {
        STARTED: ("", JobStatus.STARTED, True),
        STARTED_SUB: (STARTED, JobStatus.STARTED, True),
        PENDING: ("", JobStatus.PENDING, True),
        "2402-A": (PENDING, JobStatus.PENDING, True),
        "2403": ("", JobStatus.CLOSED, False),
        "2404": ("", JobStatus.STARTED, False),
    }


def test_inactive_cost_codes_are_listed_as_such(cmic: CmicBackend):
    codes = {row.code: (row.name, row.parent, row.active) for row in cmic.cost_codes(company())}
    assert codes["01-100"] == ("Division 1", "", True)
    assert codes["09-900"] == ("Retired", "", False)


def test_assigned_cost_codes_are_listed_for_some_jobs_or_for_all(cmic: CmicBackend):
    def assigned(*jobs: str) -> list[tuple[str, str, bool]]:
        return [(row.job, row.code, row.active) for row in cmic.assigned_cost_codes(company(), jobs)]

    assert assigned() == assigned(STARTED) == [(STARTED, "01-100", True)]
    assert assigned(PENDING) == []


def test_a_reading_has_the_budgets_and_the_statuses_of_the_visible_jobs(tenant: Tenant, cmic: CmicBackend):
    tenant.ask("hide_job", {"company": COMPANY, "job": PENDING})
    reading = cmic.reading(company(), [STARTED, PENDING])
    assert reading.statuses == {STARTED: JobStatus.STARTED}
    assert [(row.key, row.name, row.original, row.current) for row in reading.rows] == [
        (ErpKey(STARTED, "01-100", "L"), "Division 1", money(1000), money(1000)),
        (ErpKey(STARTED, "02-100", "M"), "Division 2", money(500), money(500)),
    ]
    assert reading.read_at.tzinfo is not None


@pytest.mark.parametrize(
    ("fault", "given"),
    [
        ("", {}),
        ("page_drift", {"shift": 1}),
        ("page_drift", {"shift": -1}),
        ("duplicate_across_pages", {"rows": 3}),
        ("has_more_with_nothing", {}),
    ],
)
def test_twelve_hundred_cost_codes_come_each_once_with_their_zeros_whatever_the_pages_do(
    tenant: Tenant, cmic: CmicBackend, many_codes: list[str], fault: str, given: dict
):
    if fault:
        tenant.fault(fault, match={"resource": "jcmastercostcodes"}, **given)
    read = [row.code for row in cmic.cost_codes(company()) if "-" not in row.code]
    assert read == many_codes


def test_a_list_that_never_stands_still_is_not_taken_for_whole(
    tenant: Tenant, cmic: CmicBackend, many_codes: list[str]
):
    tenant.fault("page_drift", match={"resource": "jcmastercostcodes"}, times=None, shift=2)
    with pytest.raises(ErpUnavailable, match="moving"):
        list(cmic.cost_codes(company()))


def asked_for_jobs(tenant: Tenant) -> list[dict]:
    """The requests for the list of jobs; what is described is asked before, once."""
    return [call for call in tenant.calls() if call["resource"] == "jcjob"]


@pytest.mark.parametrize("fault", ["reset_before", "503_html", "bad_json", "429"])
def test_a_read_that_fails_once_is_tried_again(tenant: Tenant, cmic: CmicBackend, fault: str):
    tenant.fault(fault, match={"resource": "jcjob"})
    assert len(list(cmic.jobs(company()))) == 6


@pytest.mark.parametrize("fault", ["reset_before", "503_html", "bad_json"])
def test_a_read_that_fails_twice_is_unavailable(tenant: Tenant, cmic: CmicBackend, fault: str):
    tenant.fault(fault, match={"resource": "jcjob"}, times=None)
    with pytest.raises(ErpUnavailable):
        list(cmic.jobs(company()))
    assert len(asked_for_jobs(tenant)) == 2


def test_a_read_that_hangs_is_not_waited_for_twice(tenant: Tenant, make_backend):
    tenant.fault("hang_before", match={"resource": "jcjob"}, times=None)
    with pytest.raises(ErpUnavailable):
        list(make_backend(read_timeout=0.3).jobs(company()))
    assert len(asked_for_jobs(tenant)) == 1


def test_an_attribute_that_is_gone_stops_the_read_by_its_name(tenant: Tenant, cmic: CmicBackend):
    tenant.fault("drop_attribute", match={"resource": "jcjob"}, attribute="JobStatusCode", times=None)
    with pytest.raises(ErpMisconfigured, match="JobStatusCode"):
        list(cmic.jobs(company()))


def test_every_page_is_asked_for_in_a_stable_order_and_of_five_hundred(
    tenant: Tenant, cmic: CmicBackend, many_codes: list[str]
):
    tenant.forget_calls()
    list(cmic.cost_codes(company()))
    list(cmic.jobs(company()))
    cmic.reading(company(), [STARTED])
    pages = [call["path"] for call in tenant.calls() if "offset=" in call["path"]]
    assert len(pages) >= 5
    assert all("limit=500" in path and "orderBy=" in path and "totalResults=true" in path for path in pages)


def test_codes_that_only_blanks_or_zeros_tell_apart_stay_apart(tenant: Tenant, cmic: CmicBackend):
    codes = [" 1", "1", "01", "1 ", "1.0", "001"]
    tenant.ask("seed", {"phases": [{"company": COMPANY, "code": code} for code in codes]})
    assert set(codes) <= {row.code for row in cmic.cost_codes(company())}


@pytest.mark.parametrize("written", ["100", "100.0", "100.00", "1e2"])
def test_an_amount_is_the_same_however_many_zeros_it_is_written_with(
    tenant: Tenant, cmic: CmicBackend, written: str
):
    row = {
        "JcatVUuid": "1", "JcatCompCode": COMPANY, "JcatJobCode": STARTED, "JcatPhsCode": "01-100", "JcatCode": "L",
        "JcatCatActiveFlag": "Y", "JcatPhaseActiveFlag": "Y", "JcatWmCode": None, "JcatCurrBudgAmt": None,
    }  # fmt: skip
    text = json.dumps(row)[:-1] + f', "JcatOrigBudgAmt": {written}}}'
    body = f'{{"items": [{text}], "count": 1, "hasMore": false}}'
    tenant.fault("custom_answer", match={"resource": "jcjobcategory"}, times=None, body=body)
    assert [row.original for row in cmic.reading(company(), [STARTED]).rows] == [money(100)]
