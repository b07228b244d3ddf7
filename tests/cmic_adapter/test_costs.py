"""Costs to date: sums by budget code, only of jobs with something new, and never in the way of anything else."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest

from cmic_adapter.backend import CmicBackend
from erp.port import CheckState, CostRow, ErpKey, ErpMisconfigured, ErpUnavailable
from tests.cmic_adapter.support import COMPANY, ON, PENDING, STARTED, STARTED_SUB, Tenant, company

LONG = 86_400  # seconds, far longer than what is read again
LIST = "jcdetailposted"


def spend(tenant: Tenant, *amounts: object, job: str = STARTED, code: str = "01-100", on: str = "2026-11-02"):
    """An invoice or two is posted in CMiC."""
    cost = {"company": COMPANY, "job": job, "phase": code, "category": "L", "date": on}
    tenant.ask("seed", {"costs": [{**cost, "amount": amount} for amount in amounts]})


def told(
    cmic: CmicBackend, *jobs: str, since: datetime | None = None
) -> dict[str, tuple[CostRow, ...] | None]:
    return {costs.job: costs.rows for costs in cmic.costs(company(), jobs, changed_since=since)}


def asked(tenant: Tenant) -> list[str]:
    """What the requests for costs asked in `q`."""
    paths = [call["path"] for call in tenant.calls() if call["resource"] == LIST]
    return [parse_qs(urlsplit(path).query)["q"][0] for path in paths]


def test_many_postings_are_one_sum_with_the_day_of_the_last(tenant: Tenant, cmic: CmicBackend):
    spend(tenant, "0.10", "0.10", "0.10", "-0.01")
    spend(tenant, "9999999999999.99", code="02-100", on="2026-10-30")
    assert told(cmic, STARTED)[STARTED] == (
        CostRow(ErpKey(STARTED, "01-100", "L"), Decimal("0.29"), date(2026, 11, 2)),
        CostRow(ErpKey(STARTED, "02-100", "L"), Decimal("9999999999999.99"), date(2026, 10, 30)),
    )


def test_a_job_without_costs_says_so_and_a_hidden_one_says_nothing(tenant: Tenant, cmic: CmicBackend):
    spend(tenant, "5.00", job=STARTED_SUB)
    tenant.ask("hide_job", {"company": COMPANY, "job": STARTED_SUB})
    assert told(cmic, STARTED, STARTED_SUB, "nowhere") == {STARTED: ()}


def test_each_posting_counts_once_though_pages_move(tenant: Tenant, cmic: CmicBackend):
    spend(tenant, *["0.01"] * 1200)
    tenant.fault("page_drift", match={"resource": LIST}, shift=-3)
    [row] = told(cmic, STARTED)[STARTED] or ()
    assert row.amount == Decimal("12.00")


def test_only_a_job_with_something_new_is_read_again(tenant: Tenant, cmic: CmicBackend):
    spend(tenant, "10.00")
    spend(tenant, "3.00", job=PENDING)
    since = max(costs.changed_at for costs in cmic.costs(company(), [STARTED, PENDING]) if costs.changed_at)
    tenant.later(LONG)
    spend(tenant, "5.00")
    before = len(asked(tenant))
    again = told(cmic, STARTED, PENDING, since=since + timedelta(hours=3))
    assert again[PENDING] is None
    assert [row.amount for row in again[STARTED] or ()] == [Decimal("15.00")]
    assert len(asked(tenant)) == before + 2, "which jobs, and the one"


def test_a_tenant_without_audit_times_is_read_whole(tenant: Tenant, cmic: CmicBackend):
    tenant.fault("drop_attribute", match={"resource": LIST}, attribute="JcdtIuUpdateDate", times=None)
    cmic._setups.forget()
    spend(tenant, "10.00")
    [row] = told(cmic, STARTED, since=datetime.now(UTC) + timedelta(days=300))[STARTED] or ()
    assert row.amount == 10


@pytest.mark.parametrize(
    "wrong",
    [
        {"fault": "403"},
        {"fault": "drop_attribute", "attribute": "JcdtAmt"},
        {"fault": "rename_attribute", "from": "JcdtAmt", "to": "JcdtTotalAmt"},
        {
            "fault": "custom_answer",
            "body": '{"items": [{"JcdtVUuid": "A", "JcdtAmt": "many"}], "hasMore": false}',
        },
    ],
    ids=lambda wrong: wrong["fault"],
)
def test_what_is_wrong_with_costs_alone_stops_nothing_and_the_report_says_it(
    tenant: Tenant, cmic: CmicBackend, wrong: dict
):
    spend(tenant, "10.00")
    tenant.fault(match={"resource": LIST}, times=None, **wrong)
    cmic._setups.forget()
    assert told(cmic, STARTED) == {}
    assert cmic.check(company(**ON)) == []
    [item] = [item for item in cmic.report(company(**ON)) if item.area == "Costs to date"]
    assert item.state is CheckState.OFF and "jcdetailposted" in item.sentence


def test_a_name_that_was_found_is_named_in_the_report(tenant: Tenant, cmic: CmicBackend):
    tenant.fault(
        "rename_attribute", match={"resource": LIST}, times=None, **{"from": "JcdtAmt", "to": "JcdtAmount"}
    )
    [item] = [item for item in cmic.report(company(**ON)) if item.area == "Costs to date"]
    assert item.candidates == ("JcdtAmount",)


def test_being_turned_away_altogether_is_never_taken_for_no_costs(tenant: Tenant, cmic: CmicBackend):
    tenant.fault("401", times=None)
    with pytest.raises(ErpMisconfigured):
        told(cmic, STARTED)


def test_a_silent_cmic_is_tried_later(tenant: Tenant, cmic: CmicBackend):
    tenant.fault("503_html", match={"resource": LIST}, times=None)
    with pytest.raises(ErpUnavailable):
        told(cmic, STARTED)
