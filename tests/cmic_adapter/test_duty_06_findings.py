"""Duty 6, findings: a refusal is told per line, to a person who must fix it, and holds up nothing but the approval."""

import pytest

from cmic_adapter.backend import CmicBackend
from erp.port import ErpRefused
from tests.cmic_adapter.support import COMPANY, STARTED, Diary, Tenant, change, line, money

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
