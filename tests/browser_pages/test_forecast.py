"""The pages of forecasts: the sums by division, many lines at once, one line with its trail."""

import re
from collections.abc import Callable
from decimal import Decimal

import pytest

from budgets.grid import groups as grid
from budgets.grid import rows
from budgets.models import Forecast, SavedView
from erp import line_facts
from erp.sync.costs import BudgetCosts
from projects.models import BudgetLevel, ProjectRole
from tests.browser_pages.conftest import Desk, words
from tests.support.scene import lock

pytestmark = pytest.mark.django_db
Costs = Callable[[dict[int, str]], None]


@pytest.fixture
def costs(monkeypatch: pytest.MonkeyPatch) -> Costs:
    """A function by which the ERP tells costs of lines by id; it knows nothing of the others."""

    def tell(spent: dict[int, str]) -> None:
        known = BudgetCosts(on_lines={pk: Decimal(amount) for pk, amount in spent.items()})
        monkeypatch.setattr(line_facts, "costs_of", lambda budget: known)

    return tell


def form(*lines, **changed):
    """The rows of the page as they stand, with what was typed into one of them."""
    stored = {f.line_id: f for f in Forecast.objects.all()}
    shown = [
        {
            "line": line.pk,
            "version": stored[line.pk].version if line.pk in stored else 0,
            "amount": stored[line.pk].amount or "" if line.pk in stored else "",
            "note": stored[line.pk].note if line.pk in stored else "",
        }
        for line in lines
    ]
    shown[0].update(changed)
    return {name: [row[name] for row in shown] for name in ("line", "version", "amount", "note")}


def test_sums_by_division_tie_with_the_total_and_unknown_costs_are_told(desk: Desk, costs: Costs) -> None:
    costs({desk.concrete.pk: "45000.00", desk.labor.pk: "2000.00"})
    page = desk.get("forecast", division="03")
    parts, total = page.context["parts"], page.context["total"]
    for name in ("revised", "cost", "forecast", "at_completion", "over_under"):
        known = [value for part in parts if (value := getattr(part.sums, name)) is not None]
        assert sum(known) == getattr(total, name), name
    assert (total.cost, total.over_under) == (Decimal("47000.00"), Decimal("-5000.00"))
    text = words(page)
    assert "over 5,000.00" in text
    assert "cost of 1 not known" in text
    assert '<span class="soft">not known</span>' in text


def test_dana_sets_one_of_many_lines_and_the_rest_stay_automatic(desk: Desk, costs: Costs) -> None:
    costs({desk.concrete.pk: "10000.00", desk.labor.pk: "2000.00"})
    lock(desk.scene)
    answer = desk.send("forecast", **form(desk.concrete, desk.labor, amount="35,000", note="Prices rose."))
    assert answer.status_code == 302
    only = Forecast.objects.get()
    assert (only.line, only.amount) == (desk.concrete, Decimal("35000.00"))
    page = words(desk.get("forecast", division="03"))
    assert "Saved 1 forecast." in page
    assert "over 5,000.00" in page  # 10,000 + 35,000 of a budget of 40,000
    desk.send("forecast", **form(desk.concrete, desk.labor))
    assert Forecast.objects.get().version == 1  # what was not changed is not written
    assert "Nothing was changed." in words(desk.get("forecast"))


def test_what_is_wrong_stands_at_its_line_with_what_was_typed(desk: Desk) -> None:
    typed = form(desk.concrete, amount="1.005")
    answer = desk.client.post(f"{desk.url('forecast')}?division=03", typed)
    assert answer.status_code == 422
    page = words(answer)
    assert "2 things to put right" in page
    assert "more than 2 decimals" in page
    assert "Say in a few words where this amount comes from." in page
    assert 'value="1.005"' in page
    assert not Forecast.objects.exists()


def test_the_second_of_two_is_told_and_keeps_what_she_typed(desk: Desk) -> None:
    seen = form(desk.concrete, amount="2.00", note="Mine.")
    desk.log_in(desk.scene.tom).send("forecast_line", desk.concrete.pk, amount="1.00", note="His.", version=0)
    desk.log_in(desk.scene.dana)
    answer = desk.client.post(f"{desk.url('forecast')}?division=03", seen)
    assert answer.status_code == 409
    page = words(answer)
    assert "Tom Baptiste changed the forecast of 03-30-00 M before you saved it." in page
    assert 'value="2.00"' in page
    assert "saved now:" in page
    answer = desk.send("forecast_line", desk.concrete.pk, amount="2.00", note="Mine.", version=0)
    assert '<th scope="row">Amount</th><td>1.00</td><td>2.00</td>' in words(answer)
    assert Forecast.objects.get().amount == 1


def test_a_line_shows_how_its_forecast_came_about(desk: Desk) -> None:
    desk.send("forecast_line", desk.concrete.pk, amount="7.00", note="First guess.", version=0)
    desk.send("forecast_line", desk.concrete.pk, amount="", note="", version=1)
    page = words(desk.get("forecast_line", desk.concrete.pk))
    assert "First guess." in page
    assert page.index("Automatic</strong>") < page.index("First guess.")
    assert "The forecast of 03-30-00 M is automatic now." in page


def test_an_auditor_looks_and_is_told_who_sets_it(desk: Desk) -> None:
    desk.log_in(desk.scene.ruth)
    for page in (desk.get("forecast"), desk.get("forecast_line", desk.concrete.pk)):
        assert "You may not set forecasts of this budget. Ask Dana Reyes or Tom Baptiste." in words(page)
        assert 'name="amount"' not in words(page)
    ProjectRole.objects.filter(user=desk.scene.ruth).update(level=BudgetLevel.STANDARD)
    assert 'name="amount"' in words(desk.get("forecast"))


def test_the_grid_shows_the_projection_with_its_sums_in_a_view(desk: Desk, costs: Costs) -> None:
    costs({desk.concrete.pk: "45000.00"})
    desk.send("forecast_line", desk.concrete.pk, amount="1.00", note="Last pour.", version=0)
    shown = ["cost", "forecast", "at_completion", "over_under"]
    calc = {"calc_key": "", "calc_label": "", "calc_expression": "", "calc_kind": "money"}
    desk.send("view_new", name="Forecast", column=shown, show=shown, do="save", **calc)
    page = desk.get("page", view=SavedView.objects.get().pk).content.decode()
    row = page.partition(f'id="line-{desk.concrete.pk}"')[2].partition("</tr>")[0]
    assert re.search(r'data-col="over_under" class="figure-cell negative">over 5,001.00<', row)
    assert "by hand" in row
    total = page.partition("<tfoot>")[2]
    assert "46,000.00" not in total
    assert "45,001.00" in total
    assert grid.summed(rows.read(desk.scene.budget)).over_under == Decimal("-5001.00")
