"""Whether a batch is posted, over HTTP: asking now, a person's word, an alarm that is closed."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from budgets.api import read
from erp.api import BatchView
from erp.api_serializers import (
    BatchDetailSerializer,
    ConfirmSerializer,
    NoteSerializer,
)
from erp.posting import confirmations
from workflow.api import INVALID, REFUSED


@extend_schema(tags=["delivery"])
class CheckNow(BatchView):
    """Asking for postings."""

    @extend_schema(request=None, responses={202: BatchDetailSerializer, 409: REFUSED})
    def post(self, request: Request, pk: int) -> Response:
        """Ask the ERP for postings now instead of at the next poll; look again in a few seconds."""
        confirmations.check_now(self.batch(), user=request.user, now=timezone.now())
        return self.shown(status=202)


@extend_schema(tags=["delivery"])
class ConfirmPosted(BatchView):
    """An approver's word."""

    @extend_schema(
        request=ConfirmSerializer, responses={200: BatchDetailSerializer, 400: INVALID, 409: REFUSED}
    )
    def post(self, request: Request, pk: int) -> Response:
        """Say that the delivered documents are posted, and how you know; check within the 10 minutes before."""
        batch, given = self.batch(), read(ConfirmSerializer, request).validated_data
        confirmations.confirm_posted(batch, user=request.user, now=timezone.now(), **given)
        return self.shown()


@extend_schema(tags=["delivery"])
class CloseAlarm(BatchView):
    """The end of an alarm."""

    @extend_schema(request=NoteSerializer, responses={200: BatchDetailSerializer, 400: INVALID, 409: REFUSED})
    def post(self, request: Request, pk: int) -> Response:
        """Say what became of documents that were confirmed by hand and that the ERP holds otherwise."""
        batch, given = self.batch(), read(NoteSerializer, request).validated_data
        confirmations.close_alarm(batch, user=request.user, now=timezone.now(), **given)
        return self.shown()
