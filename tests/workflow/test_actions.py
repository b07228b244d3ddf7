"""Asking what stops somebody, and the one door that everything goes through."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django_fsm import TransitionNotAllowed

from budgets import services as budget_services
from budgets.models import Budget
from erp.setup import stopping as connections
from tests.support import scene as acts
from tests.support.scene import MAIN
from workflow import actions
from workflow.actions import Action, ActionBlocked, ensure, system_only
from workflow.blockers import Found, Kind, forget_facts, once_per_object


def now():
    return timezone.now()


def troubled(scene):
    """A draft with three problems in it, whose connection is stopped."""
    acts.add_line(scene.budget, scene.dana, MAIN, "", "M", "1.00")
    acts.add_line(scene.budget, scene.dana, MAIN, "zz", "E", "1.00")
    connections.stop(scene.connection, because="Wrong password.", now=now())
    return scene.reload()


def test_everything_that_stops_a_person_is_told_at_once(scene):
    found = [b.code for b in actions.blockers(troubled(scene), "send", scene.ruth)]
    assert found == [
        "lines_without_code",
        "cost_code_unknown",
        "connection_stopped",
        "budget_not_locked",
        "no_right_to_send",
    ]


def test_what_to_put_right_comes_first_then_states_then_others_rights_then_waiting(scene):
    kinds = [b.kind for b in actions.blockers(troubled(scene), "send", scene.ruth)]
    assert kinds == sorted(kinds)
    assert (Kind.PROBLEM, Kind.STATE, Kind.PERMISSION, Kind.WAITING) == tuple(sorted(Kind))
    batch = acts.accept(scene, _sent(scene))
    acts.take(acts.documents(batch)[0])
    found = actions.blockers(batch, "return_to_pm", scene.ruth)
    assert [b.kind for b in found] == [Kind.PERMISSION, Kind.WAITING]


def _sent(scene):
    for line in scene.budget.lines.filter(cost_code=None):
        budget_services.delete_line(line, user=scene.dana, now=now())
    connections.verify(scene.connection, user=scene.jonas, now=now())
    return acts.send(scene)


def test_a_kind_is_a_word_for_clients():
    assert [kind.word for kind in Kind] == ["problem", "state", "permission", "waiting"]


def test_available_means_that_nothing_stops_this_person(scene):
    assert actions.available(scene.budget, "lock", scene.dana)
    assert not actions.available(scene.budget, "lock", scene.ruth)
    assert not actions.available(scene.budget, "send", scene.dana)
    acts.lock(scene)
    assert not actions.available(scene.budget, "lock", scene.dana)
    assert actions.available(scene.budget, "send", scene.dana)


def test_a_refusal_carries_the_action_and_every_sentence_in_order(scene):
    with pytest.raises(ActionBlocked) as told:
        ensure(troubled(scene), "send", scene.ruth)
    assert told.value.action.name == "send"
    assert str(told.value) == " ".join(b.sentence for b in told.value.blockers)
    assert [b.code for b in told.value.blockers][0] == "lines_without_code"
    assert len(told.value.blockers) == 5


def test_an_action_nobody_registered_does_not_exist(scene):
    with pytest.raises(KeyError):
        actions.blockers(scene.budget, "burn", scene.dana)
    with pytest.raises(KeyError):
        ensure(scene.budget, "accept", scene.dana)


def test_two_actions_of_one_object_cannot_share_a_name():
    with pytest.raises(ValueError, match="Budget has an action 'lock' already"):
        actions.register(Action(name="lock", model=Budget, label="Lock", permission=system_only))


def test_send_is_called_resend_from_the_second_time_on(scene):
    send = actions.get(scene.budget, "send")
    assert send.label_for(scene.budget) == "Send to ERP"
    acts.reject(scene, acts.send(scene))
    assert send.label_for(scene.budget) == "Re-send to ERP"


# -- the door ---------------------------------------------------------------------------------------------


def test_no_transition_runs_on_a_budget_that_did_not_pass_the_door(scene):
    with pytest.raises(TransitionNotAllowed):
        scene.budget.lock(now=now())
    assert scene.budget.state == "draft"


def test_a_pass_is_good_for_one_transition_only(scene):
    budget = scene.budget
    ensure(budget, "lock", scene.dana)
    budget.lock(now=now())
    ensure(budget, "unlock", scene.dana)
    budget.unlock(now=now())
    with pytest.raises(TransitionNotAllowed):
        budget.lock(now=now())
    assert budget.state == "draft"


def test_a_pass_for_one_action_opens_no_other(scene):
    acts.lock(scene)
    ensure(scene.budget, "send", scene.dana)
    with pytest.raises(TransitionNotAllowed):
        scene.budget.unlock(now=now())


def test_a_pass_stays_with_the_row_that_was_asked_about(scene):
    ensure(scene.budget, "lock", scene.dana)
    with pytest.raises(TransitionNotAllowed):
        Budget.objects.get(pk=scene.budget.pk).lock(now=now())


def test_a_refusal_gives_no_pass(scene):
    with pytest.raises(ActionBlocked):
        ensure(scene.budget, "lock", scene.ruth)
    with pytest.raises(TransitionNotAllowed):
        scene.budget.lock(now=now())


def test_the_state_is_guarded_even_where_the_door_was_passed(scene):
    ensure(scene.budget, "lock", scene.dana)
    scene.budget.state = "sent"
    with pytest.raises(TransitionNotAllowed):
        scene.budget.lock(now=now())


# -- what a page reads once -------------------------------------------------------------------------------


def test_a_fact_is_read_once_for_one_row_and_again_after_it_changed():
    read = []

    @once_per_object
    def number(obj: Found) -> int:
        read.append(obj)
        return len(read)

    row, other = _Row(), _Row()
    assert [number(row), number(row), number(other)] == [1, 1, 2]
    forget_facts(row)
    assert [number(row), number(other)] == [3, 2]


class _Row:
    """Anything with a dictionary of its own."""


def test_a_service_decides_on_the_row_it_locked_not_on_what_a_page_remembered(scene):
    acts.lock(scene)
    stale = Budget.objects.get(pk=scene.budget.pk)
    assert actions.available(stale, "unlock", scene.dana)
    acts.send(scene)
    assert actions.available(stale, "unlock", scene.dana)  # this instance knows no better
    with pytest.raises(ActionBlocked, match="waits for accounting"):
        budget_services.unlock(stale, user=scene.dana, now=now() + timedelta(seconds=1))
