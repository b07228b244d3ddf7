"""What a person does about documents on their way, over HTTP: retry, return, say what became of them."""

from __future__ import annotations

from collections.abc import Callable

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from budgets.api import read
from erp.api import BatchView
from erp.api_serializers import (
    BatchDetailSerializer,
    NoteSerializer,
    VerdictSerializer,
)
from erp.delivery import aftercare, verdicts
from erp.models import Batch
from workflow.api import INVALID, REFUSED


@extend_schema(tags=["delivery"])
class Retry(BatchView):
    """Trying again."""

    @extend_schema(request=None, responses={200: BatchDetailSerializer, 409: REFUSED})
    def post(self, request: Request, pk: int) -> Response:
        """Queue the refused documents again; what is in the ERP already is not sent twice."""
        aftercare.retry(self.batch(), user=request.user, now=timezone.now())
        return self.shown()


@extend_schema(tags=["delivery"])
class ReturnToPm(BatchView):
    """The way back."""

    @extend_schema(request=NoteSerializer, responses={202: BatchDetailSerializer, 400: INVALID, 409: REFUSED})
    def post(self, request: Request, pk: int) -> Response:
        """Take what is not posted out of the ERP again and hand the budget back when that is done."""
        batch, given = self.batch(), read(NoteSerializer, request).validated_data
        aftercare.return_to_pm(batch, user=request.user, now=timezone.now(), **given)
        return self.shown(status=202)


@extend_schema(tags=["delivery"])
class DeclineReturn(BatchView):
    """The no to a request for return."""

    @extend_schema(request=NoteSerializer, responses={200: BatchDetailSerializer, 400: INVALID, 409: REFUSED})
    def post(self, request: Request, pk: int) -> Response:
        """Turn down that a batch comes back, with a sentence for whoever asked."""
        batch, given = self.batch(), read(NoteSerializer, request).validated_data
        aftercare.decline_return(batch, user=request.user, now=timezone.now(), **given)
        return self.shown()


class VerdictView(BatchView):
    """What a person says of one document."""

    verdict: Callable[..., Batch]

    @extend_schema(
        request=VerdictSerializer, responses={200: BatchDetailSerializer, 400: INVALID, 409: REFUSED}
    )
    def post(self, request: Request, pk: int) -> Response:
        """Say what becomes of one document of the batch, and how you know."""
        batch, given = self.batch(), read(VerdictSerializer, request).validated_data
        type(self).verdict(batch, user=request.user, now=timezone.now(), **given)
        return self.shown()


@extend_schema(tags=["delivery"])
class SayArrived(VerdictView):
    """A lost document is in the ERP."""

    verdict = staticmethod(verdicts.say_arrived)


@extend_schema(tags=["delivery"])
class SayNotArrived(VerdictView):
    """A lost document is not in the ERP; it is sent again."""

    verdict = staticmethod(verdicts.say_not_arrived)


@extend_schema(tags=["delivery"])
class TakeOutAnyway(VerdictView):
    """A document that somebody changed in the ERP is taken out all the same."""

    verdict = staticmethod(verdicts.take_out_anyway)


@extend_schema(tags=["delivery"])
class LeaveInErp(VerdictView):
    """A document that somebody changed in the ERP stays there as the ERP's own."""

    verdict = staticmethod(verdicts.leave_in_erp)
