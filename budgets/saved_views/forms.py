"""The form of a view as it was typed: which columns, in which order, and what is calculated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from django.http import QueryDict

from budgets.grid import columns
from budgets.models import SavedView
from budgets.saved_views import calculated
from budgets.saved_views.calculated import Formula
from budgets.saved_views.choosing import Shown
from budgets.saved_views.services import ViewValues
from workflow.numbers import version

UP, DOWN, DROP = "up", "down", "drop"


@dataclass(frozen=True)
class Choice:
    """One column of the form."""

    key: str
    label: str
    shown: bool
    calculated: bool


@dataclass
class TypedView:
    """A view as its form holds it. `order` has every column there is, `shown` those to see."""

    name: str = ""
    order: list[str] = field(default_factory=list)
    shown: set[str] = field(default_factory=set)
    formulas: list[Formula] = field(default_factory=list)
    by: str = ""
    only: str = ""
    density: str = ""
    version: int | None = None

    def choices(self, erp: str) -> list[Choice]:
        """The columns in their order, with the ERP by its name."""
        titles = {key: column.title(erp) for key, column in columns.REGISTRY.items()}
        made = {formula.key: formula.label for formula in self.formulas if formula.key}
        known = {**titles, **made}
        return [Choice(key, known[key], key in self.shown, key in made) for key in self.order if key in known]

    def values(self) -> ViewValues:
        """What the service takes."""
        kept = [key for key in self.order if key in self.shown]
        return ViewValues(self.name, kept, self.formulas, self.by, self.only, self.density)


def of_shown(shown: Shown, *, name: str = "") -> TypedView:
    """This function will make the form of a view, or of a new one that begins with what another shows."""
    view = shown.view
    if view is None:
        kept = [key for key in columns.STANDARD if key != columns.HEAD]
        return _complete(TypedView(name, kept, set(kept)))
    formulas = calculated.stored(view.calculated)
    return _complete(
        TypedView(
            name or view.name,
            list(view.columns),
            set(view.columns),
            formulas,
            view.by,
            view.only,
            view.density,
            view.version,
        )
    )


def copied(view: SavedView, *, names: Sequence[str]) -> str:
    """This function will name the copy of a view, so that the person has no other of that name."""
    name, number = f"{view.name} (copy)", 2
    while name in names:
        name, number = f"{view.name} (copy {number})", number + 1
    return name


def read(post: QueryDict) -> TypedView:
    """This function will take a view out of a form, after the press of one of its buttons."""
    typed = TypedView(
        name=post.get("name", ""),
        order=post.getlist("column"),
        shown=set(post.getlist("show")),
        by=post.get("by", ""),
        only=post.get("only", ""),
        density=post.get("density", ""),
        version=version(post.get("version", "")),
    )
    rows = zip(
        *(post.getlist(f"calc_{name}") for name in ("key", "label", "expression", "kind")), strict=False
    )
    for row in rows:
        _take(typed, Formula(*(text.strip() for text in row)))
    what, _, key = post.get("do", "").partition(":")
    _press(_complete(typed), what, key)
    return typed


def _take(typed: TypedView, formula: Formula) -> None:
    """A new calculated column gets its name in formulas, and is shown."""
    if not formula.label and not formula.expression:
        return
    if not formula.key:
        key = calculated.named(formula.label, taken=[other.key for other in typed.formulas])
        formula = replace(formula, key=key)
        typed.order.append(key)
        typed.shown.add(key)
    typed.formulas.append(formula)


def _complete(typed: TypedView) -> TypedView:
    """Every column there is has its place, those that are not shown behind."""
    every = [*columns.REGISTRY, *(formula.key for formula in typed.formulas)]
    known = [key for key in dict.fromkeys(typed.order) if key in every and key != columns.HEAD]
    typed.order = [*known, *(key for key in every if key not in known and key != columns.HEAD)]
    typed.shown &= set(typed.order)
    return typed


def _press(typed: TypedView, what: str, key: str) -> None:
    if what == DROP:
        typed.formulas = [formula for formula in typed.formulas if formula.key != key]
        typed.order = [other for other in typed.order if other != key]
        typed.shown.discard(key)
    elif what in (UP, DOWN) and key in typed.order:
        place = typed.order.index(key)
        typed.order.pop(place)
        typed.order.insert(max(0, place - 1 if what == UP else place + 1), key)
