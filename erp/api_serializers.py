"""What the API shows of batches, and what it takes. Amounts are strings in company currency, 2 places."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from erp import selectors
from erp.api_document_serializers import DocumentSerializer, WaitingSerializer
from erp.approval import reauthentication, route_words
from erp.models import Batch, BatchItem, BatchLine, ErpReading, RejectReason, Remark
from erp.posting.waiting import waiting_of
from erp.snapshots import latest_reading
from projects.api import CompanySerializer, PersonSerializer
from workflow.api import ActionSerializer, MoneyField, QuantityField, actions_on
from workflow.numbers import number


class BatchSerializer(serializers.ModelSerializer[Batch]):
    """One press of Send to ERP. `moved` is what goes up or down, whichever is more, document by document;
    `net` is the change of the total.
    """

    project = serializers.IntegerField(source="budget.project_id")
    project_name = serializers.CharField(source="budget.project.name")
    company = CompanySerializer(source="budget.project.company")
    sent_by = PersonSerializer()
    accepted_by = PersonSerializer(allow_null=True)
    sent_back_by = PersonSerializer(allow_null=True)
    moved = MoneyField(read_only=True)
    net = MoneyField(read_only=True)

    class Meta:
        model = Batch
        fields = [
            *(
                "id",
                "project",
                "project_name",
                "company",
                "number",
                "round",
                "answers",
                "state",
                "state_since",
            ),
            *("sent_by", "sent_at", "note", "moved", "net", "lines_changed", "four_eyes"),
            *(
                "accepted_by",
                "accepted_at",
                "sent_back_by",
                "reason_code",
                "reason",
                "exported_at",
                "posted_at",
            ),
        ]


class BatchLineSerializer(serializers.ModelSerializer[BatchLine]):
    """A frozen line: an original has `target`, `base` and `delta`; a modification the delta alone."""

    quantity = QuantityField(read_only=True)
    target = MoneyField(read_only=True)
    base = MoneyField(read_only=True)
    delta = MoneyField(read_only=True)

    class Meta:
        model = BatchLine
        fields = [
            *("id", "line", "job", "cost_code", "cost_type", "description", "quantity", "unit", "target"),
            *("base", "delta", "erp_job", "erp_cost_code", "erp_cost_type"),
        ]


class ItemSerializer(serializers.ModelSerializer[BatchItem]):
    """What becomes one document: the original budget, or one modification. `document` exists once accepted."""

    lines = BatchLineSerializer(many=True, read_only=True)
    document = serializers.SerializerMethodField()

    class Meta:
        model = BatchItem
        fields = ["id", "kind", "title", "date", "modification", "lines", "document"]

    @extend_schema_field(DocumentSerializer(allow_null=True))
    def get_document(self, item: BatchItem) -> Any:
        """The document of the item."""
        document = getattr(item, "document", None)
        return None if document is None else DocumentSerializer(document).data


class ReadingSerializer(serializers.ModelSerializer[ErpReading]):
    """What the ERP held at one moment. Accept with its `hash`."""

    class Meta:
        model = ErpReading
        fields = ["id", "state", "asked_at", "made_at", "hash", "error"]


class HeldSerializer(serializers.Serializer[Any]):
    """What the ERP held for one budget code, in its own codes."""

    job = serializers.CharField()
    cost_code = serializers.CharField()
    cost_type = serializers.CharField()
    name = serializers.CharField()
    original = MoneyField(read_only=True)
    current = MoneyField(read_only=True)
    active = serializers.BooleanField()


class FullReadingSerializer(ReadingSerializer):
    """A reading with everything that was read; `statuses` by job: pending, started or closed."""

    rows = serializers.SerializerMethodField()
    statuses = serializers.DictField(child=serializers.CharField())

    class Meta(ReadingSerializer.Meta):
        fields = [*ReadingSerializer.Meta.fields, "statuses", "rows"]

    @extend_schema_field(HeldSerializer(many=True))
    def get_rows(self, reading: ErpReading) -> Any:
        """The rows with names."""
        names = ("job", "cost_code", "cost_type", "name", "original", "current", "active")
        return [dict(zip(names, row, strict=True)) for row in reading.rows]


class EventSerializer(serializers.Serializer[Any]):
    """Something that happened to the batch, by a person or by Tieback."""

    at = serializers.DateTimeField()
    actor = serializers.CharField(source="event.actor")
    by_person = serializers.BooleanField()
    action = serializers.CharField(source="event.action")
    from_state = serializers.CharField(source="event.from_state")
    to_state = serializers.CharField(source="event.to_state")
    sentence = serializers.CharField(source="event.sentence")
    note = serializers.CharField(source="event.note")


class RemarkSerializer(serializers.ModelSerializer[Remark]):
    """A rejection's remark pinned to a line, and its answer."""

    answered_by = PersonSerializer(allow_null=True)

    class Meta:
        model = Remark
        fields = ["id", "batch", "line", "line_version", "text", "answer", "answered_by", "answered_at"]


class RouteStepSerializer(serializers.Serializer[Any]):
    """One step of the batch's route, in order: done, due or later; `who` can take one that is open."""

    place = serializers.IntegerField()
    name = serializers.CharField()
    state = serializers.ChoiceField(choices=["done", "due", "later"])
    who = serializers.CharField()
    taken_by = PersonSerializer(allow_null=True)
    on_behalf_of = PersonSerializer(allow_null=True)
    taken_at = serializers.DateTimeField(allow_null=True)


class BatchDetailSerializer(BatchSerializer):
    """A batch with its lines, documents, remarks, what happened, and what whoever asks can do to it now."""

    items = ItemSerializer(many=True, read_only=True)
    remarks = RemarkSerializer(many=True, read_only=True)
    reading = serializers.SerializerMethodField(
        help_text="the newest while it waits, then the one accepted on"
    )
    takes_password = serializers.SerializerMethodField(help_text="whether accept takes your password")
    steps = serializers.SerializerMethodField(help_text="its route; accept takes the step that is due")
    waiting = serializers.SerializerMethodField(help_text="for a posting; null while it does not")
    events = serializers.SerializerMethodField()
    actions = serializers.SerializerMethodField()

    class Meta(BatchSerializer.Meta):
        fields = [
            *BatchSerializer.Meta.fields,
            *("takes_password", "steps", "waiting", "reading", "items", "remarks", "events", "actions"),
        ]

    @extend_schema_field(ReadingSerializer(allow_null=True))
    def get_reading(self, batch: Batch) -> Any:
        """The reading a decision rests on."""
        reading = batch.reading or latest_reading(batch.budget)
        return None if reading is None else ReadingSerializer(reading).data

    def get_takes_password(self, batch: Batch) -> bool:
        """Whether it moves more than the company accepts without."""
        return reauthentication.wanted(batch)

    @extend_schema_field(RouteStepSerializer(many=True))
    def get_steps(self, batch: Batch) -> Any:
        """The steps of its route."""
        return RouteStepSerializer(route_words.shown(batch), many=True).data

    @extend_schema_field(WaitingSerializer(allow_null=True))
    def get_waiting(self, batch: Batch) -> Any:
        """Since when it waits to be posted, and how long that usually takes."""
        waits = waiting_of(batch, list(batch.documents.select_related("item")))
        return None if waits is None else WaitingSerializer(waits).data

    @extend_schema_field(EventSerializer(many=True))
    def get_events(self, batch: Batch) -> Any:
        """What happened, oldest first."""
        return EventSerializer(selectors.timeline(batch), many=True).data

    @extend_schema_field(ActionSerializer(many=True))
    def get_actions(self, batch: Batch) -> Any:
        """Every action on the batch, with all that blocks it."""
        return ActionSerializer(actions_on(batch, self.context["request"].user), many=True).data


# -- what is taken -------------------------------------------------------------------------------------------


class SendSerializer(serializers.Serializer[Any]):
    """A note to the approver, if any."""

    note = serializers.CharField(required=False, allow_blank=True, default="")


class AcceptSerializer(serializers.Serializer[Any]):
    """The hash of the reading that was looked at: nobody accepts blind."""

    reading_hash = serializers.CharField()
    password = serializers.CharField(
        required=False,
        allow_blank=True,
        write_only=True,
        trim_whitespace=False,
        help_text="your own, where the batch moves more than the company accepts without (`takes_password`)",
    )


class NameSerializer(serializers.Serializer[Any]):
    """The id of who shall take the step."""

    person = serializers.IntegerField(min_value=1, max_value=2**63 - 1)


class RejectSerializer(serializers.Serializer[Any]):
    """Why it goes back; `remarks` are pinned to budget lines, by their id."""

    reason_code = serializers.ChoiceField(choices=RejectReason.choices)
    reason = serializers.CharField()
    remarks = serializers.DictField(child=serializers.CharField(allow_blank=True), required=False)

    def validate_remarks(self, remarks: dict[str, str]) -> dict[int, str]:
        """The remarks by line id."""
        by_line: dict[int, str] = {}
        for key, text in remarks.items():
            line = number(key)
            if line is None:
                raise serializers.ValidationError("Give each remark under the id of its budget line.")
            by_line[line] = text
        return by_line


class NoteSerializer(serializers.Serializer[Any]):
    """A sentence for the trail."""

    note = serializers.CharField()


class VerdictSerializer(NoteSerializer):
    """Which document of the batch, and how the person knows."""

    document = serializers.IntegerField(min_value=1, max_value=2**63 - 1)


class ConfirmSerializer(NoteSerializer):
    """How you know. `despite_erp`: the ERP says that it is not posted, and the note says why it is all the same."""

    despite_erp = serializers.BooleanField(required=False, default=False)


class AnswerSerializer(serializers.Serializer[Any]):
    """What there is to say to a remark."""

    answer = serializers.CharField()
    seen = serializers.DateTimeField(
        required=False,
        allow_null=True,
        help_text="`answered_at` of the answer that this one replaces; left out for the first answer",
    )
