"""Duty 10, fail closed: what the tenant does not have stops pushing with a sentence, and nothing is written."""

from collections.abc import Callable

import pytest

from cmic_adapter import wire
from cmic_adapter.backend import CmicBackend
from erp.port import ErpMisconfigured
from tests.cmic_adapter.support import COMPANY, Diary, Tenant, book, change, company, line

DOCUMENT = change(line("01-100", "L", "-30"), line("02-100", "M", "15"), line("03-100", "E", "15"))


def test_a_renamed_attribute_stops_pushing_with_the_likely_name(tenant: Tenant, cmic: CmicBackend):
    given = {"from": "CmdBudgAmt", "to": "CmdBudgetAmt"}
    tenant.fault("rename_attribute", match={"resource": "cmdetail"}, times=None, **given)
    with pytest.raises(
        ErpMisconfigured, match="cmdetail has no attribute CmdBudgAmt; likely candidates: CmdBudgetAmt"
    ):
        cmic.push(DOCUMENT, Diary())
    assert tenant.writes() == []
    assert cmic.check(company()) == [
        "cmdetail has no attribute CmdBudgAmt; likely candidates: CmdBudgetAmt, CmdBillAmt."
    ]
    assert len(list(cmic.jobs(company()))) == 6


def test_an_attribute_renamed_since_the_last_look_stops_pushing_as_well(tenant: Tenant, cmic: CmicBackend):
    cmic.push(change(line("01-100", "L", "1"), number="TB-00000001"), Diary())
    tenant.forget_calls()
    given = {"from": "CmmRefDate", "to": "CmmDate"}
    tenant.fault("rename_attribute", match={"resource": "cmmast"}, times=None, **given)
    with pytest.raises(ErpMisconfigured, match="CmmRefDate"):
        cmic.push(DOCUMENT, Diary())
    assert [w["committed"] for w in tenant.writes()] == [False]


def test_a_tenant_as_expected_has_nothing_to_complain_about(cmic: CmicBackend):
    assert cmic.check(company(originals_on_started_jobs=True)) == []


def test_check_names_what_a_person_must_choose(tenant: Tenant, make_backend: Callable[..., CmicBackend]):
    more = [{"company": COMPANY, "code": "COX", "class": "I"}]
    tenant.ask(
        "seed", {"types": more, "statuses": [{"company": COMPANY, "code": "OK2", "pending_type": "A"}]}
    )
    cmic = make_backend()
    assert cmic.check(company()) == [
        "CMiC must have exactly one status for status_ready, it has APPR, OK2; set status_ready.",
        "CMiC must have exactly one change type of class internal, it has COI, COX; set type_internal.",
    ]
    assert cmic.check(company(type_internal="COX", status_ready="APPR")) == []
    assert cmic.check(company(type_internal="COY", status_ready="APPR")) == [
        "CMiC has no change type of class internal COY: it has COI, COX; correct type_internal."
    ]
    with pytest.raises(ErpMisconfigured, match="status_ready"):
        cmic.push(DOCUMENT, Diary())
    assert tenant.writes() == []


def test_check_names_a_company_it_cannot_see(cmic: CmicBackend):
    from erp.port import ErpCompany

    assert cmic.check(ErpCompany(code="777")) == [
        "CMiC does not show us company 777; correct its code or ask for access."
    ]


def test_the_chosen_codes_are_the_ones_used(tenant: Tenant, cmic: CmicBackend):
    tenant.ask("seed", {"types": [{"company": COMPANY, "code": "COX", "class": "I"}]})
    cmic.push(change(line("01-100", "L", "1"), type_internal="COX", status_staging="PEND"), Diary())
    assert tenant.pcis()[0]["type"] == "COX"


def test_an_unknown_option_stops_the_connection(cmic: CmicBackend):
    with pytest.raises(ErpMisconfigured, match="type_orginal"):
        cmic.push(change(line("01-100", "L", "5"), type_orginal="COO"), Diary())


def test_where_only_the_pending_kind_of_status_exists_it_is_the_staging_one(
    tenant: Tenant, make_backend: Callable[..., CmicBackend]
):
    seed = book()
    seed["statuses"] = [
        {"company": COMPANY, "code": code, "pending_type": kind}
        for code, kind in (("OPEN", "N"), ("OK", "A"))
    ]
    tenant.reset(seed)
    seen: list[str] = []

    class Attentive(Diary):
        def after(self, **told: object) -> None:
            super().after(**told)
            seen.append(tenant.pcis()[0]["status"])

    make_backend().push(DOCUMENT, Attentive())
    assert (set(seen[:-1]), seen[-1]) == ({"OPEN"}, "OK")


def test_posting_is_never_asked_for(tenant: Tenant, cmic: CmicBackend):
    cmic.push(DOCUMENT, Diary())
    cmic.postings([DOCUMENT])
    cmic.withdraw(DOCUMENT, Diary())
    assert not [call for call in tenant.calls() if "postcm" in call["path"].lower()]
    ours = {resource.label for resource in (*wire.NEEDED_TO_READ, *wire.NEEDED_TO_WRITE)}
    assert wire.POSTING not in ours


def test_an_attribute_that_is_gone_stops_pushing_and_lets_us_read_on(
    tenant: Tenant, make_backend: Callable[..., CmicBackend]
):
    tenant.fault("drop_attribute", match={"resource": "cmdetail"}, attribute="CmdPostingFlag", times=None)
    cmic = make_backend()
    with pytest.raises(ErpMisconfigured, match="cmdetail has no attribute CmdPostingFlag"):
        cmic.push(DOCUMENT, Diary())
    assert tenant.writes() == []
    assert len(list(cmic.jobs(company()))) == 6
