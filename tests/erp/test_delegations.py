"""Acting for somebody: until a day, up to a limit, never handed on, and never a way around other eyes."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from erp.models import Batch, Delegation
from projects.models import Company, Membership
from tests.erp.test_approval_steps import lend, rule
from tests.support import scene as acts
from tests.support.scene import Scene
from tests.workflow.cases import codes
from tests.workflow.sql import delete, refused, update
from workflow.events import events_about


@pytest.fixture
def controllers(scene: Scene) -> Batch:
    """Dana's batch takes Jonas alone."""
    rule(scene, "Controller", scene.jonas)
    return acts.send(scene)


def may(batch: Batch, who) -> bool:
    return not codes(batch, "accept", who)


def test_mira_acts_for_jonas_and_the_trail_says_for_whom(scene, controllers):
    assert codes(controllers, "accept", scene.mira) == ["not_your_step"]
    lend(scene, scene.jonas, scene.mira, "95000.00")
    after = acts.accept(scene, controllers)
    step = controllers.steps.get()
    assert (step.taken_by, step.on_behalf_of, after.accepted_by) == (scene.mira, scene.jonas, scene.mira)
    told = events_about(controllers).get(action="accept")
    assert told.sentence == "Accepted batch 1, for Jonas Lindqvist"
    assert told.data["on_behalf_of"] == "Jonas Lindqvist"


def test_what_was_lent_lifts_the_limit_where_no_rule_asks_for_anybody(scene):
    Membership.objects.filter(user=scene.mira).update(approval_limit=Decimal("10.00"))
    batch = acts.send(scene)
    assert codes(batch, "accept", scene.mira) == ["over_your_limit"]
    lend(scene, scene.jonas, scene.mira, "95000.00")
    assert acts.accept(scene, batch).steps.get().on_behalf_of == scene.jonas


def test_whoever_may_by_themselves_acts_for_nobody(scene):
    lend(scene, scene.jonas, scene.mira)
    assert acts.accept(scene, acts.send(scene)).steps.get().on_behalf_of is None


@pytest.mark.parametrize("limit", ["92500.74", "1.00"])
def test_a_delegation_reaches_as_far_as_its_limit(scene, controllers, limit):
    lend(scene, scene.jonas, scene.mira, limit)
    assert codes(controllers, "accept", scene.mira) == ["not_your_step"]


def test_it_reaches_no_further_than_the_limit_of_whoever_lent_it(scene, controllers):
    lend(scene, scene.jonas, scene.mira)
    Membership.objects.filter(user=scene.jonas).update(approval_limit=Decimal("92500.74"))
    assert not may(controllers, scene.mira)
    Membership.objects.filter(user=scene.jonas).update(approval_limit=Decimal("92500.75"))
    assert may(controllers, scene.mira)


def test_it_holds_from_its_beginning_to_its_end_and_not_once_revoked(scene, controllers):
    now = timezone.now()
    lend(scene, scene.jonas, scene.mira, starts_at=now + timedelta(hours=1))
    lend(scene, scene.jonas, scene.mira, starts_at=now - timedelta(days=9), ends_at=now)
    lend(scene, scene.jonas, scene.mira, revoked_at=now, revoked_by=scene.jonas)
    assert not may(controllers, scene.mira)
    lend(scene, scene.jonas, scene.mira)
    assert may(controllers, scene.mira)


@pytest.mark.parametrize("who", ["jonas", "mira"])
def test_both_must_be_there_and_may_push_to_accounting(scene, controllers, who):
    lend(scene, scene.jonas, scene.mira)
    person = getattr(scene, who)
    Membership.objects.filter(user=person).update(can_push=False)
    assert not may(controllers, scene.mira)
    Membership.objects.filter(user=person).update(can_push=True)
    assert may(controllers, scene.mira)
    person.is_active = False
    person.save()
    assert not may(controllers, scene.mira)


# -- loops ---------------------------------------------------------------------------------------------------


def test_what_was_lent_is_never_lent_on(scene, controllers):
    lend(scene, scene.jonas, scene.tom)
    lend(scene, scene.tom, scene.mira)
    assert may(controllers, scene.tom)
    assert codes(controllers, "accept", scene.mira) == ["not_your_step"]


def test_two_who_lent_to_each_other_pass_no_two_steps(scene):
    rule(scene, "Approver", scene.mira)
    rule(scene, "Controller", scene.jonas)
    lend(scene, scene.mira, scene.jonas)
    lend(scene, scene.jonas, scene.mira)
    Membership.objects.filter(user=scene.tom).update(can_push=False)
    batch = acts.send(scene)
    assert codes(batch, "accept", scene.jonas) == ["would_leave_nobody"]
    acts.accept(scene, batch)
    assert "step_taken_for_you" in codes(batch, "accept", scene.mira)
    assert acts.accept(scene, batch, by=scene.jonas).state == "accepted"


def test_a_step_taken_for_somebody_uses_up_both(scene):
    rule(scene, "Approver", scene.jonas)
    rule(scene, "Second")
    lend(scene, scene.jonas, scene.mira)
    batch = acts.send(scene)
    acts.accept(scene, batch)  # Mira for Jonas
    for person, sentence in ((scene.mira, "You approved"), (scene.jonas, "Mira Osei approved for you")):
        assert "step_taken_for_you" in codes(batch, "accept", person), sentence
    assert acts.accept(scene, batch, by=scene.tom).state == "accepted"


def test_nobody_takes_a_second_step_through_whoever_took_the_first(scene):
    """Jonas took his own step; Mira, for whom he is not to act, cannot act for him at the next."""
    rule(scene, "First", scene.jonas)
    rule(scene, "Second", scene.jonas, scene.tom)
    lend(scene, scene.jonas, scene.mira)
    batch = acts.send(scene)
    acts.accept(scene, batch, by=scene.jonas)
    assert codes(batch, "accept", scene.mira) == ["not_your_step"]
    assert may(batch, scene.tom)


def test_a_preparer_lends_their_eyes_to_nobody(scene):
    rule(scene, "Controller", scene.tom)
    lend(scene, scene.tom, scene.mira)
    rules = scene.company.approval_rules.get()
    rules.people.add(scene.jonas)
    batch = acts.send(scene, by=scene.tom)
    assert codes(batch, "accept", scene.mira) == ["not_your_step"]
    assert may(batch, scene.jonas)


def test_a_preparer_acts_for_nobody(scene):
    rule(scene, "Controller", scene.jonas)
    lend(scene, scene.jonas, scene.tom)
    batch = acts.send(scene, by=scene.tom)
    assert "you_prepared_it" in codes(batch, "accept", scene.tom)
    assert may(batch, scene.jonas)


def test_the_same_holds_where_one_person_may_do_both(scene):
    Company.objects.filter(pk=scene.company.pk).update(four_eyes=False)
    rule(scene, "First", scene.tom)
    rule(scene, "Second", scene.jonas)
    lend(scene, scene.jonas, scene.tom)
    batch = acts.send(scene, by=scene.tom)
    acts.accept(scene, batch, by=scene.tom)
    assert "step_taken_for_you" in codes(batch, "accept", scene.tom)


# -- the row -------------------------------------------------------------------------------------------------


def test_the_database_keeps_the_terms_of_a_delegation(scene):
    with refused("delegated_to_somebody_else"):
        lend(scene, scene.jonas, scene.jonas)
    now = timezone.now()
    with refused("delegation_ends"):
        lend(scene, scene.jonas, scene.mira, starts_at=now, ends_at=now)
    with refused("delegation_has_a_limit"):
        lend(scene, scene.jonas, scene.mira, "0.00")
    row = lend(scene, scene.jonas, scene.mira)
    for columns in (
        {"limit": 5},
        {"ends_at": now + timedelta(days=99)},
        {"to_user_id": scene.tom.pk},
        {"from_user_id": scene.tom.pk},
    ):
        with refused("Cannot update rows"):
            update(row, **{f'"{name}"': value for name, value in columns.items()})
    with refused("Cannot delete rows"):
        delete(row)
    with refused("revoked_by_somebody"):
        update(row, revoked_at=now)
    update(row, revoked_at=now, revoked_by_id=scene.jonas.pk)
    with refused("Cannot update rows"):
        update(row, revoked_at=None, revoked_by_id=None)
    assert Delegation.objects.count() == 1
