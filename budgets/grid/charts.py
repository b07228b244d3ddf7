"""What the charts of a budget show: by division and by cost type, from the rows and sums of the grid itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from operator import attrgetter

from django.utils.safestring import SafeString

from budgets import facts, links
from budgets.grid import groups as grid
from budgets.grid import svg
from budgets.grid.rows import Row, read
from budgets.grid.sums import Sums, summed
from budgets.models import Budget
from budgets.saved_views.calculation import rounded
from budgets.selectors import UNKNOWN
from workflow.templatetags.figures import PERCENT_PLACES, plain_money, plain_percent


@dataclass(frozen=True)
class Series:
    """One kind of bar, and the column of the table behind the chart."""

    key: str
    label: str
    value: Callable[[Sums], Decimal | None]


@dataclass(frozen=True)
class Part:
    """The lines that one group of bars stands for."""

    code: str
    name: str
    link: str
    sums: Sums
    words: str = ""

    @property
    def label(self) -> str:
        """Code and name."""
        return f"{self.code} {self.name}".strip()


@dataclass(frozen=True)
class Chart:
    """A chart with the table behind it; the table's sums are those of the budget page."""

    key: str
    title: str
    description: str
    head: str
    legend: Sequence[tuple[SafeString, str]]
    drawing: SafeString
    series: Sequence[Series]
    table: Sequence[tuple[Part, Sequence[Decimal | None]]]
    totals: Sequence[Decimal | None]


def of_budget(budget: Budget) -> list[Chart]:
    """This function will draw every chart that says something; none for a budget without lines."""
    rows = read(budget)
    if not rows:
        return []
    erp = facts.erp_name(budget)
    compared = (
        Series("original", "Original", attrgetter("original")),
        Series("modifications", "Modifications", attrgetter("modifications")),
        Series("in_erp", f"In {erp}", attrgetter("in_erp")),
    )
    divisions, types, total = _divisions(budget, rows), _types(rows), summed(rows)
    drawn = [
        _grouped("divisions", "By division", "Division", divisions, compared, total),
        _grouped("types", "By cost type", "Cost type", types, compared, total),
    ]
    if total.over_under is not None:
        drawn.append(_projected(divisions, total))
    return drawn


def _divisions(budget: Budget, rows: Sequence[Row]) -> list[Part]:
    below: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        below[row.division].append(row)
    names = grid.division_names(budget)
    return [
        Part(
            "" if code == UNKNOWN else code,
            names.get(code, ""),
            links.division(budget, code),
            summed(below[code]),
        )
        for code in sorted(below, key=lambda code: (code != UNKNOWN, code))
    ]


def _types(rows: Sequence[Row]) -> list[Part]:
    below: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        below[row.type, row.type_name or ""].append(row)
    parts = [Part(code or "No cost type", name, "", summed(own)) for (code, name), own in below.items()]
    return [replace(part, words=_share(part, parts)) for part in sorted(parts, key=lambda p: -p.sums.revised)]


def _share(part: Part, parts: Sequence[Part]) -> str:
    """How much of the revised budget it is; with credits among the parts there are no shares."""
    amounts = [one.sums.revised for one in parts]
    if min(amounts) < 0 or not sum(amounts):
        return ""
    return f"{plain_percent(rounded(part.sums.revised / sum(amounts), PERCENT_PLACES + 2))} of revised"


def _grouped(
    key: str, title: str, head: str, parts: Sequence[Part], series: Sequence[Series], total: Sums
) -> Chart:
    groups = [
        svg.Group(
            part.label,
            part.link,
            [_bar(part, one.key, one.label, one.value(part.sums)) for one in series],
            part.words,
        )
        for part in parts
    ]
    names = ", ".join(one.label for one in series)
    description = f"{names} as bars for each {head.lower()}; the same figures are in the table below."
    return Chart(
        key=key,
        title=title,
        description=description,
        head=head,
        legend=[(svg.swatch(one.key, key=key), one.label) for one in series],
        drawing=svg.chart(groups, key=key, title=title, description=description),
        series=series,
        table=_table(parts, series),
        totals=[one.value(total) for one in series],
    )


def _projected(parts: Sequence[Part], total: Sums) -> Chart:
    key, title = "projected", "Projected over or under budget, by division"
    description = (
        "Revised budget less estimated cost at completion: to the left of zero a division is over budget, to the right "
        "under it."
    )
    series = (
        Series("revised", "Revised", attrgetter("revised")),
        Series("at_completion", "Estimated cost at completion", attrgetter("at_completion")),
        Series("over_under", "Projected over / under", attrgetter("over_under")),
    )
    groups = [svg.Group(part.label, part.link, [_verdict(part)]) for part in parts]
    return Chart(
        key=key,
        title=title,
        description=description,
        head="Division",
        legend=[(svg.swatch("over", key=key), "Over budget"), (svg.swatch("under", key=key), "Under budget")],
        drawing=svg.chart(groups, key=key, title=title, description=description),
        series=series,
        table=_table(parts, series),
        totals=[one.value(total) for one in series],
    )


def _bar(part: Part, key: str, label: str, value: Decimal | None) -> svg.Bar:
    exact = "not known" if value is None else plain_money(value)
    return svg.Bar(value, key, short(value), f"{part.label}, {label}: {exact}")


def _verdict(part: Part) -> svg.Bar:
    value = part.sums.over_under
    if not value:
        words = "not known" if value is None else "on budget"
        return svg.Bar(value, "under", words, f"{part.label}: {words}")
    side = "over" if value < 0 else "under"
    return svg.Bar(
        value, side, f"{side} {short(abs(value))}", f"{part.label}: {side} by {plain_money(abs(value))}"
    )


def _table(parts: Sequence[Part], series: Sequence[Series]) -> list[tuple[Part, list[Decimal | None]]]:
    return [(part, [one.value(part.sums) for one in series]) for part in parts]


def short(value: Decimal | None) -> str:
    """This function will write an amount in three digits for a chart: 1.25 M, 850 k, (3.2 k); a dash for None."""
    if value is None:
        return "–"
    size, unit = abs(value), ""
    for limit, word in ((Decimal(10) ** 9, " bn"), (Decimal(10) ** 6, " M"), (Decimal(10) ** 3, " k")):
        if size >= limit:
            size, unit = size / limit, word
            break
    places = 0 if size >= 100 else 1 if size >= 10 else 2
    digits = f"{size.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP):f}"
    digits = digits.rstrip("0").rstrip(".") if "." in digits else digits
    return f"({digits}{unit})" if value < 0 else f"{digits}{unit}"
