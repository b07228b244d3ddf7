"""Views: columns a person chose, calculated ones among them; their own, or shared by those who may."""

from decimal import Decimal

import pytest
from django.utils import timezone

from budgets.errors import Conflict, InvalidInput
from budgets.grid import columns, look, rows
from budgets.grid import groups as grid
from budgets.models import DefaultView, SavedView
from budgets.saved_views import calculated
from budgets.saved_views import choosing as saved_views
from budgets.saved_views import services as view_services
from budgets.saved_views import table as view_table
from budgets.saved_views.calculated import Formula
from budgets.saved_views.calculation import evaluate, rounded
from budgets.saved_views.services import ViewValues
from tests.support import scene as acts
from tests.support.scene import MAIN
from workflow.actions import ActionBlocked
from workflow.models import Event

SHARE = Formula("share", "Share of concrete", "original / 92500.75", "percent")
TWICE = Formula("twice", "Twice", "original * 2")
OVER = Formula("over", "Over", "max(modifications, 0)")
RATE = Formula("rate", "Rate", "twice / revised", "percent")


def save(scene, name="Mine", keys=("original", "revised"), *formulas, by=None, view=None, version=0, **more):
    values = ViewValues(name, keys, formulas, **more)
    user, now = by or scene.dana, timezone.now()
    if view is None:
        return view_services.create(scene.company, values, user=user, now=now)
    return view_services.update(view, values, user=user, now=now, version=version)


def share(scene, view, by=None):
    return view_services.share(view, user=by or scene.dana, now=timezone.now())


def shown(scene, asked="", by=None):
    return saved_views.shown(by or scene.dana, scene.company, asked=str(asked))


def read(scene, found):
    return rows.read(scene.budget, columns=found.columns())


def keys(found):
    return [column.key for column in found.columns()]


# -- whose, and which opens --------------------------------------------------------------------------------


def test_without_a_view_everybody_sees_the_standard_columns(scene):
    assert keys(shown(scene)) == list(columns.STANDARD)


def test_a_view_shows_its_columns_in_its_order_after_the_code_which_always_stays(scene):
    view = save(scene, "Mine", ["revised", "code", "description", "revised"])
    assert keys(shown(scene, view.pk)) == ["code", "revised", "description"]


def test_a_view_of_ones_own_is_nobody_elses_until_it_is_shared(scene):
    view = save(scene)
    assert shown(scene, view.pk, by=scene.tom).lost
    share(scene, view)
    assert shown(scene, view.pk, by=scene.tom).view == view
    assert shown(scene, view.pk, by=scene.ruth).view == view
    assert Event.objects.latest("pk").sentence == "Shared the view Mine with the company"


def test_another_company_never_sees_it(scene):
    view = share(scene, save(scene))
    assert saved_views.shown(scene.olga, scene.other_company, asked=str(view.pk)).lost


def test_ones_default_opens_by_itself_and_the_standard_one_when_it_is_gone(scene):
    view = share(scene, save(scene))
    view_services.set_default(scene.company, view, user=scene.tom)
    assert (shown(scene, by=scene.tom).view, shown(scene).view) == (view, None)
    assert shown(scene, "standard", by=scene.tom).view is None
    view_services.delete(view, user=scene.dana, now=timezone.now())
    assert shown(scene, by=scene.tom).view is None
    assert not DefaultView.objects.exists()


def test_a_default_that_is_set_again_is_one(scene):
    for view in (save(scene, "A"), save(scene, "B"), None):
        view_services.set_default(scene.company, view, user=scene.dana)
        assert shown(scene).view == view


def test_a_view_with_a_column_that_is_gone_still_opens(scene):
    view = save(scene, "Mine", ["revised", "twice", "rate"], TWICE, RATE)
    SavedView.objects.update(
        columns=["vanished", "revised", "twice", "rate"],
        calculated=[{**TWICE.kept(), "expression": "vanished * 2"}, RATE.kept(), {"key": "odd"}],
    )
    found = shown(scene, view.pk)
    assert keys(found) == ["code", "revised", "twice", "rate"]
    assert "Unknown column “vanished” at 1" in found.calculated["twice"].note
    assert "A column it needs cannot be calculated" in found.calculated["rate"].note
    assert found.calculated["rate"].value(read(scene, found)[0]) is None


# -- who keeps shared ones ---------------------------------------------------------------------------------


def test_a_reader_changes_no_shared_view_but_a_copy_of_it(scene):
    view = share(scene, save(scene))
    for act in (
        lambda: save(scene, view=view, by=scene.ruth, version=view.version),
        lambda: view_services.delete(view, user=scene.ruth, now=timezone.now()),
    ):
        with pytest.raises(ActionBlocked, match="Copy it and change the copy, or ask Dana Reyes, Jonas"):
            act()
    assert save(scene, by=scene.ruth).owner == scene.ruth


def test_two_people_change_a_shared_view_and_the_second_is_told(scene):
    view = share(scene, save(scene))
    save(scene, "Ours", ["revised"], view=view, by=scene.tom, version=view.version)
    assert Event.objects.latest("pk").sentence == "Changed the shared view Ours, named Mine before"
    with pytest.raises(Conflict, match="Tom Baptiste changed this view before you saved it"):
        save(scene, "Mine", ["original"], view=view, version=view.version)
    view_services.delete(view, user=scene.tom, now=timezone.now())
    with pytest.raises(Conflict, match="Somebody deleted this view"):
        save(scene, "Mine", ["original"], view=view, version=view.version)


def test_what_one_keeps_for_oneself_is_not_in_the_companys_trail(scene):
    before = Event.objects.count()
    view = save(scene)
    save(scene, "Other", view=view, version=0)
    view_services.delete(view, user=scene.dana, now=timezone.now())
    assert Event.objects.count() == before


# -- what is refused ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "chosen", "formulas", "field", "words"),
    [
        ("  ", ["revised"], (), "name", "Give the view a name"),
        ("x" * 61, ["revised"], (), "name", "At most 60"),
        ("a", ["code"], (), "columns", "at least one column"),
        ("a", ["revisd"], (), "columns", "no column 'revisd'; did you mean revised?"),
        ("a", ["revised"], (Formula("b", "", "1"),), "calculated.0.label", "Give the column a name"),
        ("a", ["revised"], (Formula("revised", "b", "1"),), "calculated.0.label", "another name"),
        ("a", ["revised"], (TWICE, TWICE), "calculated.0.label", "another name"),
        ("a", ["revised"], (Formula("b", "b", "1 +"),), "calculated.0.expression", "is missing"),
        ("a", ["revised"], (Formula("b", "b", "description"),), "calculated.0.expression", "Unknown column"),
        ("a", ["revised"], (Formula("b", "b", "b + 1"),), "calculated.0.expression", "b -> b"),
        ("a", ["revised"], (Formula("b", "b", "1", "html"),), "calculated.0.kind", "Choose one of"),
    ],
)
def test_what_cannot_be_a_view_is_refused_with_its_place(scene, name, chosen, formulas, field, words):
    with pytest.raises(InvalidInput) as refused:
        save(scene, name, chosen, *formulas)
    assert words in refused.value.errors[field]
    assert not SavedView.objects.exists()


def test_a_name_is_free_for_everybody_but_once_for_each(scene):
    save(scene)
    save(scene, by=scene.tom)
    with pytest.raises(InvalidInput, match="You have a view named Mine already"):
        save(scene)
    share(scene, SavedView.objects.get(owner=scene.tom), by=scene.tom)
    with pytest.raises(InvalidInput, match="The company has a view named Mine already"):
        share(scene, SavedView.objects.get(owner=scene.dana))


# -- calculated columns in the grid ------------------------------------------------------------------------


def test_amounts_add_up_and_ratios_come_from_the_totals(scene):
    acts.lock(scene)
    acts.modify(scene, "x", ((MAIN, "03-30-00", "M"), "-5000.00"), ((MAIN, "09-68-00", "S"), "5000.00"))
    view = save(scene, "a", ["twice", "rate", "over"], TWICE, RATE, OVER)
    found = shown(scene, view.pk)
    lines = read(scene, found)
    concrete = next(row for row in lines if row.pk == scene.lines[MAIN, "03-30-00", "M"].pk)
    assert found.calculated["twice"].value(concrete) == Decimal("80000.00")
    assert rounded(found.calculated["rate"].value(concrete), 4) == Decimal("2.2857")
    total = grid.summed(lines, found.columns())
    assert found.calculated["twice"].value(total) == Decimal("185001.50")
    assert found.calculated["rate"].value(total) == Decimal(2)
    assert found.calculated["over"].value(total) == Decimal("5000.00")  # the sum of rows, not max(0, 0)
    assert calculated.SUMMED in found.calculated["over"].note
    assert calculated.FROM_TOTALS in found.calculated["rate"].note


def test_a_ratio_of_what_is_not_shown_itself_still_has_its_total(scene):
    view = save(scene, "a", ["rate"], TWICE, RATE)
    found = shown(scene, view.pk)
    assert found.calculated["rate"].value(grid.summed(read(scene, found), found.columns())) == 2


def test_quantities_of_different_units_have_no_total_to_divide_by(scene):
    view = save(scene, "a", ["each"], Formula("each", "Each", "original / quantity", "price"))
    found = shown(scene, view.pk)
    total = grid.summed(read(scene, found), found.columns())
    assert found.calculated["each"].value(total) is None


def test_a_total_is_the_sum_of_what_the_rows_show(scene):
    week = Formula("week", "Week", "original / 7")
    found = shown(scene, save(scene, "a", ["week"], week).pk)
    table = view_table.of_view(scene.budget, found)
    assert table.totals[1] == sum(row[1] for row in table.rows)
    assert table.totals[1] != rounded(Decimal("92500.75") / 7, 2)
    page = grid.build(scene.budget, look.Look(), columns=found.columns(), jobs=[])
    assert page.total.figures["week"] == sum(group.sums.figures["week"] for group in page.groups)
    assert page.total.figures["week"] == table.totals[1]


def test_each_formula_is_worked_out_once_a_row_however_many_others_need_it(scene, monkeypatch):
    chain = [Formula("c1", "c1", "original")]
    for number in range(2, 11):
        chain.append(Formula(f"c{number}", "c", " + ".join(formula.key for formula in chain)))
    found = shown(scene, save(scene, "a", ["c10", "c3", "c10"], *reversed(chain)).pk)
    asked = []
    monkeypatch.setattr(calculated, "evaluate", lambda *given: asked.append(1) or evaluate(*given))
    table = view_table.of_view(scene.budget, found)
    assert table.totals[1] == Decimal("92500.75") * 2**8
    assert len(asked) == 6 * 10
    asked.clear()
    grid.build(
        scene.budget, look.Look(by=look.JOB), columns=found.columns(), jobs=list(scene.project.jobs.all())
    )
    assert len(asked) == 2 * 6 * 10  # for the sums, and for the rows of what is open
    asked.clear()
    ratio = shown(scene, save(scene, "b", ["each"], *chain[:9], Formula("each", "e", "c9 / original")).pk)
    assert ratio.calculated["each"].value(grid.summed(read(scene, ratio), ratio.columns())) == 2**7
    assert len(asked) == 6 * 10 + 1  # the ratio once more, of the totals
