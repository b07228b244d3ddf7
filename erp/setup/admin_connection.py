"""The connection of a company to its ERP, and the trail of events, in the admin."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from budgets.errors import InvalidInput
from erp.desk import DeskAdmin, companies, memberships
from erp.health import admin as admin_health
from erp.mail import actions as mail_actions
from erp.mapping import admin as admin_mapping
from erp.mapping import admin_edit as admin_mapping_edit
from erp.models import Connection, CostTypeLink, Document, DocumentState, Reminder
from erp.posting import reminder_actions
from erp.posting.waiting import usual
from erp.reset import admin as admin_reset
from erp.setup import admin as admin_setup
from erp.setup import checkup, switching
from erp.setup import connection_actions as services
from erp.setup.settings_words import SETTINGS, value_of
from erp.sync import admin as admin_sync
from erp.templatetags.erp_queue import exact
from projects.models import Company, CostType
from workflow import submissions
from workflow.actions import ActionBlocked, available
from workflow.events import events_about
from workflow.models import Event
from workflow.numbers import number

CONFLICT, UNPROCESSABLE = 409, 422
MAPPING: tuple[tuple[str, Callable[..., HttpResponse], str], ...] = (
    ("", admin_mapping.codes, "erp_mapping"),
    ("do/<slug:deed>/", admin_mapping.act, "erp_mapping_act"),
    ("rules/", admin_mapping_edit.rules, "erp_mapping_rules"),
    ("file/", admin_mapping_edit.file, "erp_mapping_file"),
    ("export.csv", admin_mapping_edit.export, "erp_mapping_export"),
    ("history/", admin_mapping_edit.history, "erp_mapping_history"),
    ("history/<int:change_id>/", admin_mapping_edit.change, "erp_mapping_change"),
)
PAGES: tuple[tuple[str, Callable[..., HttpResponse], str], ...] = (
    ("health/", admin_health.page, "erp_health"),
    ("syncs/", admin_sync.runs, "erp_sync_runs"),
    ("syncs/<int:run_id>/", admin_sync.run, "erp_sync_run"),
    ("syncs/<int:run_id>/changes.csv", admin_sync.export, "erp_sync_csv"),
    ("syncs/<int:run_id>/cancel/", admin_sync.cancel, "erp_sync_cancel"),
    ("projects/", admin_reset.projects, "erp_links"),
    ("projects/<int:project_id>/reset/", admin_reset.page, "erp_reset_link"),
    ("projects/<int:project_id>/reset/do/<slug:deed>/", admin_reset.act, "erp_reset_act"),
    *((f"codes/{at}", view, name) for at, view, name in MAPPING),
)
SWITCHES = [told for told in SETTINGS if told.of_connection]
RECENT = 8  # events shown on the connection's page


class ConnectionAdmin(DeskAdmin):
    """One row a company; its page is the connection's desk."""

    list_display = ("company", "erp_company", "enabled", "verified_at", "synced_at", "stopped_because")
    list_select_related = ("company",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Connection]:
        """The connections of the person's companies."""
        return Connection.objects.filter(company__in=companies(request)).select_related("company")

    def get_urls(self) -> list[URLPattern]:
        """The list and the desk; Django's own forms are left out."""
        return [
            path("", self._behind(self.changelist_view), name="erp_connection_changelist"),
            path("<int:pk>/change/", self._behind(self.page), name="erp_connection_change"),
            path("<int:pk>/do/<slug:action>/", self._behind(self.act), name="erp_connection_act"),
            *(
                path(f"<int:pk>/{at}", self._behind(self._on_one(view)), name=name)
                for at, view, name in PAGES
            ),
            *admin_setup.urls(self._behind),
        ]

    def _on_one(self, view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        """Give a view the connection of the address; every other company's is a 404."""

        @wraps(view)
        def found(request: HttpRequest, pk: int, **more: Any) -> HttpResponse:
            return view(request, self._find(request, pk), **more)

        return found

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list; whoever sees one connection alone goes straight to it."""
        keys = list(self.get_queryset(request).values_list("pk", flat=True)[:2])
        if len(keys) == 1:
            return redirect("admin:erp_connection_change", keys[0])
        return super().changelist_view(request, extra_context)

    def _behind(self, view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        return self.admin_site.admin_view(view)

    def _find(self, request: HttpRequest, pk: int) -> Connection:
        connection = self.get_queryset(request).filter(pk=pk).first()
        if connection is None:
            raise Http404("There is no such connection among your companies.")
        return connection

    def page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show how the connection does, and its settings; they are changed with the company's others."""
        return require_GET(_show)(request, self._find(request, pk))

    def act(self, request: HttpRequest, pk: int, action: str) -> HttpResponse:
        """Do what a button says."""
        if action in ("sync", "sync_whole"):
            return require_POST(admin_sync.ask)(request, self._find(request, pk), action)
        return require_POST(_act)(request, self._find(request, pk), action, again=self._find)


def _show(request: HttpRequest, connection: Connection, *, status: int = 200, **problem: Any) -> HttpResponse:
    context = {
        "connection": connection,
        "nav": "connection",
        "matches": _matches(connection),
        "switches": [(told.label, value_of(connection.company, connection, told)) for told in SWITCHES],
        "documents": _documents(connection),
        "report": checkup.by_area(connection.report),
        "report_in_short": checkup.in_short(connection.report),
        "events": events_about(connection).order_by("-seq")[:RECENT],
        "options": json.dumps(connection.options, indent=2, sort_keys=True) if connection.options else "",
        "other_erps": switching.choices(connection),
        "reminder_rules": Reminder.choices,
        "reminder_free": available(connection, "set_reminder", request.user),
        "usual": usual(connection.company),
        **problem,
    }
    with timezone.override(connection.company.time_zone):
        return render(request, "admin/erp/connection/desk.html", context, status=status)


def _matches(connection: Connection) -> list[tuple[CostType, CostTypeLink | None]]:
    links = CostTypeLink.objects.filter(erp_cost_type__connection=connection)
    by_type = {link.cost_type_id: link for link in links.select_related("erp_cost_type", "confirmed_by")}
    return [(kind, by_type.get(kind.pk)) for kind in CostType.objects.filter(company=connection.company_id)]


def _documents(connection: Connection) -> dict[str, int]:
    """How many documents wait, by what they wait for."""
    rows = Document.objects.filter(batch__budget__project__company=connection.company_id)
    counted = {
        "queued": Q(state__in=[DocumentState.QUEUED, DocumentState.SENDING]),
        "unconfirmed": Q(state=DocumentState.UNCONFIRMED),
        "refused": Q(state=DocumentState.REFUSED),
        "delivered": Q(state=DocumentState.DELIVERED),
    }
    return rows.aggregate(**{name: Count("pk", filter=which) for name, which in counted.items()})


def _verify(connection: Connection, request: HttpRequest) -> str:
    services.ask_to_verify(connection, user=request.user, now=timezone.now())
    return "The ERP is being checked. Reload in a few seconds to see what it says."


def _try(connection: Connection, request: HttpRequest) -> str:
    services.ask_to_try(connection, user=request.user, now=timezone.now())
    return "The ERP is being asked. Reload in a few seconds to see whether it answers."


def _confirm(connection: Connection, request: HttpRequest) -> str:
    typed = [number(key) for key in request.POST.getlist("match")]
    shown = [key for key in typed if key is not None]
    count = services.confirm_cost_types(connection, user=request.user, now=timezone.now(), shown=shown)
    return f"Confirmed {count} {'match' if count == 1 else 'matches'} of cost types."


def _switch(connection: Connection, request: HttpRequest) -> str:
    alias, code = request.POST.get("alias", ""), request.POST.get("erp_company", "")
    switching.switch_erp(connection, user=request.user, now=timezone.now(), alias=alias, erp_company=code)
    return "The company was moved. Verify the connection, then read everything, then confirm the cost types."


def _set_reminder(connection: Connection, request: HttpRequest) -> str:
    rule, days = request.POST.get("rule", ""), number(request.POST.get("days", ""))
    reminder_actions.set_reminder(connection, user=request.user, now=timezone.now(), rule=rule, days=days)
    return "Reminder kept."


def _retry_mails(connection: Connection, request: HttpRequest) -> str:
    count = mail_actions.retry_mails(connection, user=request.user, now=timezone.now())
    return f"{count} {'mail is' if count == 1 else 'mails are'} being tried again."


DEEDS: dict[str, Callable[[Connection, HttpRequest], str]] = {
    "verify": _verify,
    "try_now": _try,
    "confirm_cost_types": _confirm,
    "switch_erp": _switch,
    "set_reminder": _set_reminder,
    "retry_mails": _retry_mails,
}


def _act(
    request: HttpRequest, connection: Connection, action: str, *, again: Callable[..., Connection]
) -> HttpResponse:
    if action not in DEEDS:
        raise Http404("There is no such action.")

    def do() -> HttpResponse:
        messages.success(request, DEEDS[action](connection, request))
        return redirect("admin:erp_connection_change", connection.pk)

    try:
        return submissions.once(request, do)
    except ActionBlocked as refused:
        return _show(request, again(request, connection.pk), status=CONFLICT, refused=refused)
    except InvalidInput as invalid:
        fresh = again(request, connection.pk)
        return _show(request, fresh, status=UNPROCESSABLE, errors=invalid.errors, typed=request.POST)


class CompanyOfEvent(admin.SimpleListFilter):
    """The companies whose trail the person may read."""

    title, parameter_name = "company", "chain"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The companies by name."""
        return [(str(row.company_id), str(row.company)) for row in memberships(request)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        """The events of the chosen company."""
        chosen = number(self.value() or "")
        return queryset if chosen is None else queryset.filter(chain=chosen)


class EventAdmin(DeskAdmin):
    """Who did what and when; append-only."""

    list_display = ("moment", "actor", "sentence", "note", "change")
    list_display_links = None
    list_filter = (CompanyOfEvent,)
    search_fields = ("actor", "sentence", "note")
    ordering = ("-at", "-seq")
    list_per_page = 100
    show_full_result_count = False
    change_list_template = "admin/workflow/event/change_list.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        """The events of the person's companies, with the company's time zone."""
        zone = Company.objects.filter(pk=OuterRef("chain")).values("time_zone")
        return Event.objects.filter(chain__in=companies(request)).annotate(zone=Subquery(zone))

    def get_urls(self) -> list[URLPattern]:
        """The list alone."""
        view = self.admin_site.admin_view(self.changelist_view)
        return [path("", view, name="workflow_event_changelist")]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The trail, the newest first."""
        desk = [(str(row.company_id), str(row.company)) for row in memberships(request)]
        return super().changelist_view(request, {"nav": "events", "desk_companies": desk})

    @admin.display(description="When", ordering="at")
    def moment(self, event: Any) -> str:
        """The time to the second, in the company's zone."""
        with timezone.override(event.zone):
            return exact(event.at)

    @admin.display(description="From, to")
    def change(self, event: Event) -> str:
        """The states, where it changed one."""
        return f"{event.from_state} → {event.to_state}" if event.to_state else ""
