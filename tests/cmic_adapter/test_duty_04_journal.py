"""Duty 4, journal: every write is on record before it leaves, and its answer after."""

import pytest

from cmic_adapter.backend import CmicBackend
from tests.cmic_adapter.support import (
    STARTED,
    ClaimLost,
    Diary,
    Tenant,
    change,
    line,
    money,
)

TRANSFER = change(
    line("01-100", "L", "-250.00"), line("02-100", "M", "150.00"), line("03-100", "E", "100.00")
)


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


def test_a_lost_claim_goes_through_and_the_request_does_not_leave(tenant: Tenant, cmic: CmicBackend):
    with pytest.raises(ClaimLost):
        cmic.push(TRANSFER, Diary(lost_at="line:02-100"))
    assert tenant.lines() == [(STARTED, "01-100", "L", money(-250))]
    assert tenant.pcis()[0]["status"] == "PPEND"
