"""What stops somebody from changing approval rules and delegations, and from accepting a large batch unproven."""

from decimal import Decimal

import pytest
from django.core.cache import cache
from django.utils import timezone

from budgets.errors import InvalidInput
from erp.approval import delegations
from erp.approval import settings_actions as approval_settings
from erp.approval.settings_actions import RuleValues
from erp.decision import deciding
from projects.models import Company, Membership
from tests.erp.test_approval_steps import lend
from tests.support import scene as acts
from tests.support.scene import PASSWORD
from tests.workflow.cases import codes, gone, met, met_among, removes, shows, stays
from workflow.actions import ActionBlocked
from workflow.blockers import Kind


def test_approval_rules_are_for_erp_admins(scene):
    found = met(scene.company, "set_approval_rules", scene.mira, "not_erp_admin")
    assert (found.kind, found.who) == (Kind.PERMISSION, "Jonas Lindqvist")
    with pytest.raises(ActionBlocked):
        approval_settings.save_rule(
            scene.company, RuleValues("Controller"), user=scene.mira, now=timezone.now()
        )
    met(scene.company, "set_approval_rules", scene.olga, "not_erp_admin")
    Membership.objects.filter(user=scene.mira).update(erp_level=2)
    gone(scene.company, "set_approval_rules", scene.mira, "not_erp_admin")


@shows("no_right_to_delegate")
@removes("no_right_to_delegate")
def test_whoever_takes_no_step_hands_none_over(scene):
    found = met(scene.company, "delegate", scene.ruth, "no_right_to_delegate")
    assert (found.kind, found.who) == (Kind.PERMISSION, "Jonas Lindqvist")
    Membership.objects.filter(user=scene.ruth).update(can_push=True)
    gone(scene.company, "delegate", scene.ruth, "no_right_to_delegate")


@shows("not_your_delegation", "delegation_over")
@removes("not_your_delegation", "delegation_over")
def test_whoever_lent_it_or_an_erp_admin_takes_it_back_once(scene):
    row = lend(scene, scene.mira, scene.tom)
    assert met(row, "revoke_delegation", scene.tom, "not_your_delegation").who == (
        "Mira Osei or Jonas Lindqvist"
    )
    assert codes(row, "revoke_delegation", scene.jonas) == []
    delegations.revoke(row, user=scene.mira, now=timezone.now())
    found = met(row, "revoke_delegation", scene.mira, "delegation_over")
    assert found.sentence == "Mira Osei has taken it back already."
    again = lend(scene, scene.mira, scene.tom)
    assert codes(again, "revoke_delegation", scene.mira) == []
    stays(row, "revoke_delegation", scene.mira, "delegation_over")
    Membership.objects.filter(user=scene.tom).update(erp_level=2)
    gone(row, "revoke_delegation", scene.tom, "not_your_delegation")


# -- the password again --------------------------------------------------------------------------------------


@pytest.fixture
def large(scene):
    """Dana's batch moves more than the company accepts without a password."""
    Company.objects.filter(pk=scene.company.pk).update(reauthenticate_above=Decimal("92500.74"))
    scene.reload()
    cache.clear()  # no tries of another test's people
    return acts.send(scene)


def accept(scene, batch, password="", who=None):
    reading = scene.budget.readings.first()
    return deciding.accept(
        type(batch).objects.get(pk=batch.pk),
        user=who or scene.mira,
        now=timezone.now(),
        reading_hash=reading.hash,
        password=password,
    )


@shows("reauthentication_needed")
@removes("reauthentication_needed")
def test_a_large_batch_takes_the_password_again(scene, large):
    with pytest.raises(ActionBlocked) as told:
        accept(scene, large)
    found = met_among(told.value.blockers, large, "accept", scene.mira, "reauthentication_needed")
    assert found.kind is Kind.STATE
    assert found.sentence.startswith(
        "This batch moves 92,500.75; above 92,500.74 accepting takes your password."
    )
    gone(large, "accept", scene.mira, "reauthentication_needed")  # who only looks is shown the field
    assert accept(scene, large, PASSWORD).state == "accepted"


def test_up_to_the_amount_no_password_is_asked_for_and_none_is_looked_at(scene, large):
    Company.objects.filter(pk=scene.company.pk).update(reauthenticate_above=Decimal("92500.75"))
    assert accept(scene, large, "not it").state == "accepted"


def test_wrong_passwords_are_counted_and_then_the_right_one_is_of_no_use(scene, large):
    for left in (4, 3, 2, 1, 0):
        with pytest.raises(InvalidInput) as told:
            accept(scene, large, "not it")
        assert f"This is not your password. {left} " in told.value.errors["password"]
    with pytest.raises(InvalidInput, match="Too many wrong passwords"):
        accept(scene, large, PASSWORD)
    assert accept(scene, large, PASSWORD, who=scene.jonas).state == "accepted"


def test_the_right_password_forgets_the_wrong_ones(scene, large):
    for _ in range(4):
        with pytest.raises(InvalidInput):
            accept(scene, large, "not it")
    accept(scene, large, PASSWORD)
    assert cache.get(f"reauthentication:{scene.mira.pk}") is None


def test_somebody_elses_password_is_no_use(scene, large):
    scene.jonas.set_password("another one altogether")
    scene.jonas.save()
    with pytest.raises(InvalidInput, match="This is not your password"):
        accept(scene, large, "another one altogether")
