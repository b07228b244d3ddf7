"""Duty 11, mapping: codes are CMiC's to the character, and many of ours on one of theirs are summed."""

import pytest

from cmic_adapter.backend import CmicBackend
from erp.port import ErpRefused
from tests.cmic_adapter.support import STARTED, Diary, Tenant, change, line, money

TRANSFER = change(
    line("01-100", "L", "-250.00"), line("02-100", "M", "150.00"), line("03-100", "E", "100.00")
)


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


def test_a_refusal_of_a_summed_line_names_every_line_of_ours_in_it(tenant: Tenant, cmic: CmicBackend):
    tenant.ask("set_active", {"company": "001", "phase": "03-100", "active": False})
    document = change(
        line("03-100", "E", "70", ref="first"),
        line("03-100", "E", "30", ref="second"),
        line("01-100", "L", "5", ref="good"),
    )
    with pytest.raises(ErpRefused) as refused:
        cmic.push(document, Diary())
    assert [finding.refs for finding in refused.value.findings] == [("first", "second")]


def test_a_posted_difference_of_a_summed_line_names_every_line_of_ours_in_it(
    tenant: Tenant, cmic: CmicBackend
):
    document = change(line("01-100", "L", "70", ref="first"), line("01-100", "L", "30", ref="second"))
    cmic.push(document, Diary())
    place = {"company": "001", "job": STARTED, "code": document.number, "phase": "01-100", "category": "L"}
    tenant.ask("edit_amount", {**place, "amount": 99})
    tenant.post(document.number)
    [posting] = cmic.postings([document])
    assert [(d.refs, d.sent, d.found) for d in posting.differences] == [(("first", "second"), 100, 99)]


@pytest.mark.parametrize("code", ["007", " 7", "7 ", "7'7", "7%_*", "7;7,7=7&7#7"])
def test_a_code_reaches_cmic_and_is_found_there_to_the_character(
    tenant: Tenant, cmic: CmicBackend, code: str
):
    tenant.ask("seed", {"phases": [{"company": "001", "code": code}, {"company": "001", "code": "7"}]})
    document = change(line(code, "L", "5"), line("7", "L", "6"))
    receipt = cmic.push(document, Diary())
    assert tenant.lines() == sorted([(STARTED, code, "L", money(5)), (STARTED, "7", "L", money(6))])
    assert cmic.find(document) == receipt
