"""The error dictionary of a company in the admin: what nobody explained yet, and every entry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from budgets.errors import InvalidInput
from erp.desk import DeskAdmin, companies
from erp.models import Connection, UnknownErrorText
from erp.port import Advice, Fixer, Place
from erp.refusals import explaining, unknown_texts
from erp.refusals import explanation_actions as services
from erp.refusals.dictionary import built_in, dictionary_of, newest
from erp.words import erp_name
from projects import permissions
from workflow import submissions
from workflow.actions import ActionBlocked, available

CONFLICT, UNPROCESSABLE = 409, 422
LISTED = 100  # unknown texts shown at once
FIELDS = ("code", "texts", "meaning", "who", "steps", "place", "sample")


class ErrorAdmin(DeskAdmin):
    """One page a company, and the form of one entry."""

    def get_urls(self) -> list[URLPattern]:
        """The dictionary of each company and the form; Django's own forms are left out."""
        return [
            path("", self._behind(self.home), name="erp_errorexplanation_changelist"),
            path("<int:pk>/", self._behind(self.page), name="erp_errorexplanation_page"),
            path("<int:pk>/explain/", self._behind(self.entry_form), name="erp_errorexplanation_explain"),
            path("<int:pk>/preview/", self._behind(self.preview), name="erp_errorexplanation_preview"),
            path("<int:pk>/do/<slug:action>/", self._behind(self.act), name="erp_errorexplanation_act"),
        ]

    def _behind(self, view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        return self.admin_site.admin_view(view)

    def _mine(self, request: HttpRequest) -> QuerySet[Connection]:
        rows = Connection.objects.filter(company__in=companies(request))
        return rows.select_related("company").order_by("company__name")

    def _find(self, request: HttpRequest, pk: int) -> Connection:
        connection = self._mine(request).filter(pk=pk).first()
        if connection is None:
            raise Http404("There is no such connection among your companies.")
        return connection

    def home(self, request: HttpRequest) -> HttpResponse:
        """Go to the first company's page; the others are linked there."""
        first = self._mine(request).first()
        if first is None:
            raise Http404("None of your companies is connected to an ERP.")
        return redirect("admin:erp_errorexplanation_page", first.pk)

    def page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what nobody explained, and the dictionary."""
        return require_GET(_show)(request, self._find(request, pk), others=self._mine(request))

    def entry_form(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the form of an entry: for an unknown text, for one that is there, or an empty one."""
        return require_GET(_form)(request, self._find(request, pk))

    def preview(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show how people will read what is typed."""
        return require_POST(_preview)(request, self._find(request, pk))

    def act(self, request: HttpRequest, pk: int, action: str) -> HttpResponse:
        """Keep an entry, or take one out of use."""
        return require_POST(_act)(request, self._find(request, pk), action)


def _show(request: HttpRequest, connection: Connection, others: QuerySet[Connection]) -> HttpResponse:
    own = newest(connection)
    used = {row.code for row in own if row.in_use}
    unknown = unknown_texts.not_explained(connection, dictionary_of(connection))
    context = {
        "connection": connection,
        "others": [one for one in others if one.pk != connection.pk],
        "nav": "errors",
        "unknown": unknown[:LISTED],
        "more": max(len(unknown) - LISTED, 0),
        "own": [(row, _role(row.who, connection)) for row in own],
        "built_in": [
            (advice, _role(advice.who, connection), advice.code in used) for advice in built_in(connection)
        ],
        "free": available(connection, "explain_error", request.user),
    }
    with timezone.override(connection.company.time_zone):
        return render(request, "admin/erp/errors/page.html", context)


def _role(who: str, connection: Connection) -> str:
    return explaining.role(Fixer(who), erp_name(connection))


def _form(request: HttpRequest, connection: Connection) -> HttpResponse:
    text, code = request.GET.get("text", ""), request.GET.get("code", "")
    if text.isascii() and text.isdigit() and len(text) < 19:
        row = UnknownErrorText.objects.filter(connection=connection, pk=int(text)).first()
        if row is None:
            raise Http404("There is no such text.")
        return _typing(request, connection, {"texts": row.text, "sample": row.sample, "place": Place.ERP})
    entry = dictionary_of(connection).entry(code) if code else None
    if code and entry is None:
        raise Http404("There is no such entry.")
    return _typing(request, connection, _typed_from(entry) if entry else {"place": Place.ERP})


def _typed_from(entry: Advice) -> dict[str, Any]:
    return {
        "code": entry.code,
        "texts": "\n".join(entry.matches),
        "meaning": entry.meaning,
        "who": entry.who,
        "steps": "\n".join(entry.steps),
        "place": entry.place,
        "sample": next(iter(entry.matches), ""),
    }


def _typing(
    request: HttpRequest, connection: Connection, typed: dict[str, Any], *, status: int = 200, **problem: Any
) -> HttpResponse:
    context = {
        "connection": connection,
        "nav": "errors",
        "typed": typed,
        "fixers": [(fixer.value, _role(fixer, connection)) for fixer in Fixer],
        "places": [(place.value, words) for place, words in PLACES.items()],
        "free": available(connection, "explain_error", request.user),
        **_previewed(connection, typed),
        **problem,
    }
    with timezone.override(connection.company.time_zone):
        return render(request, "admin/erp/errors/form.html", context, status=status)


PLACES = {
    Place.LINES: "the lines it concerns",
    Place.BATCH: "the batch",
    Place.CONNECTION: "the settings of the connection",
    Place.ERP: "the ERP (no link)",
}


def _typed(request: HttpRequest) -> dict[str, Any]:
    return {name: request.POST.get(name, "") for name in FIELDS}


def _preview(request: HttpRequest, connection: Connection) -> HttpResponse:
    """The preview alone where a script asks for it, else the whole form with it."""
    typed = _typed(request)
    if not request.headers.get("HX-Request"):
        return _typing(request, connection, typed)
    context = {"connection": connection, **_previewed(connection, typed)}
    return render(request, "admin/erp/errors/preview.html", context)


def _previewed(connection: Connection, typed: dict[str, Any]) -> dict[str, Any]:
    """How people will read it, or what is still missing."""
    if not typed.get("meaning"):
        return {}
    try:
        advice = services.read_entry(typed)
    except InvalidInput as invalid:
        return {"missing": list(invalid.errors.values())}
    sample = unknown_texts.without_secrets(str(typed.get("sample", "")))
    return {
        "tried": True,
        "shown": explaining.preview(
            advice, text=sample, connection=connection, names=_names(advice, connection)
        ),
    }


def _names(advice: Advice, connection: Connection) -> str:
    if advice.who is Fixer.ERP_ADMIN:
        return permissions.names(permissions.who_administers(connection.company))
    return ""


def _explain(connection: Connection, request: HttpRequest) -> str:
    kept = services.explain_error(connection, user=request.user, now=timezone.now(), values=_typed(request))
    return f"Kept. Everybody reads it now, also on what was refused before: {kept.meaning}"


def _drop(connection: Connection, request: HttpRequest) -> str:
    code = request.POST.get("code", "")
    services.drop_explanation(connection, user=request.user, now=timezone.now(), code=code)
    return f"{code} is not used any more."


DEEDS: dict[str, Callable[[Connection, HttpRequest], str]] = {
    "explain_error": _explain,
    "drop_explanation": _drop,
}


def _act(request: HttpRequest, connection: Connection, action: str) -> HttpResponse:
    if action not in DEEDS:
        raise Http404("There is no such action.")

    def do() -> HttpResponse:
        messages.success(request, DEEDS[action](connection, request))
        return redirect("admin:erp_errorexplanation_page", connection.pk)

    try:
        return submissions.once(request, do)
    except ActionBlocked as refused:
        return _typing(request, connection, _typed(request), status=CONFLICT, refused=refused)
    except InvalidInput as invalid:
        return _typing(request, connection, _typed(request), status=UNPROCESSABLE, errors=invalid.errors)
