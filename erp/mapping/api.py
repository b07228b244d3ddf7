"""The mapping of a company's codes over HTTP: read it with its version, and set one row of the table."""

from __future__ import annotations

from typing import Any

from django.db.models import F, QuerySet
from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from budgets.api import read
from erp.mapping import services as mapping_services
from erp.mapping.models import MappingKind
from erp.mapping.state import SIDES, Edit, Side
from erp.models import Connection
from projects import permissions
from workflow.api import INVALID, REFUSED, ActionSerializer, TextField, actions_on

KINDS = {kind.value.replace("_", "-"): SIDES[kind] for kind in MappingKind}


def connection_of(user: Any, company_id: int) -> Connection:
    """This function will find the connection of a company whose queue a user may see; any other is a 404."""
    rows = Connection.objects.filter(company__in=permissions.queue_companies(user)).select_related("company")
    connection = rows.filter(company=company_id).first()
    if connection is None:
        raise Http404("There is no such company with a connection, or you may not see it.")
    return connection


class RuleSerializer(serializers.Serializer[Any]):
    """A rule, in order: the first whose pattern fits a whole code decides."""

    pattern = serializers.CharField()
    gives = serializers.CharField()


class MappingSerializer(serializers.Serializer[Any]):
    """A company's mapping: its version, the last change to name when you change it, and the rules by kind."""

    company = serializers.IntegerField(source="connection.company_id")
    version = serializers.IntegerField(source="connection.mapping_version")
    last_change = serializers.IntegerField(help_text="send it back as `seen`; 0 before the first change")
    rules = serializers.SerializerMethodField()
    actions = serializers.SerializerMethodField()

    @extend_schema_field(serializers.DictField(child=RuleSerializer(many=True)))
    def get_rules(self, mapping: dict[str, Any]) -> Any:
        """The rules by kind."""
        last = mapping["last"]
        return {
            kind: RuleSerializer(mapping_services.rules_after(last, kind), many=True).data
            for kind in MappingKind.values
        }

    @extend_schema_field(ActionSerializer(many=True))
    def get_actions(self, mapping: dict[str, Any]) -> Any:
        """Whether whoever asks may edit it, and what stops them."""
        told = actions_on(mapping["connection"], self.context["request"].user)
        return ActionSerializer([one for one in told if one["name"] == "edit_mapping"], many=True).data


class CodeSerializer(serializers.Serializer[Any]):
    """A code of ours and where it leads; `erp_code` and `means` are null where it is unmapped."""

    code = serializers.CharField()
    name = serializers.CharField()
    erp_code = serializers.CharField(allow_null=True)
    means = serializers.ChoiceField(choices=["table", "pattern", "identity"], allow_null=True)


class RowSerializer(serializers.Serializer[Any]):
    """Where a code shall lead (empty: out of the table), and the last change that was seen."""

    erp_code = TextField(max_length=16)
    seen = serializers.IntegerField(min_value=0)


@extend_schema(tags=["mapping"])
class Mapping(APIView):
    """The mapping of a company."""

    @extend_schema(responses=MappingSerializer)
    def get(self, request: Request, company_id: int) -> Response:
        """Read the version and the rules."""
        connection = connection_of(request.user, company_id)
        return Response(shown(connection, request))


def shown(connection: Connection, request: Request) -> Any:
    """This function will show a mapping as it is now."""
    last = mapping_services.latest(connection)
    mapping = {"connection": connection, "last": last, "last_change": last.pk if last else 0}
    return MappingSerializer(mapping, context={"request": request}).data


KIND = OpenApiParameter("kind", str, OpenApiParameter.PATH, enum=list(KINDS))


def side_of(kind: str) -> Side:
    """This function will find the models of a kind in an address; any other is a 404."""
    if kind not in KINDS:
        raise Http404("There are cost-code and cost-type.")
    return KINDS[kind]


@extend_schema(tags=["mapping"], parameters=[KIND])
class MappedCodes(generics.ListAPIView[Any]):
    """Every code of ours and where it leads, in order, page by page."""

    serializer_class = CodeSerializer
    filter_backends: list[Any] = []

    def get_queryset(self) -> QuerySet[Any]:
        """The codes of one kind."""
        side = side_of(self.kwargs["kind"])
        connection = connection_of(self.request.user, self.kwargs["company_id"])
        codes = side.our_model._default_manager.filter(company=connection.company_id).order_by("code")
        target = F(f"erp_link__{side.theirs}__code")
        return codes.values("code", "name", erp_code=target, means=F("erp_link__means"))


@extend_schema(tags=["mapping"], parameters=[KIND])
class MappedCode(APIView):
    """One row of the table."""

    @extend_schema(request=RowSerializer, responses={200: MappingSerializer, 400: INVALID, 409: REFUSED})
    def put(self, request: Request, company_id: int, kind: str, code: str) -> Response:
        """Lead one code of ours to one of the ERP's, in a version of its own."""
        connection, side = connection_of(request.user, company_id), side_of(kind)
        given = read(RowSerializer, request).validated_data
        target = given["erp_code"]
        mapping_services.apply(
            connection,
            [Edit(side.kind, table={code: target})],
            user=request.user,
            now=timezone.now(),
            sentence=f"{code} goes to {target}" if target else f"{code} is out of the table",
            seen=given["seen"],
        )
        return Response(shown(connection, request))
