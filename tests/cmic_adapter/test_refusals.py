"""A refused line names itself to the person who must fix it, and holds up nothing but the approval."""

from collections.abc import Callable

import pytest

from cmic_adapter.backend import CmicBackend
from erp.port import ErpMisconfigured, ErpRefused
from tests.cmic_adapter.support import COMPANY, STARTED, Diary, Tenant, change, company, line, money

DOCUMENT = change(
    line("01-100", "L", "-30", ref="a"),
    line("02-100", "M", "10", ref="b1"),
    line("02-100", "M", "5", ref="b2"),
    line("03-100", "E", "15", ref="c"),
)
RELEASES = ["patch21", "patch22", "nexus1", "nexus2"]
SHAPES = ["text", "adf4", "wsd", "error"]


def refused(cmic: CmicBackend, diary: Diary | None = None) -> ErpRefused:
    with pytest.raises(ErpRefused) as raised:
        cmic.push(DOCUMENT, diary or Diary())
    return raised.value


def test_every_line_is_tried_and_each_refused_one_is_told_with_all_its_own_lines(
    tenant: Tenant, cmic: CmicBackend
):
    tenant.fault("refuse_nth_line", n=1)
    tenant.fault("refuse_nth_line", n=1)
    findings = refused(cmic).findings
    assert [(f.code, f.field, f.refs) for f in findings] == [
        ("cost_code_refused", "cost_code", ("a",)),
        ("cost_code_refused", "cost_code", ("b1", "b2")),
    ]
    assert "02-100" in findings[1].message and "2401" in findings[1].message
    assert "Cost Code Code 02-100 with Category Code M is not valid" in findings[1].raw
    assert tenant.lines() == [(STARTED, "03-100", "E", money(15))]
    assert tenant.pcis()[0]["status"] == "PPEND"


def test_after_the_fix_only_what_is_missing_is_sent(tenant: Tenant, cmic: CmicBackend):
    tenant.fault("refuse_nth_line", n=2)
    refused(cmic)
    diary = Diary()
    assert cmic.push(DOCUMENT, diary).lines == 3
    assert diary.steps == ["line:02-100/M@2401", "ready"]


def test_a_line_whose_cost_code_cannot_be_assigned_is_not_sent_at_all(tenant: Tenant, cmic: CmicBackend):
    tenant.ask("set_active", {"company": COMPANY, "phase": "03-100", "active": False})
    diary = Diary()
    [finding] = refused(cmic, diary).findings
    assert (finding.code, finding.refs) == ("cost_code_refused", ("c",))
    assert diary.steps == ["header", "assign:03-100/E@2401", "line:01-100/L@2401", "line:02-100/M@2401"]


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_release_and_error_shape_tells_the_same(
    tenant: Tenant, cmic: CmicBackend, release: str, shape: str
):
    tenant.switch(release=release, error_shape=shape)
    tenant.fault("refuse_nth_line", n=3)
    assert [(f.code, f.refs) for f in refused(cmic).findings] == [("cost_code_refused", ("c",))]
    diary = Diary()
    assert cmic.push(DOCUMENT, diary).lines == 3
    assert diary.steps == ["line:03-100/E@2401", "ready"]


def test_a_refused_header_is_told_with_the_lines_its_text_names(tenant: Tenant, cmic: CmicBackend):
    words = "Nothing more may be planned on 02-100 this year."
    tenant.fault("refuse", match={"resource": "cmmast", "method": "POST"}, message=words)
    [finding] = refused(cmic).findings
    assert (finding.code, finding.refs) == ("document_refused", ("b1", "b2"))
    assert words in finding.raw
    assert tenant.pcis() == []


def test_an_approval_that_is_refused_leaves_the_document_in_staging(tenant: Tenant, cmic: CmicBackend):
    tenant.fault("refuse", match={"method": "PATCH"}, message="The lines do not balance.")
    [finding] = refused(cmic).findings
    assert finding.code == "unbalanced"
    assert tenant.pcis()[0]["status"] == "PPEND"
    assert cmic.find(DOCUMENT) is None


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


PAPER = [
    (line("1" * 17, "L", "1"), "cost_code_unfit"),
    (line("01-100", "", "1"), "cost_type_unfit"),
    (line("01-100", "L\n", "1"), "cost_type_unfit"),
    (line("01-100", "L", "1", job="1" * 11), "job_unfit"),
    (line("01-100", "L", "0.001"), "amount_unfit"),
    (line("01-100", "L", "1e16"), "amount_unfit"),
    (line("01-100", "L", "NaN"), "amount_unfit"),
    (line("01-100", "L", "1", unit="SEVENTY"), "unit_unfit"),
    (line("01-100", "L", "1", quantity=money("0.00001")), "quantity_unfit"),
]


@pytest.mark.parametrize(("bad", "code"), PAPER)
def test_what_does_not_fit_is_told_on_paper_with_its_line(tenant: Tenant, cmic: CmicBackend, bad, code: str):
    findings = cmic.problems(change(bad, line("02-100", "M", "1")))
    assert [(f.code, f.refs) for f in findings] == [(code, (bad.ref,))]
    assert tenant.calls() == []
