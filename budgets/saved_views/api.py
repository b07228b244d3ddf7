"""Views over HTTP: a person's own and those their company shares."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from budgets.api import CREATED, GONE, BudgetView, read
from budgets.models import SavedView
from budgets.saved_views import calculated
from budgets.saved_views import choosing as saved_views
from budgets.saved_views import services as view_services
from budgets.saved_views import table as view_table
from budgets.saved_views.calculated import Formula
from budgets.saved_views.services import ViewValues
from projects.api import PersonSerializer
from workflow.api import INVALID, REFUSED, ActionSerializer, TextField, actions_on


class FormulaSerializer(serializers.Serializer[Any]):
    """A calculated column. `key` is its name in other formulas; it is made from the label where it is left out."""

    key = TextField(required=False, default="")
    label = TextField()  # type: ignore[assignment]
    expression = TextField(help_text="for example revised - in_erp; + - * / ( ) numbers, min, max, abs")
    kind = serializers.ChoiceField(choices=list(calculated.KINDS), default="money")


class ViewSerializer(serializers.ModelSerializer[SavedView]):
    """A choice of columns in their order, with calculated ones; the cost code always stands first."""

    owner = PersonSerializer(read_only=True)
    changed_by = PersonSerializer(read_only=True)
    columns = serializers.ListField(child=serializers.CharField(), read_only=True)
    calculated = FormulaSerializer(many=True, read_only=True)
    my_default = serializers.SerializerMethodField()
    actions = serializers.SerializerMethodField()

    class Meta:
        model = SavedView
        fields = [
            *(
                "id",
                "name",
                "shared",
                "owner",
                "columns",
                "calculated",
                "version",
                "changed_by",
                "changed_at",
            ),
            *("by", "only", "density", "my_default", "actions"),
        ]

    def get_my_default(self, view: SavedView) -> bool:
        """Whether it opens by itself for whoever asks."""
        default = saved_views.default_of(self.context["request"].user, view.company)
        return default == view

    @extend_schema_field(ActionSerializer(many=True))
    def get_actions(self, view: SavedView) -> Any:
        """Every action on the view, with all that blocks it."""
        return ActionSerializer(actions_on(view, self.context["request"].user), many=True).data


class NewViewSerializer(serializers.Serializer[Any]):
    """A view to save for yourself."""

    name = TextField()
    columns = serializers.ListField(child=serializers.CharField(max_length=60), max_length=100)
    calculated = FormulaSerializer(many=True, required=False, default=list)
    by = TextField(required=False, default="", help_text="outer grouping: division, type, job, or empty")
    only = TextField(
        required=False, default="", help_text="filter: changed, warnings, remarks, differs, or empty"
    )
    density = TextField(required=False, default="", help_text="compact, or empty")

    def values(self) -> ViewValues:
        """What the service takes."""
        given, formulas = self.validated_data, list[Formula]()
        for row in given["calculated"]:
            key = row["key"] or calculated.named(row["label"], taken=[formula.key for formula in formulas])
            formulas.append(Formula(key, row["label"], row["expression"], row["kind"]))
        opens = {name: given[name] for name in ("by", "only", "density")}
        return ViewValues(given["name"], given["columns"], formulas, **opens)


class ViewChangeSerializer(NewViewSerializer):
    """A view as it shall be; `version` is the one you read."""

    version = serializers.IntegerField()


class DefaultSerializer(serializers.Serializer[Any]):
    """The view that opens by itself for you; null: the standard one."""

    view = serializers.IntegerField(allow_null=True)


class ViewsMixin(BudgetView):
    """The views that go with one budget's company."""

    def view(self, pk: int) -> SavedView:
        """A view of one's own, or a shared one."""
        mine = saved_views.visible(self.request.user, self.budget().project.company)
        found = mine.filter(pk=pk).first()
        if found is None:
            raise Http404("There is no such view.")
        return found

    def told(self, view: SavedView, status: int = 200) -> Response:
        """The view as it is now."""
        fresh = self.view(view.pk)
        return Response(ViewSerializer(fresh, context={"request": self.request}).data, status=status)


@extend_schema(tags=["views"])
class Views(ViewsMixin):
    """Your views and the company's."""

    @extend_schema(responses=ViewSerializer(many=True))
    def get(self, request: Request, project_id: int) -> Response:
        """List them."""
        rows = saved_views.visible(request.user, self.budget().project.company)
        return Response(ViewSerializer(rows, many=True, context={"request": request}).data)

    @extend_schema(request=NewViewSerializer, responses={201: ViewSerializer, 400: INVALID})
    def post(self, request: Request, project_id: int) -> Response:
        """Save a view of your own."""
        company, given = self.budget().project.company, read(NewViewSerializer, request)
        assert isinstance(given, NewViewSerializer)  # noqa: S101  narrows the type
        saved = view_services.create(company, given.values(), user=request.user, now=timezone.now())
        return self.told(saved, CREATED)


@extend_schema(tags=["views"])
class OneView(ViewsMixin):
    """A view."""

    @extend_schema(responses=ViewSerializer)
    def get(self, request: Request, project_id: int, pk: int) -> Response:
        """Read a view."""
        return self.told(self.view(pk))

    @extend_schema(request=ViewChangeSerializer, responses={200: ViewSerializer, 400: INVALID, 409: REFUSED})
    def put(self, request: Request, project_id: int, pk: int) -> Response:
        """Change a view that is still as you read it."""
        view, given = self.view(pk), read(ViewChangeSerializer, request)
        assert isinstance(given, ViewChangeSerializer)  # noqa: S101  narrows the type
        seen = given.validated_data["version"]
        values, now = given.values(), timezone.now()
        return self.told(view_services.update(view, values, user=request.user, now=now, version=seen))

    @extend_schema(responses={204: None, 409: REFUSED})
    def delete(self, request: Request, project_id: int, pk: int) -> Response:
        """Delete a view."""
        view_services.delete(self.view(pk), user=request.user, now=timezone.now())
        return Response(status=GONE)


@extend_schema(tags=["views"])
class ShareView(ViewsMixin):
    """Showing a view to everybody in the company."""

    @extend_schema(request=None, responses={200: ViewSerializer, 400: INVALID, 409: REFUSED})
    def post(self, request: Request, project_id: int, pk: int) -> Response:
        """Share it."""
        return self.told(view_services.share(self.view(pk), user=request.user, now=timezone.now()))


class TableColumnSerializer(serializers.Serializer[Any]):
    """A column of a table: `note` says how a calculated one comes about."""

    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    kind = serializers.CharField()
    note = serializers.CharField()


class TableSerializer(serializers.Serializer[Any]):
    """A budget in the columns of a view. Figures are strings; a share of 12.5 % is "0.125"."""

    columns = TableColumnSerializer(many=True)
    rows = serializers.ListField(child=serializers.ListField(child=serializers.CharField(allow_null=True)))
    totals = serializers.ListField(child=serializers.CharField(allow_null=True))


@extend_schema(tags=["views"])
class ViewTable(ViewsMixin):
    """What a view shows."""

    @extend_schema(responses=TableSerializer)
    def get(self, request: Request, project_id: int, pk: int) -> Response:
        """Read every line of a budget in the columns of a view, and what they come to."""
        table = view_table.of_view(self.budget(), saved_views.Shown(self.view(pk)))
        heads = [
            {"key": column.key, "label": title, "kind": column.kind, "note": column.note}
            for column, title in table.columns
        ]
        rows = [[_text(value) for value in row] for row in table.rows]
        return Response({"columns": heads, "rows": rows, "totals": [_text(value) for value in table.totals]})


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


@extend_schema(tags=["views"])
class MyDefault(ViewsMixin):
    """The view that opens by itself."""

    @extend_schema(request=DefaultSerializer, responses={200: DefaultSerializer, 400: INVALID})
    def put(self, request: Request, project_id: int) -> Response:
        """Choose it."""
        pk = read(DefaultSerializer, request).validated_data["view"]
        view = None if pk is None else self.view(pk)
        view_services.set_default(self.budget().project.company, view, user=request.user)
        return Response({"view": pk})
