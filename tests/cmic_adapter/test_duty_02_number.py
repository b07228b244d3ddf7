"""Duty 2, number: a document is known by its number and by the mark at the end of its name."""

from dataclasses import replace

from cmic_adapter.backend import CmicBackend
from tests.cmic_adapter.support import (
    Diary,
    Tenant,
    change,
    line,
    refusal,
)

TRANSFER = change(
    line("01-100", "L", "-250.00"), line("02-100", "M", "150.00"), line("03-100", "E", "100.00")
)


def test_somebody_elses_change_item_under_our_number_is_left_alone(tenant: Tenant, cmic: CmicBackend):
    cmic.push(TRANSFER, Diary())
    other = replace(TRANSFER, content_hash="f" * 64)
    assert cmic.find(other) is None
    assert refusal(cmic, other) == ["number_taken"]
