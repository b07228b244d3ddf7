"""Acting for somebody: until a day, up to a limit, never handed on, and never a way around other eyes."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from celery import current_app
from django.utils import timezone

from budgets.states import state_of
from erp import tasks
from erp.mail import digest
from erp.models import Batch, Delegation
from erp.people import services as people_services
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


def test_the_daily_mail_counts_what_was_lent_as_of_its_own_time(scene, controllers):
    lend(scene, scene.jonas, scene.mira, "95000.00")
    ends = Delegation.objects.get().ends_at
    counts = [
        digest.waits_for(scene.mira, scene.company, now=moment).mine_count
        for moment in (ends - timedelta(minutes=1), ends + timedelta(minutes=1))
    ]
    assert counts == [1, 0]


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


# -- what the budget says of whom it waits for -----------------------------------------------------------------


def who(scene: Scene) -> str:
    said = state_of(scene.reload()).next
    return said.removeprefix("Waiting for ").removesuffix(" to accept or reject.")


def test_a_budget_that_waits_stops_naming_whoever_lost_the_right_and_whose_login_is_locked(
    scene, django_capture_on_commit_callbacks, monkeypatch
):
    monkeypatch.setattr(current_app, "send_task", lambda name, args, **more: tasks.name_who_decides(*args))
    rule(scene, "Controller", scene.jonas, scene.mira, scene.tom)
    acts.send(scene)
    assert who(scene) == "Jonas Lindqvist, Mira Osei or Tom Baptiste"
    by = {"user": scene.jonas, "now": timezone.now()}
    nothing = {"erp_level": 1, "can_push": False, "direction": "both", "approval_limit": None}
    with django_capture_on_commit_callbacks(execute=True):
        seen = people_services.seen_of(scene.company, scene.mira)
        people_services.set_level(scene.company, scene.mira, **by, values=nothing, seen=seen)
    assert who(scene) == "Jonas Lindqvist or Tom Baptiste"
    with django_capture_on_commit_callbacks(execute=True):
        people_services.lock_login(scene.company, scene.tom, **by, locked=True)
    assert who(scene) == "Jonas Lindqvist"


def test_a_budget_that_waits_stops_naming_whoever_acts_for_another_when_that_ends(scene):
    now = timezone.now()
    lend(scene, scene.jonas, scene.mira, ends_at=now + timedelta(days=1))
    Membership.objects.filter(user=scene.mira).update(approval_limit=Decimal("5.00"))
    acts.send(scene)
    assert who(scene) == "Jonas Lindqvist, Tom Baptiste or Mira Osei (for Jonas Lindqvist)"
    with time_machine.travel(now + timedelta(days=2), tick=True):
        tasks.name_who_decides()
    assert who(scene) == "Jonas Lindqvist or Tom Baptiste"


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


def test_whoever_acts_for_two_takes_the_step_for_the_one_who_is_not_needed_later(scene):
    rule(scene, "First", scene.jonas, scene.mira)
    rule(scene, "Second", scene.jonas)
    ruth = Membership.objects.filter(user=scene.ruth)
    ruth.update(can_push=True)
    lend(scene, scene.jonas, scene.ruth)
    lend(scene, scene.mira, scene.ruth)
    batch = acts.send(scene)
    assert codes(batch, "accept", scene.ruth) == []
    acts.accept(scene, batch, by=scene.ruth)
    assert batch.steps.first().on_behalf_of == scene.mira
    assert acts.accept(scene, batch, by=scene.jonas).state == "accepted"


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
