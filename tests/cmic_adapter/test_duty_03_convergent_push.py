"""Duty 3, convergent push: only what is missing is written, whole before it is ready, exact and once."""

from dataclasses import replace
from decimal import Decimal

import pytest

from cmic_adapter.backend import CmicBackend
from erp.port import ErpRefused
from tests.cmic_adapter.support import (
    ON,
    STARTED,
    Diary,
    Tenant,
    change,
    entered,
    line,
    money,
    original,
    refusal,
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


def test_a_quantity_travels_only_beside_the_whole_amount(tenant: Tenant, cmic: CmicBackend):
    whole = entered("03-100", "M", "90.00", job=STARTED, quantity=Decimal("4.5000"), unit="M3")
    part = entered("01-100", "L", "1200", before="1000", job=STARTED, quantity=Decimal("8"), unit="HR")
    cmic.push(original(whole, part, job=STARTED, **ON), Diary())
    told = {line["phase"]: (line["units"], line["unit"]) for line in tenant.pcis()[0]["lines"]}
    assert told == {"03-100": (Decimal("4.5"), "M3"), "01-100": (None, None)}


def test_where_we_may_not_assign_each_unassigned_line_is_named_and_nothing_is_written(
    tenant: Tenant, cmic: CmicBackend
):
    document = change(*TRANSFER.lines, assign_missing=False)
    with pytest.raises(ErpRefused) as refused:
        cmic.push(document, Diary())
    assert [(f.code, f.refs) for f in refused.value.findings] == [("not_assigned", ("2401/03-100/E",))]
    assert tenant.writes() == []


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
