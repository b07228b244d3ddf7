"""The Budget tool over HTTP: the same services and selectors as the pages."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from budgets import selectors, services
from budgets.api_serializers import (
    BudgetSerializer,
    LineChangeSerializer,
    LineDetailSerializer,
    LineSerializer,
    NewLineSerializer,
    ProjectSerializer,
)
from budgets.errors import Conflict, InvalidInput
from budgets.models import Budget, BudgetLine
from projects.models import Project
from projects.permissions import visible_projects
from workflow.api import BAD_REQUEST, CONFLICT, INVALID, REFUSED, answers

CREATED, GONE = 201, 204


@answers(InvalidInput)
def _invalid(problem: InvalidInput) -> tuple[int, dict[str, Any]]:
    return BAD_REQUEST, {"errors": problem.errors}


@answers(Conflict)
def _conflict(problem: Conflict) -> tuple[int, dict[str, Any]]:
    return CONFLICT, {"conflict": problem.sentence}


def read(kind: type[serializers.Serializer[Any]], request: Request) -> serializers.Serializer[Any]:
    """This function will check what was sent; `validated_data` holds it. Raises ValidationError."""
    given = kind(data=request.data)
    given.is_valid(raise_exception=True)
    return given


class ProjectView(generics.GenericAPIView[Project]):
    """The projects whose budget the person may see; everything else is a 404."""

    serializer_class = ProjectSerializer
    queryset = Project.objects.none()

    def get_queryset(self) -> QuerySet[Project]:
        """Projects with what one answer shows of them."""
        rows = visible_projects(self.request.user).filter(budget__isnull=False)
        return rows.select_related("company", "budget").prefetch_related("jobs").order_by("name", "pk")


@extend_schema(tags=["projects"])
class Projects(ProjectView, generics.ListAPIView[Project]):
    """Every project you may see, with where its budget stands."""


@extend_schema(tags=["projects"])
class OneProject(ProjectView, generics.RetrieveAPIView[Project]):
    """A project."""


class BudgetView(APIView):
    """A view on the budget of `project_id`."""

    def budget(self) -> Budget:
        """The budget; raises Http404 for a foreign or missing one alike."""
        return selectors.visible_budget(self.request.user, self.kwargs["project_id"])

    def shown(self, budget: Budget) -> Response:
        """The budget as it is now, read anew."""
        fresh = selectors.visible_budget(self.request.user, budget.project_id)
        return Response(BudgetSerializer(fresh, context={"request": self.request}).data)


@extend_schema(tags=["budget"])
class OneBudget(BudgetView):
    """A budget with its state, totals and everything that can be done to it."""

    @extend_schema(responses=BudgetSerializer)
    def get(self, request: Request, project_id: int) -> Response:
        """Read a budget."""
        return self.shown(self.budget())


@extend_schema(tags=["budget"])
class Lock(BudgetView):
    """Freezing the original amounts."""

    @extend_schema(request=None, responses={200: BudgetSerializer, 409: REFUSED})
    def post(self, request: Request, project_id: int) -> Response:
        """Lock a budget."""
        return self.shown(services.lock(self.budget(), user=request.user, now=timezone.now()))


@extend_schema(tags=["budget"])
class Unlock(BudgetView):
    """Opening the original amounts again."""

    @extend_schema(request=None, responses={200: BudgetSerializer, 409: REFUSED})
    def post(self, request: Request, project_id: int) -> Response:
        """Unlock a budget."""
        return self.shown(services.unlock(self.budget(), user=request.user, now=timezone.now()))


# -- lines ---------------------------------------------------------------------------------------------------


class LinesMixin(BudgetView):
    """The lines of one budget."""

    def rows(self, budget: Budget) -> QuerySet[BudgetLine]:
        """The lines in the grid's order."""
        return budget.lines.select_related("job", "cost_code", "cost_type", "unit", "changed_by")

    def line(self) -> BudgetLine:
        """The line of the address."""
        budget = self.budget()
        line = self.rows(budget).filter(pk=self.kwargs["pk"]).first()
        if line is None:
            raise Http404("There is no such line in this budget.")
        line.budget = budget
        return line

    def answer(self, line: BudgetLine, status: int = 200) -> Response:
        """The line as it is now, read anew."""
        self.kwargs["pk"] = line.pk
        fresh = self.line()
        context = {"request": self.request, "modified": selectors.modified(fresh.budget)}
        return Response(LineDetailSerializer(fresh, context=context).data, status=status)


@extend_schema(tags=["lines"])
class Lines(LinesMixin, generics.ListAPIView[BudgetLine]):
    """Every line of a budget."""

    queryset = BudgetLine.objects.none()
    serializer_class = LineSerializer

    def get_queryset(self) -> QuerySet[BudgetLine]:
        """This budget's lines."""
        return self.rows(self.budget())

    def get_serializer_context(self) -> dict[str, Any]:
        """The sums of the modifications, read once for all lines."""
        return {**super().get_serializer_context(), "modified": selectors.modified(self.budget())}

    @extend_schema(
        request=NewLineSerializer, responses={201: LineDetailSerializer, 400: INVALID, 409: REFUSED}
    )
    def post(self, request: Request, project_id: int) -> Response:
        """Add a line."""
        budget, given = self.budget(), read(NewLineSerializer, request)
        line = services.add_line(budget, user=request.user, now=timezone.now(), values=given.validated_data)
        return self.answer(line, CREATED)


@extend_schema(tags=["lines"])
class OneLine(LinesMixin):
    """A line."""

    @extend_schema(responses=LineDetailSerializer)
    def get(self, request: Request, project_id: int, pk: int) -> Response:
        """Read a line with what can be done to it."""
        return self.answer(self.line())

    @extend_schema(
        request=LineChangeSerializer, responses={200: LineDetailSerializer, 400: INVALID, 409: REFUSED}
    )
    def patch(self, request: Request, project_id: int, pk: int) -> Response:
        """Change a line that is still as you read it."""
        line, values = self.line(), dict(read(LineChangeSerializer, request).validated_data)
        version = values.pop("version")
        return self.answer(
            services.edit_line(line, user=request.user, now=timezone.now(), version=version, values=values)
        )

    @extend_schema(responses={204: None, 409: REFUSED})
    def delete(self, request: Request, project_id: int, pk: int) -> Response:
        """Delete a line that nothing names."""
        services.delete_line(self.line(), user=request.user, now=timezone.now())
        return Response(status=GONE)
