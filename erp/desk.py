"""Who works in the ERP Integrations desk of the admin: staff with a level in a company, and read only by nature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

from erp.queue.listing import desk_memberships
from projects.models import Membership

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]
else:
    Base = admin.ModelAdmin


def memberships(request: HttpRequest) -> list[Membership]:
    """This function will find the companies whose queue the person may see, once for a request."""
    if not hasattr(request, "_memberships"):
        request._memberships = desk_memberships(request.user)  # type: ignore[attr-defined]
    return request._memberships  # type: ignore[attr-defined]


def companies(request: HttpRequest) -> list[int]:
    """This function will find the ids of those companies."""
    return [row.company_id for row in memberships(request)]


class DeskAdmin(Base):
    """Seen by level, not by Django's model permissions; nobody adds, edits or deletes rows here."""

    empty_value_display = ""

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Lists are narrowed by the filters they show; Django would look up any field in any way, also by a regex."""
        takes = [getattr(one, "takes", [getattr(one, "parameter_name", "")]) for one in self.list_filter]
        return any(lookup in names for names in takes)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whether the person sees the app in the index."""
        return bool(memberships(request))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the person may look; rows of other companies are not found at all."""
        return bool(memberships(request))

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        """Rows come from services."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rows change by services."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is deleted."""
        return False
