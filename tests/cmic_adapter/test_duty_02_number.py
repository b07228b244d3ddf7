"""Duty 2, number: a document is known by its number and by the mark at the end of its name."""

import json
from dataclasses import replace

import pytest

from cmic_adapter.backend import CmicBackend
from erp.port import ErpUnconfirmed
from tests.cmic_adapter.support import STARTED, Diary, Tenant, change, line, refusal

TRANSFER = change(
    line("01-100", "L", "-250.00"), line("02-100", "M", "150.00"), line("03-100", "E", "100.00")
)


def test_somebody_elses_change_item_under_our_number_is_left_alone(tenant: Tenant, cmic: CmicBackend):
    cmic.push(TRANSFER, Diary())
    other = replace(TRANSFER, content_hash="f" * 64)
    assert cmic.find(other) is None
    assert refusal(cmic, other) == ["number_taken"]


@pytest.mark.parametrize("title", ["x" * 300, "ü" * 300, "a\n  b\tc", ""])
def test_the_name_ends_with_number_and_hash_and_fits_in_bytes(tenant: Tenant, cmic: CmicBackend, title: str):
    cmic.push(replace(TRANSFER, title=title), Diary())
    [pci] = tenant.pcis()
    assert pci["name"].endswith(f"[TB-7K3MQ0XV {TRANSFER.content_hash[:8]}]")
    assert len(pci["name"].encode()) <= 200 and "\n" not in pci["name"]


def test_the_lines_of_a_document_that_cmic_numbered_carry_its_number_which_is_told_at_once(
    tenant: Tenant, cmic: CmicBackend
):
    tenant.switch(auto_numbering=["001"])
    told: list[str] = []

    class Attentive(Diary):
        def before(self, **given: str) -> None:
            told.append(f"{given['step'].partition(':')[0]} {self.erp_number}".strip())
            super().before(**given)

    diary = Attentive()
    assert cmic.push(TRANSFER, diary).erp_number == "COT0001"
    assert told[:2] == ["header", "assign COT0001"]
    assert [(pci["code"], len(pci["lines"])) for pci in tenant.pcis()] == [("COT0001", 3)]
    assert '"CmmCode"' not in diary.before_calls[0]["body"]


def test_an_answer_with_another_header_than_ours_decides_nothing(tenant: Tenant, cmic: CmicBackend):
    cmic.push(replace(TRANSFER, number="TB-00000001"), Diary())
    [other] = tenant.pcis()
    answer = {
        "CmmVUuid": "F" * 32, "CmmCompCode": "001", "CmmJobCode": STARTED, "CmmTypeCode": "COT",
        "CmmCode": other["code"], "CmmName": other["name"],
        "CmmPrepostStatCode": "PPEND", "CmmPostDate": None, "CmmStatCode": "U",
    }  # fmt: skip
    match = {"method": "POST", "resource": "cmmast"}
    tenant.fault("custom_answer", match=match, status=201, body=json.dumps(answer), serve=True)
    diary = Diary()
    with pytest.raises(ErpUnconfirmed):
        cmic.push(TRANSFER, diary)
    assert (diary.steps, diary.erp_number) == (["header"], "")
    assert cmic.push(TRANSFER, Diary()).lines == 3
    assert [len(pci["lines"]) for pci in tenant.pcis()] == [3, 3]


@pytest.mark.parametrize("number", ["", "TB-7K3MQ0XVY", "TB-7K3MQ0Ü"])
def test_a_number_that_cmic_cannot_hold_is_told_on_paper(tenant: Tenant, cmic: CmicBackend, number: str):
    assert refusal(cmic, replace(TRANSFER, number=number)) == ["number_unfit"]
    assert tenant.calls() == []
