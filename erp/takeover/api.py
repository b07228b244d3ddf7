"""Taking over the budget that the ERP holds, over HTTP: the same plan and service as the page."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from budgets.api import BudgetView, read
from budgets.api_serializers import BudgetSerializer
from budgets.models import Budget
from erp.models import ReadingState
from erp.takeover import services as budget_import
from erp.takeover.plan import Mode, plan, usable_reading
from workflow.api import INVALID, REFUSED, MoneyField

ACCEPTED = 202


class ShareSerializer(serializers.Serializer[Any]):
    """How many lines something happens to, and their sums here, in the ERP and after either choice."""

    lines = serializers.IntegerField()
    here = MoneyField()
    in_erp = MoneyField()
    after_add = MoneyField()
    after_overwrite = MoneyField()


class CodeSerializer(serializers.Serializer[Any]):
    """A budget code of the ERP and its original amount there."""

    job = serializers.CharField(source="held.key.job")
    cost_code = serializers.CharField(source="held.key.cost_code")
    cost_type = serializers.CharField(source="held.key.cost_type")
    name = serializers.CharField(source="held.name")
    in_erp = MoneyField(source="held.original")


class TakenSerializer(CodeSerializer):
    """A code that is exactly one budget code here; `line` and `here` are null where the line is missing."""

    line = serializers.IntegerField(source="line.pk", default=None, allow_null=True)
    here = MoneyField(source="line.amount", default=None, allow_null=True)
    difference = MoneyField()


class LeftSerializer(CodeSerializer):
    """A code that is not taken over: why, and what to do."""

    why = serializers.CharField()


class PlanSerializer(serializers.Serializer[Any]):
    """What an import would do. Send `seen` back with the import: it is refused when anything changed since."""

    seen = serializers.CharField()
    read_at = serializers.DateTimeField()
    zeros = serializers.IntegerField()
    posted_changes = MoneyField()
    shares = serializers.DictField(child=ShareSerializer())
    total = ShareSerializer()
    new = TakenSerializer(many=True)
    changed = TakenSerializer(many=True)
    left = LeftSerializer(many=True)


class DryRunSerializer(serializers.Serializer[Any]):
    """Whether a reading is under way, why the last one failed, and the plan (null without a fresh reading)."""

    being_read = serializers.BooleanField()
    failed = serializers.CharField()
    plan = PlanSerializer(allow_null=True)


class ImportSerializer(serializers.Serializer[Any]):
    """`add` keeps your amounts and adds what is missing, `overwrite` takes the ERP's; `seen` is the plan's."""

    mode = serializers.ChoiceField(choices=[mode.value for mode in Mode])
    seen = serializers.CharField()


def _dry_run(budget: Budget, status: int = 200) -> Response:
    reading, last = usable_reading(budget, now=timezone.now()), budget.readings.first()
    told = {
        "being_read": bool(last and last.state == ReadingState.ASKED),
        "failed": last.error if last and last.state == ReadingState.FAILED else "",
        "plan": plan(budget, reading) if reading else None,
    }
    return Response(DryRunSerializer(told).data, status=status)


@extend_schema(tags=["import from the ERP"])
class ErpImport(BudgetView):
    """Taking over the original budget that the ERP holds."""

    @extend_schema(responses=DryRunSerializer)
    def get(self, request: Request, project_id: int) -> Response:
        """See what an import would do, as the ERP was last read."""
        return _dry_run(self.budget())

    @extend_schema(request=ImportSerializer, responses={200: BudgetSerializer, 400: INVALID, 409: REFUSED})
    def post(self, request: Request, project_id: int) -> Response:
        """Take it over, as you have seen it."""
        budget, given = self.budget(), read(ImportSerializer, request).validated_data
        budget_import.import_from_erp(budget, user=request.user, now=timezone.now(), **given)
        return self.shown(budget)


@extend_schema(tags=["import from the ERP"])
class ErpImportReading(BudgetView):
    """Reading the ERP for an import."""

    @extend_schema(request=None, responses={202: DryRunSerializer, 409: REFUSED})
    def post(self, request: Request, project_id: int) -> Response:
        """Let the ERP be read; ask for the plan until it is no longer being read."""
        budget = self.budget()
        budget_import.ask_reading(budget, user=request.user, now=timezone.now())
        return _dry_run(budget, ACCEPTED)
