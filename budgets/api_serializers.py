"""What the API shows of budgets, and what it takes. Amounts are strings in company currency, 2 places."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from budgets import selectors
from budgets.models import Budget, BudgetLine
from budgets.money import ZERO
from projects.api import CompanySerializer, JobSerializer, PersonSerializer
from projects.models import Project
from workflow.api import ActionSerializer, MoneyField, QuantityField, TextField, actions_on


class StateSerializer(serializers.Serializer[Any]):
    """Where a budget stands, in the words every page uses. `code` is stable."""

    code = serializers.CharField()
    words = serializers.CharField()
    next = serializers.CharField()
    tone = serializers.CharField()
    since = serializers.DateTimeField(allow_null=True)
    done = serializers.IntegerField()
    total = serializers.IntegerField()


class TotalsSerializer(serializers.Serializer[Any]):
    """Sums over the whole budget; `revised` = `original` + `modifications`."""

    original = MoneyField(read_only=True)
    modifications = MoneyField(read_only=True)
    revised = MoneyField(read_only=True)


class ProjectSerializer(serializers.ModelSerializer[Project]):
    """A project with its jobs, and where its budget stands."""

    company = CompanySerializer(read_only=True)
    jobs = JobSerializer(many=True, read_only=True)
    state = serializers.SerializerMethodField()

    class Meta:
        model = Project
        fields = ["id", "name", "company", "jobs", "state"]

    @extend_schema_field(StateSerializer)
    def get_state(self, project: Project) -> Any:
        """The budget's state."""
        return StateSerializer(selectors.state_of(project.budget)).data


class BudgetSerializer(serializers.Serializer[Budget]):
    """A budget: its state, its totals, and what whoever asks can do to it now."""

    project = serializers.IntegerField(source="project_id")
    name = serializers.CharField(source="project.name")
    company = CompanySerializer(source="project.company")
    version = serializers.IntegerField(help_text="rises with every change of the budget")
    state = serializers.SerializerMethodField()
    totals = serializers.SerializerMethodField()
    actions = serializers.SerializerMethodField()

    @extend_schema_field(StateSerializer)
    def get_state(self, budget: Budget) -> Any:
        """The state people see."""
        return StateSerializer(selectors.state_of(budget)).data

    @extend_schema_field(TotalsSerializer)
    def get_totals(self, budget: Budget) -> Any:
        """Sums over everything."""
        return TotalsSerializer(selectors.totals(budget)).data

    @extend_schema_field(ActionSerializer(many=True))
    def get_actions(self, budget: Budget) -> Any:
        """Every action on the budget, with all that blocks it."""
        return ActionSerializer(actions_on(budget, self.context["request"].user), many=True).data


class LineSerializer(serializers.ModelSerializer[BudgetLine]):
    """One budget code with its original amount; `revised` = `amount` + `modifications`."""

    job = serializers.CharField(source="job.code")
    cost_code = serializers.CharField(source="code")
    cost_type = serializers.CharField(source="type")
    unit = serializers.CharField(source="unit_code")
    quantity = QuantityField(read_only=True)
    unit_cost = QuantityField(read_only=True)
    amount = MoneyField(read_only=True)
    modifications = serializers.SerializerMethodField()
    revised = serializers.SerializerMethodField()
    changed_by = PersonSerializer(allow_null=True)

    class Meta:
        model = BudgetLine
        fields = [
            *("id", "job", "cost_code", "cost_type", "description", "quantity", "unit", "unit_cost"),
            *("automatic", "amount", "modifications", "revised", "version", "was_posted", "changed_by"),
            "changed_at",
        ]

    def _modified(self, line: BudgetLine) -> Decimal:
        return Decimal(self.context["modified"].get(line.pk, ZERO))

    @extend_schema_field(MoneyField(read_only=True))
    def get_modifications(self, line: BudgetLine) -> str:
        """Sum of the effective modifications."""
        return f"{self._modified(line):.2f}"

    @extend_schema_field(MoneyField(read_only=True))
    def get_revised(self, line: BudgetLine) -> str:
        """What the line is now."""
        return f"{line.amount + self._modified(line):.2f}"


class LineDetailSerializer(LineSerializer):
    """A line with what can be done to it."""

    actions = serializers.SerializerMethodField()

    class Meta(LineSerializer.Meta):
        fields = [*LineSerializer.Meta.fields, "actions"]

    @extend_schema_field(ActionSerializer(many=True))
    def get_actions(self, line: BudgetLine) -> Any:
        """Every action on the line, with all that blocks it."""
        return ActionSerializer(actions_on(line, self.context["request"].user), many=True).data


class NewLineSerializer(serializers.Serializer[Any]):
    """A line to add; the main job where `job` is left out. On a locked budget it starts at 0.00."""

    job = TextField(required=False)
    cost_code = TextField()
    cost_type = TextField()
    description = TextField(required=False)
    quantity = QuantityField(required=False, allow_null=True)
    unit = TextField(required=False)
    unit_cost = QuantityField(required=False, allow_null=True)
    automatic = serializers.BooleanField(required=False, help_text="amount = quantity x unit cost")
    amount = MoneyField(required=False)


class LineChangeSerializer(NewLineSerializer):
    """What to change of a line; `version` is the one you read, so that nobody overwrites another's change."""

    version = serializers.IntegerField()
    cost_code = TextField(required=False)
    cost_type = TextField(required=False)
