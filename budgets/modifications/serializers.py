"""What the API shows of modifications and their attachments, and what it takes."""

from __future__ import annotations

from typing import Any

from django.db.models import F
from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from budgets import money
from budgets.errors import InvalidInput
from budgets.models import Attachment, Budget, Modification, ModificationState
from budgets.modifications.many import NewKey, Written
from budgets.money import ZERO
from projects.api import PersonSerializer
from workflow.api import ActionSerializer, BlockerSerializer, MoneyField, TextField, actions_on


class ModificationLineSerializer(serializers.Serializer[Any]):
    """A signed change of one line."""

    line = serializers.IntegerField(source="line_id")
    job = serializers.CharField(source="line.job.code", read_only=True)
    cost_code = serializers.CharField(source="line.code", read_only=True)
    cost_type = serializers.CharField(source="line.type", read_only=True)
    amount = MoneyField()


class LineToMakeSerializer(serializers.Serializer[Any]):
    """A budget code that the budget lacks; its line is made at 0.00 along with the draft."""

    job = TextField(required=False, help_text="the main job where it is left out")
    cost_code = TextField()
    cost_type = TextField()
    description = TextField(required=False)


class NewModificationLineSerializer(serializers.Serializer[Any]):
    """A signed change of a line of the budget (`line`), or of one to be made (`new_line`)."""

    line = serializers.IntegerField(source="line_id", required=False)
    new_line = LineToMakeSerializer(required=False)
    amount = MoneyField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One of both."""
        if ("line_id" in attrs) == ("new_line" in attrs):
            raise serializers.ValidationError("Give either line or new_line.")
        return attrs


class AttachmentSerializer(serializers.ModelSerializer[Attachment]):
    """A file of a modification; GET its address for the bytes."""

    added_by = PersonSerializer(read_only=True)
    address = serializers.SerializerMethodField()

    class Meta:
        model = Attachment
        fields = ["id", "name", "kind", "size", "sha256", "was_sent", "added_by", "added_at", "address"]

    def get_address(self, attachment: Attachment) -> str:
        """Where it is downloaded."""
        modification = attachment.modification
        return reverse(
            "api-attachment", args=[modification.budget.project_id, modification.pk, attachment.pk]
        )


class NewAttachmentSerializer(serializers.Serializer[Any]):
    """A file to attach, as multipart/form-data."""

    file = serializers.FileField(allow_empty_file=True, max_length=None)


class ModificationSerializer(serializers.ModelSerializer[Modification]):
    """A dated, numbered change of a locked budget; it counts while it is effective."""

    lines = ModificationLineSerializer(many=True, read_only=True)
    attachments = AttachmentSerializer(many=True, read_only=True)
    reverses = serializers.PrimaryKeyRelatedField[Modification](read_only=True)
    reversed_by = serializers.PrimaryKeyRelatedField[Modification](
        source="reversals", many=True, read_only=True
    )
    net = serializers.SerializerMethodField()
    moved = serializers.SerializerMethodField()
    changed_by = PersonSerializer(read_only=True)
    actions = serializers.SerializerMethodField()

    class Meta:
        model = Modification
        fields = [
            *("id", "number", "title", "date", "note", "state", "version", "in_batch", "was_posted"),
            *(
                "lines",
                "attachments",
                "reverses",
                "reversed_by",
                "moved",
                "net",
                "changed_by",
                "changed_at",
                "actions",
            ),
        ]

    @extend_schema_field(MoneyField(read_only=True))
    def get_net(self, modification: Modification) -> str:
        """Sum of the changes; 0.00 for a transfer."""
        return f"{sum((row.amount for row in modification.lines.all()), ZERO):.2f}"

    @extend_schema_field(MoneyField(read_only=True))
    def get_moved(self, modification: Modification) -> str:
        """What goes up or what goes down, whichever is more."""
        return f"{money.moved(row.amount for row in modification.lines.all()):.2f}"

    @extend_schema_field(ActionSerializer(many=True))
    def get_actions(self, modification: Modification) -> Any:
        """Every action on the modification, with all that blocks it."""
        return ActionSerializer(actions_on(modification, self.context["request"].user), many=True).data


class NewModificationSerializer(serializers.Serializer[Any]):
    """A draft to write."""

    title = serializers.CharField(max_length=120)
    date = serializers.DateField()
    note = serializers.CharField(required=False, allow_blank=True, default="")
    lines = NewModificationLineSerializer(many=True)

    def rows(self, budget: Budget) -> dict[str, Any]:
        """The typed amounts with their lines, as the service takes them; raises InvalidInput for another budget's."""
        given = self.validated_data["lines"]
        typed = [row for row in given if "line_id" in row]
        known = budget.lines.select_related("job", "cost_code", "cost_type").in_bulk(
            [row["line_id"] for row in typed]
        )
        missing = [str(row["line_id"]) for row in typed if row["line_id"] not in known]
        if missing:
            raise InvalidInput({"lines": f"Not in this budget: line {', '.join(missing)}."})
        return {
            "lines": [(known[row["line_id"]], row["amount"]) for row in typed],
            "new_lines": [(row["new_line"], row["amount"]) for row in given if "new_line" in row],
        }


class SeenSerializer(serializers.Serializer[Any]):
    """The version you read, so that nobody lets count what another has changed meanwhile."""

    version = serializers.IntegerField(required=False)


class ModificationChangeSerializer(NewModificationSerializer):
    """A modification as it shall be; `version` is the one you read."""

    version = serializers.IntegerField()


class ManyModificationsSerializer(serializers.Serializer[Any]):
    """Many drafts to write in one action, all or none; with `effective` those count at once that can."""

    modifications = NewModificationSerializer(many=True)
    effective = serializers.BooleanField(required=False, default=False)
    anyway = serializers.BooleanField(
        required=False, default=False, help_text="let those count too that look like one that is here"
    )

    def written(self, budget: Budget) -> list[Written]:
        """As the service takes them."""
        jobs = budget.project.jobs.order_by(F("parent").asc(nulls_first=True)).values_list("code", flat=True)
        main = jobs.first() or ""
        return [
            Written(
                one["title"],
                one["date"],
                one["note"],
                [(_key(row, main), row["amount"]) for row in one["lines"]],
            )
            for one in self.validated_data["modifications"]
        ]


def _key(row: Any, main_job: str) -> int | NewKey:
    if "line_id" in row:
        return int(row["line_id"])
    new = row["new_line"]
    return new.get("job") or main_job, new["cost_code"], new["cost_type"]


class SeenDraftSerializer(serializers.Serializer[Any]):
    """A draft and the version of it that you read."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()


class ManyEffectiveSerializer(serializers.Serializer[Any]):
    """Drafts to make effective in one action; with `together` all or none."""

    drafts = SeenDraftSerializer(many=True)
    together = serializers.BooleanField(required=False, default=False)


class OutcomeSerializer(serializers.Serializer[Any]):
    """What became of one of many: its number when it counts, else everything that stands in the way."""

    id = serializers.IntegerField(source="modification.pk")
    number = serializers.IntegerField(source="modification.number", allow_null=True)
    state = serializers.ChoiceField(ModificationState.choices, source="modification.state")
    blockers = BlockerSerializer(many=True)
    changed_by = serializers.CharField(help_text="who changed it since you read it")
    looks_like = serializers.CharField(help_text="which one is here already and says the same")
