"""Every transition has its door, every door its action, and the database draws the same lines as django-fsm."""

from collections.abc import Iterator
from typing import Any

import pgtrigger
import pytest
from django.apps import apps
from django.db import models
from django_fsm import FSMFieldMixin, Transition, TransitionNotAllowed

from budgets.models import Budget, Modification
from erp.models import Batch, Document
from workflow.actions import REGISTRY, Action, Door, allowed
from workflow.blockers import CODES, Check


def lifecycles() -> Iterator[tuple[type[models.Model], Any]]:
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if isinstance(field, FSMFieldMixin) and not model._meta.label.endswith("Event"):
                yield model, field


def all_transitions() -> list[tuple[type[models.Model], Any, Transition]]:
    return [
        (model, field, step) for model, field in lifecycles() for step in field.get_all_transitions(model)
    ]


TRANSITIONS = all_transitions()
NAMES = [f"{model.__name__}.{step.name}({step.source}-{step.target})" for model, _, step in TRANSITIONS]
ACTIONS = [pytest.param(action, id=f"{model.__name__}.{name}") for (model, name), action in REGISTRY.items()]


def door_of(step: Transition) -> str:
    (door,) = [condition for condition in step.conditions if isinstance(condition, Door)]
    return door.action


def test_the_four_lifecycles_are_found():
    assert {model for model, _ in lifecycles()} == {Budget, Modification, Batch, Document}
    assert len(TRANSITIONS) >= 30


@pytest.mark.parametrize(("model", "field", "step"), TRANSITIONS, ids=NAMES)
def test_no_transition_runs_without_having_passed_its_door(model, field, step):
    assert len(step.conditions) == 1
    row = model(**{field.name: step.source})
    with pytest.raises(TransitionNotAllowed, match="conditions have not been met"):
        getattr(row, step.name)()
    assert getattr(row, field.name) == step.source


@pytest.mark.parametrize(("model", "field", "step"), TRANSITIONS, ids=NAMES)
def test_every_door_belongs_to_one_action_that_runs_this_transition(model, field, step):
    assert REGISTRY[model, door_of(step)].transition == step.name


def test_every_transition_an_action_names_exists():
    there = {(model, step.name) for model, _, step in TRANSITIONS}
    assert {(a.model, a.transition) for a in REGISTRY.values() if a.transition} == there


def test_a_transition_that_forgets_its_door_would_be_found():
    assert isinstance(allowed("lock"), Door)
    assert not isinstance(lambda obj: True, Door)


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_has_words_and_a_permission(action: Action):
    words = action.label if isinstance(action.label, str) else None
    assert words is None or words.strip() == words != ""
    assert action.tone in ("neutral", "primary", "danger")
    assert action.confirm == "" or action.confirm.endswith((".", "?"))
    assert isinstance(action.permission, Check)
    for check in (action.permission, *action.problems):
        assert CODES[check.code] is check
    codes = [check.code for check in (action.permission, *action.problems)]
    assert len(codes) == len(set(codes))


def test_every_rule_is_asked_by_some_action():
    asked = {check.code for a in REGISTRY.values() for check in (a.permission, *a.problems)}
    assert set(CODES) - asked == set()


def edges_of_the_code(model: type[models.Model], field: Any) -> set[tuple[str, str]]:
    steps = field.get_all_transitions(model)
    return {
        (str(getattr(s.source, "value", s.source)), str(getattr(s.target, "value", s.target))) for s in steps
    }


def edges_of_the_database(model: type[models.Model], field: Any) -> set[tuple[str, str]]:
    (fsm,) = [t for t in model._meta.triggers if isinstance(t, pgtrigger.FSM) and t.field == field.name]
    return {(source, target) for source, target in fsm.transitions}


@pytest.mark.parametrize("model", [Budget, Modification, Batch, Document])
def test_the_database_allows_exactly_the_edges_of_the_code(model):
    field = model._meta.get_field("state")
    assert edges_of_the_database(model, field) == edges_of_the_code(model, field)


@pytest.mark.parametrize("model", [Budget, Modification, Batch, Document])
def test_a_life_begins_where_the_code_says(model):
    field = model._meta.get_field("state")
    (start,) = [t for t in model._meta.triggers if t.name == "state_start"]
    assert f"<> '{field.get_default()}'" in str(start.condition.resolve(model))


# The diagram of the specification, written out a second time on purpose.
DRAWN = {
    Budget: "draft-locked locked-draft locked-sent sent-locked",
    Modification: "draft-effective effective-void",
    Batch: "waiting-accepted waiting-rejected waiting-retrieved accepted-exported exported-posted "
    "exported-accepted accepted-posted accepted-returned exported-returned",
    Document: "queued-sending sending-delivered delivered-posted sending-queued sending-refused "
    "sending-unconfirmed unconfirmed-delivered unconfirmed-posted unconfirmed-queued unconfirmed-refused "
    "refused-queued delivered-refused queued-withdrawing refused-withdrawing delivered-withdrawing "
    "withdrawing-withdrawn withdrawing-refused withdrawing-posted queued-posted",
}


@pytest.mark.parametrize("model", DRAWN)
def test_the_edges_are_those_of_the_drawing(model):
    drawn = {tuple(edge.split("-")) for edge in DRAWN[model].split()}
    assert edges_of_the_code(model, model._meta.get_field("state")) == drawn
