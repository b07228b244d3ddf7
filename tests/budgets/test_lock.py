"""Dana locks the budget when it is right."""

import pytest
from django.utils import timezone

from budgets import services
from budgets.models import Budget
from tests.support import scene as acts
from workflow import actions
from workflow.actions import ActionBlocked
from workflow.events import events_about
from workflow.models import Event


def now():
    return timezone.now()


def test_locking_freezes_the_budget_and_says_since_when(scene):
    at = now()
    locked = services.lock(scene.budget, user=scene.dana, now=at)
    kept = scene.reload()
    assert (kept.state, kept.state_since) == ("locked", at)
    assert locked.pk == kept.pk


def test_locking_leaves_one_event_with_who_when_from_and_to(scene):
    at = now()
    services.lock(scene.budget, user=scene.dana, now=at)
    event = Event.objects.latest("seq")
    assert (event.action, event.actor, event.at) == ("lock", "Dana Reyes", at)
    assert (event.from_state, event.to_state, event.sentence) == ("draft", "locked", "Locked the budget")
    assert event in events_about(scene.budget)
    assert event in events_about(scene.project)


def test_locking_counts_what_is_left_to_do_before_sending(scene):
    acts.add_line(scene.budget, scene.dana, acts.MAIN, "zz", "E", "1.00")
    assert acts.lock(scene).things_to_do == 1


def test_a_second_click_is_told_that_it_is_locked_already(scene):
    acts.lock(scene)
    with pytest.raises(ActionBlocked, match="locked already"):
        acts.lock(scene)
    assert Event.objects.filter(action="lock").count() == 1


@pytest.mark.parametrize("who", ["ruth", "jonas", "mira", "olga"])
def test_nobody_without_the_right_locks_it(scene, who):
    before = Event.objects.count()
    with pytest.raises(ActionBlocked, match="You may not lock this budget"):
        services.lock(scene.budget, user=getattr(scene, who), now=now())
    assert Budget.objects.get(pk=scene.budget.pk).state == "draft"
    assert Event.objects.count() == before


def test_a_right_that_was_taken_away_a_moment_ago_counts_no_more(scene):
    page = scene.budget
    assert actions.available(page, "lock", scene.dana)
    scene.dana.project_roles.all().delete()
    with pytest.raises(ActionBlocked, match="You may not lock"):
        services.lock(page, user=scene.dana, now=now())
