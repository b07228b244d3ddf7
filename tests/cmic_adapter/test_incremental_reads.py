"""What changed since the last look is enough; whoever cannot tell what changed gives everything."""

from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from cmic_adapter import audit
from cmic_adapter.backend import CmicBackend
from tests.cmic_adapter.support import COMPANY, PENDING, STARTED, Tenant, book, company

LONG = 86_400  # seconds that go by before something changes: far longer than the overlap
MANY = 1200
MARK = "99-999"  # the cost code that changed last


def last_change(cmic: CmicBackend) -> datetime:
    """The latest audit time of the cost codes."""
    return max(row.changed_at for row in cmic.cost_codes(company()) if row.changed_at)


def a_day_after_the_rest(tenant: Tenant, cmic: CmicBackend) -> datetime:
    """Let a day go by, change one cost code, and return when it changed; a day later."""
    tenant.later(LONG)
    tenant.ask("seed", {"phases": [{"company": COMPANY, "code": MARK}]})
    since = last_change(cmic)
    tenant.later(LONG)
    return since


def codes(cmic: CmicBackend, since: datetime | None = None) -> list[str]:
    return [row.code for row in cmic.cost_codes(company(), changed_since=since)]


def questions(tenant: Tenant, resource: str) -> list[str]:
    """What the requests for a resource asked in `q`."""
    asked = [call["path"] for call in tenant.calls() if call["resource"] == resource]
    return [parse_qs(urlsplit(path).query).get("q", [""])[0] for path in asked]


def test_only_what_changed_comes_with_its_leading_zeros(tenant: Tenant, cmic: CmicBackend):
    since = a_day_after_the_rest(tenant, cmic)
    tenant.ask("seed", {"phases": [{"company": COMPANY, "code": "00100", "name": "New"}]})
    assert codes(cmic, since) == ["00100", MARK]
    assert {"00100", "01-100", MARK} < set(codes(cmic))
    assert last_change(cmic) - since >= timedelta(seconds=LONG)


def test_jobs_cost_types_and_assigned_codes_can_be_asked_so_too(tenant: Tenant, cmic: CmicBackend):
    since = a_day_after_the_rest(tenant, cmic)
    tenant.start(PENDING)
    tenant.ask("seed", {"categories": [{"company": COMPANY, "code": "S", "name": "Subcontract"}]})
    tenant.ask("seed", {"job_phases": [{"company": COMPANY, "job": STARTED, "phase": "02-100"}]})
    assert PENDING in [row.code for row in cmic.jobs(company(), changed_since=since)]
    assert STARTED not in [row.code for row in cmic.jobs(company(), changed_since=since)]
    assert [row.code for row in cmic.cost_types(company(), changed_since=since)] == ["S"]
    assigned = cmic.assigned_cost_codes(company(), [STARTED, PENDING], changed_since=since)
    assert [(row.job, row.code) for row in assigned] == [(STARTED, "02-100")]


def test_a_change_shortly_before_the_last_one_seen_comes_again(tenant: Tenant, cmic: CmicBackend):
    since = a_day_after_the_rest(tenant, cmic)
    assert codes(cmic, since) == [MARK]
    assert codes(cmic, since + timedelta(minutes=90)) == [MARK], "a clock was set back by an hour"
    assert codes(cmic, since + audit.OVERLAP) == [MARK]
    assert codes(cmic, since + audit.OVERLAP + timedelta(seconds=1)) == []


@pytest.mark.parametrize("gone", ["PhsIuUpdateDate", "PhsIuCreateDate"])
def test_a_tenant_without_audit_times_is_read_whole(tenant: Tenant, cmic: CmicBackend, gone: str):
    since = last_change(cmic)
    tenant.later(LONG)
    tenant.fault("drop_attribute", match={"resource": "jcmastercostcodes"}, attribute=gone, times=None)
    cmic._setups.forget()
    everything = codes(cmic)
    assert codes(cmic, since) == everything
    assert {row.changed_at for row in cmic.cost_codes(company())} == {None}


def test_a_row_that_was_never_changed_is_found_by_when_it_was_made(tenant: Tenant, cmic: CmicBackend):
    since = last_change(cmic)
    list(cmic.cost_codes(company(), changed_since=since))
    asked = questions(tenant, "jcmastercostcodes")[-1]
    assert "PhsIuUpdateDate >= '" in asked and " or PhsIuCreateDate >= '" in asked
    assert f"PhsCompCode = '{COMPANY}' and (" in asked


def test_many_changes_under_page_drift_come_each_once(tenant: Tenant, cmic: CmicBackend):
    since = a_day_after_the_rest(tenant, cmic)
    new = [f"{n:05}" for n in range(MANY)]
    tenant.ask("seed", {"phases": [{"company": COMPANY, "code": code} for code in new]})
    tenant.fault("page_drift", match={"resource": "jcmastercostcodes"}, shift=1)
    assert codes(cmic, since) == [*new, MARK]


def test_what_is_described_is_asked_once_for_many_reads(
    tenant: Tenant, make_backend: Callable[..., CmicBackend]
):
    tenant.reset(book())
    backend = make_backend()
    for _ in range(3):
        list(backend.jobs(company()))
        list(backend.cost_codes(company()))
    described = [call for call in tenant.calls() if call["path"].endswith("/describe")]
    assert len(described) == 1
