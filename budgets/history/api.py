"""The change history over HTTP."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from budgets.api import BudgetView
from budgets.history import entries as history
from budgets.history import sql as history_sql
from workflow import numbers
from workflow.actions import ensure
from workflow.api import REFUSED, MoneyField

A_PAGE = 500


class ChangeSerializer(serializers.Serializer[Any]):
    """One value that changed, or an event that changed none (`field` is empty then). Values are as they are stored."""

    at = serializers.DateTimeField()
    who = serializers.CharField()
    event = serializers.CharField(source="sentence")
    what = serializers.CharField()
    deed = serializers.CharField(source="deeds")
    line = serializers.IntegerField(source="line_id", allow_null=True)
    modification = serializers.IntegerField(source="modification_id", allow_null=True)
    field = serializers.CharField(source="key")
    old = serializers.CharField(source="old_value", allow_null=True)
    new = serializers.CharField(source="new_value", allow_null=True)
    detail = serializers.CharField()
    difference = MoneyField(read_only=True, max_digits=20, allow_null=True)


class HistorySerializer(serializers.Serializer[Any]):
    """Changes, the newest first; `next` is the page after this one, or null."""

    changes = ChangeSerializer(many=True)
    next = serializers.IntegerField(allow_null=True)


def _filter(name: str, words: str, **more: Any) -> OpenApiParameter:
    return OpenApiParameter(name, str, description=words, **more)


FILTERS = [
    _filter("q", "A part of a job, cost code, cost type or of a modification's number or title."),
    _filter("line", "The id of a line, also of a deleted one."),
    _filter("person", "A person's id, `tieback` or `outside`."),
    _filter("kind", "A kind of change.", enum=list(history.KINDS)),
    _filter("field", "A field.", enum=list(history_sql.LABELS)),
    _filter("since", "The first day, for example 2026-11-01, in the company's time zone."),
    _filter("until", "The last day."),
    OpenApiParameter("page", int, description="Counts from 1."),
]


@extend_schema(tags=["budget"])
class History(BudgetView):
    """Who changed what, when."""

    @extend_schema(parameters=FILTERS, responses={200: HistorySerializer, 409: REFUSED})
    def get(self, request: Request, project_id: int) -> Response:
        """Read the change history, 500 changes a page."""
        budget = self.budget()
        ensure(budget, "see_history", request.user)
        wanted = history.Wanted.read(request.query_params)
        page = min(numbers.number(request.query_params.get("page", "")) or 1, 100_000)
        found = history.changes(budget, wanted, limit=A_PAGE + 1, offset=(page - 1) * A_PAGE)
        changes = [change for change, _ in found]
        shown = {"changes": changes[:A_PAGE], "next": page + 1 if len(changes) > A_PAGE else None}
        return Response(HistorySerializer(shown).data)
