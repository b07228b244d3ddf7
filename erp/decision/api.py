"""An approver's decision over HTTP: the same services as the page."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from budgets.api import read
from erp.api import BatchView
from erp.api_serializers import (
    AcceptSerializer,
    BatchDetailSerializer,
    NameSerializer,
    RejectSerializer,
)
from erp.approval import stepping
from erp.decision import deciding
from workflow.api import INVALID, REFUSED


@extend_schema(tags=["decisions"])
class Accept(BatchView):
    """The approver's yes."""

    @extend_schema(
        request=AcceptSerializer, responses={200: BatchDetailSerializer, 400: INVALID, 409: REFUSED}
    )
    def post(self, request: Request, pk: int) -> Response:
        """Take the step that is due, on the strength of the reading you looked at; the last lets it go to the ERP."""
        batch, given = self.batch(), read(AcceptSerializer, request).validated_data
        deciding.accept(batch, user=request.user, now=timezone.now(), **given)
        return self.shown()


@extend_schema(tags=["decisions"])
class NameForStep(BatchView):
    """An ERP admin's word."""

    @extend_schema(request=NameSerializer, responses={200: BatchDetailSerializer, 400: INVALID, 409: REFUSED})
    def post(self, request: Request, pk: int) -> Response:
        """Let another person take a step of this batch that nobody can take any more."""
        batch, given = self.batch(), read(NameSerializer, request).validated_data
        stepping.name_for_step(batch, user=request.user, now=timezone.now(), person_id=given["person"])
        return self.shown()


@extend_schema(tags=["decisions"])
class Reject(BatchView):
    """The approver's no."""

    @extend_schema(
        request=RejectSerializer, responses={200: BatchDetailSerializer, 400: INVALID, 409: REFUSED}
    )
    def post(self, request: Request, pk: int) -> Response:
        """Send a batch back with a reason, a sentence, and remarks pinned to lines."""
        batch, given = self.batch(), read(RejectSerializer, request).validated_data
        deciding.reject(batch, user=request.user, now=timezone.now(), **given)
        return self.shown()


@extend_schema(tags=["decisions"])
class ReadAgain(BatchView):
    """A new reading."""

    @extend_schema(request=None, responses={202: BatchDetailSerializer, 409: REFUSED})
    def post(self, request: Request, pk: int) -> Response:
        """Ask for a new reading; it is made within seconds, look again."""
        deciding.read_again(self.batch(), user=request.user, now=timezone.now())
        return self.shown(status=202)
