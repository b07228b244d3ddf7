"""Enter Budget: assigning codes, original amounts while the job is pending, cost codes of a job."""

from decimal import Decimal

import pytest

from tests.cmic_simulator.tenant import Tenant, an_assignment


def test_creating_a_budget_row_assigns_the_code_and_ignores_the_amount(tenant: Tenant) -> None:
    answer = tenant.post("jcjobcategory", an_assignment(JcatOrigBudgAmt=500.5, JcatWmCode="LS"))
    assert answer.status_code == 201, answer.text
    assert (answer.json()["JcatOrigBudgAmt"], answer.json()["JcatCurrBudgAmt"]) == (0, 0)
    changed = tenant.patch("jcjobcategory", answer.json()["JcatVUuid"], JcatOrigBudgAmt=500.5)
    assert (changed.json()["JcatOrigBudgAmt"], changed.json()["JcatCurrBudgAmt"]) == (500.5, 500.5)


@pytest.mark.parametrize(
    "changes",
    [
        {"JcatPhsCode": "99-99-99"},
        {"JcatCode": "9999"},
        {"JcatWmCode": "NONE"},
        {"JcatCatActiveFlag": "J"},
        {"JcatJobCode": "99-9"},
        {"JcatPhsCode": "03-30-00", "JcatCode": "1000"},
    ],
)
def test_an_assignment_that_cannot_be_is_refused(tenant: Tenant, changes: dict) -> None:
    assert tenant.post("jcjobcategory", an_assignment(**changes)).status_code == 400


def test_inactive_masters_cannot_be_assigned(tenant: Tenant) -> None:
    tenant.control("set_active", company="001", phase="05-12-00", active=False)
    assert "Cost Code Code" in tenant.post("jcjobcategory", an_assignment()).text
    tenant.control("set_active", company="001", phase="05-12-00", active=True)
    tenant.control("set_active", company="001", category="2000", active=False)
    assert "Category Code" in tenant.post("jcjobcategory", an_assignment()).text


def test_a_cost_code_switched_off_on_the_job_cannot_be_assigned(tenant: Tenant) -> None:
    created = tenant.post(
        "jcjobcostcodes", {"GjjpCompCode": "001", "GjjpJobCode": "26-2", "GjjpCode": "05-12-00"}
    )
    assert created.status_code == 201
    assert created.json()["GjjpActiveFlag"] == "Y"
    tenant.patch("jcjobcostcodes", created.json()["GjjpVUuid"], GjjpActiveFlag="N")
    assert tenant.post("jcjobcategory", an_assignment()).status_code == 400
    tenant.patch("jcjobcostcodes", created.json()["GjjpVUuid"], GjjpActiveFlag="Y")
    assert tenant.post("jcjobcategory", an_assignment()).status_code == 201


def test_a_cost_code_is_put_on_a_job_once_and_must_exist(tenant: Tenant) -> None:
    row = {"GjjpCompCode": "001", "GjjpJobCode": "26-2", "GjjpCode": "05-12-00"}
    assert [tenant.post("jcjobcostcodes", row).status_code for _ in range(2)] == [201, 400]
    assert tenant.post("jcjobcostcodes", {**row, "GjjpCode": "99"}).status_code == 400


def test_the_original_budget_is_frozen_once_the_job_is_started(tenant: Tenant) -> None:
    [row] = tenant.items("jcjobcategory", q="JcatCompCode = '001' and JcatJobCode = '26-2'")
    assert tenant.patch("jcjobcategory", row["JcatVUuid"], JcatOrigBudgAmt=10).status_code == 200
    tenant.control("start_job", company="001", job="26-2")
    assert tenant.patch("jcjobcategory", row["JcatVUuid"], JcatOrigBudgAmt=10).status_code == 400
    assert tenant.patch("jcjobcategory", row["JcatVUuid"], JcatBudgUnits=3).status_code == 200
    assert tenant.budget(job="26-2") == (Decimal(10), Decimal(10))


def test_a_job_is_started_once_and_takes_its_pending_sub_jobs_along(tenant: Tenant) -> None:
    tenant.control("seed", jobs=[{"company": "001", "code": "26-2-01", "control": "26-2", "status": "P"}])
    tenant.control("start_job", company="001", job="26-2")
    jobs = tenant.items("jcjob", q="JobCode like '26-2%'")
    assert [job["JobStatusCode"] for job in jobs] == ["I", "I"]
    assert tenant.sim.post("start_job", json={"company": "001", "job": "26-2"}).status_code == 400


def test_an_edit_straight_in_cmic_passes_all_rules(tenant: Tenant) -> None:
    key = {"company": "001", "job": "26-1", "phase": "03-30-00", "category": "1000"}
    tenant.control("set_budget", **key, current="19400.10")
    assert tenant.budget() == (Decimal("1000.10"), Decimal("19400.10"))
    tenant.control("set_budget", **key, original="2000.10")
    assert tenant.budget() == (Decimal("2000.10"), Decimal("20400.10"))


def test_what_the_profile_does_not_allow_is_405(tenant: Tenant) -> None:
    [row] = tenant.items("jcjobcategory", q="JcatJobCode = '26-2'")
    assert tenant.delete("jcjobcategory", row["JcatVUuid"]).status_code == 405
    assert tenant.post("jcjob", {}).status_code == 405
    assert tenant.post("cmdetailunposted", {}).status_code == 405
