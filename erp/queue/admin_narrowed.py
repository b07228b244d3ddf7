"""What narrows the queue's list. The page draws the choices itself; `narrowing` says what they find."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from erp.desk import memberships
from erp.models import Batch
from erp.queue import listing as queue
from erp.queue import narrowing as queue_narrowing


def counted(request: HttpRequest) -> queue.Counted:
    """This function will count the shelves once for a request."""
    if not hasattr(request, "_counted"):
        request._counted = queue.counted(request.user, memberships(request))  # type: ignore[attr-defined]
    return request._counted  # type: ignore[attr-defined]


class Narrowed(admin.SimpleListFilter):
    """A choice that the page draws itself, and that `WholeNarrowing` follows with all the others."""

    def has_output(self) -> bool:
        """Whether the filter exists, whatever it has to offer today."""
        return True

    def queryset(self, request: HttpRequest, queryset: QuerySet[Batch]) -> QuerySet[Batch]:
        """The same batches."""
        return queryset


class ShelfFilter(Narrowed):
    """What the batches wait for; without a choice, those that wait for accounting."""

    title, parameter_name = "shelf", "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The shelves."""
        return [(shelf.key, shelf.label) for shelf in queue.shelves(memberships(request))]


class CompanyFilter(Narrowed):
    """The companies whose queue the person sees."""

    title, parameter_name = "company", "company"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The companies by name."""
        return [(str(row.company_id), str(row.company)) for row in memberships(request)]


class SenderFilter(Narrowed):
    """Who sent it."""

    title, parameter_name = "sender", "sender"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Everybody who has sent anything."""
        return [(str(pk), name) for pk, name in counted(request).senders]


class WholeNarrowing(admin.ListFilter):
    """All that an address asks for, two amounts and words included: the condition that counts and the pane use too."""

    title, parameter_name = "amounts", "low"
    takes = ("low", "high")

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        for name in self.takes:
            params.pop(name, None)

    def has_output(self) -> bool:
        """Whether the filter exists."""
        return True

    def expected_parameters(self) -> list[str | None]:
        """What it takes from the address."""
        return list(self.takes)

    def choices(self, changelist: Any) -> Iterator[Any]:
        """None: the page draws it."""
        return iter(())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Batch]) -> QuerySet[Batch]:
        """The batches that are asked for."""
        narrowing = queue_narrowing.read(request.GET)[0]
        return queryset.filter(narrowing.holds(memberships(request)))
