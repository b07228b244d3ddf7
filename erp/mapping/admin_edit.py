"""Rules, files and history of a company's mapping in the admin: each is previewed before it is applied."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from budgets.files.workbooks import Unreadable, grid
from erp.mapping import files as mapping_files
from erp.mapping import services as mapping_services
from erp.mapping import state as mapping_state
from erp.mapping.admin import UNPROCESSABLE, guarded, kind_of, seen, show
from erp.mapping.models import MappingChange, MappingKind, MappingRule
from erp.mapping.outcome import Outcome
from erp.mapping.resolving import Rule
from erp.mapping.state import SIDES, Edit
from erp.models import Connection, Document
from workflow.actions import ensure
from workflow.numbers import number

BLANK = 3  # empty rows for new rules
SHOWN = 200  # codes named in a preview or a change, the rest counted
PER_PAGE = 25
LAST = 10**6  # the place of a rule without a number: behind all others

# -- rules ----------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def rules(request: HttpRequest, connection: Connection) -> HttpResponse:
    """This function will show the rules; a POST previews what was typed, and applies what was previewed."""
    if request.method == "GET":
        return _show_rules(request, connection, _kept(connection, kind_of(request)))

    def do() -> HttpResponse:
        ensure(connection, "edit_mapping", request.user)
        typed = _typed(request)
        edit = Edit(kind_of(request), rules=tuple(typed))
        if request.POST.get("previewed") != _digest(typed):
            outcome = mapping_services.preview(connection, [edit])
            return _show_rules(request, connection, typed, outcome=outcome)
        words = "Changed the rules: " + ("; ".join(str(rule) for rule in typed) or "none is left")
        outcome = mapping_services.apply(
            connection,
            [edit],
            user=request.user,
            now=timezone.now(),
            sentence=words,
            seen=seen(request),
        )
        messages.success(request, f"The rules are kept. {outcome.sentence}")
        return redirect(f"{request.path}?kind={kind_of(request)}")

    return guarded(request, connection, do, _rules_again)


def _rules_again(
    request: HttpRequest, connection: Connection, *, status: int, **problem: Any
) -> HttpResponse:
    return _show_rules(request, connection, _typed(request), status=status, **problem)


def _kept(connection: Connection, kind: str) -> list[Rule]:
    rows = MappingRule.objects.filter(connection=connection, kind=kind).order_by("position")
    return [Rule(row.pattern, row.gives) for row in rows]


def _typed(request: HttpRequest) -> list[Rule]:
    """The rules of the form, in the order of their numbers; a row without pattern and code is taken out."""
    columns = [request.POST.getlist(name) for name in ("place", "pattern", "gives")]
    rows = [
        (number(place) or LAST, Rule(pattern, gives)) for place, pattern, gives in zip(*columns, strict=False)
    ]
    return [rule for _, rule in sorted(rows, key=lambda row: row[0]) if rule.pattern or rule.gives]


def _digest(typed: Sequence[Rule]) -> str:
    """What was previewed is what is applied: rules that were changed in between are previewed again."""
    said = json.dumps([[rule.pattern, rule.gives] for rule in typed])
    return hashlib.sha256(said.encode()).hexdigest()


def _show_rules(
    request: HttpRequest,
    connection: Connection,
    listed: Sequence[Rule],
    *,
    status: int = 200,
    outcome: Outcome | None = None,
    **problem: Any,
) -> HttpResponse:
    wrong = problem.get("errors") or {}
    rows = [(place + 1, rule, wrong.get(f"rule-{place}", "")) for place, rule in enumerate(listed)]
    blank = [(len(listed) + place + 1, Rule("", ""), "") for place in range(BLANK)]
    kind = kind_of(request)
    context = {
        "kind": kind,
        "kinds": [(one.value, f"{one.label}s".capitalize()) for one in MappingKind],
        "words": MappingKind(kind).label,
        "rules": [*rows, *blank],
        "previewed": _digest(listed) if outcome is not None else "",
        **previewed(outcome),
        **problem,
    }
    return show(request, connection, "rules", context, status=status)


def previewed(outcome: Outcome | None) -> dict[str, Any]:
    """This function will gather what a preview shows: the first codes that lead elsewhere, the rest counted."""
    moved = outcome.moved if outcome else []
    return {"outcome": outcome, "moved": moved[:SHOWN], "more": max(0, len(moved) - SHOWN)}


# -- files ----------------------------------------------------------------------------------------------------


@require_GET
def export(request: HttpRequest, connection: Connection) -> HttpResponse:
    """This function will write every code and where it leads as CSV."""
    standings = {kind: mapping_state.read(connection, kind) for kind in SIDES}
    names = {
        kind: dict(
            side.their_model._default_manager.filter(connection=connection).values_list("code", "name")
        )
        for kind, side in SIDES.items()
    }
    text = mapping_files.written(standings.values(), names)
    answer = HttpResponse(text.encode("utf-8-sig"), content_type="text/csv; charset=utf-8")
    name = f"codes-{connection.company.code}-version-{connection.mapping_version}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@require_http_methods(["GET", "POST"])
def file(request: HttpRequest, connection: Connection) -> HttpResponse:
    """This function will take a table as a file or pasted: first a preview, then the table itself."""
    if request.method == "GET":
        return _show_file(request, connection)

    def do() -> HttpResponse:
        ensure(connection, "edit_mapping", request.user)
        text, add_new = _given(request), "add_new" in request.POST
        standings = {kind: mapping_state.read(connection, kind) for kind in SIDES}
        imported = mapping_files.read(text.encode(), standings, add_new=add_new)
        context: dict[str, Any] = {"text": text, "add_new": add_new, "imported": imported}
        if imported.errors:
            return _show_file(request, connection, status=UNPROCESSABLE, **context)
        if "apply" not in request.POST:
            outcome = mapping_services.preview(connection, imported.edits, adds=imported.adds)
            rows = sum(len(rows) for rows in imported.table.values())
            return _show_file(request, connection, changed=rows, **context, **previewed(outcome))
        return _import(request, connection, imported)

    try:
        return guarded(request, connection, do, _file_again)
    except Unreadable as problem:
        return _file_again(request, connection, status=UNPROCESSABLE, errors={"file": str(problem)})


def _import(request: HttpRequest, connection: Connection, imported: mapping_files.Imported) -> HttpResponse:
    number_of = sum(len(rows) for rows in imported.table.values())
    said = f"Imported {number_of} {'row' if number_of == 1 else 'rows'} of the table"
    outcome = mapping_services.apply(
        connection,
        imported.edits,
        user=request.user,
        now=timezone.now(),
        sentence=said,
        seen=seen(request),
        adds=imported.adds,
    )
    messages.success(request, f"{said}. {outcome.sentence}")
    return redirect("admin:erp_mapping_history", connection.pk)


def _given(request: HttpRequest) -> str:
    """What was uploaded or pasted, as CSV: the preview's form carries it on."""
    upload = request.FILES.get("file")
    if upload is None:
        return request.POST.get("text", "")
    out = io.StringIO()
    csv.writer(out).writerows(
        [mapping_files.text_of(cell) for cell in row] for row in grid(data=upload.read())
    )
    return out.getvalue()


def _file_again(request: HttpRequest, connection: Connection, *, status: int, **problem: Any) -> HttpResponse:
    typed = {"text": request.POST.get("text", ""), "add_new": "add_new" in request.POST}
    return _show_file(request, connection, status=status, **{**typed, **problem})


def _show_file(
    request: HttpRequest, connection: Connection, *, status: int = 200, **context: Any
) -> HttpResponse:
    return show(request, connection, "file", context, status=status)


# -- history --------------------------------------------------------------------------------------------------


@require_GET
def history(request: HttpRequest, connection: Connection) -> HttpResponse:
    """This function will show every change of the mapping, the newest first."""
    changes = connection.mapping_changes.select_related("by")
    page = Paginator(changes, PER_PAGE).get_page(request.GET.get("p"))
    return show(request, connection, "history", {"page": page})


@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, connection: Connection, *, change_id: int) -> HttpResponse:
    """This function will show one change; with `restore` what going back to it changes, and a POST goes back.

    Change 0 stands for what there was before the first.
    """
    one = connection.mapping_changes.select_related("by", "restores").filter(pk=change_id).first()
    if one is None and change_id:
        raise Http404("There is no such change of this company's mapping.")
    if request.method == "GET":
        return _show_change(request, connection, one)

    def do() -> HttpResponse:
        outcome = mapping_services.restore(
            connection, one, user=request.user, now=timezone.now(), seen=seen(request)
        )
        messages.success(request, f"Restored. {outcome.sentence}")
        return redirect("admin:erp_mapping_history", connection.pk)

    def again(request: HttpRequest, connection: Connection, **problem: Any) -> HttpResponse:
        return _show_change(request, connection, one, **problem)

    return guarded(request, connection, do, again)


def _show_change(
    request: HttpRequest,
    connection: Connection,
    one: MappingChange | None,
    *,
    status: int = 200,
    **problem: Any,
) -> HttpResponse:
    context: dict[str, Any] = {"change": one, "change_id": one.pk if one else 0, **problem}
    if one is not None:
        company = connection.company_id
        context |= {
            "links": one.links[:SHOWN],
            "more_links": max(0, len(one.links) - SHOWN),
            "rules": [(MappingKind(kind).label, pairs) for kind, pairs in one.rules.items() if pairs],
            "documents": Document.objects.filter(
                batch__budget__project__company=company, mapping_version=one.version
            ).count(),
        }
    if "restore" in request.GET or request.method == "POST" or one is None:
        edits = mapping_services.back_to(connection, one)
        context |= {"restoring": True, **previewed(mapping_services.preview(connection, edits))}
    return show(request, connection, "change", context, status=status)
