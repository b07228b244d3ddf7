"""Charts: bars drawn on the server, each with a table behind it whose sums are those of the page."""

import re
from decimal import Decimal
from xml.etree import ElementTree

import pytest

from budgets import selectors
from budgets.grid import charts, svg
from erp import line_facts
from erp.sync.costs import BudgetCosts
from projects.models import CostCode
from tests.browser_pages.conftest import Desk, words
from tests.support.scene import MAIN, add_line, lock, modify

pytestmark = pytest.mark.django_db
CONCRETE, CARPET = (MAIN, "03-30-00", "M"), (MAIN, "09-68-00", "S")


def drawings(page) -> list[ElementTree.Element]:
    """The charts of a page, read strictly."""
    return [
        ElementTree.fromstring(text)
        for text in re.findall(r'<svg class="chart".*?</svg>(?!\s*[a-z])', page.content.decode(), re.S)
    ]


def test_every_table_ties_with_the_page(desk: Desk) -> None:
    lock(desk.scene)
    modify(desk.scene, "x", (CONCRETE, "-5000.00"), (CARPET, "5000.00"))
    totals = selectors.totals(desk.scene.budget)
    for chart in charts.of_budget(desk.scene.budget):
        for place in range(len(chart.series)):
            known = [row[place] for _, row in chart.table if row[place] is not None]
            assert (sum(known) if known else None) == chart.totals[place]
        assert chart.totals[:2] == [totals.original, totals.modifications]


def test_each_division_leads_to_its_rows_and_each_bar_says_its_amount(desk: Desk) -> None:
    page = desk.get("charts")
    first = drawings(page)[0]
    links = {a.get("aria-label"): a.get("href") for a in first.iter("a")}
    assert links["03 Concrete: the lines"] == f"{desk.url('page')}?open=%7C03#division-03"
    titles = [title.text for title in first.iter("title")]
    assert "03 Concrete, Original: 60,000.25" in titles
    assert 'id="division-03"' in desk.get("page").content.decode()
    assert "The figures as a table" in words(page)
    assert "48.6 % of revised" in [text.text for text in drawings(page)[1].iter("text")]


def test_nothing_in_a_drawing_needs_script_or_style_and_names_are_escaped(desk: Desk) -> None:
    CostCode.objects.filter(code="03").update(name='<b>"Concrete" & more')
    page = desk.get("charts").content.decode()
    drawn = "".join(re.findall(r'<svg class="chart".*?</svg>', page, re.S))
    assert " style=" not in drawn
    assert "<script" not in drawn
    assert "<b>" not in drawn
    assert drawings(desk.get("charts"))


def bars(*values: str | None) -> list[tuple[float, float]]:
    """Where the bars of these values begin, and how wide they are, in percent."""
    groups = [
        svg.Group("x", "", [svg.Bar(None if v is None else Decimal(v), "original", "w", "t")]) for v in values
    ]
    root = ElementTree.fromstring(svg.chart(groups, key="k", title="t", description="d"))
    found = [rect for rect in root.iter("rect") if rect.get("class")]
    return [(float(r.get("x").rstrip("%")), float(r.get("width").rstrip("%"))) for r in found]


def test_negative_bars_stand_left_of_zero_and_positive_ones_right_of_it() -> None:
    (left, wide), (right, wider) = bars("-50", "150")
    assert left == 0
    assert left + wide == pytest.approx(right, abs=0.02)
    assert wider == pytest.approx(3 * wide, abs=0.05)
    assert right + wider == pytest.approx(svg.PLOT, abs=0.02)


def test_nothing_and_zero_have_no_bar_and_a_chart_of_nothing_is_drawn() -> None:
    assert bars(None, "0.00") == []
    assert len(bars("0.01", "9999999999999.99")) == 2  # the smallest is still to be seen


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0.00", "0"),
        ("950.4", "950"),
        ("1250000", "1.25 M"),
        ("-3200", "(3.2 k)"),
        ("85000", "85 k"),
        ("9999999999999.99", "10000 bn"),
        (None, "–"),
    ],
)
def test_amounts_beside_bars_have_three_digits(value, text) -> None:
    assert charts.short(None if value is None else Decimal(value)) == text


def test_over_and_under_are_drawn_when_costs_are_known(desk: Desk, monkeypatch) -> None:
    assert len(charts.of_budget(desk.scene.budget)) == 2
    spent = {desk.concrete.pk: Decimal("45000.00")}
    monkeypatch.setattr(line_facts, "costs_of", lambda budget: BudgetCosts(on_lines=spent))
    page = desk.get("charts")
    assert "03 Concrete: over by 5,000.00" in [t.text for t in drawings(page)[2].iter("title")]
    assert "over 5 k" in [t.text for t in drawings(page)[2].iter("text")]


def test_thirty_divisions_are_thirty_groups_below_one_another(desk: Desk) -> None:
    for number in range(30, 60):
        root = CostCode.objects.create(company=desk.scene.company, code=str(number), division=str(number))
        CostCode.objects.create(
            company=desk.scene.company, parent=root, code=f"{number}-10-00", division=str(number)
        )
        add_line(desk.scene.budget, desk.scene.dana, MAIN, f"{number}-10-00", "M", f"{number}.00")
    chart = drawings(desk.get("charts"))[0]
    tops = [int(text.get("y")) for text in chart.iter("text") if text.get("class") == "label"]
    assert len(tops) == 33
    assert min(b - a for a, b in zip(tops, tops[1:], strict=False)) >= 40


def test_an_empty_budget_says_what_to_do(desk: Desk) -> None:
    desk.scene.budget.lines.all().delete()
    assert "There is nothing to draw yet." in words(desk.get("charts"))
