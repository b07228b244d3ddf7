"""A batch's timeline and its evidence over HTTP: the same as on the pages, the calls page by page."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from erp.api import BatchView
from erp.evidence import views as evidence_views
from erp.timeline.steps import SHOWS, timeline
from workflow.numbers import number


class SaidSerializer(serializers.Serializer[Any]):
    """One side of a call, secrets taken out; `cut` where only the beginning stands here, of `chars` characters."""

    text = serializers.CharField()
    chars = serializers.IntegerField()
    cut = serializers.BooleanField()


class CallSerializer(serializers.Serializer[Any]):
    """One request to the ERP and what came back."""

    id = serializers.IntegerField(source="pk")
    document = serializers.CharField(source="document.number")
    step = serializers.CharField()
    attempt = serializers.IntegerField()
    method = serializers.CharField()
    target = serializers.CharField()
    request_id = serializers.CharField()
    sent_at = serializers.DateTimeField()
    answered_at = serializers.DateTimeField(allow_null=True)
    status = serializers.IntegerField(allow_null=True)
    outcome = serializers.CharField(allow_blank=True)
    request = SaidSerializer()
    answer = SaidSerializer()


class StepSerializer(serializers.Serializer[Any]):
    """One step; `after` is the time since the step before, in seconds."""

    at = serializers.DateTimeField()
    kind = serializers.ChoiceField(choices=["people", "system", "calls"])
    who = serializers.CharField()
    words = serializers.CharField()
    note = serializers.CharField()
    action = serializers.CharField()
    after = serializers.SerializerMethodField(help_text="seconds; null for the first")
    calls = CallSerializer(many=True)

    def get_after(self, step: Any) -> float | None:
        """The time since the step before."""
        return None if step.after is None else step.after.total_seconds()


class WaitSerializer(serializers.Serializer[Any]):
    """What the batch waits for now."""

    whom = serializers.CharField()
    since = serializers.DateTimeField()
    sentence = serializers.SerializerMethodField()
    usual_seconds = serializers.SerializerMethodField(
        help_text="median of the company's last ones; null while too few"
    )

    def get_sentence(self, wait: Any) -> str:
        """All of it in words."""
        return str(wait.sentence(timezone.now()))

    def get_usual_seconds(self, wait: Any) -> float | None:
        """How long it usually takes."""
        return None if wait.usual is None else float(wait.usual.seconds)


class TimelineSerializer(serializers.Serializer[Any]):
    """What happened to a batch, oldest first. `left_out` steps between the first and the newest are not shown."""

    batch = serializers.IntegerField(source="batch.pk")
    time_zone = serializers.CharField(source="batch.budget.project.company.time_zone")
    total = serializers.SerializerMethodField(help_text="seconds, until now while it waits")
    show = serializers.CharField()
    counts = serializers.DictField(child=serializers.IntegerField())
    left_out = serializers.IntegerField()
    page = serializers.IntegerField(help_text="of the calls")
    pages = serializers.IntegerField()
    steps = StepSerializer(many=True, source="entries")
    waiting = WaitSerializer(source="wait", allow_null=True)

    def get_total(self, told: Any) -> float:
        """From the first step to the last."""
        return float(told.total.total_seconds())


@extend_schema(tags=["batches"])
class BatchTimeline(BatchView):
    """What happened to a batch."""

    @extend_schema(
        parameters=[
            OpenApiParameter("show", str, enum=list(SHOWS), description="all by default"),
            OpenApiParameter("page", int, description="of the calls, with show=calls"),
            OpenApiParameter("document", int, description="with show=calls: of one document, by its id"),
        ],
        responses={200: TimelineSerializer, 404: None},
    )
    def get(self, request: Request, pk: int) -> Response:
        """Read what happened, who or what it waits for, and each call with its request and answer."""
        asked = request.query_params
        told = timeline(
            self.batch(),
            now=timezone.now(),
            show=asked.get("show", ""),
            page=number(asked.get("page", "")) or 1,
            document=number(asked.get("document", "")),
        )
        return Response(TimelineSerializer(told).data)


@extend_schema(tags=["batches"])
class BatchEvidence(BatchView):
    """The evidence pack of a batch."""

    @extend_schema(responses={200: OpenApiTypes.OBJECT, 404: None})
    def get(self, request: Request, pk: int) -> HttpResponse:
        """Take the evidence pack away as JSON; `verify_evidence` and docs/evidence.md say how it is checked."""
        return evidence_views.handed_out(self.batch(), kind="json", by=request.user)
