"""Modifications and their attachments over HTTP: the same services as the pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from budgets import services
from budgets.api import CREATED, GONE, BudgetView, read
from budgets.models import Attachment, Budget, Modification
from budgets.modifications import attachments
from budgets.modifications.attachment_views import handed_out, read_upload
from budgets.modifications.many import make_many_effective, write_many
from budgets.modifications.serializers import (
    AttachmentSerializer,
    ManyEffectiveSerializer,
    ManyModificationsSerializer,
    ModificationChangeSerializer,
    ModificationSerializer,
    NewAttachmentSerializer,
    NewModificationSerializer,
    OutcomeSerializer,
    SeenSerializer,
)
from workflow.api import INVALID, REFUSED


class ModificationsMixin(BudgetView):
    """The modifications of one budget."""

    def rows(self, budget: Budget) -> QuerySet[Modification]:
        """The modifications with their lines."""
        related = ("changed_by", "budget__project__company")
        return budget.modifications.select_related(*related).prefetch_related(
            "lines__line__job",
            "lines__line__cost_code",
            "lines__line__cost_type",
            "attachments__added_by",
            "reversals",
            "reverses__reversals",
        )

    def modification(self) -> Modification:
        """The modification of the address."""
        row = self.rows(self.budget()).filter(pk=self.kwargs["pk"]).first()
        if row is None:
            raise Http404("There is no such modification in this budget.")
        return row

    def answer(self, modification: Modification, status: int = 200) -> Response:
        """The modification as it is now, read anew."""
        self.kwargs["pk"] = modification.pk
        shown = ModificationSerializer(self.modification(), context={"request": self.request})
        return Response(shown.data, status=status)

    def save(self, request: Request, kind: type[NewModificationSerializer], **which: Any) -> Modification:
        """Write what was sent."""
        budget, given = self.budget(), read(kind, request)
        assert isinstance(given, NewModificationSerializer)  # noqa: S101  narrows the type
        values = dict(given.validated_data)
        values |= given.rows(budget)
        return services.save_modification(budget, user=request.user, now=timezone.now(), **which, **values)


@extend_schema(tags=["modifications"])
class Modifications(ModificationsMixin, generics.ListAPIView[Modification]):
    """Every modification of a budget."""

    queryset = Modification.objects.none()
    serializer_class = ModificationSerializer

    def get_queryset(self) -> QuerySet[Modification]:
        """This budget's modifications."""
        return self.rows(self.budget()).order_by("pk")

    @extend_schema(
        request=NewModificationSerializer,
        responses={201: ModificationSerializer, 400: INVALID, 409: REFUSED},
    )
    def post(self, request: Request, project_id: int) -> Response:
        """Write a draft modification."""
        return self.answer(self.save(request, NewModificationSerializer), CREATED)


@extend_schema(tags=["modifications"])
class OneModification(ModificationsMixin):
    """A modification."""

    @extend_schema(responses=ModificationSerializer)
    def get(self, request: Request, project_id: int, pk: int) -> Response:
        """Read a modification with what can be done to it."""
        return self.answer(self.modification())

    @extend_schema(
        request=ModificationChangeSerializer,
        responses={200: ModificationSerializer, 400: INVALID, 409: REFUSED},
    )
    def put(self, request: Request, project_id: int, pk: int) -> Response:
        """Change a modification that is not frozen and still as you read it."""
        saved = self.save(request, ModificationChangeSerializer, modification=self.modification())
        return self.answer(saved)

    @extend_schema(responses={204: None, 409: REFUSED})
    def delete(self, request: Request, project_id: int, pk: int) -> Response:
        """Delete a draft."""
        services.delete_modification(self.modification(), user=request.user, now=timezone.now())
        return Response(status=GONE)


class ModificationDeed(ModificationsMixin):
    """A button of a modification."""

    service: Callable[..., Modification]

    def post(self, request: Request, project_id: int, pk: int) -> Response:
        """Do it."""
        done = type(self).service(
            self.modification(), user=request.user, now=timezone.now(), **self.given(request)
        )
        return self.answer(done)

    def given(self, request: Request) -> dict[str, Any]:
        """What else the service takes."""
        return {}


@extend_schema(
    tags=["modifications"],
    request=SeenSerializer,
    responses={200: ModificationSerializer, 400: INVALID, 409: REFUSED},
)
class MakeEffective(ModificationDeed):
    """Let a draft count, under the next number."""

    service = staticmethod(services.make_effective)

    def given(self, request: Request) -> dict[str, Any]:
        """The version that was read, where it is said."""
        return dict(read(SeenSerializer, request).validated_data)


@extend_schema(tags=["modifications"], request=None, responses={200: ModificationSerializer, 409: REFUSED})
class Void(ModificationDeed):
    """Let an effective modification count no longer."""

    service = staticmethod(services.void_modification)


@extend_schema(tags=["modifications"], request=None, responses={201: ModificationSerializer, 409: REFUSED})
class Reverse(ModificationsMixin):
    """The opposite of a posted modification, as a draft."""

    def post(self, request: Request, project_id: int, pk: int) -> Response:
        """Write it."""
        draft = services.reverse_modification(self.modification(), user=request.user, now=timezone.now())
        return self.answer(draft, CREATED)


# -- many ----------------------------------------------------------------------------------------------------


@extend_schema(
    tags=["modifications"],
    request=ManyModificationsSerializer,
    responses={201: OutcomeSerializer(many=True), 400: INVALID, 409: REFUSED},
)
class WriteMany(BudgetView):
    """Many drafts in one action."""

    def post(self, request: Request, project_id: int) -> Response:
        """Write them, all or none."""
        budget, given = self.budget(), read(ManyModificationsSerializer, request)
        assert isinstance(given, ManyModificationsSerializer)  # noqa: S101  narrows the type
        outcomes = write_many(
            budget,
            user=request.user,
            now=timezone.now(),
            many=given.written(budget),
            source="the API",
            effective=given.validated_data["effective"],
            anyway=given.validated_data["anyway"],
        )
        return Response(OutcomeSerializer(outcomes, many=True).data, CREATED)


@extend_schema(
    tags=["modifications"],
    request=ManyEffectiveSerializer,
    responses={200: OutcomeSerializer(many=True), 400: INVALID, 409: REFUSED},
)
class MakeManyEffective(BudgetView):
    """Several drafts made effective in one action."""

    def post(self, request: Request, project_id: int) -> Response:
        """Let those count that can; the answer says of each what became of it."""
        budget, given = self.budget(), read(ManyEffectiveSerializer, request).validated_data
        outcomes = make_many_effective(
            budget,
            user=request.user,
            now=timezone.now(),
            seen={row["id"]: row["version"] for row in given["drafts"]},
            together=given["together"],
        )
        return Response(OutcomeSerializer(outcomes, many=True).data)


# -- attachments ---------------------------------------------------------------------------------------------


@extend_schema(tags=["attachments"])
class Attachments(ModificationsMixin):
    """The files of a modification."""

    parser_classes = (MultiPartParser,)

    @extend_schema(
        request=NewAttachmentSerializer, responses={201: AttachmentSerializer, 400: INVALID, 409: REFUSED}
    )
    def post(self, request: Request, project_id: int, pk: int) -> Response:
        """Attach a file: PDF, image, office file or mail, at most 10 MB."""
        modification, given = self.modification(), read(NewAttachmentSerializer, request)
        name, data = read_upload(given.validated_data["file"])
        kept = attachments.attach(modification, user=request.user, now=timezone.now(), name=name, data=data)
        shown = attachments.of_budget(modification.budget).get(pk=kept.pk)
        return Response(AttachmentSerializer(shown, context={"request": request}).data, CREATED)


@extend_schema(tags=["attachments"])
class OneAttachment(ModificationsMixin):
    """A file of a modification."""

    def attachment(self) -> Attachment:
        """The attachment of the address."""
        rows = attachments.of_budget(self.budget()).filter(modification=self.kwargs["pk"])
        row = rows.filter(pk=self.kwargs["attachment"]).first()
        if row is None:
            raise Http404("There is no such attachment in this budget.")
        return row

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, project_id: int, pk: int, attachment: int) -> HttpResponse:
        """Download it."""
        return handed_out(self.attachment())

    @extend_schema(responses={204: None, 409: REFUSED})
    def delete(self, request: Request, project_id: int, pk: int, attachment: int) -> Response:
        """Take it off; one that accounting was sent stays."""
        attachments.detach(self.attachment(), user=request.user, now=timezone.now())
        return Response(status=GONE)
