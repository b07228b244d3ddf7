"""The ERP Integrations tool over HTTP: the same services and selectors as page and admin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils import timezone
from django_filters.rest_framework import FilterSet, NumberFilter
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from budgets.api import CREATED, BudgetView, read
from budgets.selectors import visible_budgets
from erp import selectors, services
from erp.api_serializers import (
    AcceptSerializer,
    AnswerSerializer,
    BatchDetailSerializer,
    BatchSerializer,
    ConfirmSerializer,
    FullReadingSerializer,
    NameSerializer,
    NoteSerializer,
    RejectSerializer,
    RemarkSerializer,
    SendSerializer,
    VerdictSerializer,
)
from erp.approval import stepping
from erp.delivery import aftercare, verdicts
from erp.delivery.left_there import look_up
from erp.models import Batch, Remark
from erp.posting import confirmations
from erp.snapshots import latest_reading
from workflow.api import INVALID, REFUSED

LARGEST_ID = 2**63 - 1
PEOPLE = ("sent_by", "accepted_by", "sent_back_by", "answers", "reading", "budget__project__company")


def batches_for(user: Any) -> QuerySet[Batch]:
    """This function will find the batches a user may see: in their companies' queues, and of their projects."""
    queue = selectors.visible_batches(user).values("pk")
    return Batch.objects.filter(
        Q(pk__in=queue) | Q(budget__in=visible_budgets(user).values("pk"))
    ).select_related(*PEOPLE)


class BatchFilter(FilterSet):
    """Ids are plain numbers: one you may not see finds nothing, exactly like one that does not exist."""

    budget__project = NumberFilter(max_value=LARGEST_ID)
    budget__project__company = NumberFilter(max_value=LARGEST_ID)

    class Meta:
        model = Batch
        fields = {"state": ["exact", "in"]}


@extend_schema(tags=["batches"])
class Batches(generics.ListAPIView[Batch]):
    """Every batch you may see, the newest first."""

    queryset = Batch.objects.none()
    serializer_class = BatchSerializer
    filterset_class = BatchFilter

    def get_queryset(self) -> QuerySet[Batch]:
        """The person's batches."""
        return batches_for(self.request.user)


class BatchView(APIView):
    """A view on one batch; everybody else's is a 404."""

    def batch(self) -> Batch:
        """The batch of the address."""
        rows = batches_for(self.request.user).prefetch_related(
            "items__lines",
            "items__document__by_hand__confirmed_by",
            "items__document__by_hand__closed_by",
            "items__document__by_hand__on_behalf_of",
            "remarks__answered_by",
        )
        batch = rows.filter(pk=self.kwargs["pk"]).first()
        if batch is None:
            raise Http404("There is no such batch, or you may not see it.")
        look_up(item.document for item in batch.items.all() if hasattr(item, "document"))
        return batch

    def shown(self, status: int = 200) -> Response:
        """The batch as it is now, read anew."""
        shown = BatchDetailSerializer(self.batch(), context={"request": self.request})
        return Response(shown.data, status=status)


@extend_schema(tags=["batches"])
class OneBatch(BatchView):
    """A batch."""

    @extend_schema(responses=BatchDetailSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """Read a batch with its lines, documents, events and what can be done to it."""
        return self.shown()


@extend_schema(tags=["batches"])
class OneReading(BatchView):
    """What the ERP holds beside a batch."""

    @extend_schema(responses={200: FullReadingSerializer, 404: None})
    def get(self, request: Request, pk: int) -> Response:
        """Read the reading a decision rests on; a 404 until the first was made."""
        batch = self.batch()
        reading = batch.reading or latest_reading(batch.budget)
        if reading is None:
            raise Http404("The ERP was not read yet.")
        return Response(FullReadingSerializer(reading).data)


# -- what an approver does -----------------------------------------------------------------------------------


@extend_schema(tags=["decisions"])
class Accept(BatchView):
    """The approver's yes."""

    @extend_schema(
        request=AcceptSerializer, responses={200: BatchDetailSerializer, 400: INVALID, 409: REFUSED}
    )
    def post(self, request: Request, pk: int) -> Response:
        """Take the step that is due, on the strength of the reading you looked at; the last lets it go to the ERP."""
        batch, given = self.batch(), read(AcceptSerializer, request).validated_data
        services.accept(batch, user=request.user, now=timezone.now(), **given)
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
        services.reject(batch, user=request.user, now=timezone.now(), **given)
        return self.shown()


@extend_schema(tags=["decisions"])
class ReadAgain(BatchView):
    """A new reading."""

    @extend_schema(request=None, responses={202: BatchDetailSerializer, 409: REFUSED})
    def post(self, request: Request, pk: int) -> Response:
        """Ask for a new reading; it is made within seconds, look again."""
        services.read_again(self.batch(), user=request.user, now=timezone.now())
        return self.shown(status=202)


@extend_schema(tags=["delivery"])
class Retry(BatchView):
    """Trying again."""

    @extend_schema(request=None, responses={200: BatchDetailSerializer, 409: REFUSED})
    def post(self, request: Request, pk: int) -> Response:
        """Queue the refused documents again; what is in the ERP already is not sent twice."""
        aftercare.retry(self.batch(), user=request.user, now=timezone.now())
        return self.shown()


@extend_schema(tags=["delivery"])
class CheckNow(BatchView):
    """Asking for postings."""

    @extend_schema(request=None, responses={202: BatchDetailSerializer, 409: REFUSED})
    def post(self, request: Request, pk: int) -> Response:
        """Ask the ERP for postings now instead of at the next poll; look again in a few seconds."""
        confirmations.check_now(self.batch(), user=request.user, now=timezone.now())
        return self.shown(status=202)


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
class DeclineReturn(BatchView):
    """The no to a request for return."""

    @extend_schema(request=NoteSerializer, responses={200: BatchDetailSerializer, 400: INVALID, 409: REFUSED})
    def post(self, request: Request, pk: int) -> Response:
        """Turn down that a batch comes back, with a sentence for whoever asked."""
        batch, given = self.batch(), read(NoteSerializer, request).validated_data
        aftercare.decline_return(batch, user=request.user, now=timezone.now(), **given)
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


# -- what a project manager does -----------------------------------------------------------------------------


class SendingView(BudgetView):
    """A view that answers with a batch of the budget."""

    def shown_batch(self, batch: Batch, status: int = 200) -> Response:
        """The batch as it is now."""
        row = batches_for(self.request.user).get(pk=batch.pk)
        shown = BatchDetailSerializer(row, context={"request": self.request})
        return Response(shown.data, status=status)


@extend_schema(tags=["sending"])
class Send(SendingView):
    """Sending a budget."""

    @extend_schema(request=SendSerializer, responses={201: BatchDetailSerializer, 400: INVALID, 409: REFUSED})
    def post(self, request: Request, project_id: int) -> Response:
        """Freeze what is new into a batch and put it before the approvers."""
        budget, given = self.budget(), read(SendSerializer, request).validated_data
        batch = services.send(budget, user=request.user, now=timezone.now(), **given)
        return self.shown_batch(batch, CREATED)


@extend_schema(tags=["sending"])
class Retrieve(SendingView):
    """Pulling a batch back."""

    @extend_schema(request=None, responses={200: BatchDetailSerializer, 409: REFUSED})
    def post(self, request: Request, project_id: int) -> Response:
        """Pull the waiting batch back before a decision."""
        return self.shown_batch(services.retrieve(self.budget(), user=request.user, now=timezone.now()))


@extend_schema(tags=["sending"])
class AnswerRemark(BudgetView):
    """Answering a remark."""

    @extend_schema(request=AnswerSerializer, responses={200: RemarkSerializer, 400: INVALID, 409: REFUSED})
    def post(self, request: Request, project_id: int, pk: int) -> Response:
        """Answer a rejection's remark without changing its line, or change the answer that was `seen`."""
        rows = Remark.objects.select_related("batch__budget", "line", "answered_by")
        remark = rows.filter(pk=pk, batch__budget=self.budget()).first()
        if remark is None:
            raise Http404("There is no such remark on this budget.")
        given = read(AnswerSerializer, request).validated_data
        done = services.answer_remark(remark, user=request.user, now=timezone.now(), **given)
        return Response(RemarkSerializer(done).data)
