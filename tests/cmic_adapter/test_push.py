"""A change goes into CMiC as one change item: whole, exact, once."""

from dataclasses import replace
from decimal import Decimal

import pytest

from cmic_adapter.backend import CmicBackend
from erp.port import ErpMisconfigured, ErpNotYet, ErpRefused
from tests.cmic_adapter.support import (
    ON,
    PENDING,
    STARTED,
    STARTED_SUB,
    ClaimLost,
    Diary,
    Tenant,
    change,
    entered,
    line,
    money,
    original,
)

TRANSFER = change(
    line("01-100", "L", "-250.00"), line("02-100", "M", "150.00"), line("03-100", "E", "100.00")
)


def test_a_balanced_change_becomes_one_approved_transfer_with_each_line_once(
    tenant: Tenant, cmic: CmicBackend
):
    diary = Diary()
    receipt = cmic.push(TRANSFER, diary)
    [pci] = tenant.pcis()
    assert (pci["code"], pci["type"], pci["status"]) == ("TB-7K3MQ0XV", "COT", "APPR")
    assert pci["name"] == f"Move the crane [TB-7K3MQ0XV {TRANSFER.content_hash[:8]}]"
    assert pci["ref_date"] == "2026-11-20"
    assert tenant.lines() == [
        (STARTED, "01-100", "L", money("-250")),
        (STARTED, "02-100", "M", money("150")),
        (STARTED, "03-100", "E", money("100")),
    ]
    assert (receipt.number, receipt.route, receipt.lines, receipt.total) == (
        "TB-7K3MQ0XV",
        "pci_transfer",
        3,
        0,
    )
    assert (receipt.erp_number, diary.route) == ("", "pci_transfer")


def test_every_write_is_in_the_journal_before_it_leaves_and_under_the_id_it_was_sent_with(
    tenant: Tenant, cmic: CmicBackend
):
    diary = Diary()
    cmic.push(TRANSFER, diary)
    assert diary.steps == [
        "header",
        "assign:03-100/E@2401",
        "line:01-100/L@2401",
        "line:02-100/M@2401",
        "line:03-100/E@2401",
        "ready",
    ]
    assert [w["request_id"] for w in tenant.writes()] == [told["request_id"] for told in diary.before_calls]
    assert [told["outcome"] for told in diary.after_calls] == ["done"] * 6


def test_pushing_a_finished_document_again_writes_nothing(tenant: Tenant, cmic: CmicBackend):
    first = cmic.push(TRANSFER, Diary())
    tenant.forget_calls()
    diary = Diary()
    assert cmic.push(TRANSFER, diary) == first
    assert cmic.find(TRANSFER) == first
    assert (tenant.writes(), diary.steps) == ([], [])


def test_a_finished_document_is_still_finished_once_its_job_is_closed(tenant: Tenant, cmic: CmicBackend):
    first = cmic.push(TRANSFER, Diary())
    tenant.post("TB-7K3MQ0XV")
    tenant.ask("close_job", {"company": "001", "job": STARTED})
    assert cmic.push(TRANSFER, Diary()) == first


def test_a_change_that_does_not_balance_goes_as_internal(tenant: Tenant, cmic: CmicBackend):
    assert cmic.push(change(line("01-100", "L", "12.50")), Diary()).route == "pci_internal"
    assert tenant.pcis()[0]["type"] == "COI"


def test_a_company_that_wants_no_transfers_gets_a_balanced_change_as_internal(
    tenant: Tenant, cmic: CmicBackend
):
    document = change(*TRANSFER.lines, transfer_for_balanced=False)
    assert cmic.push(document, Diary()).route == "pci_internal"


def test_cents_and_the_largest_amount_arrive_to_the_cent(tenant: Tenant, cmic: CmicBackend):
    document = change(
        line("01-100", "L", "0.10", ref="a"),
        line("01-100", "L", "0.10", ref="b"),
        line("01-100", "L", "0.10", ref="c"),
        line("02-100", "M", "-0.01"),
        line("03-100", "E", "9999999999999.99"),
        line("04-100", "E", "-9999999999999.99"),
    )
    receipt = cmic.push(document, Diary())
    assert tenant.lines() == [
        (STARTED, "01-100", "L", money("0.30")),
        (STARTED, "02-100", "M", money("-0.01")),
        (STARTED, "03-100", "E", money("9999999999999.99")),
        (STARTED, "04-100", "E", money("-9999999999999.99")),
    ]
    assert receipt.total == money("0.29") == document.net
    assert cmic.find(document) == receipt


def test_two_lines_on_one_budget_code_are_summed_and_zero_sums_make_no_line(
    tenant: Tenant, cmic: CmicBackend
):
    document = change(
        line("01-100", "L", "70", ref="a"),
        line("01-100", "L", "30", ref="b"),
        line("02-100", "M", "5", ref="c"),
        line("02-100", "M", "-5", ref="d"),
    )
    assert cmic.push(document, Diary()).lines == 1
    assert tenant.lines() == [(STARTED, "01-100", "L", money(100))]


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


def test_a_quantity_travels_only_beside_the_whole_amount(tenant: Tenant, cmic: CmicBackend):
    whole = entered("03-100", "M", "90.00", job=STARTED, quantity=Decimal("4.5000"), unit="M3")
    part = entered("01-100", "L", "1200", before="1000", job=STARTED, quantity=Decimal("8"), unit="HR")
    cmic.push(original(whole, part, job=STARTED, **ON), Diary())
    told = {line["phase"]: (line["units"], line["unit"]) for line in tenant.pcis()[0]["lines"]}
    assert told == {"03-100": (Decimal("4.5"), "M3"), "01-100": (None, None)}


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


def test_where_we_may_not_assign_each_unassigned_line_is_named_and_nothing_is_written(
    tenant: Tenant, cmic: CmicBackend
):
    document = change(*TRANSFER.lines, assign_missing=False)
    with pytest.raises(ErpRefused) as refused:
        cmic.push(document, Diary())
    assert [(f.code, f.refs) for f in refused.value.findings] == [("not_assigned", ("2401/03-100/E",))]
    assert tenant.writes() == []


def test_a_lost_claim_goes_through_and_the_request_does_not_leave(tenant: Tenant, cmic: CmicBackend):
    with pytest.raises(ClaimLost):
        cmic.push(TRANSFER, Diary(lost_at="line:02-100"))
    assert tenant.lines() == [(STARTED, "01-100", "L", money(-250))]
    assert tenant.pcis()[0]["status"] == "PPEND"


def test_somebody_elses_change_item_under_our_number_is_left_alone(tenant: Tenant, cmic: CmicBackend):
    cmic.push(TRANSFER, Diary())
    other = replace(TRANSFER, content_hash="f" * 64)
    assert cmic.find(other) is None
    assert refusal(cmic, other) == ["number_taken"]


def test_a_rejected_change_item_is_not_pushed_again(tenant: Tenant, cmic: CmicBackend):
    cmic.push(TRANSFER, Diary())
    tenant.ask("reject", {"company": "001", "job": STARTED, "code": TRANSFER.number})
    assert cmic.find(TRANSFER) is None
    assert refusal(cmic, TRANSFER) == ["rejected_in_erp"]


def test_an_amount_that_an_accountant_edited_is_for_a_person_to_decide(tenant: Tenant, cmic: CmicBackend):
    document = change(line("01-100", "L", "5"))
    cmic.push(document, Diary())
    place = {"company": "001", "job": STARTED, "code": document.number, "phase": "01-100", "category": "L"}
    tenant.ask("edit_amount", {**place, "amount": 6})
    assert cmic.find(document) is None
    assert refusal(cmic, document) == ["amount_differs"]
    assert tenant.lines() == [(STARTED, "01-100", "L", money(6))]


def test_a_line_that_somebody_added_is_for_a_person_to_decide(tenant: Tenant, cmic: CmicBackend):
    cmic.push(TRANSFER, Diary())
    ours = replace(TRANSFER, lines=TRANSFER.lines[:2])
    assert cmic.find(ours) is None
    assert refusal(cmic, ours) == ["foreign_line"]
    assert len(tenant.lines()) == 3


def test_a_document_posted_with_other_amounts_is_not_taken_for_ours(tenant: Tenant, cmic: CmicBackend):
    document = change(line("01-100", "L", "5"))
    cmic.push(document, Diary())
    place = {"company": "001", "job": STARTED, "code": document.number, "phase": "01-100", "category": "L"}
    tenant.ask("edit_amount", {**place, "amount": 6})
    tenant.post(document.number)
    assert cmic.find(document) is None
    assert refusal(cmic, document) == ["posted_differently"]


@pytest.mark.parametrize("hidden", [False, True])
def test_a_document_posted_meanwhile_counts_as_finished_also_where_posted_ones_are_hidden(
    tenant: Tenant, cmic: CmicBackend, hidden: bool
):
    receipt = cmic.push(TRANSFER, Diary())
    tenant.post(TRANSFER.number)
    tenant.switch(hide_posted=hidden)
    tenant.forget_calls()
    remembered = replace(TRANSFER, route=receipt.route)
    assert cmic.find(remembered) == receipt
    assert cmic.push(remembered, Diary()) == receipt
    assert tenant.writes() == []


def test_an_empty_document_is_refused_on_paper(tenant: Tenant, cmic: CmicBackend):
    document = change(line("01-100", "L", "5", ref="a"), line("01-100", "L", "-5", ref="b"))
    assert refusal(cmic, document) == ["empty_document"]
    assert tenant.calls() == []


def test_an_unknown_option_stops_the_connection(cmic: CmicBackend):
    with pytest.raises(ErpMisconfigured, match="type_orginal"):
        cmic.push(change(line("01-100", "L", "5"), type_orginal="COO"), Diary())


def refusal(cmic: CmicBackend, document) -> list[str]:
    with pytest.raises(ErpRefused) as refused:
        cmic.push(document, Diary())
    return [finding.code for finding in refused.value.findings]
