"""Rules of potential change items: headers, lines, statuses, numbers, job security, closed jobs."""

import pytest

from tests.cmic_simulator.tenant import Tenant, a_header, a_line


def refusal(answer: object) -> str:
    assert getattr(answer, "status_code", None) == 400, getattr(answer, "text", "")
    return getattr(answer, "text", "")


def test_a_number_is_unique_in_its_job(tenant: Tenant) -> None:
    assert tenant.post("cmmast", a_header()).status_code == 201
    assert "ORA-00001" in refusal(tenant.post("cmmast", a_header()))
    assert tenant.post("cmmast", a_header(CmmJobCode="26-9")).status_code == 201


def test_class_original_is_for_started_jobs(tenant: Tenant) -> None:
    refusal(tenant.post("cmmast", a_header(CmmTypeCode="COO", CmmJobCode="26-2")))
    assert tenant.post("cmmast", a_header(CmmTypeCode="COO")).status_code == 201


def test_the_main_jobs_status_decides_for_a_sub_job(tenant: Tenant) -> None:
    tenant.control("seed", jobs=[{"company": "001", "code": "26-2-01", "control": "26-2", "status": "I"}])
    refusal(tenant.post("cmmast", a_header(CmmTypeCode="COO", CmmJobCode="26-2-01")))


def test_a_job_can_forbid_pcis(tenant: Tenant) -> None:
    tenant.control("seed", jobs=[{"company": "001", "code": "26-9", "allow_pci": False}])
    refusal(tenant.post("cmmast", a_header(CmmJobCode="26-9")))


@pytest.mark.parametrize(
    "changes",
    [
        {"CmdPhsCode": "99-99-99"},
        {"CmdPhsCode": "09-68-00"},
        {"CmdCatCode": "2000"},
        {"CmdJobCode": "26-1-01", "CmdPhsCode": "05-12-00"},
    ],
)
def test_a_line_needs_a_code_that_is_assigned_to_its_job(tenant: Tenant, changes: dict) -> None:
    tenant.post("cmmast", a_header())
    assert "Cost Code Code" in refusal(tenant.post("cmdetail", a_line(**changes)))


@pytest.mark.parametrize(
    "switched_off",
    [
        {"phase": "03-30-00"},
        {"job": "26-1", "phase": "03-30-00", "category": "1000"},
    ],
)
def test_a_line_needs_active_codes(tenant: Tenant, switched_off: dict) -> None:
    tenant.post("cmmast", a_header())
    tenant.control("set_active", company="001", active=False, **switched_off)
    assert "Cost Code Code 03-30-00" in refusal(tenant.post("cmdetail", a_line()))
    tenant.control("set_active", company="001", active=True, **switched_off)
    assert tenant.post("cmdetail", a_line()).status_code == 201


def test_a_line_needs_an_active_category(tenant: Tenant) -> None:
    tenant.post("cmmast", a_header())
    tenant.control("set_active", company="001", active=False, category="1000")
    assert "Category Code 1000" in refusal(tenant.post("cmdetail", a_line()))


def test_a_code_switched_off_on_the_job_refuses_lines(tenant: Tenant) -> None:
    tenant.post("cmmast", a_header())
    phase = {"company": "001", "job": "26-1", "phase": "03-30-00", "active": False}
    tenant.control("seed", job_phases=[phase])
    assert "not active on job" in refusal(tenant.post("cmdetail", a_line()))


def test_a_line_is_on_the_headers_job_or_a_sub_job_of_it(tenant: Tenant) -> None:
    tenant.post("cmmast", a_header())
    assert tenant.post("cmdetail", a_line(CmdJobCode="26-1-01")).status_code == 201
    refusal(tenant.post("cmdetail", a_line(CmdJobCode="26-9")))


def test_a_line_needs_its_header_and_a_known_unit(tenant: Tenant) -> None:
    refusal(tenant.post("cmdetail", a_line()))
    tenant.post("cmmast", a_header())
    refusal(tenant.post("cmdetail", a_line(CmdWmCode="NONE")))
    assert tenant.post("cmdetail", a_line(CmdWmCode="LS")).status_code == 201


def test_the_same_code_twice_in_one_pci_is_allowed(tenant: Tenant) -> None:
    tenant.post("cmmast", a_header())
    assert [tenant.post("cmdetail", a_line()).status_code for _ in range(2)] == [201, 201]


def test_lines_follow_their_headers_status(tenant: Tenant) -> None:
    header = tenant.post("cmmast", a_header()).json()
    assert tenant.post("cmdetail", a_line()).json()["CmdStatusCode"] == "PPEND"
    tenant.patch("cmmast", header["CmmVUuid"], CmmPrepostStatCode="APPR")
    assert [line["CmdStatusCode"] for line in tenant.items("cmdetail")] == ["APPR"]


def test_a_transfer_balances_when_it_becomes_approved(tenant: Tenant) -> None:
    uuid = tenant.pci(100, -99.99, status="PEND", CmmTypeCode="COT")
    assert "balance" in refusal(tenant.patch("cmmast", uuid, CmmPrepostStatCode="APPR"))
    line = tenant.items("cmdetail", q="CmdBudgAmt < 0")[0]
    tenant.patch("cmdetail", line["CmdVUuid"], CmdBudgAmt=-100)
    assert tenant.patch("cmmast", uuid, CmmPrepostStatCode="APPR").status_code == 200


def test_an_empty_transfer_balances(tenant: Tenant) -> None:
    tenant.pci(CmmTypeCode="COT", status="APPR")


def test_unposted_lines_can_be_changed_and_deleted(tenant: Tenant) -> None:
    tenant.pci(100, -50)
    first, second = tenant.items("cmdetail")
    assert tenant.patch("cmdetail", first["CmdVUuid"], CmdBudgAmt=75.5).json()["CmdBudgAmt"] == 75.5
    assert tenant.delete("cmdetail", second["CmdVUuid"]).status_code == 204
    assert [line["CmdBudgAmt"] for line in tenant.items("cmdetailunposted")] == [75.5]


def test_a_header_with_lines_is_deleted_as_the_switch_says(tenant: Tenant) -> None:
    uuid = tenant.pci(100)
    refusal(tenant.delete("cmmast", uuid))
    tenant.control("switches", header_delete="cascade")
    assert tenant.delete("cmmast", uuid).status_code == 204
    assert tenant.items("cmmast") == tenant.items("cmdetail") == []


def test_an_auto_numbering_company_chooses_the_number(tenant: Tenant) -> None:
    tenant.control("switches", auto_numbering=["001"])
    header = a_header()
    del header["CmmCode"]
    first = tenant.post("cmmast", header).json()["CmmCode"]
    second = tenant.post("cmmast", a_header(CmmCode="TB-1")).json()["CmmCode"]
    assert (first, second) == ("COI0001", "COI0002")
    assert tenant.post("cmdetail", a_line(CmdChgCode=first)).status_code == 201
    [kind] = tenant.items("cmtype", q="CmtCompCode = '001' and CmtTypeCode = 'COI'")
    assert (kind["CmtChgOrdNumberMask"], kind["CmtPciMaskOverrideFlag"]) == ("COI*", "N")
    tenant.control("switches", auto_numbering=[])
    assert tenant.post("cmmast", a_header(CmmCode="TB-2")).json()["CmmCode"] == "TB-2"


def test_a_hidden_job_is_absent_from_reads_and_refuses_writes(tenant: Tenant) -> None:
    uuid = tenant.pci(100)
    line = tenant.items("cmdetail")[0]
    tenant.control("hide_job", company="001", job="26-1")
    for service, attribute in (
        ("jcjob", "JobCode"),
        ("jcjobcategory", "JcatJobCode"),
        ("cmmast", "CmmJobCode"),
        ("cmdetail", "CmdMastJobCode"),
        ("cmdetailunposted", "CmdMastJobCode"),
    ):
        company = attribute.removesuffix("MastJobCode").removesuffix("JobCode")
        where = f"{company or 'Job'}CompCode = '001' and {attribute} = '26-1'"
        assert tenant.items(service, q=where) == [], service
    assert tenant.http.get(f"cm-rest-api/rest/1/cmmast/{uuid}").status_code == 404
    assert tenant.accountant.get(f"cm-rest-api/rest/1/cmmast/{uuid}").status_code == 200
    refusal(tenant.post("cmmast", a_header(CmmCode="TB-2")))
    refusal(tenant.patch("cmmast", uuid, CmmName="x"))
    refusal(tenant.post("cmdetail", a_line()))
    refusal(tenant.delete("cmdetail", line["CmdVUuid"]))
    tenant.control("hide_job", company="001", job="26-1", hidden=False)
    assert tenant.patch("cmmast", uuid, CmmName="x").status_code == 200


def test_a_line_on_a_sub_job_hides_with_its_headers_job(tenant: Tenant) -> None:
    tenant.post("cmmast", a_header())
    tenant.post("cmdetail", a_line(CmdJobCode="26-1-01"))
    tenant.control("hide_job", company="001", job="26-1")
    assert tenant.items("cmdetail") == []


def test_a_closed_job_refuses_every_write(tenant: Tenant) -> None:
    uuid = tenant.pci(100)
    line = tenant.items("cmdetail")[0]["CmdVUuid"]
    tenant.control("close_job", company="001", job="26-1")
    refusal(tenant.post("cmmast", a_header(CmmCode="TB-2")))
    refusal(tenant.patch("cmmast", uuid, CmmName="x"))
    refusal(tenant.post("cmdetail", a_line()))
    refusal(tenant.patch("cmdetail", line, CmdBudgAmt=1))
    refusal(tenant.delete("cmdetail", line))
    refusal(tenant.delete("cmmast", uuid))
    answer = tenant.sim.post("post", json={"company": "001", "job": "26-1", "code": "TB-1"})
    assert "closed" in answer.json()["error"]
