"""What the accountant does to PCIs, and what it does to the budgets."""

from decimal import Decimal

import pytest

from tests.cmic_simulator.tenant import ACTION, SERVICES, Tenant, a_line

KEY = {"company": "001", "job": "26-1", "code": "TB-1"}


def post_by_action(tenant: Tenant, **parameters: str) -> str:
    given = {"compCode": "001", "jobCode": "26-1", "chgCode": "TB-1"} | parameters
    body = {"name": "postCm", "parameters": [{name: value} for name, value in given.items()]}
    answer = tenant.accountant.post(SERVICES["postcm"], json=body, headers={"Content-Type": ACTION})
    assert answer.status_code == 200, answer.text
    return answer.json()["result"]


@pytest.mark.parametrize("kind", ["COI", "COT", "COE"])
def test_posting_changes_the_current_budget(tenant: Tenant, kind: str) -> None:
    tenant.pci(100.25, -100.25, CmmTypeCode=kind)
    tenant.control("post", **KEY)
    assert tenant.budget("03-30-00") == (Decimal("1000.10"), Decimal("1100.35"))
    assert tenant.budget("05-12-00") == (Decimal(500), Decimal("399.75"))


def test_posting_an_original_changes_both_budgets(tenant: Tenant) -> None:
    tenant.pci(100.25, CmmTypeCode="COO")
    tenant.control("post", **KEY)
    assert tenant.budget() == (Decimal("1100.35"), Decimal("1100.35"))


def test_a_posted_pci_shows_when_and_refuses_every_write(tenant: Tenant) -> None:
    uuid = tenant.pci(100)
    tenant.control("clock", set="2026-12-05T10:00:00Z", frozen=True)
    tenant.control("post", **KEY)
    [header], [line] = tenant.items("cmmast"), tenant.items("cmdetail")
    assert (header["CmmStatCode"], header["CmmPostDate"]) == ("P", "2026-12-05")
    assert header["CmmPostBatchNum"].startswith("H")
    assert line["CmdPostingFlag"] == "POSTED"
    assert tenant.items("cmdetailunposted") == []
    assert tenant.patch("cmmast", uuid, CmmName="x").status_code == 400
    assert tenant.delete("cmmast", uuid).status_code == 400
    assert tenant.post("cmdetail", a_line()).status_code == 400
    assert tenant.patch("cmdetail", line["CmdVUuid"], CmdBudgAmt=1).status_code == 400
    assert tenant.delete("cmdetail", line["CmdVUuid"]).status_code == 400
    for action in ("post", "reject", "delete"):
        assert "posted" in tenant.sim.post(action, json=KEY).json()["error"]


@pytest.mark.parametrize("status", ["PPEND", "PEND", "REJ"])
def test_only_an_approved_pci_can_be_posted(tenant: Tenant, status: str) -> None:
    tenant.pci(100, status=status)
    assert post_by_action(tenant).startswith("ERROR")
    assert tenant.budget() == (Decimal("1000.10"), Decimal("1000.10"))


def test_posting_by_the_service_tells_success_and_failure_in_its_result(tenant: Tenant) -> None:
    assert post_by_action(tenant, chgCode="NONE").startswith("ERROR")
    tenant.pci(100)
    assert post_by_action(tenant, postDate="2026-11-30").startswith("SUCCESS")
    assert post_by_action(tenant).startswith("ERROR")
    assert tenant.items("cmmast")[0]["CmmPostDate"] == "2026-11-30"


def test_the_interfaces_user_has_no_right_to_post(tenant: Tenant) -> None:
    answer = tenant.http.post(SERVICES["postcm"], json={}, headers={"Content-Type": ACTION})
    assert answer.status_code == 403


def test_an_action_needs_its_own_media_type_and_name(tenant: Tenant) -> None:
    assert tenant.accountant.post(SERVICES["postcm"], json={"name": "postCm"}).status_code == 415
    body = {"name": "dropAll", "parameters": []}
    wrong = tenant.accountant.post(SERVICES["postcm"], json=body, headers={"Content-Type": ACTION})
    assert wrong.status_code == 400


def test_an_empty_pci_cannot_be_posted(tenant: Tenant) -> None:
    tenant.pci()
    assert "no lines" in tenant.sim.post("post", json=KEY).json()["error"]


def test_a_transfer_edited_out_of_balance_cannot_be_posted(tenant: Tenant) -> None:
    tenant.pci(100, -100, CmmTypeCode="COT")
    tenant.control("edit_amount", **KEY, phase="03-30-00", category="1000", amount="101")
    assert "balance" in tenant.sim.post("post", json=KEY).json()["error"]


def test_a_closed_period_takes_no_postings(tenant: Tenant) -> None:
    tenant.pci(100)
    tenant.control("close_period", company="001", through="2026-11-30")
    refused = tenant.sim.post("post", json={**KEY, "date": "2026-11-30"})
    assert "closed" in refused.json()["error"]
    tenant.control("post", **KEY, date="2026-12-01")


def test_the_accountant_rejects_sets_back_edits_and_deletes(tenant: Tenant) -> None:
    tenant.pci(100, 50)
    assert tenant.control("reject", **KEY) == {"status": "REJ"}
    assert {line["CmdStatusCode"] for line in tenant.items("cmdetail")} == {"REJ"}
    assert tenant.control("set_status", **KEY, status="PPEND") == {"status": "PPEND"}
    line = tenant.items("cmdetail")[0]["CmdVUuid"]
    tenant.control("edit_amount", line=line, amount="99.5")
    assert tenant.items("cmdetail")[0]["CmdBudgAmt"] == Decimal("99.5")
    assert tenant.items("cmdetail")[0]["CmdIuUpdateUser"] == "ACCOUNTANT"
    tenant.control("delete", **KEY)
    assert tenant.items("cmmast") == tenant.items("cmdetail") == []


def test_posted_pcis_can_be_hidden_from_headers_but_not_from_lines(tenant: Tenant) -> None:
    uuid = tenant.pci(100)
    tenant.control("post", **KEY)
    tenant.control("switches", hide_posted=True)
    assert tenant.items("cmmast") == []
    assert tenant.http.get(f"{SERVICES['cmmast']}/{uuid}").status_code == 404
    assert [line["CmdPostingFlag"] for line in tenant.items("cmdetail")] == ["POSTED"]


def test_two_pcis_on_one_code_both_count(tenant: Tenant) -> None:
    tenant.pci(100)
    tenant.pci(0.01, CmmCode="TB-2")
    for code in ("TB-1", "TB-2"):
        tenant.control("post", **(KEY | {"code": code}))
    assert tenant.budget() == (Decimal("1000.10"), Decimal("1100.11"))
