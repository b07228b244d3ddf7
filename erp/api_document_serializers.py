"""What the API shows of documents on their way into the ERP: findings, words given by hand, waiting for posting."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from erp.delivery.left_there import is_left
from erp.models import Confirmation, Document
from erp.port import Fixer
from erp.posting.waiting import Waiting
from erp.refusals.explaining import explained
from projects.api import PersonSerializer


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


class ConfirmationSerializer(serializers.ModelSerializer[Confirmation]):
    """A person's word that a document is posted, and what the ERP has shown since."""

    confirmed_by = PersonSerializer()
    on_behalf_of = PersonSerializer(allow_null=True)
    closed_by = PersonSerializer(allow_null=True)

    class Meta:
        model = Confirmation
        fields = [
            *(
                "confirmed_by",
                "on_behalf_of",
                "confirmed_at",
                "note",
                "against",
                "state",
                "state_since",
                "why",
            ),
            *("posted_on", "evidence", "differs", "closed_by", "closed_note"),
        ]


class DocumentSerializer(serializers.ModelSerializer[Document]):
    """One thing written in the ERP, under a number of ours."""

    by_hand = serializers.SerializerMethodField()
    left_there = serializers.SerializerMethodField(
        help_text="withdrawn, and still in the ERP: an approver left it as somebody had changed it there"
    )
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
            *("unanswered", "posted_at", "posted_on", "posting", "differs", "by_hand", "left_there"),
        ]

    def get_left_there(self, document: Document) -> bool:
        """Whether it was left in the ERP."""
        return is_left(document)

    @extend_schema_field(ConfirmationSerializer(allow_null=True))
    def get_by_hand(self, document: Document) -> Any:
        """The word of whoever confirmed it by hand."""
        word = getattr(document, "by_hand", None)
        return None if word is None else ConfirmationSerializer(word).data


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
