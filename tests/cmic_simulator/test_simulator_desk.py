"""The accountant's desk, used as a person does: read a page, press a button, read what it says."""

import re
from decimal import Decimal
from html import unescape

import httpx2
import pytest

from tests.cmic_simulator.tenant import Tenant, a_header

KEY = {"company": "001", "job": "26-1", "code": "TB-1"}
JOB = {"company": "001", "job": "26-1"}


def press(tenant: Tenant, action: str, *, page: str = "/desk", **form: str) -> str:
    """Send a button's form from the desk and return the page after it."""
    headers = {"Sec-Fetch-Site": "same-origin"}
    data = {**form, "action": action, "back": page}
    answer = tenant.desk.post("/desk/act", data=data, headers=headers, follow_redirects=True)
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


def read(tenant: Tenant, path: str, **query: str) -> str:
    answer = tenant.desk.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


def buttons(page: str) -> set[str]:
    return set(re.findall(r'name="action" value="(\w+)"', page))


def test_the_first_line_says_what_this_is(tenant: Tenant) -> None:
    page = read(tenant, "/desk")
    body = page[page.index("<body>") :]
    assert "CMiC stand-in: you are the accountant here" in body[:200]
    assert "No real CMiC is connected" in body
    assert "<script" not in page
    answer = tenant.desk.get("/")
    assert answer.headers["Location"] == "/desk"


def test_an_accountant_posts_an_approved_pci(tenant: Tenant) -> None:
    tenant.pci(100.25, 50)
    page = read(tenant, "/desk")
    assert "TB-1" in page
    assert "150.25" in page
    assert {"post", "reject", "delete", "edit_amount"} <= buttons(page)
    after = press(tenant, "post", **KEY)
    assert "TB-1 is posted" in after
    assert tenant.budget()[1] == Decimal("1100.35")
    assert "post" not in buttons(read(tenant, "/desk/pci", **KEY))


def test_a_pci_that_is_not_approved_is_not_posted_and_the_page_says_why(tenant: Tenant) -> None:
    tenant.pci(100, status="PEND")
    assert "Only an approved PCI can be posted" in read(tenant, "/desk")
    after = press(tenant, "post", **KEY)
    assert "Not done." in after
    assert "only an approved PCI" in after
    assert tenant.items("cmmast")[0]["CmmStatCode"] == "U"


def test_an_accountant_rejects_edits_sets_back_and_deletes(tenant: Tenant) -> None:
    tenant.pci(100)
    page = f"/desk/pci?company=001&job=26-1&code={KEY['code']}"
    line = tenant.items("cmdetail")[0]["CmdVUuid"]
    assert "12,345.60" in press(tenant, "edit_amount", page=page, line=line, amount="12,345.6")
    assert "is rejected" in press(tenant, "reject", page=page, **KEY)
    assert "PPEND" in press(tenant, "set_status", page=page, status="PPEND", **KEY)
    assert tenant.items("cmdetail")[0]["CmdBudgAmt"] == Decimal("12345.6")
    assert "is deleted" in press(tenant, "delete", **KEY)
    assert "Nothing waits" in read(tenant, "/desk")


def test_an_amount_that_is_none_is_asked_for_again(tenant: Tenant) -> None:
    tenant.pci(100)
    line = tenant.items("cmdetail")[0]["CmdVUuid"]
    for amount in ("a lot", "", "0.001", "NaN", "Infinity"):
        assert "Not done." in press(tenant, "edit_amount", line=line, amount=amount), amount
    assert tenant.items("cmdetail")[0]["CmdBudgAmt"] == 100


def test_a_pending_job_is_started(tenant: Tenant) -> None:
    assert "start_job" in buttons(read(tenant, "/desk"))
    assert "is started" in press(tenant, "start_job", company="001", job="26-2")
    assert "start_job" not in buttons(read(tenant, "/desk"))


def test_a_jobs_page_shows_its_budget_and_takes_edits_straight_in_cmic(tenant: Tenant) -> None:
    page = read(tenant, "/desk/job", **JOB)
    assert "1,000.10" in page
    assert "1,500.10" in page
    row = {**JOB, "phase": "03-30-00", "category": "1000"}
    amounts = {"current": "19,400.10", "original": ""}
    after = press(tenant, "set_budget", page="/desk/job?company=001&job=26-1", **amounts, **row)
    assert "19,400.10 current" in after
    assert "Job 26-1" in after
    assert tenant.budget() == (Decimal("1000.10"), Decimal("19400.10"))


def test_the_journal_page_shows_the_newest_first(tenant: Tenant) -> None:
    tenant.post("cmmast", a_header(), headers={"x-api-request-id": "the-id"})
    tenant.get("jcjob", q="JobCode = '26-1'")
    page = read(tenant, "/desk/journal")
    assert page.index("JobCode = '26-1'") < page.index("the-id")


def test_what_callers_send_is_shown_as_text(tenant: Tenant) -> None:
    name = "<script>alert(1)</script>"
    tenant.post("cmmast", a_header(CmmName=name))
    for path in ("/desk", "/desk/pci?company=001&job=26-1&code=TB-1", "/desk/job?company=001&job=26-1"):
        text = tenant.desk.get(path).text
        assert name not in text
        assert "&lt;script&gt;" in text
    assert "<script>" not in tenant.desk.get("/desk/job?company=001&job=<script>").text


@pytest.mark.parametrize(
    "path", ["/desk/nothing", "/nothing", "/desk/job?job=X", "/desk/pci?code=X", "/desk/pci"]
)
def test_what_is_not_there_says_so(tenant: Tenant, path: str) -> None:
    answer = tenant.desk.get(path)
    assert answer.status_code == 404
    assert "Not found" in answer.text


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}])
def test_another_site_cannot_press_the_buttons(tenant: Tenant, headers: dict) -> None:
    tenant.pci(100)
    answer = httpx2.post(f"{tenant.origin}/desk/act", data={"action": "post", **KEY}, headers=headers)
    assert answer.status_code == 403
    assert tenant.items("cmmast")[0]["CmmStatCode"] == "U"


def test_a_form_leads_back_into_the_desk_only(tenant: Tenant) -> None:
    answer = tenant.desk.post(
        "/desk/act",
        data={"action": "start_job", "company": "001", "job": "26-2", "back": "http://evil.example/"},
    )
    assert answer.headers["Location"].startswith("/desk?said=")


def test_a_page_with_many_lines_stays_small(tenant: Tenant) -> None:
    tenant.pci(*[1] * 30)
    assert "All 30 lines" in read(tenant, "/desk")
    assert read(tenant, "/desk/pci", **KEY).count('value="edit_amount"') == 30
