"""Webhooks in the ERP Integrations desk: people with a level in the company see them, its ERP admins set them up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from budgets.errors import InvalidInput
from erp.desk import DeskAdmin, companies
from erp.models import Connection
from webhooks import sealing, services, signing
from webhooks.kinds import ALL, TYPES
from webhooks.models import Delivery, DeliveryState, Endpoint, Format
from workflow import submissions
from workflow.actions import ActionBlocked, available
from workflow.numbers import number

CONFLICT, UNPROCESSABLE = 409, 422
SHOWN_ONCE = "webhook_secret_to_show"  # in the session: whose secret the next page shows
RECENT = 50  # deliveries in the log


def connections(request: HttpRequest) -> list[Connection]:
    """This function will find the connections of the companies whose desk the person sees, in one query a request."""
    rows = Connection.objects.filter(company__in=companies(request)).select_related("company")
    return list(rows.order_by("company__code"))


class WebhookAdmin(DeskAdmin):
    """Endpoints, their settings and their log."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Endpoint]:
        """The endpoints of the person's companies."""
        return Endpoint.objects.filter(company__in=companies(request)).select_related("company")

    def get_urls(self) -> list[URLPattern]:
        """Pages of our own; Django's forms are left out."""
        one = "<int:pk>/"
        return [
            path("", self._behind(self.list), name="webhooks_endpoint_changelist"),
            path("add/", self._behind(self.add), name="webhooks_endpoint_add"),
            path(f"{one}change/", self._behind(self.page), name="webhooks_endpoint_change"),
            path(f"{one}save/", self._behind(self.save), name="webhooks_endpoint_save"),
            path(f"{one}do/<slug:deed>/", self._behind(self.act), name="webhooks_endpoint_act"),
            path(f"{one}deliveries/<int:sent>/", self._behind(self.delivery), name="webhooks_delivery"),
            path(
                f"{one}deliveries/<int:sent>/do/<slug:deed>/",
                self._behind(self.act_on_delivery),
                name="webhooks_delivery_act",
            ),
        ]

    def _behind(self, view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        return self.admin_site.admin_view(view)

    def _find(self, request: HttpRequest, pk: int) -> Endpoint:
        endpoint = self.get_queryset(request).filter(pk=pk).first()
        if endpoint is None:
            raise Http404("There is no such webhook among your companies.")
        return endpoint

    def _find_delivery(self, request: HttpRequest, pk: int, sent: int) -> Delivery:
        found = Delivery.objects.filter(endpoint=self._find(request, pk), pk=sent).first()
        if found is None:
            raise Http404("There is no such delivery of this webhook.")
        return found

    def list(self, request: HttpRequest) -> HttpResponse:
        """Show the endpoints of the person's companies."""
        return require_GET(_list)(request, self.get_queryset(request))

    def add(self, request: HttpRequest) -> HttpResponse:
        """Show the empty form, and take it."""
        found = connections(request)
        if not found:
            raise Http404("No company of yours is connected to an ERP.")
        return _add(request, found)

    def page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show one endpoint."""
        return require_GET(_page)(request, self._find(request, pk))

    def save(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Take the form of one endpoint."""
        return require_POST(_save)(request, self._find(request, pk))

    def act(self, request: HttpRequest, pk: int, deed: str) -> HttpResponse:
        """Do what a button says."""
        return require_POST(_act)(request, self._find(request, pk), deed)

    def delivery(self, request: HttpRequest, pk: int, sent: int) -> HttpResponse:
        """Show one delivery with its body and every try."""
        found = self._find_delivery(request, pk, sent)
        context = {"nav": "webhooks", "endpoint": found.endpoint, "sent": found}
        with timezone.override(found.endpoint.company.time_zone):
            return render(request, "admin/webhooks/delivery.html", context)

    def act_on_delivery(self, request: HttpRequest, pk: int, sent: int, deed: str) -> HttpResponse:
        """Send one again, or give it up."""
        return require_POST(_act_on_delivery)(request, self._find_delivery(request, pk, sent), deed)


def _list(request: HttpRequest, rows: QuerySet[Endpoint]) -> HttpResponse:
    waiting = Count("deliveries", filter=Q(deliveries__state=DeliveryState.PENDING))
    context = {"nav": "webhooks", "endpoints": rows.annotate(waiting=waiting)}
    return render(request, "admin/webhooks/list.html", context)


def _values(request: HttpRequest) -> services.Values:
    read = {name: request.POST.get(name, "") for name in ("url", "description", "format")}
    return services.Values(kinds=request.POST.getlist("kind"), **read)


def _form(chosen: Any) -> dict[str, Any]:
    return {"nav": "webhooks", "kinds": ALL, "formats": Format.choices, "typed": chosen}


def _kept(endpoint: Endpoint) -> services.Values:
    """What the form shows of an endpoint; no address where it cannot be read any more."""
    address = sealing.address_of(endpoint)
    return services.Values(address or "", endpoint.description, endpoint.format, endpoint.kinds)


EMPTY = services.Values(url="", description="", format=Format.STANDARD, kinds=list(TYPES))


def _add(request: HttpRequest, found: list[Connection]) -> HttpResponse:
    if request.method != "POST":
        return _empty(request, found, found[0], EMPTY)
    chosen = next((c for c in found if c.company_id == number(request.POST.get("company", ""))), None)
    if chosen is None:
        raise Http404("There is no such company among yours.")
    values = _values(request)

    def do() -> HttpResponse:
        endpoint = services.create(chosen.company, user=request.user, now=timezone.now(), values=values)
        request.session[SHOWN_ONCE] = endpoint.pk
        messages.success(request, "Added. It is told of what happens from now on.")
        return redirect("admin:webhooks_endpoint_change", endpoint.pk)

    try:
        return submissions.once(request, do)
    except ActionBlocked as refused:
        return _empty(request, found, chosen, values, status=CONFLICT, refused=refused)
    except InvalidInput as invalid:
        return _empty(request, found, chosen, values, status=UNPROCESSABLE, errors=invalid.errors)


def _empty(
    request: HttpRequest,
    found: list[Connection],
    chosen: Connection,
    typed: services.Values,
    *,
    status: int = 200,
    **problem: Any,
) -> HttpResponse:
    context = {**_form(typed), "connections": found, "connection": chosen, **problem}
    return render(request, "admin/webhooks/add.html", context, status=status)


def _page(request: HttpRequest, endpoint: Endpoint, *, status: int = 200, **problem: Any) -> HttpResponse:
    secret = ""
    if status == 200 and request.session.get(SHOWN_ONCE) == endpoint.pk:
        del request.session[SHOWN_ONCE]
        secret = signing.secret_of(endpoint.nonce)
    connection = Connection.objects.select_related("company").get(company=endpoint.company_id)
    deliveries = list(endpoint.deliveries.prefetch_related("attempts")[:RECENT])
    context = {
        **_form(_kept(endpoint)),
        "endpoint": endpoint,
        "unreadable": sealing.address_of(endpoint) is None,
        "secret": secret,
        "connection": connection,
        "mine": available(connection, "edit_webhooks", request.user),
        "deliveries": deliveries,
        "waiting": endpoint.deliveries.filter(state=DeliveryState.PENDING).count(),
        "overlap": endpoint.old_until and endpoint.old_until > timezone.now(),
        **problem,
    }
    with timezone.override(endpoint.company.time_zone):
        return render(request, "admin/webhooks/page.html", context, status=status)


def _save(request: HttpRequest, endpoint: Endpoint) -> HttpResponse:
    values = _values(request)

    def do() -> HttpResponse:
        services.change(endpoint, user=request.user, now=timezone.now(), values=values)
        messages.success(request, "Kept.")
        return redirect("admin:webhooks_endpoint_change", endpoint.pk)

    return _answered(request, endpoint, do, typed=values)


def _answered(
    request: HttpRequest, endpoint: Endpoint, do: Callable[[], HttpResponse], **typed: Any
) -> HttpResponse:
    """What was done, or the page with what stands in its way."""
    try:
        return submissions.once(request, do)
    except ActionBlocked as refused:
        return _page(request, endpoint, status=CONFLICT, refused=refused)
    except InvalidInput as invalid:
        return _page(request, endpoint, status=UNPROCESSABLE, errors=invalid.errors, **typed)


def _rotate(request: HttpRequest, endpoint: Endpoint) -> str:
    services.rotate(endpoint, user=request.user, now=timezone.now())
    request.session[SHOWN_ONCE] = endpoint.pk
    return "A new secret was made. The one before signs beside it for a day."


def _test(request: HttpRequest, endpoint: Endpoint) -> str:
    services.send_test(endpoint, user=request.user, now=timezone.now())
    return "A test event is on its way. Reload in a few seconds to see how it ended."


def _on(request: HttpRequest, endpoint: Endpoint) -> str:
    services.switch(endpoint, user=request.user, now=timezone.now(), on=True)
    return "Switched on. It is told of what happens from now on."


def _off(request: HttpRequest, endpoint: Endpoint) -> str:
    services.switch(endpoint, user=request.user, now=timezone.now(), on=False)
    return "Switched off. Nothing is sent."


def _remove(request: HttpRequest, endpoint: Endpoint) -> str:
    services.remove(endpoint, user=request.user, now=timezone.now())
    return "Removed, with its log."


DEEDS: dict[str, Callable[[HttpRequest, Endpoint], str]] = {
    "rotate": _rotate,
    "test": _test,
    "on": _on,
    "off": _off,
    "remove": _remove,
}


def _act(request: HttpRequest, endpoint: Endpoint, deed: str) -> HttpResponse:
    if deed not in DEEDS:
        raise Http404("There is no such action.")

    def do() -> HttpResponse:
        key = endpoint.pk
        messages.success(request, DEEDS[deed](request, endpoint))
        if deed == "remove":
            return redirect("admin:webhooks_endpoint_changelist")
        return redirect("admin:webhooks_endpoint_change", key)

    return _answered(request, endpoint, do)


def _act_on_delivery(request: HttpRequest, sent: Delivery, deed: str) -> HttpResponse:
    services_of = {"again": services.send_again, "skip": services.skip}
    if deed not in services_of:
        raise Http404("There is no such action.")

    def do() -> HttpResponse:
        services_of[deed](sent, user=request.user, now=timezone.now())
        said = "It is sent again." if deed == "again" else "It was given up; the next one goes."
        messages.success(request, f"{said} Reload in a few seconds to see how it ended.")
        return redirect("admin:webhooks_endpoint_change", sent.endpoint_id)

    return _answered(request, sent.endpoint, do)


admin.site.register(Endpoint, WebhookAdmin)
