"""The settings of a company, for its ERP admins: each with what it changes and from when on it counts."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from budgets.errors import InvalidInput
from erp.models import Connection
from erp.port import Setting, SettingKind
from erp.setup import settings_services as services
from erp.setup.admin_frame import act, for_admins, show
from erp.setup.settings_words import CONNECTION_FIELDS, SETTINGS, option, value_of
from projects.models import Company
from workflow import actions
from workflow.numbers import number


@require_http_methods(["GET", "HEAD", "POST"])
@for_admins
def page(request: HttpRequest, company: Company) -> HttpResponse:
    """This function will show the settings and keep them; what is risky is asked about on a page of its own."""

    def again(*, status: int = 200, **more: Any) -> HttpResponse:
        return _show(request, Company.objects.get(pk=company.pk), status=status, **more)

    if request.method != "POST":
        return again()

    def do() -> HttpResponse | tuple[str, HttpResponse]:
        connection = _connection(company)
        confirmed = "confirmed" in request.POST
        wanted = services.keep(
            company,
            user=request.user,
            now=timezone.now(),
            values=_values(request, company, connection),
            adapter=_adapter(request, connection),
            drop=request.POST.getlist("drop"),
            seen=request.POST.get("seen", ""),
            confirmed=confirmed,
        )
        if not confirmed and any(change.risky for change in wanted.changes):
            raise _Ask(wanted.changes)
        said = "Settings kept." if wanted.changes else "Nothing was different."
        return said, redirect("admin:erp_settings", company.pk)

    try:
        return act(request, do, again=again)  # type: ignore[arg-type]
    except _Ask as ask:
        sent = [
            (name, value)
            for name, values in request.POST.lists()
            for value in values
            if name not in ("csrfmiddlewaretoken", "submission")
        ]
        return show(request, company, "settings_confirm", {"changes": ask.changes, "sent": sent})


class _Ask(Exception):
    """Something risky is to be confirmed first; nothing was kept."""

    def __init__(self, changes: list[services.Change]) -> None:
        super().__init__()
        self.changes = changes


def _connection(company: Company) -> Connection | None:
    return Connection.objects.select_related("company").filter(company=company).first()


def _values(request: HttpRequest, company: Company, connection: Connection | None) -> dict[str, Any]:
    typed = request.POST
    hour = number(typed.get("digest_hour", "").strip())
    values: dict[str, Any] = {
        "four_eyes": "four_eyes" in typed,
        "allow_total_change": "allow_total_change" in typed,
        "digest_hour": 99 if hour is None else hour,
        "time_zone": typed.get("time_zone", "").strip()[:60],
        "currency": typed.get("currency", company.currency).strip()[:60],
    }
    if connection is not None:
        values |= {name: name in typed for name in CONNECTION_FIELDS}
    return values


def _adapter(request: HttpRequest, connection: Connection | None) -> dict[str, Any]:
    """The adapter's settings as typed."""
    found: dict[str, Any] = {}
    for setting in services.declared(connection):
        name = f"option.{setting.name}"
        if setting.kind is SettingKind.FLAG:
            found[setting.name] = name in request.POST
        elif name in request.POST:
            value = request.POST[name].strip()
            if setting.kind is SettingKind.CHOICE and value not in dict(setting.choices):
                raise InvalidInput({name: f"{setting.label}: choose one of the values."})
            found[setting.name] = value[:60]
    return found


def _show(request: HttpRequest, company: Company, *, status: int = 200, **more: Any) -> HttpResponse:
    connection = _connection(company)
    groups: dict[str, list[dict[str, Any]]] = {}
    for setting in services.declared(connection):
        groups.setdefault(setting.group, []).append(_field(setting, connection.options if connection else {}))
    context = {
        "settings": [
            {"told": told, "value": value_of(company, connection, told)}
            for told in SETTINGS
            if connection is not None or not told.of_connection
        ],
        "groups": list(groups.items()),
        "undeclared": services.undeclared(connection),
        "seen": services.seen_of(company, connection),
        "zones": sorted(available_timezones()),
        "currency_stops": actions.blockers(company, "change_currency", request.user),
        **more,
    }
    return show(request, company, "settings", context, status=status)


def _field(setting: Setting, options: dict[str, Any]) -> dict[str, Any]:
    value = option(options, setting)
    known = [code for code, _ in setting.choices]
    return {
        "setting": setting,
        "name": f"option.{setting.name}",
        "value": value,
        "gone": value if setting.choices and value and value not in known else "",
        "chosen": bool(setting.choices),
        "optional": setting.kind is SettingKind.CODE,
        "flag": setting.kind is SettingKind.FLAG,
    }
