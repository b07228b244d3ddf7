"""Duty 11, mapping: codes are CMiC's to the character, and many of ours on one of theirs are summed."""

from cmic_adapter.backend import CmicBackend
from tests.cmic_adapter.support import (
    STARTED,
    Diary,
    Tenant,
    change,
    line,
    money,
)

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
