"""Two states of a budget beside each other, and a new reading of the ERP, over HTTP."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from budgets.api import BudgetView
from erp import services
from erp.api_serializers import ReadingSerializer
from erp.compare import pages as compare_pages
from erp.compare.states import STATUSES, NoSuchSide, compare
from workflow.api import REFUSED, MoneyField

ACCEPTED = 202


class SideSerializer(serializers.Serializer[Any]):
    """One state: a batch's number, `now` or `erp`; when it was sent or read; what it sums to."""

    key = serializers.CharField()
    title = serializers.CharField()
    at = serializers.DateTimeField(allow_null=True)
    total = MoneyField(read_only=True)


class ComparedLineSerializer(serializers.Serializer[Any]):
    """One line, or what is one budget code in the ERP; an amount is null where a side does not have it."""

    status = serializers.ChoiceField(choices=STATUSES)
    job = serializers.CharField(source="shown.code.job")
    cost_code = serializers.CharField(source="shown.code.cost_code")
    cost_type = serializers.CharField(source="shown.code.cost_type")
    description = serializers.CharField(source="shown.description")
    line = serializers.IntegerField(source="line_id", allow_null=True)
    a = MoneyField(source="amount_a", read_only=True, allow_null=True)
    b = MoneyField(source="amount_b", read_only=True, allow_null=True)
    difference = MoneyField(read_only=True, max_digits=20)
    notes = serializers.ListField(child=serializers.CharField())


class ComparisonSerializer(serializers.Serializer[Any]):
    """Side A, side B, and every line of both; A + difference = B where it ties."""

    a = SideSerializer()
    b = SideSerializer()
    difference = MoneyField(read_only=True, max_digits=20)
    ties = serializers.BooleanField()
    lines = ComparedLineSerializer(many=True, source="rows")


def _side(name: str, words: str) -> OpenApiParameter:
    return OpenApiParameter(name, str, description=f"{words}: a batch's number, `now` or `erp`.")


@extend_schema(tags=["batches"])
class Compare(BudgetView):
    """Two states of a budget."""

    @extend_schema(
        parameters=[_side("a", "the state before"), _side("b", "the state after")],
        responses={200: ComparisonSerializer, 404: None},
    )
    def get(self, request: Request, project_id: int) -> Response:
        """Compare two sends, or one with the budget or the ERP now; the last send and the one before by default."""
        budget = self.budget()
        wanted = compare_pages.asked(budget, request.query_params)
        try:
            found = compare(budget, wanted.a, wanted.b)
        except NoSuchSide:
            raise Http404("This budget has no batch of that number.") from None
        return Response(ComparisonSerializer(found).data)


@extend_schema(tags=["batches"])
class ReadErp(BudgetView):
    """A new reading."""

    @extend_schema(request=None, responses={202: ReadingSerializer, 409: REFUSED})
    def post(self, request: Request, project_id: int) -> Response:
        """Ask for a new reading of the ERP for this budget; it is made within seconds, compare again."""
        reading = services.read_erp(self.budget(), user=request.user, now=timezone.now())
        return Response(ReadingSerializer(reading).data, status=ACCEPTED)
