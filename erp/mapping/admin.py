"""The codes of a company in the admin: the list with its suggestions, and what is done to single codes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from budgets.errors import Conflict, InvalidInput
from erp.mapping import services as mapping_services
from erp.mapping.models import MappingKind
from erp.mapping.outcome import Outcome
from erp.mapping.pages import codes_page
from erp.mapping.state import SIDES, Edit
from erp.models import Connection
from workflow import strict_json, submissions
from workflow.actions import ActionBlocked, available
from workflow.numbers import number

CONFLICT, UNPROCESSABLE = 409, 422


def show(
    request: HttpRequest, connection: Connection, page: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """This function will render one of the mapping's pages, in the company's time zone."""
    last = context["last"] if "last" in context else mapping_services.latest(connection)
    frame = {
        "connection": connection,
        "nav": "connection",
        "section": page,
        "may_edit": available(connection, "edit_mapping", request.user),
        "last": last,
        "seen": last.pk if last else 0,
    }
    with timezone.override(connection.company.time_zone):
        return render(request, f"admin/erp/mapping/{page}.html", {**frame, **context}, status=status)


def kind_of(request: HttpRequest) -> str:
    """This function will read which codes a page is about; cost codes where it does not say."""
    values = request.POST if request.method == "POST" else request.GET
    kind = values.get("kind", "")
    return kind if kind in SIDES else MappingKind.COST_CODE


@require_GET
def codes(request: HttpRequest, connection: Connection) -> HttpResponse:
    """This function will show a company's codes and where they lead, unmapped ones first."""
    return show_codes(request, connection)


def show_codes(
    request: HttpRequest, connection: Connection, *, status: int = 200, **problem: Any
) -> HttpResponse:
    """This function will show the list, after a refused form with what stood in the way."""
    values = request.POST if request.method == "POST" else request.GET
    last = mapping_services.latest(connection)
    page = codes_page(
        connection,
        kind=kind_of(request),
        shelf=values.get("show", ""),
        query=values.get("q", "").strip()[:60],
        page_number=number(values.get("p", "")) or 1,
        rules=mapping_services.rules_after(last, kind_of(request)),
        user=request.user,
    )
    kinds = [(kind.value, f"{kind.label}s".capitalize()) for kind in MappingKind]
    return show(
        request, connection, "codes", {"page": page, "kinds": kinds, "last": last, **problem}, status=status
    )


# -- what is done to codes ------------------------------------------------------------------------------------


def seen(request: HttpRequest) -> int:
    """This function will read the last change of the mapping that a form was made after."""
    told = number(request.POST.get("seen", ""))
    return -1 if told is None else told


def _back(request: HttpRequest, connection: Connection) -> HttpResponse:
    kept = {name: request.POST[name] for name in ("kind", "show", "q", "p") if request.POST.get(name)}
    return redirect(f"{reverse('admin:erp_mapping', args=[connection.pk])}?{urlencode(kept)}")


def _set(connection: Connection, request: HttpRequest) -> tuple[str, Outcome]:
    """Lead one code to the code that was typed; an empty one takes its row out of the table."""
    kind, code, target = (
        kind_of(request),
        request.POST.get("code", ""),
        request.POST.get("target", "").strip(),
    )
    said = f"{code} goes to {target}" if target else f"{code} is out of the table"
    return said, _apply(connection, request, kind, {code: target}, said)


def _take(connection: Connection, request: HttpRequest) -> tuple[str, Outcome]:
    """Take the suggestions that were chosen: the one whose button was pressed, or all that are ticked."""
    chosen = request.POST.getlist("only") or request.POST.getlist("take")
    pairs = dict(_pair(text) for text in chosen)
    if not pairs:
        raise InvalidInput({"take": "Tick the suggestions to take, or press the button beside one."})
    said = ", ".join(f"{code} goes to {target}" for code, target in list(pairs.items())[:3])
    said += f" and {len(pairs) - 3} more" if len(pairs) > 3 else ""
    return said, _apply(connection, request, kind_of(request), pairs, said)


def _pair(text: str) -> tuple[str, str]:
    """A code and its suggestion, as the page wrote them."""
    try:
        pair = strict_json.loads(text)
    except strict_json.NotJson:
        pair = None
    if not (isinstance(pair, list) and len(pair) == 2 and all(isinstance(one, str) and one for one in pair)):
        raise BadRequest("A suggestion is a code and where it leads.")
    return pair[0], pair[1]


def _apply(
    connection: Connection, request: HttpRequest, kind: str, table: dict[str, str], said: str
) -> Outcome:
    """Apply rows of the table; codes that were typed on lines become ours on the way."""
    new = [code for code in table if request.POST.get("show") == "typed" and kind == MappingKind.COST_CODE]
    return mapping_services.apply(
        connection,
        [Edit(kind, table=table)],
        user=request.user,
        now=timezone.now(),
        sentence=said,
        seen=seen(request),
        adds=dict.fromkeys(new, ""),
    )


DEEDS: dict[str, Callable[[Connection, HttpRequest], tuple[str, Outcome]]] = {"set": _set, "take": _take}


@require_POST
def act(request: HttpRequest, connection: Connection, *, deed: str) -> HttpResponse:
    """This function will do what a button of the list says."""
    if deed not in DEEDS:
        raise Http404("There is no such action.")

    def do() -> HttpResponse:
        said, outcome = DEEDS[deed](connection, request)
        messages.success(request, f"{said}. {outcome.sentence}")
        return _back(request, connection)

    return guarded(request, connection, do, show_codes)


def guarded(
    request: HttpRequest,
    connection: Connection,
    do: Callable[[], HttpResponse],
    again: Callable[..., HttpResponse],
) -> HttpResponse:
    """This function will run a form once, and show its page again with what stood in the way."""
    try:
        return submissions.once(request, do)
    except ActionBlocked as refused:
        return again(request, connection, status=CONFLICT, refused=refused)
    except Conflict as conflict:
        return again(request, connection, status=CONFLICT, conflict=conflict)
    except InvalidInput as invalid:
        typed = {name: request.POST.get(name, "") for name in ("code", "target")}
        return again(request, connection, status=UNPROCESSABLE, errors=invalid.errors, typed=typed)
