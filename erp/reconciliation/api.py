"""The reconciliation over HTTP: each difference with its cause, and the decision which value holds."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from budgets.api import read
from budgets.models import Budget
from erp.api_serializers import ReadingSerializer
from erp.mapping.api import connection_of
from erp.models import DriftKind
from erp.port import ErpKey
from erp.reconciliation import actions as reconciliation_actions
from erp.reconciliation import balance_company, drift
from erp.reconciliation.balance import Row
from erp.reconciliation.balance_facts import Cause
from erp.reconciliation.balance_reads import balance_of
from erp.reconciliation.drift_reads import last_decisions
from projects import permissions
from workflow.api import INVALID, REFUSED, ActionSerializer, MoneyField, TextField, actions_on

ACCEPTED = 202
SUM = {"max_digits": 20, "read_only": True}


class CauseSerializer(serializers.Serializer[Any]):
    """So much of a difference has this cause."""

    cause = serializers.ChoiceField(choices=[cause.value for cause in Cause])
    amount = MoneyField(**SUM)


class ErpCodeSerializer(serializers.Serializer[Any]):
    """A budget code of the ERP."""

    job = serializers.CharField(max_length=10)
    cost_code = serializers.CharField(max_length=16)
    cost_type = serializers.CharField(max_length=16)


class DecidedSerializer(serializers.Serializer[Any]):
    """The newest decision on a code."""

    kind = serializers.ChoiceField(choices=DriftKind.values)
    posted = MoneyField(**SUM)
    found = MoneyField(**SUM)
    note = serializers.CharField()
    by = serializers.CharField(source="by.get_full_name")
    on_behalf_of = serializers.CharField(
        source="on_behalf_of.get_full_name", default=None, allow_null=True, help_text="whose limit was lent"
    )
    at = serializers.DateTimeField()


class BalancedSerializer(serializers.Serializer[Any]):
    """One budget code on both sides; `difference` is what the ERP holds more, and the causes add up to it."""

    code = serializers.SerializerMethodField()
    lines = serializers.SerializerMethodField()
    ours = MoneyField(**SUM)
    posted = MoneyField(
        source="posted_here", allow_null=True, help_text="null before the first posting", **SUM
    )
    on_its_way = MoneyField(**SUM)
    original_in_erp = MoneyField(source="held.original", default=None, allow_null=True, **SUM)
    in_erp = MoneyField(source="held.current", default=None, allow_null=True, **SUM)
    difference = MoneyField(**SUM)
    causes = CauseSerializer(source="parts", many=True)
    to_decide = serializers.BooleanField()
    decision = serializers.SerializerMethodField()

    @extend_schema_field(ErpCodeSerializer(allow_null=True))
    def get_code(self, row: Row) -> Any:
        """The ERP's code; null for a line that leads nowhere in the ERP."""
        return ErpCodeSerializer(row.key).data if isinstance(row.key, ErpKey) else None

    @extend_schema_field(serializers.ListField(child=serializers.IntegerField()))
    def get_lines(self, row: Row) -> Any:
        """The budget lines that are this code."""
        return [line.id for line in row.lines]

    @extend_schema_field(DecidedSerializer(allow_null=True))
    def get_decision(self, row: Row) -> Any:
        """What was decided last."""
        one = self.context["decisions"].get(row.key)
        return DecidedSerializer(one).data if one else None


class ReconciliationSerializer(serializers.Serializer[Any]):
    """A budget beside the ERP. Name the reading's `hash` when you decide."""

    reading = ReadingSerializer(allow_null=True)
    in_balance = serializers.BooleanField(source="balance.in_balance")
    ties = serializers.BooleanField(source="balance.ties")
    ours = MoneyField(source="balance.ours", **SUM)
    in_erp = MoneyField(source="balance.in_erp", **SUM)
    difference = MoneyField(source="balance.difference", **SUM)
    rows = BalancedSerializer(source="balance.rows", many=True)
    actions = ActionSerializer(many=True)


class SettleSerializer(serializers.Serializer[Any]):
    """Which value holds: `take` the ERP's, `keep` ours and send it, or `accept` the difference with a note."""

    kind = serializers.ChoiceField(choices=DriftKind.choices)
    reading_hash = serializers.CharField(max_length=64)
    codes = ErpCodeSerializer(many=True, required=False, help_text="left out: all that wait for a decision")
    note = TextField(required=False, default="")


def _budget(user: Any, project_id: int) -> Budget:
    """The budget, for whoever sees it or the company's queue; a foreign or missing one is a 404 alike."""
    rows = Budget.objects.filter(project=project_id).select_related("project__company")
    budget = rows.first()
    if budget is not None:
        seen = permissions.visible_projects(user).filter(pk=project_id).exists()
        if seen or permissions.queue_companies(user).filter(pk=budget.project.company_id).exists():
            return budget
    raise Http404("There is no such budget, or you may not see it.")


@extend_schema(tags=["reconciliation"])
class Reconciliation(APIView):
    """A project's budget beside what the ERP holds."""

    @extend_schema(responses=ReconciliationSerializer)
    def get(self, request: Request, project_id: int) -> Response:
        """See each budget code on both sides, with the causes of its difference."""
        return self._shown(_budget(request.user, project_id), request)

    @extend_schema(
        request=SettleSerializer, responses={200: ReconciliationSerializer, 400: INVALID, 409: REFUSED}
    )
    def post(self, request: Request, project_id: int) -> Response:
        """Decide which value holds, on codes or on all that wait for a decision."""
        budget, given = _budget(request.user, project_id), read(SettleSerializer, request).validated_data
        codes = given.get("codes")
        drift.settle(
            budget,
            user=request.user,
            now=timezone.now(),
            kind=given["kind"],
            reading_hash=given["reading_hash"],
            codes=None if codes is None else [ErpKey(**code) for code in codes],
            note=given["note"],
        )
        return self._shown(_budget(request.user, project_id), request)

    def _shown(self, budget: Budget, request: Request) -> Response:
        reading, balance = balance_of(budget)
        told = [
            one
            for one in actions_on(budget, request.user)
            if one["name"] in ("settle_drift", "read_erp", "send")
        ]
        shown = {"reading": reading, "balance": balance, "actions": told}
        context = {"request": request, "decisions": last_decisions(budget)}
        return Response(ReconciliationSerializer(shown, context=context).data)


class StandingSerializer(serializers.Serializer[Any]):
    """One project beside the ERP."""

    project = serializers.IntegerField(source="budget.project_id")
    name = serializers.CharField(source="budget.project.name")
    job = serializers.CharField()
    standing = serializers.ChoiceField(
        source="shelf",
        choices=[
            balance_company.DECIDE,
            balance_company.DIFFERS,
            balance_company.BALANCED,
            balance_company.UNREAD,
        ],
    )
    checked_at = serializers.DateTimeField(allow_null=True)
    ours = MoneyField(source="balance.ours", **SUM)
    in_erp = MoneyField(source="balance.in_erp", **SUM)
    difference = MoneyField(source="balance.difference", **SUM)


class CompanyReconciliationSerializer(serializers.Serializer[Any]):
    """Every linked project of a company; `reading_left` of `reading_all` are still being read."""

    reading_left = serializers.IntegerField()
    reading_all = serializers.IntegerField()
    ours = MoneyField(source="found.ours", **SUM)
    in_erp = MoneyField(source="found.in_erp", **SUM)
    difference = MoneyField(source="found.difference", **SUM)
    projects = StandingSerializer(source="found.rows", many=True)


def _company(company_id: int, *, status: int = 200) -> Response:
    told = {
        "found": balance_company.every([company_id]),
        **balance_company.being_read([company_id]),
    }
    return Response(CompanyReconciliationSerializer(told).data, status=status)


@extend_schema(tags=["reconciliation"])
class CompanyReconciliation(APIView):
    """Every linked project of a company beside the ERP."""

    @extend_schema(responses=CompanyReconciliationSerializer)
    def get(self, request: Request, company_id: int) -> Response:
        """See each project's totals and whether it is in balance."""
        return _company(connection_of(request.user, company_id).company_id)

    @extend_schema(request=None, responses={202: CompanyReconciliationSerializer, 409: REFUSED})
    def post(self, request: Request, company_id: int) -> Response:
        """Have all of them read again; ask again until none is left to read."""
        connection = connection_of(request.user, company_id)
        reconciliation_actions.read_all(connection, user=request.user, now=timezone.now())
        return _company(connection.company_id, status=ACCEPTED)
