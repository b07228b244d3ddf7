"""What narrows the queue's list: the shelf, the company, the sender, the amounts. The page draws them itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from erp import queue, queue_narrowing
from erp.admin_access import memberships
from erp.models import Batch
from workflow.numbers import number


def counted(request: HttpRequest) -> queue.Counted:
    """This function will count the shelves once for a request."""
    if not hasattr(request, "_counted"):
        request._counted = queue.counted(request.user, memberships(request))  # type: ignore[attr-defined]
    return request._counted  # type: ignore[attr-defined]


class Narrowed(admin.SimpleListFilter):
    """A filter that the page draws itself."""

    def has_output(self) -> bool:
        """Whether the filter exists, whatever it has to offer today."""
        return True

    def digits(self) -> int | None:
        """The chosen id; None where nothing or nonsense was chosen."""
        return number(self.value() or "")


class ShelfFilter(Narrowed):
    """What the batches wait for; without a choice, those that wait for accounting."""

    title, parameter_name = "shelf", "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The shelves."""
        return [(shelf.key, shelf.label) for shelf in queue.shelves(memberships(request))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Batch]) -> QuerySet[Batch]:
        """The batches on the chosen shelf."""
        holds = {shelf.key: shelf.holds for shelf in queue.shelves(memberships(request))}
        return queryset.filter(holds.get(self.value() or queue.DEFAULT, holds[queue.DEFAULT]))


class CompanyFilter(Narrowed):
    """The companies whose queue the person sees."""

    title, parameter_name = "company", "company"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The companies by name."""
        return [(str(row.company_id), str(row.company)) for row in memberships(request)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Batch]) -> QuerySet[Batch]:
        """The batches of the chosen company."""
        chosen = self.digits()
        return queryset.filter(budget__project__company=chosen) if chosen else queryset


class SenderFilter(Narrowed):
    """Who sent it."""

    title, parameter_name = "sender", "sender"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Everybody who has sent anything."""
        return [(str(pk), name) for pk, name in counted(request).senders]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Batch]) -> QuerySet[Batch]:
        """The batches of the chosen sender."""
        chosen = self.digits()
        return queryset.filter(sent_by=chosen) if chosen else queryset


class AmountFilter(admin.ListFilter):
    """Batches that move between two amounts, and the words searched for: all that a narrowing adds to the shelf."""

    title, parameter_name = "amounts", "low"

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        for name in ("low", "high"):
            params.pop(name, None)

    def has_output(self) -> bool:
        """Whether the filter exists."""
        return True

    def expected_parameters(self) -> list[str | None]:
        """What it takes from the address."""
        return ["low", "high"]

    def choices(self, changelist: Any) -> Iterator[Any]:
        """None: the page draws it."""
        return iter(())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Batch]) -> QuerySet[Batch]:
        """The batches between the amounts."""
        narrowing = queue_narrowing.read(request.GET)[0]
        if narrowing.low is not None:
            queryset = queryset.filter(moved__gte=narrowing.low)
        if narrowing.high is not None:
            queryset = queryset.filter(moved__lte=narrowing.high)
        return queryset
