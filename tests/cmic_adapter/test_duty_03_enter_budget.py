"""Duty 3, Enter Budget: an original budget of a pending job is entered as absolute amounts."""

from dataclasses import replace
from decimal import Decimal

import pytest

from cmic_adapter.backend import CmicBackend
from erp.port import ErpRefused, ErpUnconfirmed
from tests.cmic_adapter.support import PENDING, PENDING_SUB, Diary, Tenant, entered, money, original

BUDGET = original(
    entered("01-100", "L", "100.10", before="70"),
    entered("02-100", "M", "9999999999999.99"),
    entered("03-100", "E", "0.00"),
    entered("01-100", "L", "-0.01", job=PENDING_SUB),
)


def test_amounts_are_set_exactly_and_missing_budget_codes_are_made(tenant: Tenant, cmic: CmicBackend):
    diary = Diary()
    receipt = cmic.push(BUDGET, diary)
    assert tenant.originals(PENDING) == {
        ("01-100", "L"): money("100.10"),
        ("02-100", "M"): money("9999999999999.99"),
        ("03-100", "E"): money(0),
    }
    assert tenant.originals(PENDING_SUB) == {("01-100", "L"): money("-0.01")}
    assert (receipt.route, receipt.lines, receipt.total) == ("enter_budget", 4, money("10000000000100.08"))
    assert diary.route == "enter_budget"
    assert tenant.pcis() == []
    assert diary.steps == [
        "assign:02-100/M@2402",
        "assign:03-100/E@2402",
        "assign:01-100/L@2402-A",
        "amount:01-100/L@2402",
        "amount:02-100/M@2402",
        "amount:01-100/L@2402-A",
    ]


def test_entering_it_again_writes_nothing(tenant: Tenant, cmic: CmicBackend):
    first = cmic.push(BUDGET, Diary())
    tenant.forget_calls()
    assert cmic.push(BUDGET, Diary()) == first == cmic.find(BUDGET)
    assert tenant.writes() == []


def test_three_times_ten_cents_on_one_budget_code_are_thirty(tenant: Tenant, cmic: CmicBackend):
    cmic.push(original(*[entered("05-100", "M", "0.10", ref=ref) for ref in "abc"]), Diary())
    assert tenant.originals(PENDING)["05-100", "M"] == money("0.30")


def test_a_half_entered_budget_is_not_found_and_is_finished_by_the_next_push(
    tenant: Tenant, cmic: CmicBackend
):
    tenant.fault("refuse", match={"method": "PATCH", "contains": "9999999999999.99"}, message="Not today.")
    diary = Diary()
    with pytest.raises(ErpRefused) as refused:
        cmic.push(BUDGET, diary)
    assert [(f.refs, f.raw.endswith("Not today.")) for f in refused.value.findings] == [
        (("2402/02-100/M",), True)
    ]
    assert cmic.find(diary.of(BUDGET)) is None
    again = Diary()
    cmic.push(diary.of(BUDGET), again)
    assert again.steps == ["amount:02-100/M@2402"]
    assert cmic.find(diary.of(BUDGET)) is not None


def test_an_inactive_cost_code_is_told_on_its_line_and_the_others_are_entered(
    tenant: Tenant, cmic: CmicBackend
):
    document = original(entered("09-900", "L", "5", ref="bad"), entered("02-100", "L", "6", ref="good"))
    with pytest.raises(ErpRefused) as refused:
        cmic.push(document, Diary())
    [finding] = refused.value.findings
    assert (finding.code, finding.refs, finding.field) == ("cost_code_refused", ("bad",), "cost_code")
    assert "09-900" in finding.message and "Cost Code Code 09-900 is not active" in finding.raw
    assert tenant.originals(PENDING)["02-100", "L"] == money(6)


def test_where_we_may_not_assign_nothing_is_entered(tenant: Tenant, cmic: CmicBackend):
    with pytest.raises(ErpRefused) as refused:
        cmic.push(replace(BUDGET, company=original(assign_missing=False).company), Diary())
    assert {f.code for f in refused.value.findings} == {"not_assigned"}
    assert tenant.writes() == []


def test_a_quantity_goes_with_its_amount(tenant: Tenant, cmic: CmicBackend):
    cmic.push(original(entered("02-100", "M", "90", quantity=Decimal("4.5"), unit="M3")), Diary())
    [row] = [b for b in tenant.book()["budget"] if (b["job"], b["phase"]) == (PENDING, "02-100")]
    assert (row["original"], row["units"], row["unit"]) == (90, Decimal("4.5"), "M3")


def test_a_job_started_after_everything_landed_is_a_receipt(tenant: Tenant, cmic: CmicBackend):
    diary = Diary()
    first = cmic.push(BUDGET, diary)
    tenant.start(PENDING)
    tenant.forget_calls()
    assert cmic.push(diary.of(BUDGET), Diary()) == first == cmic.find(diary.of(BUDGET))
    assert tenant.writes() == []


def test_a_job_started_while_the_budget_was_being_entered_is_refused_with_the_lines_that_are_missing(
    tenant: Tenant, cmic: CmicBackend
):
    tenant.fault("refuse", match={"method": "PATCH", "contains": "9999999999999.99"})
    diary = Diary()
    with pytest.raises(ErpRefused):
        cmic.push(BUDGET, diary)
    tenant.start(PENDING)
    with pytest.raises(ErpRefused) as refused:
        cmic.push(diary.of(BUDGET), Diary())
    [finding] = refused.value.findings
    assert (finding.code, finding.refs) == ("started_in_between", ("2402/02-100/M",))


def test_a_job_started_between_our_look_and_our_write_is_told_as_that(tenant: Tenant, cmic: CmicBackend):
    class Meanwhile(Diary):
        def before(self, **told: str) -> None:
            super().before(**told)
            if told["step"] == "amount:02-100/M@2402":
                tenant.start(PENDING)

    with pytest.raises(ErpRefused) as refused:
        cmic.push(BUDGET, Meanwhile())
    [finding] = refused.value.findings
    assert (finding.code, finding.refs) == ("started_in_between", ("2402/02-100/M", "2402-A/01-100/L"))
    assert tenant.originals(PENDING)["01-100", "L"] == money("100.10")


def test_without_a_remembered_route_a_started_jobs_amounts_are_no_proof(tenant: Tenant, cmic: CmicBackend):
    cmic.push(BUDGET, Diary())
    tenant.start(PENDING)
    assert cmic.find(BUDGET) is None


@pytest.mark.parametrize("flag", ["Y", "N"])
def test_the_mandatory_flags_are_the_companys(tenant: Tenant, cmic: CmicBackend, flag: str):
    document = original(entered("02-100", "M", "1"), jcat_flags={"JcatExclCostWip": flag})
    cmic.push(document, Diary())
    [row] = [b for b in tenant.book()["budget"] if (b["job"], b["phase"]) == (PENDING, "02-100")]
    assert (row["exclude_cost_wip"], row["active"], row["phase_active"]) == (flag == "Y", True, True)


def test_an_amount_that_cmic_took_otherwise_is_seen_and_for_a_person(tenant: Tenant, cmic: CmicBackend):
    tenant.fault("round_amounts", times=None, match={"method": "PATCH"})
    with pytest.raises(ErpRefused) as refused:
        cmic.push(BUDGET, Diary())
    found = {(f.code, f.refs) for f in refused.value.findings}
    assert ("amount_differs", ("2402/01-100/L",)) in found


def test_an_amount_that_is_not_shown_yet_is_unconfirmed_and_is_found_later(tenant: Tenant, cmic: CmicBackend):
    tenant.fault("stale_read", times=None, match={"resource": "jcjobcategory"})
    diary = Diary()
    with pytest.raises(ErpUnconfirmed):
        cmic.push(BUDGET, diary)
    tenant.no_faults()
    assert cmic.find(diary.of(BUDGET)) is not None
