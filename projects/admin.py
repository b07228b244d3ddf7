"""Setting up companies, projects, codes and people's levels in the Django admin: for superusers alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db import models, transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from projects.models import Company, CostCode, CostType, ErpLevel, Job, Membership, Project, ProjectRole, Unit
from projects.trail import stored, tell

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]
    Inline = admin.TabularInline[Any, Any]
else:
    Base = admin.ModelAdmin
    Inline = admin.TabularInline


class OnRecord(Base):
    """Writes an event for each row of `WATCHED` that a form, its inlines or a deletion changed."""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save, on record."""
        with transaction.atomic():
            before = stored([obj])
            super().save_model(request, obj, form, change)
            tell(before, stored([obj]), actor=request.user, at=timezone.now())

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Save the inlines, on record."""
        with transaction.atomic():
            before = stored(kept.instance for kept in formset.initial_forms)
            super().save_formset(request, form, formset, change)
            after = stored([*before.values(), *formset.new_objects])
            tell(before, after, actor=request.user, at=timezone.now())

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete, on record, with the levels that go along."""
        with transaction.atomic():
            along = [
                row
                for name in ("roles", "memberships")
                if hasattr(obj, name)
                for row in getattr(obj, name).all()
            ]
            before = stored([obj, *along])
            super().delete_model(request, obj)
            tell(before, {}, actor=request.user, at=timezone.now())

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        """Delete what was ticked in the list, each on record."""
        with transaction.atomic():
            for obj in queryset:
                self.delete_model(request, obj)


class SetUp(OnRecord):
    """Levels decide who may do what, so nobody but a superuser sees or changes them here."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whether the person sees the app in the index."""
        return _sets_up(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the person may look."""
        return _sets_up(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whether the person may add."""
        return _sets_up(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the person may change."""
        return _sets_up(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the person may delete."""
        return _sets_up(request)


def _sets_up(request: HttpRequest) -> bool:
    return request.user.is_active and request.user.is_superuser


ERP_ADMINS_OWN = ("allow_total_change",)


def memberships(request: HttpRequest) -> list[Membership]:
    """This function will find a person's memberships with a level in ERP Integrations, once for a request.

    The desk of ERP Integrations keeps them under the same name, read with the connections it shows.
    """
    if not hasattr(request, "_memberships"):
        rows = Membership.objects.filter(user=request.user.pk, erp_level__gte=ErpLevel.STANDARD)
        request._memberships = list(rows.select_related("company")) if request.user.is_active else []  # type: ignore[attr-defined]
    return request._memberships  # type: ignore[attr-defined]


def _administered(request: HttpRequest) -> list[int]:
    """The ids of the companies whose ERP settings the person may change."""
    if not request.user.is_staff:
        return []
    return [row.company_id for row in memberships(request) if row.erp_level >= ErpLevel.ADMIN]


def _administers(request: HttpRequest, company: Company | None) -> bool:
    found = _administered(request)
    return company.pk in found if company is not None else bool(found)


class Members(Inline):
    """A company's people."""

    model = Membership
    extra = 0
    autocomplete_fields = ["user"]


class Roles(Inline):
    """A project's people."""

    model = ProjectRole
    extra = 0
    autocomplete_fields = ["user"]


class Jobs(Inline):
    """A project's main job and sub jobs."""

    model = Job
    extra = 0
    fields = ["code", "name", "parent", "company"]
    show_change_link = True


@admin.register(Company)
class CompanyAdmin(SetUp):
    """Companies with their people."""

    list_display = ["code", "name", "currency", "time_zone", "four_eyes", "allow_total_change"]
    search_fields = ["code", "name"]
    inlines = [Members]

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Superusers, and ERP admins for their own companies."""
        return _sets_up(request) or bool(_administered(request))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the person may look at this company, or at any."""
        return _sets_up(request) or _administers(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the person may change something of this company, or of any."""
        return _sets_up(request) or _administers(request, obj)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Company]:
        """All companies for superusers; for an ERP admin the others do not exist."""
        found = super().get_queryset(request)
        return found if _sets_up(request) else found.filter(pk__in=_administered(request))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """An ERP admin decides how modifications balance; who they are and the four eyes are for superusers."""
        fields = [field.name for field in Company._meta.fields if field.name not in ("id", *ERP_ADMINS_OWN)]
        return [] if _sets_up(request) else fields

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        """Nobody but a superuser sees or changes levels."""
        return self.inlines if _sets_up(request) else []


@admin.register(Project)
class ProjectAdmin(SetUp):
    """Projects with their jobs and people."""

    list_display = ["name", "company"]
    list_filter = ["company"]
    list_select_related = ["company"]
    search_fields = ["name", "jobs__code"]
    inlines = [Jobs, Roles]


@admin.register(ProjectRole)
class ProjectRoleAdmin(SetUp):
    """Who has which level on which project."""

    list_display = ["user", "project", "level", "can_edit_lines", "can_add_lines", "can_lock", "can_send"]
    list_filter = ["project__company", "level"]
    list_select_related = ["user", "project"]
    search_fields = ["user__username", "user__last_name", "project__name"]
    autocomplete_fields = ["user", "project"]


@admin.register(Membership)
class MembershipAdmin(SetUp):
    """Who decides for which company, up to which amount."""

    list_display = ["user", "company", "erp_level", "can_push", "direction", "approval_limit"]
    list_filter = ["company", "erp_level", "can_push", "direction"]
    list_select_related = ["user", "company"]
    search_fields = ["user__username", "user__last_name"]
    autocomplete_fields = ["user", "company"]


@admin.register(Job)
class JobAdmin(SetUp):
    """Jobs and sub jobs."""

    list_display = ["code", "name", "project", "parent", "company"]
    list_filter = ["company"]
    list_select_related = ["project", "parent", "company"]
    search_fields = ["code", "name", "project__name"]
    autocomplete_fields = ["project", "parent"]


@admin.register(CostCode)
class CostCodeAdmin(SetUp):
    """The tree of cost codes; the sync makes most of them."""

    list_display = ["code", "name", "division", "company"]
    list_filter = ["company", "division"]
    list_select_related = ["company"]
    search_fields = ["code", "name"]
    autocomplete_fields = ["parent"]


@admin.register(CostType, Unit)
class CodeAdmin(SetUp):
    """Cost types and units."""

    list_display = ["code", "name", "company"]
    list_filter = ["company"]
    list_select_related = ["company"]
    search_fields = ["code", "name"]
