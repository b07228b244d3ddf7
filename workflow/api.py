"""What every part of the API has in common: actions with all their blockers, refusals, exact numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import models
from drf_spectacular.utils import OpenApiResponse
from rest_framework import exceptions, serializers
from rest_framework.response import Response
from rest_framework.views import exception_handler as usual_answer
from rest_framework.views import set_rollback

from workflow import actions
from workflow.actions import Action, ActionBlocked, system_only

BAD_REQUEST, CONFLICT = 400, 409


class ExactField(serializers.DecimalField):
    """A Decimal that comes and goes as a string; a number with a point is refused, because JSON makes it a float."""

    default_error_messages = {"inexact": 'Write the number as a string, for example "1234.50".'}

    def to_internal_value(self, data: Any) -> Any:
        """Refuse what may have been rounded on its way here."""
        if isinstance(data, (float, bool)):
            self.fail("inexact")
        return super().to_internal_value(data)


class MoneyField(ExactField):
    """An amount in company currency, 2 places."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**{"max_digits": 15, "decimal_places": 2, **given})


class QuantityField(ExactField):
    """A quantity or unit cost, 4 places."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**{"max_digits": 18, "decimal_places": 4, **given})


class TextField(serializers.CharField):
    """Text kept to the character; may be empty."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**{"trim_whitespace": False, "allow_blank": not given.get("read_only"), **given})


class PlaceSerializer(serializers.Serializer[Any]):
    """One offending line: what to call it, where to find it."""

    label = serializers.CharField()  # type: ignore[assignment]
    link = serializers.CharField()
    id = serializers.IntegerField(source="pk", allow_null=True)


class BlockerSerializer(serializers.Serializer[Any]):
    """Why an action is not available, who can change that, and where. `code` is stable."""

    code = serializers.CharField()
    kind = serializers.ChoiceField(choices=["problem", "state", "permission", "waiting"], source="kind.word")
    sentence = serializers.CharField()
    who = serializers.CharField()
    link = serializers.CharField()
    link_label = serializers.CharField()
    lines = PlaceSerializer(many=True)
    since = serializers.DateTimeField(allow_null=True)


class ActionSerializer(serializers.Serializer[Any]):
    """What can be done to the object, and everything that stands in the way for whoever asks."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    available = serializers.BooleanField()
    blockers = BlockerSerializer(many=True)


def actions_for_people(model: type[models.Model]) -> list[Action]:
    """This function will list the actions on a model that people take; workers' own are left out."""
    return [action for action in actions.actions_of(model) if action.permission is not system_only]


def actions_on(obj: models.Model, user: Any) -> list[dict[str, Any]]:
    """This function will say for each action on an object whether the user may take it now, and why not."""
    told = []
    for action in actions_for_people(type(obj)):
        found = actions.blockers(obj, action.name, user)
        told.append(
            {
                "name": action.name,
                "label": action.label_for(obj),
                "available": not found,
                "blockers": found,
            }
        )
    return told


# -- refusals ------------------------------------------------------------------------------------------------


class RefusedSerializer(serializers.Serializer[Any]):
    """Nothing was changed: everything that blocks the action, or a sentence on who was faster."""

    blockers = BlockerSerializer(many=True, required=False)
    conflict = serializers.CharField(required=False)


class InvalidSerializer(serializers.Serializer[Any]):
    """Values that cannot be kept: a sentence for each field."""

    errors = serializers.DictField(child=serializers.CharField())  # type: ignore[assignment]


REFUSED = OpenApiResponse(RefusedSerializer, "Blocked, or somebody was faster; nothing was changed.")
INVALID = OpenApiResponse(InvalidSerializer, "Values that cannot be kept; nothing was changed.")

Answer = Callable[[Any], tuple[int, dict[str, Any]]]
_ANSWERS: dict[type[Exception], Answer] = {}


def answers(kind: type[Exception]) -> Callable[[Answer], Answer]:
    """This decorator will make a function the API's answer, status and body, to an exception of a kind."""

    def remember(answer: Answer) -> Answer:
        _ANSWERS[kind] = answer
        return answer

    return remember


@answers(ActionBlocked)
def _blocked(problem: ActionBlocked) -> tuple[int, dict[str, Any]]:
    return CONFLICT, {"blockers": BlockerSerializer(problem.blockers, many=True).data}


@answers(exceptions.ValidationError)
def _invalid(problem: exceptions.ValidationError) -> tuple[int, dict[str, Any]]:
    return BAD_REQUEST, {"errors": dict(_sentences("", problem.detail))}


def _sentences(path: str, detail: Any) -> list[tuple[str, str]]:
    """Flatten what the serializers found wrong: ("lines.0.amount", sentence)."""
    if isinstance(detail, dict):
        return [
            pair
            for key, inner in detail.items()
            for pair in _sentences(f"{path}.{key}" if path else str(key), inner)
        ]
    if any(isinstance(inner, (dict, list)) for inner in detail):
        return [pair for place, inner in enumerate(detail) for pair in _sentences(f"{path}.{place}", inner)]
    return [(path, " ".join(str(sentence) for sentence in detail))]


def exception_handler(problem: Exception, context: dict[str, Any]) -> Response | None:
    """This function will answer what people may run into; anything else stays the server's fault."""
    for kind, answer in _ANSWERS.items():
        if isinstance(problem, kind):
            set_rollback()
            status, body = answer(problem)
            return Response(body, status=status)
    return usual_answer(problem, context)
