"""Forecasts to complete: the sums by division, the lines of one of them to set, and one line with its trail."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.apps import apps
from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from budgets import facts, money
from budgets.forecasts import projection
from budgets.forecasts import services as forecast_services
from budgets.forecasts.services import Wish
from budgets.grid import groups as grid
from budgets.grid.rows import Row, read
from budgets.grid.sums import Sums, summed
from budgets.line_views import line_of
from budgets.models import Budget, Forecast
from budgets.pages import budget_page, frame, perform
from workflow import actions
from workflow.numbers import number, version
from workflow.templatetags.figures import typed as as_typed

MOST_ROWS = (
    500  # lines of one page; a larger division is shown without its rest, which each line's own page sets
)


@dataclass(frozen=True)
class Part:
    """One division with its sums, and how many of its lines have no known cost."""

    code: str
    name: str
    sums: Sums
    unknown: int


@dataclass
class Editable:
    """A line whose forecast can be set: as it is stored, and as it was typed."""

    row: Row
    stored: Forecast | None
    amount: str
    note: str
    version: int
    amount_error: str = ""
    note_error: str = ""

    @property
    def automatic(self) -> Any:
        """What it would be without anybody's amount."""
        return projection.automatic(self.row.revised, self.row.cost)


@require_http_methods(["GET", "POST"])
@budget_page
def index(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will show where the budget will end, by division, and take forecasts for the lines of one."""
    if request.method == "GET":
        return _show_index(request, budget, typed={})
    wished = _wishes(request.POST)
    typed = {wish.line: wish for wish in wished}

    def do() -> HttpResponse:
        changed = _changed(budget, wished)
        if changed:
            forecast_services.set_forecasts(budget, changed, user=request.user, now=timezone.now())
        number_of = "1 forecast" if len(changed) == 1 else f"{len(changed)} forecasts"
        messages.success(request, f"Saved {number_of}." if changed else "Nothing was changed.")
        address = reverse("budgets:forecast", args=[budget.project_id])
        return redirect(f"{address}?{request.GET.urlencode()}#lines-of-division")

    return perform(request, budget, act=do, again=partial(_show_index, request, typed=typed))


def _show_index(
    request: HttpRequest, budget: Budget, *, typed: Mapping[int, Wish], status: int = 200, **problem: Any
) -> HttpResponse:
    rows = read(budget)
    parts = _parts(budget, rows)
    codes = [part.code for part in parts]
    asked = request.GET.get("division", "")
    chosen = asked if asked in codes else (codes[0] if codes else "")
    own = [row for row in rows if row.division == chosen]
    first = budget.lines.first()
    context = {
        **frame(budget),
        "tab": "forecast",
        "parts": parts,
        "total": summed(rows),
        "unknown": sum(part.unknown for part in parts),
        "chosen": next((part for part in parts if part.code == chosen), None),
        "lines": _editable(budget, own[:MOST_ROWS], typed, problem.get("errors", {})),
        "left_out": max(0, len(own) - MOST_ROWS),
        "costs": facts.costs(budget),
        "blocked": actions.blockers(first, "forecast", request.user) if first else [],
        **problem,
    }
    return render(request, "budgets/forecast.html", context, status=status)


def _parts(budget: Budget, rows: list[Row]) -> list[Part]:
    below: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        below[row.division].append(row)
    names = grid.division_names(budget)
    return [
        Part(code, names.get(code, ""), summed(own), sum(row.cost is None for row in own))
        for code, own in sorted(below.items())
    ]


def _editable(
    budget: Budget, rows: list[Row], typed: Mapping[int, Wish], errors: Mapping[str, str]
) -> list[Editable]:
    stored = _stored(budget, [row.pk for row in rows])
    shown = []
    for row in rows:
        has, wish = stored.get(row.pk), typed.get(row.pk)
        amount, note = (str(wish.amount or ""), wish.note) if wish else _as_stored(has)
        shown.append(
            Editable(
                *(row, has, amount, note, has.version if has else 0),
                amount_error=errors.get(f"{row.pk}.amount", ""),
                note_error=errors.get(f"{row.pk}.note", ""),
            )
        )
    return shown


def _stored(budget: Budget, lines: list[int]) -> dict[int, Forecast]:
    rows = Forecast.objects.filter(line__budget=budget, line__in=lines).select_related("changed_by")
    return {row.line_id: row for row in rows}


def _as_stored(forecast: Forecast | None) -> tuple[str, str]:
    return (as_typed(forecast.amount), forecast.note) if forecast else ("", "")


def _wishes(post: QueryDict) -> list[Wish]:
    fields = (post.getlist(name) for name in ("line", "version", "amount", "note"))
    rows = [(number(line), seen, amount, note) for line, seen, amount, note in zip(*fields, strict=False)]
    found = [
        Wish(line, version(seen), amount.strip(), note)
        for line, seen, amount, note in rows
        if line is not None
    ]
    return list({wish.line: wish for wish in found}.values())


def _changed(budget: Budget, wishes: list[Wish]) -> list[Wish]:
    """Those that differ from what is stored: a page of lines sends all of them."""
    stored = _stored(budget, [wish.line for wish in wishes])
    return [wish for wish in wishes if not _same(wish, stored.get(wish.line))]


def _same(wish: Wish, stored: Forecast | None) -> bool:
    amount, note = _as_stored(stored)
    if not wish.amount:
        return not amount and not wish.note.strip()
    try:
        same = bool(stored) and money.amount(wish.amount) == stored.amount  # type: ignore[union-attr]
    except money.NotExact:
        return False
    return same and wish.note.split() == note.split()  # a field of one line has lost the line breaks


# -- one line ------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@budget_page
def line(request: HttpRequest, budget: Budget, *, pk: int) -> HttpResponse:
    """This function will show where one line will end and how its forecast came about, or set it."""
    found = line_of(budget, pk)
    if request.method == "GET":
        return _show_line(request, budget, pk=pk, typed=None)
    post = request.POST
    typed = Wish(pk, version(post.get("version", "")), post.get("amount", "").strip(), post.get("note", ""))

    def do() -> HttpResponse:
        saved = forecast_services.set_forecast(
            found,
            user=request.user,
            now=timezone.now(),
            version=typed.version,
            amount=typed.amount,
            note=typed.note,
        )
        kind = "is automatic" if saved.amount is None else f"is {saved.amount:,.2f}"
        messages.success(request, f"The forecast of {found} {kind} now.")
        return redirect("budgets:forecast_line", budget.project_id, pk)

    return perform(request, budget, act=do, again=partial(_show_line, request, pk=pk, typed=typed))


def _show_line(
    request: HttpRequest, budget: Budget, *, pk: int, typed: Wish | None, status: int = 200, **problem: Any
) -> HttpResponse:
    found = line_of(budget, pk)
    stored = _stored(budget, [pk]).get(pk)
    amount, note = _as_stored(stored)
    row = read(budget, only=Q(pk=pk))[0]
    context = {
        "budget": budget,
        "line": found,
        "row": row,
        "stored": stored,
        "automatic": projection.automatic(row.revised, row.cost),
        "amount": amount if typed is None else typed.amount,
        "note": note if typed is None else typed.note,
        "version": stored.version if stored else 0,
        "costs": facts.costs(budget),
        "trail": _trail(pk),
        "differences": [] if typed is None else _differences(stored, typed),
        "blocked": actions.blockers(found, "forecast", request.user),
        **problem,
    }
    return render(request, "budgets/forecast_line.html", context, status=status)


def _differences(stored: Forecast | None, typed: Wish) -> list[tuple[str, Any, Any]]:
    amount, note = _as_stored(stored)
    pairs = [("Amount", amount or "automatic", typed.amount or "automatic"), ("Note", note, typed.note)]
    return [pair for pair in pairs if pair[1] != pair[2]]


def _trail(pk: int) -> list[Any]:
    """Every forecast the line ever had, the newest first."""
    kept = apps.get_model("budgets", "ForecastEvent")
    rows = kept.objects.filter(line_id=pk).exclude(pgh_label="delete").select_related("changed_by")
    return list(rows.order_by("-pgh_id"))
