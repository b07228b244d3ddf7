"""What stops somebody at a step of a route: whose it is, other eyes, and steps that have lost their people."""

import pytest
from django.utils import timezone

from budgets.states import state_of
from erp.approval import stepping
from erp.models import ApprovalRule
from projects.models import Membership
from tests.erp.test_approval_steps import lend, rule
from tests.erp.test_waiting import page
from tests.support import scene as acts
from tests.workflow.cases import codes, gone, met, removes, shows
from workflow.actions import ActionBlocked
from workflow.blockers import Kind


@shows("not_your_step")
@removes("not_your_step")
def test_a_step_for_others_names_them_and_opens_to_whom_they_lend_it(scene):
    rule(scene, "Controller", scene.jonas)
    batch = acts.send(scene)
    found = met(batch, "accept", scene.mira, "not_your_step")
    assert found.kind is Kind.PERMISSION
    assert found.sentence == "It waits for the step “Controller”: Jonas Lindqvist."
    lend(scene, scene.jonas, scene.mira, "5.00")
    assert met(batch, "accept", scene.mira, "not_your_step").sentence.endswith(
        " You act for one of them up to 5.00; this batch moves 92,500.75."
    )
    lend(scene, scene.jonas, scene.mira)
    gone(batch, "accept", scene.mira, "not_your_step")


@shows("step_taken_for_you")
@removes("step_taken_for_you")
def test_whoever_took_a_step_leaves_the_next_to_other_eyes(scene):
    rule(scene, "Approver")
    rule(scene, "Second approver")
    batch = acts.send(scene)
    acts.accept(scene, batch)
    found = met(batch, "accept", scene.mira, "step_taken_for_you")
    assert found.kind is Kind.PERMISSION
    assert found.sentence == (
        "You approved the step “Approver”, so other eyes take the next: ask Jonas Lindqvist or Tom Baptiste."
    )
    acts.accept(scene, batch, by=scene.tom)
    gone(batch, "accept", scene.mira, "step_taken_for_you")


def test_whoever_lent_their_step_reads_who_took_it(scene):
    rule(scene, "Controller", scene.jonas)
    rule(scene, "Second approver")
    lend(scene, scene.jonas, scene.mira)
    batch = acts.send(scene)
    acts.accept(scene, batch)
    found = met(batch, "accept", scene.jonas, "step_taken_for_you")
    assert found.sentence.startswith("Mira Osei approved for you the step “Controller”")


@shows("would_leave_nobody")
@removes("would_leave_nobody")
def test_the_only_one_for_a_later_step_leaves_this_one_to_others(scene):
    rule(scene, "Approver")
    rule(scene, "Controller", scene.jonas)
    batch = acts.send(scene)
    found = met(batch, "accept", scene.jonas, "would_leave_nobody")
    assert found.kind is Kind.PERMISSION
    assert found.sentence == (
        "If you took “Approver”, nobody would be left for “Controller”. "
        "Leave this step to Mira Osei or Tom Baptiste."
    )
    assert state_of(scene.reload()).next == "Waiting for Approver: Mira Osei or Tom Baptiste."
    queue = page(scene.jonas, "/admin/erp/batch/?queue=all")
    assert "Waiting for Approver: Mira Osei or Tom Baptiste (1 of 2)" in queue
    shown = page(scene.jonas, f"/admin/erp/batch/{batch.pk}/change/")
    assert "Accepting is for others to do" in shown
    acts.accept(scene, batch)
    gone(batch, "accept", scene.jonas, "would_leave_nobody")


@shows("step_without_people")
@removes("step_without_people")
def test_a_step_whose_people_are_gone_says_so_until_somebody_is_named(scene):
    rule(scene, "Approver")
    rule(scene, "Controller", scene.tom)
    batch = acts.send(scene)
    scene.tom.is_active = False
    scene.tom.save()
    found = met(batch, "accept", scene.mira, "step_without_people")
    assert (found.kind, found.who) == (Kind.PROBLEM, "Jonas Lindqvist")
    assert found.sentence.startswith("Nobody can take the step “Controller” any more: ")
    stepping.name_for_step(batch, user=scene.jonas, now=timezone.now(), person_id=scene.mira.pk)
    gone(batch, "accept", scene.mira, "step_without_people")


@shows("step_has_people")
@removes("step_has_people")
def test_only_an_erp_admin_names_somebody_and_only_where_nobody_is_left(scene):
    rule(scene, "Controller", scene.tom)
    batch = acts.send(scene)
    assert met(batch, "name_for_step", scene.mira, "not_erp_admin").who == "Jonas Lindqvist"
    assert met(batch, "name_for_step", scene.jonas, "step_has_people").kind is Kind.STATE
    Membership.objects.filter(user=scene.tom).update(can_push=False)
    gone(batch, "name_for_step", scene.jonas, "step_has_people")
    Membership.objects.filter(user=scene.mira).update(erp_level=2)
    gone(batch, "name_for_step", scene.mira, "not_erp_admin")


def test_a_step_for_anybody_wants_a_right_and_no_name(scene):
    batch = acts.send(scene)
    Membership.objects.exclude(user=scene.ruth).update(can_push=False)
    found = met(batch, "name_for_step", scene.jonas, "step_has_people")
    assert "give somebody the right or the limit" in found.sentence


def test_an_erp_admin_names_nobody_who_could_not_take_it_and_not_themselves(scene):
    rule(scene, "Controller", scene.tom)
    batch = acts.send(scene)
    Membership.objects.filter(user=scene.tom).update(can_push=False)
    for person in (scene.dana, scene.ruth, scene.olga, scene.jonas, scene.tom):
        with pytest.raises(Exception, match="Choose somebody who could take this step"):
            stepping.name_for_step(batch, user=scene.jonas, now=timezone.now(), person_id=person.pk)


def test_every_step_of_a_route_finds_its_own_person_before_a_budget_is_sent(scene):
    rule(scene, "Approver", scene.jonas)
    rule(scene, "Controller", scene.jonas)
    acts.lock(scene)
    with pytest.raises(ActionBlocked) as told:
        acts.send(scene)
    (found,) = told.value.blockers
    assert found.code == "no_approver"
    assert found.sentence.startswith("Nobody could take the step “Controller” of this batch: ")
    assert scene.reload().things_to_do == 1
    ApprovalRule.objects.get(name="Approver").people.add(scene.tom)
    acts.send(scene)


def test_a_preparer_is_no_person_for_any_step(scene):
    rule(scene, "Approver", scene.tom)
    rule(scene, "Controller", scene.jonas)
    acts.lock(scene)
    assert "no_approver" in codes(scene.budget, "send", scene.tom)
    assert "no_approver" not in codes(scene.budget, "send", scene.dana)


def test_a_batch_that_was_decided_waits_for_nobody(scene):
    rule(scene, "Controller", scene.jonas)
    batch = acts.send(scene)
    acts.accept(scene, batch, by=scene.jonas)
    assert codes(batch, "accept", scene.mira) == ["already_decided"]
    gone(batch, "accept", scene.mira, "not_your_step")
