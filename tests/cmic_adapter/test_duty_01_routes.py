"""Duty 1, route: the job's status decides which way a document goes, and closed ways are told before any write."""

from dataclasses import replace

import pytest

from cmic_adapter.backend import CmicBackend
from erp.port import ErpNotYet, ErpRefused, JobStatus
from tests.cmic_adapter.support import (
    ON,
    PENDING,
    STARTED,
    STARTED_SUB,
    ClaimLost,
    Diary,
    Tenant,
    change,
    company,
    entered,
    line,
    money,
    original,
    refusal,
)

TRANSFER = change(
    line("01-100", "L", "-250.00"), line("02-100", "M", "150.00"), line("03-100", "E", "100.00")
)


def test_a_change_that_does_not_balance_goes_as_internal(tenant: Tenant, cmic: CmicBackend):
    assert cmic.push(change(line("01-100", "L", "12.50")), Diary()).route == "pci_internal"
    assert tenant.pcis()[0]["type"] == "COI"


def test_a_company_that_wants_no_transfers_gets_a_balanced_change_as_internal(
    tenant: Tenant, cmic: CmicBackend
):
    document = change(*TRANSFER.lines, transfer_for_balanced=False)
    assert cmic.push(document, Diary()).route == "pci_internal"


def test_lines_of_a_sub_job_travel_in_the_main_jobs_document(tenant: Tenant, cmic: CmicBackend):
    cmic.push(change(line("01-100", "L", "-5"), line("02-100", "M", "5", job=STARTED_SUB)), Diary())
    assert tenant.lines() == [(STARTED, "01-100", "L", -5), (STARTED_SUB, "02-100", "M", 5)]
    assert tenant.pcis()[0]["job"] == STARTED


def test_a_changed_original_of_a_started_job_goes_as_class_original_with_the_difference(
    tenant: Tenant, cmic: CmicBackend
):
    document = original(entered("01-100", "L", "1200", before="1000", job=STARTED), job=STARTED, **ON)
    assert cmic.push(document, Diary()).route == "pci_original"
    assert (tenant.pcis()[0]["type"], tenant.lines()) == ("COO", [(STARTED, "01-100", "L", money(200))])


def test_changed_originals_of_a_started_job_are_refused_while_the_company_has_them_off(
    tenant: Tenant, cmic: CmicBackend
):
    document = original(entered("01-100", "L", "1200", job=STARTED), job=STARTED)
    assert refusal(cmic, document) == ["class_original_off"]
    assert tenant.writes() == []


def test_a_change_on_a_pending_job_waits_for_start_job(tenant: Tenant, cmic: CmicBackend):
    with pytest.raises(ErpNotYet, match="Start Job"):
        cmic.push(change(line("01-100", "L", "5", job=PENDING), job=PENDING), Diary())
    assert tenant.writes() == []


@pytest.mark.parametrize(
    ("job", "code"), [("2403", "job_closed"), ("9999", "job_not_visible"), ("2404", "job_takes_no_changes")]
)
def test_a_job_that_takes_nothing_is_refused_before_any_write(
    tenant: Tenant, cmic: CmicBackend, job: str, code: str
):
    assert refusal(cmic, change(line("01-100", "L", "5", job=job), job=job)) == [code]
    assert tenant.writes() == []


def test_a_hidden_job_is_refused_before_any_write(tenant: Tenant, cmic: CmicBackend):
    tenant.ask("hide_job", {"company": "001", "job": STARTED})
    assert "job_not_visible" in refusal(cmic, TRANSFER)
    assert tenant.writes() == []


def test_a_sub_job_in_another_status_than_its_main_job_is_refused_with_its_lines(
    tenant: Tenant, cmic: CmicBackend
):
    tenant.ask("close_job", {"company": "001", "job": STARTED_SUB})
    document = change(line("01-100", "L", "-5"), line("02-100", "M", "5", job=STARTED_SUB, ref="sub"))
    with pytest.raises(ErpRefused) as refused:
        cmic.push(document, Diary())
    assert [(f.code, f.refs) for f in refused.value.findings] == [("job_status_differs", ("sub",))]
    assert tenant.writes() == []


def test_a_line_on_a_job_of_another_tree_is_refused(tenant: Tenant, cmic: CmicBackend):
    assert refusal(cmic, change(line("01-100", "L", "5", job="2404"))) == ["job_not_below"]


def test_an_original_budget_of_a_pending_job_is_entered(tenant: Tenant, cmic: CmicBackend):
    receipt = cmic.push(original(entered("01-100", "L", "80", before="70")), Diary())
    assert (receipt.route, tenant.pcis()) == ("enter_budget", [])


def test_a_document_keeps_its_way_when_the_companys_wish_changes_in_the_middle(
    tenant: Tenant, cmic: CmicBackend
):
    diary = Diary(lost_at="line:02-100")
    with pytest.raises(ClaimLost):
        cmic.push(TRANSFER, diary)
    changed = replace(diary.of(TRANSFER), company=company(transfer_for_balanced=False))
    assert cmic.push(changed, Diary()).route == "pci_transfer"
    assert [pci["type"] for pci in tenant.pcis()] == ["COT"]


def test_the_difference_of_a_changed_original_is_the_one_that_was_accepted(tenant: Tenant, cmic: CmicBackend):
    document = original(entered("01-100", "L", "1200", before="1000", job=STARTED), job=STARTED, **ON)
    place = {"company": "001", "job": STARTED, "phase": "01-100", "category": "L"}
    tenant.ask("set_budget", {**place, "original": 1100})
    cmic.push(document, Diary())
    assert tenant.lines() == [(STARTED, "01-100", "L", money(200))]


def test_the_main_jobs_status_decides_also_for_the_lines_of_its_sub_jobs(tenant: Tenant, cmic: CmicBackend):
    tenant.ask("start_job", {"company": "001", "job": PENDING})
    document = change(line("01-100", "L", "5", job=PENDING), job=PENDING)
    assert cmic.push(document, Diary()).route == "pci_internal"


def test_an_approver_reads_beforehand_which_entry_a_document_becomes(cmic: CmicBackend):
    originals = original(entered("01-100", "L", "1200", job=STARTED), job=STARTED, **ON)
    told = [
        cmic.entry(originals, JobStatus.PENDING),
        cmic.entry(originals, JobStatus.STARTED),
        cmic.entry(TRANSFER, JobStatus.STARTED),
        cmic.entry(TRANSFER, JobStatus.PENDING),  # what it will be once it may
        cmic.entry(change(line("01-100", "L", "12.50")), JobStatus.STARTED),
        cmic.entry(replace(originals, company=company()), JobStatus.STARTED),  # goes no way
    ]
    assert told == [
        "amounts in Enter Budget",
        "potential change item, class Original",
        "potential change item, class Transfer",
        "potential change item, class Transfer",
        "potential change item, class Internal",
        "",
    ]
