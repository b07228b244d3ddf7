"""The ERP Integrations tool over HTTP: the same services and selectors as page and admin."""

from __future__ import annotations

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
    AnswerSerializer,
    BatchDetailSerializer,
    BatchSerializer,
    FullReadingSerializer,
    RemarkSerializer,
    SendSerializer,
)
from erp.delivery.left_there import look_up
from erp.models import Batch, Remark
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
