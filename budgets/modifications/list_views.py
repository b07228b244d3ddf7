"""The list of a budget's modifications: by state, searched, sorted, summed, printed, and several made effective."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, Greatest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from budgets.errors import InvalidInput
from budgets.files import downloads
from budgets.models import Budget, BudgetLine, Modification, ModificationLine
from budgets.modifications.files import HEADER
from budgets.modifications.many import make_many_effective
from budgets.modifications.outcomes import tell
from budgets.money import ZERO
from budgets.pages import budget_page, frame, perform
from workflow.numbers import number

PER_PAGE = 100
EFFECTIVE = Q(state="effective")
SHELVES: dict[str, tuple[str, Q]] = {
    "": ("All", Q()),
    "draft": ("Drafts", Q(state="draft")),
    "unsent": ("Effective, not sent", EFFECTIVE & Q(in_batch=False, was_posted=False)),
    "sent": ("Sent, not posted", EFFECTIVE & Q(in_batch=True, was_posted=False)),
    "posted": ("Posted", Q(was_posted=True)),
    "void": ("Void", Q(state="void")),
}
SORTS = {
    "new": ("newest first", ("-pk",)),
    "number": ("number", (F("number").asc(nulls_last=True), "pk")),
    "date": ("date", ("date", "pk")),
    "title": ("what for", ("title", "pk")),
    "moved": ("moved", ("-moved", "pk")),
    "net": ("net", ("-net", "pk")),
}


@dataclass(frozen=True)
class Asked:
    """What the address asks for; nonsense in it asks for nothing."""

    shelf: str
    words: str
    sort: str
    line: BudgetLine | None

    def address(self, **changed: str) -> str:
        """The query of the same list with something else in it."""
        now = {"state": self.shelf, "q": self.words, "sort": self.sort if self.sort != "new" else ""}
        now["line"] = str(self.line.pk) if self.line else ""
        return "?" + urlencode({key: value for key, value in {**now, **changed}.items() if value})

    @property
    def excel(self) -> str:
        """The query of the same list as a workbook."""
        return self.address(**{"as": "xlsx"})


def asked(request: HttpRequest, budget: Budget) -> Asked:
    """This function will read which modifications are asked for, and in which order."""
    shelf, sort = request.GET.get("state", ""), request.GET.get("sort", "new")
    line = number(request.GET.get("line", ""))
    lines = budget.lines.select_related("job", "cost_code", "cost_type")
    return Asked(
        shelf=shelf if shelf in SHELVES else "",
        words=request.GET.get("q", "").strip()[:100],
        sort=sort if sort in SORTS else "new",
        line=lines.filter(pk=line).first() if line is not None else None,
    )


def matching(budget: Budget, wanted: Asked) -> QuerySet[Modification]:
    """This function will find the modifications that are asked for, of any state, each with what it moves."""
    found = budget.modifications.select_related("changed_by", "reverses")
    if wanted.line is not None:
        found = found.filter(pk__in=wanted.line.changes.values("modification"))
    for word in wanted.words.split()[:8]:
        coded = ModificationLine.objects.filter(
            Q(line__cost_code__code__icontains=word) | Q(line__cost_code_text__icontains=word)
        )
        said = Q(title__icontains=word) | Q(note__icontains=word) | Q(pk__in=coded.values("modification"))
        digits = number(word)
        found = found.filter(said | Q(number=digits) if digits is not None else said)
    up = Coalesce(Sum("lines__amount", filter=Q(lines__amount__gt=0)), ZERO)
    net = Coalesce(Sum("lines__amount"), ZERO)
    return found.annotate(moved=Greatest(up, up - net), net=net)  # as `money.moved`, for the list to sort by


def counts(found: QuerySet[Modification]) -> dict[str, int]:
    """This function will count the modifications on each shelf, in one query."""
    plain = Modification.objects.filter(pk__in=found.values("pk")).order_by()
    return plain.aggregate(**{key or "all": Count("pk", filter=held) for key, (_, held) in SHELVES.items()})


def _context(request: HttpRequest, budget: Budget) -> dict[str, Any]:
    wanted = asked(request, budget)
    found = matching(budget, wanted)
    numbers = counts(found)
    rows = found.filter(SHELVES[wanted.shelf][1]).order_by(*SORTS[wanted.sort][1])
    return {
        "asked": wanted,
        "chips": [
            (label, wanted.address(state=key), numbers[key or "all"], key == wanted.shelf)
            for key, (label, _) in SHELVES.items()
        ],
        "sorts": [(key, words) for key, (words, _) in SORTS.items()],
        "modifications": rows,
        "sums": rows.order_by().aggregate(
            moved_in_all=Coalesce(Sum("moved"), ZERO), net_in_all=Coalesce(Sum("net"), ZERO)
        ),
        "all": numbers["all"],
    }


@require_GET
@budget_page
def index(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will list a budget's modifications with what each moves, a page at a time."""
    return _show(request, budget)


def _show(request: HttpRequest, budget: Budget, *, status: int = 200, **problem: Any) -> HttpResponse:
    context = {**frame(budget), **_context(request, budget), "tab": "modifications", **problem}
    page = Paginator(context["modifications"], PER_PAGE).get_page(request.GET.get("page"))
    context |= {"modifications": page.object_list, "page": page}
    context["drafts"] = any(row.state == "draft" for row in page.object_list)
    return render(request, "budgets/modifications.html", context, status=status)


@require_GET
@budget_page
def printed(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will lay out the whole list for paper."""
    context = {**frame(budget), **_context(request, budget), "printed": timezone.now()}
    return render(request, "budgets/modifications_print.html", context)


@require_GET
@budget_page
def export(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will write the list as a file, a row a line. Loaded again, only its drafts are taken."""
    kind = request.GET.get("as", "")
    rows = _context(request, budget)["modifications"]
    return downloads.table(
        kind if kind in downloads.KINDS else "csv",
        name="modifications",
        header=[*HEADER, "state"],
        rows=_cells(rows),
    )


def _cells(rows: QuerySet[Modification]) -> Iterable[list[Any]]:
    lines = ("lines__line__job", "lines__line__cost_code", "lines__line__cost_type")
    for row in rows.prefetch_related(*lines):
        key = str(row.number) if row.number else f"draft {row.pk}"
        for change in row.lines.all():
            line = change.line
            words = [key, row.title, row.date.isoformat(), row.note]
            yield [*words, line.job.code, line.code, line.type, change.amount, row.state]


@require_POST
@budget_page
def make_effective(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will let the ticked drafts count: those that can, or with `together` all or none."""

    def do() -> HttpResponse:
        seen = _seen(request.POST.getlist("draft"))
        if not seen:
            raise InvalidInput({"drafts": "Tick the drafts that shall count first."})
        uneven = budget.modifications.filter(pk__in=seen, state="draft").annotate(net=Sum("lines__amount"))
        if budget.project.company.allow_total_change and "sure" not in request.POST:
            total = sum((row.net for row in uneven if row.net), ZERO)
            if total:
                said = f"The ticked drafts change the grand total by {total:,.2f}. Tick “also change the grand total”."
                raise InvalidInput({"drafts": f"{said} Nothing was changed yet."})
        together = "together" in request.POST
        outcomes = make_many_effective(
            budget, user=request.user, now=timezone.now(), seen=seen, together=together
        )
        tell(request, outcomes)
        return redirect("budgets:modifications", budget.project_id)

    return perform(request, budget, act=do, again=partial(_show, request))


def _seen(typed: Iterable[str]) -> dict[int, int]:
    """Which drafts are ticked, with the version of each that the page showed."""
    pairs = [text.partition(":")[::2] for text in typed]
    read = [(number(pk), number(version)) for pk, version in pairs]
    return {pk: version for pk, version in read if pk is not None and version is not None}
