"""Duty 4, journal: every write is on record before it leaves, and its answer after."""

import pytest

from cmic_adapter.backend import CmicBackend
from erp.port import ErpUnconfirmed
from tests.cmic_adapter.support import PASSWORD, STARTED, ClaimLost, Diary, Tenant, change, line, money

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


def test_what_is_on_record_is_what_was_sent_and_what_was_answered(tenant: Tenant, cmic: CmicBackend):
    diary = Diary()
    cmic.push(TRANSFER, diary)
    for told, sent, answered in zip(diary.before_calls, tenant.writes(), diary.after_calls, strict=True):
        assert (told["method"], told["body"]) == (sent["method"], sent["body"])
        assert sent["path"].endswith(told["target"])
        assert answered["request_id"] == told["request_id"]
        assert answered["status"] == sent["status"] and answered["answer"]


def test_amounts_leave_as_json_numbers_with_exactly_their_digits(tenant: Tenant, cmic: CmicBackend):
    diary = Diary()
    cmic.push(change(line("01-100", "L", "0.30"), line("02-100", "M", "-9999999999999.99")), diary)
    bodies = " ".join(told["body"] for told in diary.before_calls)
    assert '"CmdBudgAmt": 0.30' in bodies and '"CmdBudgAmt": -9999999999999.99' in bodies


def test_a_new_attempt_has_a_new_request_id(tenant: Tenant, cmic: CmicBackend):
    tenant.fault("reset_before", match={"method": "POST", "resource": "cmmast"})
    first, second = Diary(), Diary()
    with pytest.raises(ErpUnconfirmed):
        cmic.push(TRANSFER, first)
    cmic.push(TRANSFER, second)
    ids = [told["request_id"] for told in first.before_calls + second.before_calls]
    assert len(set(ids)) == len(ids)


def test_the_way_is_on_record_before_the_first_write(tenant: Tenant, cmic: CmicBackend):
    diary = Diary(lost_at="header")
    with pytest.raises(ClaimLost):
        cmic.push(TRANSFER, diary)
    assert (diary.route, tenant.writes()) == ("pci_transfer", [])


def test_a_journal_that_cannot_keep_the_answer_stops_the_push_there(tenant: Tenant, cmic: CmicBackend):
    class Broken(Diary):
        def after(self, **told: object) -> None:
            raise ClaimLost("the database is gone")

    with pytest.raises(ClaimLost):
        cmic.push(TRANSFER, Broken())
    assert len(tenant.writes()) == 1
    assert cmic.push(TRANSFER, Diary()).lines == 3
    assert len(tenant.pcis()) == 1


def test_the_log_in_is_in_no_record(tenant: Tenant, cmic: CmicBackend):
    diary = Diary()
    cmic.push(TRANSFER, diary)
    told = repr(diary.before_calls) + repr(diary.after_calls)
    assert PASSWORD not in told and "Basic" not in told
