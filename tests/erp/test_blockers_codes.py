"""Codes that the ERP would refuse stop Send, each line by name, until somebody puts the code or the ERP right."""

import pytest
from django.utils import timezone

from budgets import links
from budgets import services as budget_services
from erp.models import CostTypeLink
from erp.port import CostCodeRow, UnitRow
from erp.setup import linking
from projects.models import ErpLevel, Membership
from tests.erp.office import sync
from tests.support import scene as acts
from tests.support.scene import MAIN, SUB
from tests.workflow.cases import codes, gone, met, removes, shows
from workflow.blockers import Kind

CONCRETE, CARPET = (MAIN, "03-30-00", "M"), (MAIN, "09-68-00", "S")


def now():
    return timezone.now()


def edit(scene, line, **values):
    line.refresh_from_db()
    budget_services.edit_line(line, user=scene.dana, now=now(), version=line.version, values=values)


def names_exactly(found, scene, *lines, column="code"):
    assert found.kind is Kind.PROBLEM
    assert {place.pk for place in found.lines} == {line.pk for line in lines}
    for place, line in zip(sorted(found.lines, key=lambda p: p.pk), lines, strict=True):
        assert place.link == links.cell(line, scene.project.pk, column)


@shows("cost_code_unknown")
@removes("cost_code_unknown")
def test_a_mistyped_cost_code_is_kept_as_text_and_answered_with_what_may_be_meant(scene):
    line = acts.add_line(scene.budget, scene.dana, MAIN, "03-30-O0", "E", "7.00")
    found = met(scene.budget, "send", scene.dana, "cost_code_unknown")
    names_exactly(found, scene, line)
    assert found.sentence == (
        "1 line with a cost code that CMiC does not know (03-30-O0 - did you mean 03-30-00?). "
        "Correct the code, or ask Jonas Lindqvist to map it."
    )
    edit(scene, line, cost_code="03-30-00")
    gone(scene.budget, "send", scene.dana, "cost_code_unknown")


def test_a_code_that_resembles_nothing_gets_no_suggestion(scene):
    acts.add_line(scene.budget, scene.dana, MAIN, "zz", "E", "7.00")
    assert "(zz)" in met(scene.budget, "send", scene.dana, "cost_code_unknown").sentence


def test_a_code_that_accounting_adds_in_the_erp_becomes_known_by_the_sync(office, scene):
    line = acts.add_line(scene.budget, scene.dana, MAIN, "05-12-00", "E", "7.00")
    met(scene.budget, "send", scene.dana, "cost_code_unknown")
    office.cost_codes["05-12-00"] = CostCodeRow("05-12-00", "Steel", "", True)
    sync(scene)
    edit(scene, line, cost_code="05-12-00")
    gone(scene.budget, "send", scene.dana, "cost_code_unknown")


@shows("cost_code_inactive")
@removes("cost_code_inactive")
def test_a_cost_code_that_is_inactive_in_the_erp_is_activated_there(office, scene):
    office.cost_code("09-68-00", active=False)
    sync(scene)
    found = met(scene.budget, "send", scene.dana, "cost_code_inactive")
    names_exactly(found, scene, scene.lines[CARPET], scene.lines[SUB, "09-68-00", "O"])
    assert found.sentence == (
        "2 lines with a cost code that is inactive in CMiC. Use another code, or have it activated there."
    )
    office.cost_code("09-68-00", active=True)
    sync(scene)
    gone(scene.budget, "send", scene.dana, "cost_code_inactive")


def test_a_cost_code_that_is_gone_from_the_erp_counts_as_inactive(office, scene):
    row = office.cost_codes.pop("09-68-00")
    sync(scene)
    met(scene.budget, "send", scene.dana, "cost_code_inactive")
    office.cost_codes["09-68-00"] = row
    sync(scene)
    gone(scene.budget, "send", scene.dana, "cost_code_inactive")


@shows("cost_type_unknown")
@removes("cost_type_unknown")
def test_a_cost_type_that_is_not_matched_yet_counts_once_the_admin_confirms_it(scene):
    CostTypeLink.objects.filter(cost_type__code="S").update(confirmed_by=None, confirmed_at=None)
    found = met(scene.budget, "send", scene.dana, "cost_type_unknown")
    names_exactly(found, scene, scene.lines[CARPET], column="type")
    assert found.sentence.startswith("1 line with a cost type that is not matched with one of CMiC.")
    linking.confirm_cost_types(scene.connection, user=scene.jonas, now=now())
    gone(scene.budget, "send", scene.dana, "cost_type_unknown")


def test_a_cost_type_that_nobody_has_is_corrected_on_the_line(scene):
    line = acts.add_line(scene.budget, scene.dana, MAIN, "03-30-00", "Q", "7.00")
    names_exactly(met(scene.budget, "send", scene.dana, "cost_type_unknown"), scene, line, column="type")
    edit(scene, line, cost_type="E")
    gone(scene.budget, "send", scene.dana, "cost_type_unknown")


@shows("cost_type_inactive")
@removes("cost_type_inactive")
def test_a_cost_type_that_is_inactive_in_the_erp_is_activated_there(office, scene):
    office.cost_type("4000", active=False)
    sync(scene)
    found = met(scene.budget, "send", scene.dana, "cost_type_inactive")
    names_exactly(found, scene, scene.lines[CARPET], column="type")
    assert found.sentence.startswith("1 line with a cost type that is inactive in CMiC.")
    office.cost_type("4000", active=True)
    sync(scene)
    gone(scene.budget, "send", scene.dana, "cost_type_inactive")


@shows("not_assigned")
@removes("not_assigned")
def test_a_code_that_the_job_may_not_use_is_assigned_in_the_erp(office, scene):
    office.assigned[MAIN, "09-68-00"] = False
    sync(scene)
    found = met(scene.budget, "send", scene.dana, "not_assigned")
    names_exactly(found, scene, scene.lines[CARPET])
    assert found.sentence == (
        "1 line with a cost code that CMiC does not allow on their job. "
        "Have it assigned there, or use another code."
    )
    office.assigned[MAIN, "09-68-00"] = True
    sync(scene)
    gone(scene.budget, "send", scene.dana, "not_assigned")


def test_a_missing_assignment_is_made_by_the_document_unless_the_company_forbids_it(office, scene):
    del office.assigned[MAIN, "09-68-00"]
    sync(scene)
    gone(scene.budget, "send", scene.dana, "not_assigned")
    scene.connection.assign_missing = False
    scene.connection.save()
    met(scene.budget, "send", scene.dana, "not_assigned")
    scene.sheet.hold(MAIN, "09-68-00", "4000", "0.00")
    scene.sheet.hold(MAIN, "01-31-00", "1000", "0.00")
    scene.sheet.hold(MAIN, "03-30-00", "1000", "0.00")
    scene.sheet.hold(MAIN, "03-30-00", "2000", "0.00")
    scene.sheet.hold(SUB, "03-30-00", "2000", "0.00")
    scene.sheet.hold(SUB, "09-68-00", "5000", "0.00")
    sync(scene)
    gone(scene.budget, "send", scene.dana, "not_assigned")


@shows("unit_unknown")
@removes("unit_unknown")
def test_a_unit_that_the_erp_lacks_is_corrected_or_left_empty(scene):
    line = scene.lines[CONCRETE]
    edit(scene, line, unit="M3", quantity="10")
    found = met(scene.budget, "send", scene.dana, "unit_unknown")
    names_exactly(found, scene, line, column="unit")
    assert found.sentence == "1 line with a unit that CMiC does not know. Correct the unit or leave it empty."
    edit(scene, line, unit="")
    gone(scene.budget, "send", scene.dana, "unit_unknown")


def test_a_unit_that_disappears_from_the_erp_is_unknown_until_it_is_back(office, scene):
    edit(scene, scene.lines[CONCRETE], unit="CY", quantity="10")
    gone(scene.budget, "send", scene.dana, "unit_unknown")
    office.units.clear()
    sync(scene)
    met(scene.budget, "send", scene.dana, "unit_unknown")
    office.units["CY"] = UnitRow("CY", "Cubic yard")
    sync(scene)
    gone(scene.budget, "send", scene.dana, "unit_unknown")


@shows("code_not_allowed")
@removes("code_not_allowed")
def test_a_code_that_is_too_long_for_the_erp_is_shortened(scene):
    line = acts.add_line(scene.budget, scene.dana, MAIN, "03-30-00-0000-000", "E", "7.00")
    found = met(scene.budget, "send", scene.dana, "code_not_allowed")
    names_exactly(found, scene, line)
    assert "too long for CMiC (cost codes 16, cost types 16 characters)" in found.sentence
    edit(scene, line, cost_code="03-30-00")
    gone(scene.budget, "send", scene.dana, "code_not_allowed")


@pytest.mark.parametrize("code", ["03/30", "03\t30", "03*", "É", "03\n"])
def test_characters_that_the_erp_refuses_are_named_before_it_does(scene, code):
    acts.add_line(scene.budget, scene.dana, MAIN, code, "E", "7.00")
    met(scene.budget, "send", scene.dana, "code_not_allowed")


def test_a_code_of_sixteen_allowed_characters_is_only_unknown(scene):
    acts.add_line(scene.budget, scene.dana, MAIN, "A.b 3-30-00 0000", "E", "7.00")
    assert "code_not_allowed" not in codes(scene.budget, "send", scene.dana)


def test_an_erp_admin_is_led_to_the_very_row_where_a_code_is_mapped(scene, client):
    membership = Membership.objects.get(user=scene.tom)
    acts.add_line(scene.budget, scene.dana, MAIN, "O9-68-00", "E", "7.00")
    assert met(scene.budget, "send", scene.tom, "cost_code_unknown").link == ""
    membership.erp_level = ErpLevel.ADMIN
    membership.save()
    found = met(scene.budget, "send", scene.tom, "cost_code_unknown")
    assert found.link_label == "Map O9-68-00"
    client.force_login(scene.tom)
    address, _, anchor = found.link.partition("#")
    page = client.get(address).content.decode()
    assert f'<tr id="{anchor}">' in page
    CostTypeLink.objects.filter(cost_type__code="S").update(confirmed_by=None, confirmed_at=None)
    address, _, anchor = met(scene.budget, "send", scene.tom, "cost_type_unknown").link.partition("#")
    assert f'<tr id="{anchor}">' in client.get(address).content.decode()
