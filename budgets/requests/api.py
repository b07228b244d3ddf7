"""Asking those who may, over HTTP: the same services as the pages."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from budgets.api import CREATED, BudgetView, read
from budgets.api_serializers import PersonSerializer
from budgets.requests import services as requests
from budgets.requests.models import BudgetRequest, RequestKind, RequestState
from workflow.api import INVALID, REFUSED, TextField


class RequestSerializer(serializers.ModelSerializer[BudgetRequest]):
    """What somebody asks for, why, and what became of it."""

    kind = serializers.ChoiceField(choices=RequestKind.values)
    state = serializers.ChoiceField(choices=RequestState.values)
    asked_by = PersonSerializer()
    answered_by = PersonSerializer(allow_null=True)

    class Meta:
        model = BudgetRequest
        fields = [
            "id",
            "kind",
            "state",
            "note",
            "asked_by",
            "asked_at",
            "answer",
            "answered_by",
            "answered_at",
        ]


class SentenceSerializer(serializers.Serializer[Any]):
    """A sentence that the other side reads."""

    note = TextField()


@extend_schema(tags=["requests"])
class Requests(BudgetView):
    """What is and was asked on a budget."""

    @extend_schema(responses=RequestSerializer(many=True))
    def get(self, request: Request, project_id: int) -> Response:
        """List the requests, the newest first."""
        rows = self.budget().requests.select_related("asked_by", "answered_by")
        return Response(RequestSerializer(rows, many=True).data)


class Ask(BudgetView):
    """A request."""

    kind: RequestKind

    @extend_schema(request=SentenceSerializer, responses={201: RequestSerializer, 400: INVALID, 409: REFUSED})
    def post(self, request: Request, project_id: int) -> Response:
        """Ask, and say why."""
        given = read(SentenceSerializer, request).validated_data
        made = requests.ask(self.budget(), user=request.user, now=timezone.now(), kind=self.kind, **given)
        return Response(RequestSerializer(made).data, status=CREATED)


@extend_schema(tags=["requests"])
class AskUnlock(Ask):
    """Asking to unlock."""

    kind = RequestKind.UNLOCK


@extend_schema(tags=["requests"])
class AskReturn(Ask):
    """Asking accounting for return."""

    kind = RequestKind.RETURN


class Withdraw(BudgetView):
    """The end of one's own request."""

    kind: RequestKind

    @extend_schema(request=None, responses={200: RequestSerializer, 409: REFUSED})
    def post(self, request: Request, project_id: int) -> Response:
        """Take your own request back."""
        ended = requests.withdraw(self.budget(), user=request.user, now=timezone.now(), kind=self.kind)
        return Response(RequestSerializer(ended).data)


@extend_schema(tags=["requests"])
class WithdrawUnlock(Withdraw):
    """No longer asking to unlock."""

    kind = RequestKind.UNLOCK


@extend_schema(tags=["requests"])
class WithdrawReturn(Withdraw):
    """No longer asking for return."""

    kind = RequestKind.RETURN


@extend_schema(tags=["requests"])
class DeclineUnlock(BudgetView):
    """The no to a request to unlock."""

    @extend_schema(request=SentenceSerializer, responses={200: RequestSerializer, 400: INVALID, 409: REFUSED})
    def post(self, request: Request, project_id: int) -> Response:
        """Turn it down with a sentence."""
        given = read(SentenceSerializer, request).validated_data
        ended = requests.decline_unlock(self.budget(), user=request.user, now=timezone.now(), **given)
        return Response(RequestSerializer(ended).data)
