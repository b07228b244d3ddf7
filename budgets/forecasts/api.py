"""Forecasts to complete over HTTP: the same service and the same sums as the pages."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from budgets import facts
from budgets.api import BudgetView, LinesMixin, read
from budgets.forecasts import services as forecast_services
from budgets.grid import sums
from budgets.grid.rows import Row
from budgets.grid.rows import read as read_rows
from budgets.models import Budget, Forecast
from projects.api import PersonSerializer
from workflow.api import INVALID, REFUSED, MoneyField, TextField


class ProjectionSerializer(serializers.Serializer[Any]):
    """Where a line or a budget will end; null where the job-to-date cost is not known."""

    revised = MoneyField(read_only=True)
    cost = MoneyField(read_only=True, allow_null=True, help_text="job-to-date cost as the ERP told it")
    forecast = MoneyField(
        read_only=True, allow_null=True, help_text="what it still costs: by hand, or what is left"
    )
    at_completion = MoneyField(read_only=True, allow_null=True, help_text="cost + forecast")
    over_under = MoneyField(
        read_only=True, allow_null=True, help_text="revised - at_completion; negative: over budget"
    )


class LineForecastSerializer(ProjectionSerializer):
    """One line's projection. `amount` is what a person set, null while the forecast is automatic."""

    line = serializers.IntegerField(source="pk")
    job = serializers.CharField()
    cost_code = serializers.CharField(source="code")
    cost_type = serializers.CharField(source="type")
    amount = MoneyField(read_only=True, allow_null=True, source="by_hand")
    note = serializers.SerializerMethodField()
    version = serializers.SerializerMethodField()
    changed_by = serializers.SerializerMethodField()
    changed_at = serializers.SerializerMethodField()

    def _kept(self, row: Row) -> Forecast | None:
        kept: Forecast | None = self.context["kept"].get(row.pk)
        return kept

    def get_note(self, row: Row) -> str:
        """Why the amount is what it is."""
        kept = self._kept(row)
        return kept.note if kept else ""

    def get_version(self, row: Row) -> int:
        """What a change has to name; 0 while nobody set a forecast."""
        kept = self._kept(row)
        return kept.version if kept else 0

    @extend_schema_field(PersonSerializer(allow_null=True))
    def get_changed_by(self, row: Row) -> Any:
        """Who set it last."""
        kept = self._kept(row)
        return PersonSerializer(kept.changed_by).data if kept else None

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_changed_at(self, row: Row) -> Any:
        """When."""
        kept = self._kept(row)
        return kept.changed_at if kept else None


class ForecastsSerializer(serializers.Serializer[Any]):
    """Every line of a budget and their sums; a sum is over the lines whose cost is known."""

    costs_read_at = serializers.DateTimeField(allow_null=True)
    costs_elsewhere = MoneyField(read_only=True, help_text="spent on codes that are no line; in no sum here")
    totals = ProjectionSerializer()
    lines = LineForecastSerializer(many=True)


class WishSerializer(serializers.Serializer[Any]):
    """What a forecast shall be; `version` is the one you read. Without an amount it is automatic."""

    version = serializers.IntegerField()
    amount = MoneyField(allow_null=True)
    note = TextField(required=False, default="")


def _kept(budget: Budget) -> dict[int, Forecast]:
    rows = Forecast.objects.filter(line__budget=budget).select_related("changed_by")
    return {row.line_id: row for row in rows}


@extend_schema(tags=["forecasts"])
class Forecasts(BudgetView):
    """Where a budget will end."""

    @extend_schema(responses=ForecastsSerializer)
    def get(self, request: Request, project_id: int) -> Response:
        """Read the projection of every line."""
        budget = self.budget()
        rows, costs = read_rows(budget), facts.costs(budget)
        told = {
            "costs_read_at": costs.read_at,
            "costs_elsewhere": costs.elsewhere,
            "totals": sums.summed(rows),
            "lines": rows,
        }
        return Response(ForecastsSerializer(told, context={"kept": _kept(budget)}).data)


@extend_schema(tags=["forecasts"])
class OneForecast(LinesMixin):
    """Where a line will end."""

    @extend_schema(responses=LineForecastSerializer)
    def get(self, request: Request, project_id: int, pk: int) -> Response:
        """Read a line's projection."""
        return self.told()

    @extend_schema(
        request=WishSerializer, responses={200: LineForecastSerializer, 400: INVALID, 409: REFUSED}
    )
    def put(self, request: Request, project_id: int, pk: int) -> Response:
        """Set a line's forecast, or let it be automatic again."""
        line, given = self.line(), read(WishSerializer, request).validated_data
        forecast_services.set_forecast(line, user=request.user, now=timezone.now(), **given)
        return self.told()

    def told(self) -> Response:
        """The projection as it is now."""
        budget = self.line().budget
        row = read_rows(budget, only=Q(pk=self.kwargs["pk"]))[0]
        return Response(LineForecastSerializer(row, context={"kept": _kept(budget)}).data)
