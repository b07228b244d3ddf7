"""The pages of views: the list, the choice of columns, sharing, deleting. None needs JavaScript."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from budgets import facts
from budgets.files.export_files import MIMES
from budgets.files.export_rows import file_name
from budgets.grid import look
from budgets.grid.views import remember_density
from budgets.models import Budget, SavedView
from budgets.pages import budget_page, perform
from budgets.saved_views import calculated
from budgets.saved_views import choosing as saved_views
from budgets.saved_views import forms as view_forms
from budgets.saved_views import services as view_services
from budgets.saved_views import table as view_table
from budgets.saved_views.choosing import Shown
from budgets.saved_views.forms import TypedView
from workflow import actions
from workflow.numbers import version


@require_GET
@budget_page
def index(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will list the views a person has."""
    return _show_index(request, budget)


def _show_index(request: HttpRequest, budget: Budget, *, status: int = 200, **problem: Any) -> HttpResponse:
    company = budget.project.company
    context = {
        "budget": budget,
        "views": list(saved_views.visible(request.user, company)),
        "default": saved_views.default_of(request.user, company),
        **problem,
    }
    return render(request, "budgets/views.html", context, status=status)


@require_GET
@budget_page
def opened(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will open the budget page in a view: grouped, filtered and as dense as the view says."""
    shown = saved_views.of_page(request, budget)
    query = saved_views.query_of(shown.view) if not shown.lost else request.GET.urlencode()
    answer = redirect(f"{reverse('budgets:page', args=[budget.project_id])}?{query}#lines")
    if shown.view and shown.view.density:
        remember_density(answer, shown.view.density, secure=request.is_secure())
    return answer


@require_GET
@budget_page
def export(request: HttpRequest, budget: Budget) -> FileResponse:
    """This function will hand out all lines in the columns of the view that the address names."""
    shown = saved_views.of_page(request, budget)
    day = timezone.localdate().isoformat()
    return FileResponse(
        view_table.xlsx(view_table.of_view(budget, shown), name=shown.name),
        as_attachment=True,
        filename=f"{file_name(f'{budget.project.name} {shown.name} {day}')}.xlsx",
        content_type=MIMES["xlsx"],
    )


@require_http_methods(["GET", "POST"])
@budget_page
def new(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will show the form of a new view that begins with another one, or save it."""
    if request.method == "GET":
        company = budget.project.company
        begun = saved_views.shown(request.user, company, asked=request.GET.get("from", ""))
        mine = [view.name for view in begun.others]
        name = view_forms.copied(begun.view, names=mine) if begun.view else ""
        typed = view_forms.of_shown(begun, name=name)
        return _show_form(request, budget, typed=typed if begun.view else _unnamed(typed))
    typed = view_forms.read(request.POST)
    if request.POST.get("do") != "save":
        return _show_form(request, budget, typed=typed, errors=_formula_errors(typed))

    def do() -> HttpResponse:
        saved = view_services.create(
            budget.project.company, typed.values(), user=request.user, now=timezone.now()
        )
        messages.success(request, f"Saved the view {saved.name}. It is yours alone until you share it.")
        return redirect(_open(budget, saved))

    return perform(request, budget, act=do, again=partial(_show_form, request, typed=typed))


def _unnamed(typed: TypedView) -> TypedView:
    typed.name = ""
    return typed


@require_http_methods(["GET", "POST"])
@budget_page
def edit(request: HttpRequest, budget: Budget, *, pk: int) -> HttpResponse:
    """This function will show the form of a view, or change the view if it is still as the person saw it."""
    view = _view(request, budget, pk)
    if request.method == "GET":
        return _show_form(request, budget, typed=view_forms.of_shown(Shown(view)), pk=pk)
    typed = view_forms.read(request.POST)
    if request.POST.get("do") != "save" and "do" in request.POST:
        return _show_form(request, budget, typed=typed, pk=pk, errors=_formula_errors(typed), keep=True)

    def do() -> HttpResponse:
        saved = view_services.update(
            view, typed.values(), user=request.user, now=timezone.now(), version=typed.version or 0
        )
        messages.success(request, f"Saved the view {saved.name}.")
        return redirect(_open(budget, saved))

    return perform(request, budget, act=do, again=partial(_show_form, request, typed=typed, pk=pk))


def _show_form(
    request: HttpRequest,
    budget: Budget,
    *,
    typed: TypedView,
    pk: int | None = None,
    keep: bool = False,
    status: int = 200,
    **problem: Any,
) -> HttpResponse:
    """The form; after a conflict with the newest version, so that saving again puts it over theirs."""
    mine = saved_views.visible(request.user, budget.project.company)
    view = mine.filter(pk=pk).first() if pk is not None else None
    erp = facts.erp_name(budget)
    if view and not keep:
        typed.version = view.version
    conflict = problem.get("conflict")
    context = {
        "budget": budget,
        "view": view,
        "typed": typed,
        "choices": typed.choices(erp),
        "rows": _formula_rows(typed, problem.get("errors", {})),
        "kinds": calculated.KINDS,
        "names": [(key, saved_views.columns.REGISTRY[key].title(erp)) for key in calculated.numbers()],
        "groupings": look.GROUPINGS.items(),
        "filters": [(key, label.format(erp=erp)) for key, label in look.CHIPS.items()],
        "blocked": actions.blockers(view, "change_view", request.user) if view else [],
        "differences": _differences(view, typed, erp) if conflict and view else [],
        **problem,
    }
    return render(request, "budgets/view_form.html", context, status=status)


def _formula_rows(typed: TypedView, errors: Mapping[str, str]) -> list[dict[str, str]]:
    """The calculated columns with what is wrong with each, or how its total comes about; and an empty one."""
    made = calculated.made(typed.formulas)
    rows = [
        {
            **formula.kept(),
            "label_error": errors.get(f"calculated.{place}.label", ""),
            "expression_error": errors.get(f"calculated.{place}.expression", ""),
            "note": calculated.SUMMED if made[formula.key].adds else calculated.FROM_TOTALS,
        }
        for place, formula in enumerate(typed.formulas)
    ]
    return [*rows, {"label_error": errors.get(f"calculated.{len(rows)}.label", "")}]


def _formula_errors(typed: TypedView) -> dict[str, str]:
    return {f"calculated.{place}": said for place, said in calculated.problems(typed.formulas).items()}


def _differences(view: SavedView, typed: TypedView, erp: str) -> list[tuple[str, str, str]]:
    """What the saved view and the typed one have otherwise: (label, saved, typed)."""
    stored = view_forms.of_shown(Shown(view))
    pairs = [("Name", stored.name, typed.name), ("Columns", _columns(stored, erp), _columns(typed, erp))]
    pairs.append(("Calculated", _formulas(stored), _formulas(typed)))
    return [pair for pair in pairs if pair[1] != pair[2]]


def _columns(typed: TypedView, erp: str) -> str:
    return ", ".join(choice.label for choice in typed.choices(erp) if choice.shown)


def _formulas(typed: TypedView) -> str:
    return "; ".join(f"{formula.label} = {formula.expression}" for formula in typed.formulas)


@require_http_methods(["GET", "POST"])
@budget_page
def delete(request: HttpRequest, budget: Budget, *, pk: int) -> HttpResponse:
    """This function will ask whether a view shall go, or delete it."""
    view = _view(request, budget, pk)
    if request.method == "GET":
        others = view.default_of.exclude(user=request.user.pk).count()
        return render(request, "budgets/view_delete.html", {"budget": budget, "view": view, "others": others})

    def do() -> HttpResponse:
        seen = version(request.POST["version"]) if "version" in request.POST else None
        view_services.delete(view, user=request.user, now=timezone.now(), version=seen)
        messages.success(request, f"Deleted the view {view.name}.")
        return redirect("budgets:views", budget.project_id)

    return perform(request, budget, act=do, again=partial(_show_index, request))


@require_POST
@budget_page
def share(request: HttpRequest, budget: Budget, *, pk: int) -> HttpResponse:
    """This function will show a view to everybody in the company."""
    view = _view(request, budget, pk)

    def do() -> HttpResponse:
        view_services.share(view, user=request.user, now=timezone.now())
        messages.success(request, f"Everybody in {view.company.name} sees the view {view.name} now.")
        return redirect("budgets:views", budget.project_id)

    return perform(request, budget, act=do, again=partial(_show_index, request))


@require_POST
@budget_page
def default(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will let a view open by itself for the person."""
    company = budget.project.company
    found = saved_views.shown(request.user, company, asked=request.POST.get("view", ""))
    if found.lost:
        raise Http404("This view does not exist, or it was deleted.")
    view_services.set_default(company, found.view, user=request.user)
    messages.success(request, f"{found.name} opens by itself for you now.")
    return redirect("budgets:views", budget.project_id)


def _view(request: HttpRequest, budget: Budget, pk: int) -> SavedView:
    view = saved_views.visible(request.user, budget.project.company).filter(pk=pk).first()
    if view is None:
        raise Http404("This view does not exist, or it was deleted.")
    return view


def _open(budget: Budget, view: SavedView) -> str:
    return f"{reverse('budgets:view_open', args=[budget.project_id])}?view={view.pk}"
