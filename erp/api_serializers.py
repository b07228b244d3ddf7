"""What the API shows of batches, and what it takes. Amounts are strings in company currency, 2 places."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from erp import selectors
from erp.explaining import explained
from erp.models import Batch, BatchItem, BatchLine, Document, ErpReading, RejectReason, Remark
from erp.port import Fixer
from erp.snapshots import latest_reading
from erp.waiting import Waiting, waiting_of
from projects.api import CompanySerializer, PersonSerializer
from workflow.api import ActionSerializer, MoneyField, QuantityField, actions_on
from workflow.numbers import number


class BatchSerializer(serializers.ModelSerializer[Batch]):
    """One press of Send to ERP. `moved` is the sum of what goes up, `net` the change of the total."""

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


class ExplainedLineSerializer(serializers.Serializer[Any]):
    """A line that a refusal concerns; `url` leads to it on the budget page."""

    batch_line = serializers.IntegerField()
    line = serializers.IntegerField()
    job = serializers.CharField()
    cost_code = serializers.CharField()
    cost_type = serializers.CharField()
    url = serializers.CharField()


class FindingSerializer(serializers.Serializer[Any]):
    """Something a person must put right: what it means, who does it and how, and the ERP's own words (`raw`)."""

    code = serializers.CharField()
    message = serializers.CharField(help_text="as it was found, in one sentence")
    meaning = serializers.CharField(help_text="what it means, as the error dictionary explains it now")
    field = serializers.CharField()
    refs = serializers.ListField(child=serializers.CharField(), help_text="ids of the batch's lines")
    who = serializers.ChoiceField(choices=[fixer.value for fixer in Fixer])
    role = serializers.CharField(help_text="the same in words")
    names = serializers.CharField(help_text="the people, where they are known")
    steps = serializers.ListField(child=serializers.CharField())
    lines = ExplainedLineSerializer(many=True)
    raw = serializers.CharField()
    known = serializers.BooleanField(help_text="whether the error dictionary explains it")


class DocumentSerializer(serializers.ModelSerializer[Document]):
    """One thing written in the ERP, under a number of ours."""

    findings = serializers.SerializerMethodField()

    @extend_schema_field(FindingSerializer(many=True))
    def get_findings(self, document: Document) -> Any:
        """What the document was refused for, in plain words."""
        return FindingSerializer(explained(document), many=True).data

    class Meta:
        model = Document
        fields = [
            *("id", "number", "erp_number", "route", "state", "state_since", "attempts", "waiting_for"),
            *("findings", "delivered_at", "poll_at", "check_at", "asked_at", "answered_at", "answer"),
            *("unanswered", "posted_at", "posted_on", "posting", "differs"),
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


class UsualSerializer(serializers.Serializer[Any]):
    """How long the company usually takes to post: the median of its last documents."""

    seconds = serializers.FloatField()
    samples = serializers.IntegerField()


class WaitingSerializer(serializers.Serializer[Any]):
    """How a batch in the ERP waits to be posted; `sentence` is what pages and mails say."""

    sentence = serializers.SerializerMethodField()
    since = serializers.DateTimeField()
    total = serializers.IntegerField()
    posted = serializers.ListField(child=serializers.CharField(), help_text="titles of what is posted")
    usual = UsualSerializer(allow_null=True)

    def get_sentence(self, waits: Waiting) -> str:
        """All of it in words."""
        return waits.sentence(timezone.now())


class BatchDetailSerializer(BatchSerializer):
    """A batch with its lines, documents, remarks, what happened, and what whoever asks can do to it now."""

    items = ItemSerializer(many=True, read_only=True)
    remarks = RemarkSerializer(many=True, read_only=True)
    reading = serializers.SerializerMethodField(
        help_text="the newest while it waits, then the one accepted on"
    )
    waiting = serializers.SerializerMethodField(help_text="for a posting; null while it does not")
    events = serializers.SerializerMethodField()
    actions = serializers.SerializerMethodField()

    class Meta(BatchSerializer.Meta):
        fields = [*BatchSerializer.Meta.fields, "waiting", "reading", "items", "remarks", "events", "actions"]

    @extend_schema_field(ReadingSerializer(allow_null=True))
    def get_reading(self, batch: Batch) -> Any:
        """The reading a decision rests on."""
        reading = batch.reading or latest_reading(batch.budget)
        return None if reading is None else ReadingSerializer(reading).data

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


class AnswerSerializer(serializers.Serializer[Any]):
    """What there is to say to a remark."""

    answer = serializers.CharField()
